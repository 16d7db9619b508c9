import type { Snapshot } from "../table-format/index.js";

/** How much a version of a table holds. */
export interface SnapshotTotals {
  readonly numFiles: number;
  /** `undefined` when a file's statistics do not tell its rows. */
  readonly numRows: bigint | undefined;
  readonly sizeInBytes: bigint;
}

/** Adds up the live files of a version. No data file is read. */
export function snapshotTotals(snapshot: Snapshot, signal?: AbortSignal): Promise<SnapshotTotals> {
  const { engine } = snapshot.folder;
  return snapshot.withFiles(
    (files) =>
      engine.withSession(async (session) => {
        const [row] = await session.rows(
          `SELECT sum(rows)::BIGINT AS rows, count(*) FILTER (rows IS NULL) AS untold
           FROM (SELECT TRY_CAST(json_extract_string(stats, '$.numRecords') AS BIGINT) - coalesce(deletion_vector.cardinality, 0) AS rows
                 FROM ${files.relation})`,
        );
        const numRows = row?.["untold"] === 0n ? BigInt(String(row["rows"] ?? 0)) : undefined;
        return { numFiles: files.count, numRows, sizeInBytes: files.sizeInBytes };
      }),
    signal,
  );
}
