import { isJsonObject, type JsonObject, parseJson } from "../../core/index.js";
import type { ObjectStore } from "../../object-store/index.js";
import { type CommitInfo, parseCommit } from "./actions.js";
import { listLog } from "./log-listing.js";
import type { LogFile } from "./log-path.js";
import { commitTimes } from "./timestamps.js";
import type { Version } from "./version.js";

/** One commit as its `commitInfo` tells it (PROTOCOL.md, "Commit Provenance Information"). */
export interface HistoryEntry {
  readonly version: Version;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  /** `WRITE`, `CREATE TABLE AS SELECT`, ...; "" when the writer did not say. */
  readonly operation: string;
  readonly operationParameters: JsonObject;
  readonly operationMetrics: JsonObject;
  readonly readVersion: bigint | undefined;
  readonly engineInfo: string | undefined;
  readonly userName: string | undefined;
  /** All of `commitInfo`, as written. */
  readonly commitInfo: CommitInfo;
}

/** The commits that the log still holds, newest first, `limit` of them at most. */
export async function readHistory(
  store: ObjectStore,
  options: { readonly limit?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<HistoryEntry[]> {
  const listing = await listLog(store, undefined, options.signal);
  const times = new Map(commitTimes(listing).map(({ version, timestamp }) => [version, timestamp]));
  const commits = listing.filter((file) => file.kind === "commit").reverse();
  const entries: HistoryEntry[] = [];
  for (const commit of commits.slice(0, options.limit ?? commits.length)) {
    const info = await readCommitInfo(store, commit, options.signal);
    entries.push(historyEntry(commit.version, times.get(commit.version) ?? commit.lastModified, info));
  }
  return entries;
}

/** Pure: what a `commitInfo` says, whatever of it is there. */
export function historyEntry(version: Version, timestamp: number, info: CommitInfo): HistoryEntry {
  const { operation, operationParameters, operationMetrics, readVersion, engineInfo, userName } = info;
  return {
    version,
    timestamp,
    operation: typeof operation === "string" ? operation : "",
    operationParameters: isJsonObject(operationParameters) ? operationParameters : {},
    operationMetrics: isJsonObject(operationMetrics) ? operationMetrics : {},
    readVersion:
      typeof readVersion === "number" || typeof readVersion === "bigint" ? BigInt(readVersion) : undefined,
    engineInfo: typeof engineInfo === "string" ? engineInfo : undefined,
    userName: typeof userName === "string" ? userName : undefined,
    commitInfo: info,
  };
}

/** Bytes read before a whole entry is: writers put `commitInfo` first. */
const HEAD = 32 * 1024;

async function readCommitInfo(
  store: ObjectStore,
  commit: LogFile,
  signal: AbortSignal | undefined,
): Promise<CommitInfo> {
  const head = new TextDecoder().decode(
    await store.get(commit.path, {
      signal,
      range: { offset: 0, length: Math.min(HEAD, Math.max(commit.size, 1)) },
    }),
  );
  const firstLine = head.slice(0, head.indexOf("\n"));
  if (head.includes("\n") && firstLine.includes('"commitInfo"')) {
    const action = parseJson(firstLine);
    const info = isJsonObject(action) ? action["commitInfo"] : undefined;
    if (isJsonObject(info)) return info;
  }
  const text = new TextDecoder().decode(await store.get(commit.path, { signal }));
  for (const line of text.split("\n")) {
    if (!line.includes('"commitInfo"')) continue;
    const [action] = parseCommit(line, commit.path);
    if (action?.kind === "commitInfo") return action.commitInfo;
  }
  return {};
}
