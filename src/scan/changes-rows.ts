import { isJsonObject, parseJson } from "../../core/index.js";
import { quoteIdentifier, type Row, type Session } from "../../engine/index.js";
import {
  type ChangeFeed,
  DELETED_ROWS_SCHEMA,
  type DeletionVectorDescriptor,
  deletedRowBatches,
  FEED_COLUMN_NAMES,
  type FileTable,
  type LoadedDeletionVector,
  loadDeletionVectors,
  type Predicate,
  parseDeletionVectorDescriptor,
  ROW_INDEX_BITS,
  RowIndexSet,
  type Snapshot,
  skippingSql,
  type WantedDeletionVector,
} from "../../table-format/index.js";
import type { ChangesRequest, PartRelation } from "./changes-relation.js";
import { keepFiles } from "./kept-files.js";
import { relationSql } from "./relation-sql.js";

/** Files whose deletion vectors are in memory at a time. */
const FILES_AT_A_TIME = 1_000;

const EVERY_ROW: Predicate = { kind: "constant", value: true };

/**
 * The rows that one deletion vector of a file has and another has not. Which rows these are is worked out
 * first; then the files that have any are read, and joined to them.
 *
 * @param name sets what the session needs for it apart from other relations
 * @throws LakeError `corrupt` for a deletion vector that is missing or broken.
 */
export async function changedRows(
  session: Session,
  name: string,
  { changedRows: snapshot }: ChangeFeed,
  files: FileTable,
  request: ChangesRequest,
  signal: AbortSignal | undefined,
): Promise<PartRelation> {
  const { schema, metadata } = snapshot;
  const loaded = `${name}_loaded`;
  const rows = quoteIdentifier(`${name}_rows`);
  const { partitionColumns, configuration } = metadata;
  const wanted = `part = 'row' AND ${skippingSql(request.predicate, { schema, partitionColumns, configuration })}`;
  const batches = deletedRowBatches(differences(snapshot, files, wanted, signal));
  await session.loadArrow(loaded, DELETED_ROWS_SCHEMA, batches, { signal });
  await session.execute(
    `CREATE OR REPLACE TEMP TABLE ${rows} AS
     SELECT (ordinal << ${ROW_INDEX_BITS}) | row_index AS row_id, ordinal, change_index, change_type, commit_version,
            make_timestamptz(commit_time * 1000) AS commit_timestamp
     FROM ${quoteIdentifier(loaded)} JOIN ${files.relation} ON part = 'row' AND change_index = file_index;
     DROP TABLE ${quoteIdentifier(loaded)}`,
    { signal },
  );
  // The feed's own columns come with the rows; those of the files' need not be made for every row.
  const names = schema.fields
    .map((field) => field.name)
    .filter((column) => !FEED_COLUMN_NAMES.includes(column));
  const columns = new Set(names.filter((column) => request.columns === "all" || request.columns.has(column)));
  const kept = await keepFiles(
    session,
    name,
    files,
    {
      snapshot,
      columns,
      predicate: EVERY_ROW,
      // Each file once, however often rows of it changed.
      files: `part = 'row' AND change_index IN (SELECT min(change_index) FROM ${rows} GROUP BY ordinal)`,
      withMetadata: true,
    },
    signal,
  );
  const inner = relationSql(kept, { schema, metadata, used: columns, withMetadata: true });
  const aliases = [...schema.fields.keys()].map((index) => `c${index}`);
  const selected = names.map((column, index) => `r.c${index} AS ${quoteIdentifier(column)}`);
  const own = FEED_COLUMN_NAMES.map((column) => `d.${column.slice(1)} AS ${quoteIdentifier(column)}`);
  const sql = `SELECT ${[...selected, ...own].join(", ")} FROM (${inner}) AS r(${aliases.join(", ")}, m) JOIN ${rows} AS d ON r.m.row_id = d.row_id`;
  return { sql, kept };
}

/** For each change of `wanted`, a condition over the feed's files, by its index: the rows that changed. */
async function* differences(
  { folder }: Snapshot,
  files: FileTable,
  wanted: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<LoadedDeletionVector> {
  for (let after = -1; ; ) {
    const batch = await folder.engine.withSession((session) =>
      session.rows(
        `SELECT change_index::INTEGER AS change_index, CAST(to_json(vector_in) AS VARCHAR) AS vector_in, CAST(to_json(vector_out) AS VARCHAR) AS vector_out
         FROM ${files.relation} WHERE ${wanted} AND change_index > ${after} ORDER BY change_index LIMIT ${FILES_AT_A_TIME}`,
        { signal },
      ),
    );
    const last = batch.at(-1);
    if (last === undefined) return;
    after = Number(last["change_index"]);
    const without = new Map<number, RowIndexSet>();
    for await (const { fileIndex, deleted } of load(batch, "vector_out")) without.set(fileIndex, deleted);
    for await (const { fileIndex, deleted } of load(batch, "vector_in")) {
      yield { fileIndex, deleted: deleted.difference(without.get(fileIndex) ?? RowIndexSet.EMPTY) };
    }
  }

  function load(batch: readonly Row[], column: string): AsyncGenerator<LoadedDeletionVector> {
    const vectors = batch.flatMap((row): WantedDeletionVector[] => {
      const descriptor = descriptorOf(row[column]);
      return descriptor === undefined ? [] : [{ fileIndex: Number(row["change_index"]), descriptor }];
    });
    return loadDeletionVectors(folder.store, vectors, { signal });
  }
}

function descriptorOf(text: unknown): DeletionVectorDescriptor | undefined {
  const json = typeof text === "string" ? parseJson(text) : null;
  return isJsonObject(json) ? parseDeletionVectorDescriptor(json) : undefined;
}
