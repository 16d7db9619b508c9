import type { Session } from "../../engine/index.js";
import type { ChangeFeed, ChangePart, FileTable, Snapshot } from "../../table-format/index.js";
import { explainMissingChanges } from "./changes-failure.js";
import { changedRows } from "./changes-rows.js";
import { type KeptFiles, keepFiles, type ScanReport, type ScanRequest } from "./kept-files.js";
import { relationSql } from "./relation-sql.js";
import type { ScanRelation } from "./scan-relation.js";

/** What a query needs of a change feed. */
export type ChangesRequest = Pick<ScanRequest, "columns" | "predicate">;

/** The SELECT of one part of a feed, of all its columns. */
export interface PartRelation {
  readonly sql: string;
  readonly kept: KeptFiles;
}

/**
 * The rows of a change feed, read from exactly the files that can hold one of the request, with all columns
 * of the feed; otherwise as `scanRelation`. Nothing of the feed is needed any more when it is made.
 *
 * @throws LakeError `not-found` for a data file that was vacuumed, otherwise as `scanRelation`.
 */
export async function changesRelation(
  session: Session,
  name: string,
  feed: ChangeFeed,
  request: ChangesRequest,
  signal?: AbortSignal,
): Promise<ScanRelation> {
  try {
    return await feed.wholeFiles.withFiles(
      (files) => relationOf(session, name, feed, files, request, signal),
      signal,
    );
  } catch (error) {
    throw explainMissingChanges(error);
  }
}

async function relationOf(
  session: Session,
  name: string,
  feed: ChangeFeed,
  files: FileTable,
  request: ChangesRequest,
  signal: AbortSignal | undefined,
): Promise<ScanRelation> {
  const whole = async (snapshot: Snapshot, part: ChangePart, round: number): Promise<PartRelation> => {
    const { schema, metadata } = snapshot;
    const scan = { ...request, snapshot, files: `part = '${part}' AND round = ${round}` };
    const kept = await keepFiles(session, `${name}_${part}_${round}`, files, scan, signal);
    return { kept, sql: relationSql(kept, { schema, metadata, used: request.columns, withMetadata: false }) };
  };
  const parts: PartRelation[] = [];
  const rounds = await roundsOf(session, files, "file");
  for (let round = 0; round < rounds; round++) parts.push(await whole(feed.wholeFiles, "file", round));
  parts.push(await whole(feed.dataFiles, "data", 0));
  parts.push(await changedRows(session, `${name}_row`, feed, files, request, signal));
  const read = parts.filter(({ kept }) => kept.groups.length > 0);
  return {
    // A part without files is a SELECT without rows.
    sql: (read.length === 0 ? parts.slice(0, 1) : read).map(({ sql }) => sql).join("\nUNION ALL "),
    report: total(files, parts),
    files: parts.map(({ kept }) => kept.list).reduce((all, list) => `list_concat(${all}, ${list})`),
  };
}

/** A scan reads no file twice: in so many rounds every change of a part is read. */
async function roundsOf(session: Session, { relation }: FileTable, part: ChangePart): Promise<number> {
  const [row] = await session.rows(
    `SELECT coalesce(max(round) + 1, 0)::INTEGER AS rounds FROM ${relation} WHERE part = '${part}'`,
  );
  return Number(row?.["rounds"]);
}

function total({ count, sizeInBytes }: FileTable, parts: readonly PartRelation[]): ScanReport {
  return {
    filesTotal: count,
    filesKept: parts.reduce((sum, { kept }) => sum + kept.report.filesKept, 0),
    bytesTotal: sizeInBytes,
    bytesKept: parts.reduce((sum, { kept }) => sum + kept.report.bytesKept, 0n),
  };
}
