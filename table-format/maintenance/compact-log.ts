import { mkdtemp, rm, stat } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { LakeError } from "../../core/index.js";
import { quoteString, type Session } from "../../engine/index.js";
import { listLog } from "../log/log-listing.js";
import { type CommitFile, compactionPath, type LogFile } from "../log/log-path.js";
import { pathKeySql } from "../log/path-key.js";
import type { LogSegment } from "../log/segment.js";
import type { Version } from "../log/version.js";
import { fetchLocalFiles } from "../snapshot/local-files.js";
import { readingCommits } from "../snapshot/log-damage.js";
import type { TableFolder } from "../snapshot/snapshot.js";

/** Commits to put into one compaction: the first and the last, both included. */
export interface CompactionRange {
  readonly from: Version;
  readonly to: Version;
}

export interface CompactionReport extends CompactionRange {
  /** `exists`: there was one of this range already, and it stays. */
  readonly status: "written" | "exists";
  /** Bytes. */
  readonly sizeInBytes: number;
}

/**
 * The commits that are worth one compaction: those that opening the table has to read one by one, where they
 * are `atLeast` many; `undefined` where they are not. Pure.
 */
export function worthCompacting(segment: LogSegment, atLeast: number): CompactionRange | undefined {
  const commits = segment.commits.slice(
    segment.commits.findLastIndex((file) => file.kind === "compaction") + 1,
  );
  const [first] = commits;
  const last = commits.at(-1);
  if (first === undefined || last === undefined || commits.length < Math.max(2, atLeast)) return undefined;
  return { from: first.version, to: last.version };
}

/**
 * Writes the log compaction file of a range of commits (PROTOCOL.md, "Log Compaction Files"): their actions
 * reconciled, removes and removed domains kept, without `commitInfo` and `cdc`. The lines are those of the
 * commits, unchanged. The commits themselves stay.
 *
 * @throws LakeError `invalid-input` for a range of fewer than two versions, `not-found` when the log does not
 *   hold all its commits, `corrupt` when one cannot be read.
 */
export async function compactLog(
  folder: TableFolder,
  range: CompactionRange,
  signal?: AbortSignal,
): Promise<CompactionReport> {
  const { store, engine } = folder;
  const { from, to } = range;
  const target = compactionPath(from, to);
  if (from >= to) {
    throw new LakeError(
      "invalid-input",
      "compaction-range",
      `versions ${from} to ${to} are no range to compact`,
      {
        context: { from, to },
        hint: "Give the first and the last of at least two versions.",
      },
    );
  }
  const listing = await listLog(store, from, signal);
  const present = listing.find((file) => file.path === target);
  if (present !== undefined) return { ...range, status: "exists", sizeInBytes: present.size };
  const commits = commitsOf(listing, range, store.uri);

  const temporary = await mkdtemp(path.join(os.tmpdir(), "grizzly-compaction-"));
  const localFile = path.join(temporary, "compacted.json");
  try {
    const local = await readingCommits(store.uri, () => fetchLocalFiles(folder, commits, { signal }));
    try {
      await engine.withSession((session) =>
        readingCommits(store.uri, () => writeLines(session, local.files, store.uri, localFile, signal)),
      );
    } finally {
      await local.release();
    }
    const { size } = await stat(localFile);
    await store.adopt([{ localFile, path: target }], { signal });
    return { ...range, status: "written", sizeInBytes: size };
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

function commitsOf(listing: readonly LogFile[], { from, to }: CompactionRange, where: string): CommitFile[] {
  const present = new Map(
    listing
      .filter((file) => file.kind === "commit")
      .map((file): [bigint, CommitFile] => [file.version, file]),
  );
  return Array.from({ length: Number(to - from) + 1 }, (_, index) => {
    const at = from + BigInt(index);
    const commit = present.get(at);
    if (commit !== undefined) return commit;
    throw new LakeError("not-found", "version-not-found", `${where} has no commit of version ${at}`, {
      context: { version: at },
      hint: "Only commits that are in the log can be compacted.",
    });
  });
}

/** The actions that a compaction keeps. */
const KINDS = ["add", "remove", "txn", "domainMetadata", "metaData", "protocol"];

const LINES = "gl_compaction_lines";

/**
 * Writes the newest line of each action (PROTOCOL.md, "Action Reconciliation"). Only keys are compared, so
 * that the lines, which may be many, can spill to disk.
 */
async function writeLines(
  session: Session,
  commits: readonly string[],
  root: string,
  localFile: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const text = (field: string): string => `json_extract_string(line, '$.${field}')`;
  const file = (field: string): string => `coalesce(${text(`add.${field}`)}, ${text(`remove.${field}`)})`;
  const isFile = "kind IN ('add', 'remove')";
  const vector = `coalesce(${file("deletionVector.storageType")} || ${file("deletionVector.pathOrInlineDv")} || coalesce('@' || ${file("deletionVector.offset")}, ''), '')`;
  await session.execute(
    `CREATE OR REPLACE TEMP TABLE ${LINES} AS
     SELECT file_index, kind, CASE WHEN ${isFile} THEN ${pathKeySql("name", root)} ELSE name END AS key, vector, line FROM (
       SELECT file_index, line, ${vector} AS vector,
         CASE ${KINDS.map((kind) => `WHEN json_type(line, '$.${kind}') = 'OBJECT' THEN '${kind}'`).join(" ")} END AS kind,
         coalesce(${file("path")}, ${text("txn.appId")}, ${text("domainMetadata.domain")}, '') AS name
       FROM (SELECT file_index, json AS line FROM read_ndjson_objects([${commits.map(quoteString).join(", ")}]))
     ) WHERE kind IS NOT NULL`,
    { signal },
  );
  // A commit that adds and removes one pair means the add.
  const newest = "max_by(rowid, {place: file_index, live: kind = 'add', row: rowid})";
  const pairs = `SELECT ${newest} AS winner FROM ${LINES} GROUP BY CASE WHEN ${isFile} THEN 'file' ELSE kind END, key, vector`;
  // Of one path only the newest add counts, whatever its deletion vector.
  const superseded = `SELECT rowid FROM ${LINES} WHERE kind = 'add' AND rowid NOT IN
    (SELECT ${newest} FROM ${LINES} WHERE kind = 'add' GROUP BY key)`;
  const kept = `SELECT line, kind FROM ${LINES} WHERE rowid IN (${pairs}) AND rowid NOT IN (${superseded})`;
  await session.execute(
    `COPY (
       SELECT line FROM (${kept}) WHERE NOT ${isFile} UNION ALL SELECT line FROM (${kept}) WHERE ${isFile}
     ) TO ${quoteString(localFile)} (FORMAT csv, HEADER false, DELIMITER '', QUOTE '', ESCAPE '')`,
    { signal },
  );
}
