import { quoteString, type Session } from "../../../engine/index.js";
import {
  columnMappingMode,
  foldCase,
  type Predicate,
  type SkippingTable,
  type StructType,
  skippingSql,
  statisticsJson,
} from "../../../table-format/index.js";
import type { FileLayout, RowGroup } from "./file-layout.js";

/** Row groups that one statement looks at. */
const BATCH_GROUPS = 5_000;

/**
 * Of each file, which row groups may hold a row that passes the predicate: by their statistics, in the same meaning as
 * that in which files are skipped by those of the log. `undefined` when nothing can be said of any.
 */
export async function wantedGroups(
  session: Session,
  { schema, partitionColumns, configuration }: SkippingTable,
  predicate: Predicate,
  layouts: readonly FileLayout[],
  signal: AbortSignal | undefined,
): Promise<readonly (readonly boolean[])[] | undefined> {
  const columns = columnsOf(predicate);
  const partitions = new Set(partitionColumns.map(foldCase));
  const fields = schema.fields.filter(
    ({ name }) => columns.has(foldCase(name)) && !partitions.has(foldCase(name)),
  );
  // Names in a file that is read by ids may be any.
  if (fields.length === 0 || columnMappingMode(configuration) === "id") return undefined;
  const told = { schema: { type: "struct", fields } as const, configuration };
  const groups = layouts.flatMap((layout) => layout.groups);
  const condition = skippingSql(predicate, { schema, partitionColumns, configuration });
  const dropped = new Set<RowGroup>();
  for (let next = 0; next < groups.length; next += BATCH_GROUPS) {
    const batch = groups.slice(next, next + BATCH_GROUPS);
    const stats = batch.map((group) => quoteString(groupStatistics(group, told)));
    const rows = await session.rows(
      `SELECT place::INTEGER AS place FROM (
         SELECT unnest(range(${batch.length})) AS place, unnest([${stats.join(", ")}]::VARCHAR[]) AS stats,
                MAP {}::MAP(VARCHAR, VARCHAR) AS partition_values)
       WHERE NOT (${condition})`,
      { signal },
    );
    for (const row of rows) {
      const group = batch[Number(row["place"])];
      if (group !== undefined) dropped.add(group);
    }
  }
  return layouts.map((layout) => layout.groups.map((group) => !dropped.has(group)));
}

/** What the table says of the columns that a predicate speaks of. */
interface ToldTable {
  readonly schema: StructType;
  readonly configuration: Readonly<Record<string, string>>;
}

/** Pure: the statistics of a row group as the log has those of a file. */
function groupStatistics({ rows, chunks }: RowGroup, { schema, configuration }: ToldTable): string {
  const columns = chunks.flatMap(({ path, nullCount, min, max }) =>
    nullCount === undefined
      ? []
      : [
          {
            path: path.split(", "),
            nullCount,
            ...(min === undefined ? {} : { min }),
            ...(max === undefined ? {} : { max }),
            // As in those of the log, bounds say nothing of NaN.
            hasNan: false,
          },
        ],
  );
  const all = {
    ...Object.fromEntries(Object.entries(configuration).filter(([name]) => name !== STATISTICS_COLUMNS)),
    "delta.dataSkippingNumIndexedCols": "-1",
  };
  return statisticsJson(
    { rowCount: BigInt(rows), columns },
    { schema, partitionColumns: [], configuration: all },
  );
}

const STATISTICS_COLUMNS = "delta.dataSkippingStatsColumns";

/** The top-level columns of a predicate, with their case folded. */
function columnsOf(predicate: Predicate): Set<string> {
  switch (predicate.kind) {
    case "and":
    case "or":
      return new Set(predicate.operands.flatMap((operand) => [...columnsOf(operand)]));
    case "not":
      return columnsOf(predicate.operand);
    case "compare":
    case "in":
    case "is-null":
    case "is-not-null":
      return new Set([foldCase(predicate.column[0])]);
    case "constant":
    case "unknown":
      return new Set();
  }
}
