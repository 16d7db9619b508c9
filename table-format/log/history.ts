import { isJsonObject, type JsonObject, LakeError, mapParallel, parseJson } from "../../core/index.js";
import type { ObjectStore } from "../../object-store/index.js";
import type { CommitInfo } from "./actions.js";
import type { InCommitTimestamps } from "./in-commit-timestamps.js";
import { listLog } from "./log-listing.js";
import type { LogFile } from "./log-path.js";
import { parseCommit } from "./parse-actions.js";
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

export interface HistoryOptions {
  readonly limit?: number | undefined;
  /**
   * Since when commits have timestamps of their own; asked for only when one of them has
   * (PROTOCOL.md, "Recommendations for Readers of Tables with In-Commit Timestamps").
   */
  readonly inCommitTimestamps?: (() => Promise<InCommitTimestamps | undefined>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Commits read at a time. */
const PARALLEL_READS = 8;

/** The commits that the log still holds, newest first, `limit` of them at most. */
export async function readHistory(store: ObjectStore, options: HistoryOptions = {}): Promise<HistoryEntry[]> {
  const { limit, inCommitTimestamps, signal } = options;
  const listing = await listLog(store, undefined, signal);
  const times = new Map(commitTimes(listing).map(({ version, timestamp }) => [version, timestamp]));
  const commits = listing.filter((file) => file.kind === "commit").reverse();
  const infos = await mapParallel(
    commits.slice(0, limit ?? commits.length),
    PARALLEL_READS,
    async (commit) => ({ commit, info: await readCommitInfo(store, commit, signal) }),
    signal,
  );
  const hasOwn = infos.some(({ info }) => ownTimestamp(info) !== undefined);
  const since = hasOwn ? (await inCommitTimestamps?.())?.since : undefined;
  return infos.map(({ commit, info }) => {
    const own = since !== undefined && commit.version >= since ? ownTimestamp(info) : undefined;
    return historyEntry(commit.version, own ?? times.get(commit.version) ?? commit.lastModified, info);
  });
}

/** The `inCommitTimestamp`, in milliseconds since the epoch; `undefined` when there is none. */
export function ownTimestamp(info: CommitInfo): number | undefined {
  const value = info["inCommitTimestamp"];
  if (typeof value === "bigint") return Number(value);
  return typeof value === "number" && Number.isSafeInteger(value) ? value : undefined;
}

/**
 * The `inCommitTimestamp` of a commit of a table that has them, in milliseconds since the epoch.
 *
 * @throws LakeError `corrupt` when the commit has none.
 */
export async function readOwnTimestamp(
  store: ObjectStore,
  commit: LogFile,
  signal?: AbortSignal,
): Promise<number> {
  const timestamp = ownTimestamp(await readCommitInfo(store, commit, signal));
  if (timestamp !== undefined) return timestamp;
  throw new LakeError(
    "corrupt",
    "no-in-commit-timestamp",
    `${commit.path} has no inCommitTimestamp, which every commit of the table must have`,
    { context: { file: commit.path, version: commit.version }, hint: "Ask for a version by its number." },
  );
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

/** The `commitInfo` of a commit; {} where it has none. */
export async function readCommitInfo(
  store: ObjectStore,
  commit: LogFile,
  signal?: AbortSignal,
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
