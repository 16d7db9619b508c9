import { quoteIdentifier, quoteString, type Session } from "../../engine/index.js";
import { DELETED_ROWS_SCHEMA, deletedRowBatches, loadDeletionVectors } from "../deletion-vector/index.js";
import { type EngineField, parseEngineType } from "../schema/engine-type-text.js";
import { foldCase } from "../schema/index.js";
import { leafColumns } from "../skipping/statistics-columns.js";
import { pageVectors } from "./deletion-vector-rules.js";
import type { DataPlace } from "./file-presence.js";
import { type FindingLog, firstLine } from "./finding-log.js";
import { PAGE_COLUMNS, PAGE_FILES, PAGE_FOOTERS } from "./footers.js";
import { fileList, fileLiteral, isBrokenFile } from "./log-text.js";
import type { CheckedSchema } from "./schema-rules.js";
import { columnPath } from "./statistics-rules.js";

/** Deleted rows of the files of a page: `file`, `row_index`. */
const DELETED = "fsck_deleted";

interface PageFile {
  readonly file: string;
  readonly key: string;
}

/**
 * Puts what every value says in the place of what the footers say of the columns of a page: reads all rows that
 * are not deleted. A file whose pages cannot be decoded is a finding.
 */
export async function readPageColumns(
  session: Session,
  place: DataPlace,
  schema: CheckedSchema,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  await session.execute(`DELETE FROM ${PAGE_COLUMNS}`, { signal });
  const unloaded = await loadDeleted(session, place, signal);
  const rows = await session.rows(
    `SELECT DISTINCT signature, file, key FROM ${PAGE_FOOTERS} JOIN ${PAGE_FILES} USING (file) ORDER BY signature, key`,
    { signal },
  );
  const groups = new Map<string, PageFile[]>();
  for (const row of rows) {
    const file = { file: String(row["file"]), key: String(row["key"]) };
    // Which of its rows are deleted is not known; the broken deletion vector is a finding already.
    if (unloaded.has(file.file)) continue;
    const signature = String(row["signature"]);
    groups.set(signature, [...(groups.get(signature) ?? []), file]);
  }
  for (const files of groups.values()) await readValues(session, schema, files, findings, signal);
}

/** Reads files of equal columns; those that fail are halved until the one is found that is broken. */
async function readValues(
  session: Session,
  schema: CheckedSchema,
  files: readonly PageFile[],
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  const [first] = files;
  if (first === undefined) return;
  try {
    const described = await session.rows(
      `DESCRIBE FROM read_parquet(${fileLiteral(first.file)}, hive_partitioning = false)`,
      { signal },
    );
    const columns = described.map((row) => ({
      name: String(row["column_name"]),
      type: parseEngineType(String(row["column_type"])),
    }));
    await session.execute(`INSERT INTO ${PAGE_COLUMNS} ${valuesSql(schema, columns, files)}`, { signal });
  } catch (error) {
    if (!isBrokenFile(error)) throw error;
    if (files.length === 1) {
      findings.add("data-file-unreadable", `its values cannot be read: ${firstLine(error)}`, {
        file: first.key,
      });
      return;
    }
    const half = Math.ceil(files.length / 2);
    await readValues(session, schema, files.slice(0, half), findings, signal);
    await readValues(session, schema, files.slice(half), findings, signal);
  }
}

const OWN_FILE = "gl_page_file";

/** SQL: a row for each file and leaf column, made of the values of all rows. Every column is decoded. */
function valuesSql(
  schema: CheckedSchema,
  columns: readonly EngineField[],
  files: readonly PageFile[],
): string {
  const partitions = new Set(schema.partitions.map(({ name }) => foldCase(name)));
  const fields = schema.schema.fields.filter(({ name }) => !partitions.has(foldCase(name)));
  const leaves = leafColumns({ type: "struct", fields }, schema.mode).flatMap((leaf) => {
    const value = leafValue(columns, leaf.physicalPath);
    return value === undefined ? [] : [{ path: columnPath(leaf), value, type: leaf.type.type }];
  });
  const facts = leaves.map(({ path, value, type }) => {
    const isNested = type === "array" || type === "map" || type === "binary" || type === "variant";
    const isFloat = type === "float" || type === "double";
    const number = isFloat ? ` FILTER (NOT isnan(${value}))` : "";
    // Bytes and nested values have no bounds, and are decoded all the same.
    const bound = (name: string): string =>
      isNested
        ? `CASE WHEN ${name}(hash(${value})) IS NULL THEN NULL END`
        : `CAST(${name}(${value})${number} AS VARCHAR)`;
    return `{path: ${quoteString(path)}, least: ${bound("min")}, greatest: ${bound("max")}, nulls: count(*) - count(${value})}`;
  });
  // The names in the footers and those that the engine gives back may differ in form; the position does not.
  const list = fileList(files.map(({ file }) => file));
  const names = files.map(({ file }) => quoteString(file)).join(", ");
  // A table may have a column called `file`.
  return `SELECT ${OWN_FILE} AS file, fact.path, fact.least, fact.greatest, fact.nulls FROM (
      SELECT ${OWN_FILE}, unnest([${facts.join(", ")}]) AS fact FROM (
        SELECT [${names}][r.file_index::BIGINT + 1] AS ${OWN_FILE}, r.* FROM read_parquet(${list}, hive_partitioning = false, file_row_number = true) AS r
      ) AS v WHERE NOT EXISTS (FROM ${DELETED} AS d WHERE d.file = v.${OWN_FILE} AND d.row_index = v.file_row_number)
      GROUP BY ${OWN_FILE}
    )`;
}

function leafValue(columns: readonly EngineField[], path: readonly string[]): string | undefined {
  const [first = "", ...rest] = path;
  const column = columns.find(({ name }) => name === first);
  if (column === undefined) return undefined;
  let { type } = column;
  let sql = `v.${quoteIdentifier(first)}`;
  for (const name of rest) {
    const field: EngineField | undefined =
      type.kind === "struct" ? type.fields.find((inner) => inner.name === name) : undefined;
    if (field === undefined) return undefined;
    type = field.type;
    sql = `struct_extract(${sql}, ${quoteString(name)})`;
  }
  return sql;
}

/** Loads the deleted rows of the page into {@link DELETED}; gives the files whose deletion vector is broken. */
async function loadDeleted(
  session: Session,
  place: DataPlace,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<string>> {
  await session.execute(`CREATE OR REPLACE TEMP TABLE ${DELETED} (file VARCHAR, row_index BIGINT)`, {
    signal,
  });
  const unloaded = new Set<string>();
  for (const { file, wanted } of await pageVectors(session, signal)) {
    try {
      const vectors = loadDeletionVectors(place.store, [wanted], { openStore: place.open, signal });
      const rows = "fsck_deleted_rows";
      await session.loadArrow(
        rows,
        DELETED_ROWS_SCHEMA,
        deletedRowBatches(vectors, Number(wanted.descriptor.cardinality)),
        { signal },
      );
      await session.execute(
        `INSERT INTO ${DELETED} SELECT ${quoteString(file)}, row_index FROM ${rows}; DROP TABLE ${rows}`,
        { signal },
      );
    } catch (error) {
      if (!isBrokenFile(error)) throw error;
      unloaded.add(file);
    }
  }
  return unloaded;
}
