import { isJsonObject, parseJson } from "../../core/index.js";
import { quoteIdentifier, type Row, type Session } from "../../engine/index.js";
import {
  type ChangeFeed,
  DELETED_ROWS_SCHEMA,
  type DeletionVectorDescriptor,
  deletedRowBatches,
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
import { changedRowsSql, perFileColumns } from "./changes-sql.js";
import { keepFiles } from "./kept-files.js";

/** Files whose deletion vectors are in memory at a time. */
const FILES_AT_A_TIME = 1_000;

const EVERY_ROW: Predicate = { kind: "constant", value: true };

/**
 * The rows that one deletion vector of a file has and another has not. Which rows these are is worked out
 * first; then the files that have any are read, each once, and joined to them.
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
  const { partitionColumns, configuration } = metadata;
  const wanted = `part = 'row' AND ${skippingSql(request.predicate, { schema, partitionColumns, configuration })}`;
  const found = quoteIdentifier(`${name}_found`);
  const batches = deletedRowBatches(differences(snapshot, files, wanted, signal));
  await session.loadArrow(`${name}_found`, DELETED_ROWS_SCHEMA, batches, { signal });
  const columns = new Set(
    schema.fields
      .map(({ name }) => name)
      .filter((each) => request.columns === "all" || request.columns.has(each)),
  );
  const scan = {
    snapshot,
    columns,
    predicate: EVERY_ROW,
    files: `part = 'row' AND change_index IN (
      SELECT min(change_index) FROM ${files.relation} WHERE change_index IN (SELECT file_index FROM ${found}) GROUP BY ordinal)`,
    ofAnyVersion: true,
    withMetadata: true,
    fetchLater: request.fetchLater,
  };
  const kept = await keepFiles(session, name, files, scan, signal);
  const rows = quoteIdentifier(`${name}_changed`);
  const placed = kept.groups.length === 0 ? undefined : kept.table;
  if (placed !== undefined) {
    await session.execute(
      `CREATE OR REPLACE TEMP TABLE ${rows} AS
       SELECT f.group_index, (f.file_index::BIGINT << ${ROW_INDEX_BITS}) | d.row_index AS place,
              f.base_row_id + d.row_index AS row_id, ${perFileColumns(snapshot, kept).join(", ")}
       FROM ${found} AS d JOIN ${files.relation} AS c ON c.change_index = d.file_index
       JOIN ${placed} AS f ON f.base_row_id = c.base_row_id`,
      { signal },
    );
  }
  await session.execute(`DROP TABLE ${found}`);
  const selects = kept.groups.map((group) =>
    changedRowsSql(group, { snapshot, kept, used: columns, values: rows }),
  );
  return { sql: selects.join("\nUNION ALL "), kept };
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
    return loadDeletionVectors(folder.store, vectors, { signal, openStore: folder.openStore });
  }
}

function descriptorOf(text: unknown): DeletionVectorDescriptor | undefined {
  const json = typeof text === "string" ? parseJson(text) : null;
  return isJsonObject(json) ? parseDeletionVectorDescriptor(json) : undefined;
}
