import { quoteIdentifier, quoteString, type Session } from "../../../engine/index.js";
import type { WrittenFile } from "../../../formats/index.js";
import { columnMappingMode, findField, physicalName } from "../../../table-format/index.js";
import { totalRows, type WriteTarget } from "../data-files.js";
import type { RescuedCounts } from "./ingest-report.js";
import { RESCUED_COLUMN } from "./landing-columns.js";

/** Counts the rows of written files of which something was rescued. */
export async function rescuedRows(
  session: Session,
  { schema, metadata }: WriteTarget,
  files: readonly WrittenFile[],
  signal: AbortSignal | undefined,
): Promise<RescuedCounts> {
  const field = findField(schema, RESCUED_COLUMN);
  if (field === undefined) return { rows: 0n, records: 0n };
  const column = physicalName(field, columnMappingMode(metadata.configuration));
  const nulls = files.reduce((sum, file) => {
    const statistics = file.columns.find(({ path }) => path.length === 1 && path[0] === column);
    return sum + (statistics?.nullCount ?? 0n);
  }, 0n);
  const rows = totalRows(files) - nulls;
  if (rows === 0n) return { rows, records: 0n };
  const list = files.map(({ localPath }) => quoteString(localPath)).join(", ");
  const rescued = quoteIdentifier(column);
  // A record that could not be read has no values.
  const [row] = await session.rows(
    `SELECT count(*) AS records FROM read_parquet([${list}], hive_partitioning = false)
     WHERE ${rescued} IS NOT NULL AND json_extract(${rescued}, '$.values') IS NULL`,
    { signal },
  );
  return { rows, records: BigInt(String(row?.["records"] ?? 0)) };
}
