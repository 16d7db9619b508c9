import { quoteString, type Session } from "../../engine/index.js";
import { engineType, foldCase, physicalName } from "../schema/index.js";
import { boundsOf } from "../skipping/skipping-bounds.js";
import { StatisticsReader } from "../skipping/skipping-statistics.js";
import { type LeafColumn, leafColumns } from "../skipping/statistics-columns.js";
import type { FindingLog } from "./finding-log.js";
import { PAGE_COLUMNS, PAGE_FILES, PAGE_FOOTERS } from "./footers.js";
import type { CheckedSchema } from "./schema-rules.js";

/** Checks the row counts of a page of files (PROTOCOL.md, "Per-file Statistics"). */
export async function checkRowCounts(
  session: Session,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  const object = "CASE WHEN json_valid(stats) THEN json_type(stats) = 'OBJECT' ELSE false END";
  await findings.addRows(
    session,
    "statistics-broken",
    `SELECT key, left(stats, 40) AS head FROM ${PAGE_FILES} WHERE stats IS NOT NULL AND NOT ${object} ORDER BY key`,
    (row) => ({
      message: `the statistics are no JSON object: ${JSON.stringify(row["head"])}`,
      place: { file: String(row["key"]) },
    }),
    signal,
  );
  await findings.addRows(
    session,
    "data-file-rows",
    `SELECT * FROM (
       SELECT key, num_rows, TRY_CAST(json_extract_string(CASE WHEN json_valid(stats) THEN stats END, '$.numRecords') AS BIGINT) AS stated
       FROM ${PAGE_FILES} JOIN ${PAGE_FOOTERS} USING (file)
     ) WHERE stated <> num_rows ORDER BY key`,
    (row) => ({
      message: `the file has ${row["num_rows"]} rows, and the log says ${row["stated"]}`,
      place: { file: String(row["key"]) },
    }),
    signal,
  );
}

/** Where what is known of the columns of a page comes from. */
export interface ColumnFacts {
  /** Whether rows that a deletion vector takes away are left out: only rows that were read can tell. */
  readonly withoutDeleted: boolean;
}

/**
 * Checks the statistics of a page of files against what is known of its columns: least and greatest values
 * that lie outside the stated bounds, and other counts of NULL. What would not mislead a reader that skips
 * files is no fault. It checks for NULL where there may be none as well.
 */
export async function checkStatistics(
  session: Session,
  schema: CheckedSchema,
  facts: ColumnFacts,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  const partitions = new Set(schema.partitions.map(({ name }) => foldCase(name)));
  const fields = schema.schema.fields.filter(({ name }) => !partitions.has(foldCase(name)));
  const known = await session.rows(`SELECT DISTINCT path FROM ${PAGE_COLUMNS}`, { signal });
  const there = new Set(known.map((row) => String(row["path"])));
  for (const leaf of leafColumns({ type: "struct", fields }, schema.mode)) {
    if (there.has(columnPath(leaf))) await checkLeaf(session, leaf, facts, findings, signal);
  }
  for (const field of fields.filter(({ nullable }) => !nullable)) {
    const path = physicalName(field, schema.mode);
    if (there.has(path)) await checkNotNull(session, field.name, path, facts, findings, signal);
  }
}

/** A leaf's path as the footers spell it. */
export function columnPath({ physicalPath }: LeafColumn): string {
  return physicalPath.join(", ");
}

/** What is known of one leaf of each file of the page; a file with deleted rows only where they are left out. */
function factsSql(path: string, type: string, { withoutDeleted }: ColumnFacts): string {
  return `SELECT p.key, p.stats, p.dv_id, c.* EXCLUDE (file) FROM ${PAGE_FILES} AS p JOIN (
      SELECT file, min(TRY_CAST(least AS ${type})) AS least, max(TRY_CAST(greatest AS ${type})) AS greatest,
        CASE WHEN bool_and(nulls IS NOT NULL) THEN sum(nulls)::BIGINT END AS nulls
      FROM ${PAGE_COLUMNS} WHERE path = ${quoteString(path)} GROUP BY file
    ) AS c USING (file) WHERE ${withoutDeleted ? "true" : "p.dv_id IS NULL"}`;
}

const WITHOUT_BOUNDS = new Set(["array", "map", "binary", "variant", "void"]);

async function checkLeaf(
  session: Session,
  leaf: LeafColumn,
  facts: ColumnFacts,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  const column = leaf.path.join(".");
  const hasBounds = !WITHOUT_BOUNDS.has(leaf.type.type);
  const type = hasBounds ? engineType(leaf.type) : "VARCHAR";
  const reader = new StatisticsReader();
  const bounds = boundsOf(leaf.type, (side, as) => reader.bound(side, leaf.physicalPath, as));
  const isFloat = leaf.type.type === "float" || leaf.type.type === "double";
  const outside = (value: string): string => {
    const test = hasBounds ? bounds.test("=", value) : undefined;
    if (test === undefined) return "false";
    return `${value} IS NOT NULL ${isFloat ? `AND NOT isnan(${value})` : ""} AND NOT coalesce((${test}), true)`;
  };
  const stated = reader.count("nullCount", leaf.physicalPath);
  // A variant that holds the null of JSON is NULL for the engine, and a value for the format.
  const countsNulls = leaf.type.type !== "variant";
  const parts = [
    `below := ${outside("least")}`,
    `above := ${outside("greatest")}`,
    // With a deletion vector the count may be that of before the deletion (`tightBounds` is false).
    `other_nulls := ${countsNulls} AND coalesce(dv_id IS NULL AND ${stated} <> nulls, false)`,
    `stated := ${stated}`,
  ];
  const faults = reader.bind(`struct_pack(${parts.join(", ")})`);
  const fault = (name: string): string => `struct_extract(faults, '${name}')`;
  await findings.addRows(
    session,
    "statistics-wrong",
    `SELECT key, least::VARCHAR AS least, greatest::VARCHAR AS greatest, nulls, ${fault("below")} AS below,
       ${fault("above")} AS above, ${fault("other_nulls")} AS other_nulls, ${fault("stated")} AS stated
     FROM (SELECT *, ${faults} AS faults FROM (${factsSql(columnPath(leaf), type, facts)}) WHERE stats IS NOT NULL)
     WHERE ${fault("below")} OR ${fault("above")} OR ${fault("other_nulls")} ORDER BY key`,
    (row) => {
      const what = [
        ...(row["below"] === true
          ? [`its least value ${JSON.stringify(row["least"])} is outside the stated bounds`]
          : []),
        ...(row["above"] === true
          ? [`its greatest value ${JSON.stringify(row["greatest"])} is outside the stated bounds`]
          : []),
        ...(row["other_nulls"] === true
          ? [`it has ${row["nulls"]} NULLs, and the log says ${row["stated"]}`]
          : []),
      ];
      return {
        message: `the column ${column}: ${what.join("; ")}`,
        place: { file: String(row["key"]), column },
      };
    },
    signal,
  );
}

async function checkNotNull(
  session: Session,
  column: string,
  path: string,
  facts: ColumnFacts,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  await findings.addRows(
    session,
    "null-violation",
    `SELECT key, nulls FROM (${factsSql(path, "VARCHAR", facts)}) WHERE nulls > 0 ORDER BY key`,
    (row) => ({
      message: `the column ${column} is NOT NULL, and is NULL in ${row["nulls"]} rows`,
      place: { file: String(row["key"]), column },
    }),
    signal,
  );
}
