import { quoteIdentifier, quoteString, type Session } from "../../engine/index.js";
import type { ChangeFeed, ChangePart, FileTable, Snapshot } from "../../table-format/index.js";
import { explainMissingChanges } from "./changes-failure.js";
import { changedRows } from "./changes-rows.js";
import { perFileColumns, wholeFilesSql } from "./changes-sql.js";
import { FetchSum } from "./far/fetch-tally.js";
import { type KeptFiles, keepFiles, type ScanReport, type ScanRequest } from "./kept-files.js";
import { relationSql } from "./relation-sql.js";
import type { ScanRelation } from "./scan-relation.js";

/** What a query needs of a change feed. */
export type ChangesRequest = Pick<ScanRequest, "columns" | "predicate" | "fetchLater">;

/** The SELECT of one part of a feed, of all its columns. */
export interface PartRelation {
  readonly sql: string;
  readonly kept: KeptFiles;
}

/**
 * The rows of a change feed, read from exactly the files that can hold one of the request, with all columns
 * of the feed; otherwise as `scanRelation`. Nothing of the feed is needed any more when it is made.
 *
 * @throws LakeError `not-found` for a file that was vacuumed, otherwise as `scanRelation`.
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
  const parts: PartRelation[] = [];
  for (const portion of await portionsOf(session, files, signal)) {
    const own = `${name}_${parts.length}`;
    parts.push(
      await wholeFiles(session, own, snapshotOf(feed, portion.part), files, portion, request, signal),
    );
  }
  parts.push(await changedRows(session, `${name}_rows`, feed, files, request, signal));
  const read = parts.filter(({ kept }) => kept.groups.length > 0);
  return {
    sql: read.length === 0 ? withoutRows(feed) : read.map(({ sql }) => sql).join("\nUNION ALL "),
    report: total(files, parts),
    files: parts.map(({ kept }) => kept.list).reduce((all, list) => `list_concat(${all}, ${list})`),
  };
}

/** Files all of whose rows changed. */
async function wholeFiles(
  session: Session,
  name: string,
  snapshot: Snapshot,
  files: FileTable,
  { where }: Portion,
  request: ChangesRequest,
  signal: AbortSignal | undefined,
): Promise<PartRelation> {
  const { schema, metadata } = snapshot;
  const used = request.columns;
  const kept = await keepFiles(
    session,
    name,
    files,
    { ...request, snapshot, files: where, ofAnyVersion: true },
    signal,
  );
  const isPerFile = [...kept.partitions.values()].some(({ kind }) => kind === "per-file");
  if (kept.groups.length === 0 || !isPerFile) {
    return { kept, sql: relationSql(kept, { schema, metadata, used, withMetadata: false }) };
  }
  const values = quoteIdentifier(`${name}_values`);
  await session.execute(
    `CREATE OR REPLACE TEMP TABLE ${values} AS
     SELECT c.group_index, c.file_index, ${perFileColumns(snapshot, kept).join(", ")} FROM ${kept.table} AS c`,
    { signal },
  );
  const selects = kept.groups.map((group) => wholeFilesSql(group, { snapshot, kept, used, values }));
  return { kept, sql: selects.join("\nUNION ALL ") };
}

function withoutRows({ wholeFiles: { schema, metadata } }: ChangeFeed): string {
  const nothing = { groups: [], table: "", partitions: new Map() };
  return relationSql(nothing, { schema, metadata, used: "all", withMetadata: false });
}

function snapshotOf(feed: ChangeFeed, part: Exclude<ChangePart, "row">): Snapshot {
  return part === "file" ? feed.wholeFiles : feed.dataFiles;
}

/** Files that one scan reads: none of them is among them twice. */
interface Portion {
  readonly part: Exclude<ChangePart, "row">;
  /** A condition over the files. */
  readonly where: string;
}

/** So many changes get a scan each, in which the feed's own columns have one value and cost nothing. */
const MAX_SCANS = 8;

/** The files all of whose rows changed, by commit and type of change where there are few, by round where there are many. */
async function portionsOf(
  session: Session,
  { relation }: FileTable,
  signal: AbortSignal | undefined,
): Promise<Portion[]> {
  const groupsBy = async (columns: readonly string[], most: number): Promise<Portion[]> => {
    const rows = await session.rows(
      `SELECT part, ${columns.map((column) => `CAST(${column} AS VARCHAR) AS ${column}`).join(", ")}
       FROM (SELECT DISTINCT part, ${columns.join(", ")} FROM ${relation} WHERE part <> 'row' ORDER BY ALL LIMIT ${most})`,
      { signal },
    );
    return rows.map((row) => {
      const part = row["part"] === "data" ? "data" : "file";
      const values = columns.map((column) => {
        const value = row[column];
        return value === null || value === undefined ? "true" : `${column} = ${quoteString(String(value))}`;
      });
      return { part, where: [`part = '${part}'`, ...values].join(" AND ") };
    });
  };
  const changes = await groupsBy(["commit_version", "change_type"], MAX_SCANS + 1);
  return changes.length <= MAX_SCANS ? changes : groupsBy(["round"], Number.MAX_SAFE_INTEGER);
}

function total({ count, sizeInBytes }: FileTable, parts: readonly PartRelation[]): ScanReport {
  return {
    filesTotal: count,
    filesKept: parts.reduce((sum, { kept }) => sum + kept.report.filesKept, 0),
    bytesTotal: sizeInBytes,
    bytesKept: parts.reduce((sum, { kept }) => sum + kept.report.bytesKept, 0n),
    ...fetchedOf(parts.map(({ kept }) => kept.report)),
  };
}

/** What was fetched for several scans. */
function fetchedOf(reports: readonly ScanReport[]): Pick<ScanReport, "fetched" | "chunkBytes"> {
  const fetched = reports.flatMap((report) => report.fetched ?? []);
  if (fetched.length === 0) return {};
  return {
    fetched: new FetchSum(fetched),
    chunkBytes: reports.reduce((sum, { chunkBytes = 0n }) => sum + chunkBytes, 0n),
  };
}
