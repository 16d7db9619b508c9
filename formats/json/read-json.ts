import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { quoteIdentifier, quoteString } from "../../engine/index.js";
import { FILE_URI, type Relation, ROW_NUMBER } from "../opened-source.js";
import { enginePath } from "../source/engine-path.js";
import { temporaryFolder } from "../source/temporary.js";
import { exemplarObjects, exemplars, type FieldPlan } from "./field-plan.js";
import { convertField } from "./field-sql.js";
import type { JsonLayout } from "./json-scanner.js";

/** How the records of a file are laid out and read. */
export interface JsonRecords {
  readonly localPath: string;
  readonly layout: JsonLayout;
  /** Bytes that the longest record may have. */
  readonly maximumRecordBytes: number;
}

export type JsonColumns =
  /** The records are objects: one column a key. */
  | { readonly kind: "keys"; readonly columns: readonly JsonColumn[] }
  /** The records are other values: one column. */
  | { readonly kind: "value"; readonly column: JsonColumn };

export interface JsonColumn {
  /** The key in the file. */
  readonly key: string;
  /** The name of the column. */
  readonly name: string;
  readonly plan: FieldPlan;
  /** Whether some records spell the key in other letters' case, which the engine takes for another key. */
  readonly hasSpellings?: boolean | undefined;
}

const FORMATS: Readonly<Record<JsonLayout, string>> = {
  lines: "newline_delimited",
  array: "array",
  values: "unstructured",
};

/** Options of the engine's JSON readers that every read of the file shares. */
export function readerOptions({ layout, maximumRecordBytes }: JsonRecords): string {
  return `format = '${FORMATS[layout]}', maximum_object_size = ${maximumRecordBytes}, compression = 'uncompressed'`;
}

export function columnsOf(columns: JsonColumns): readonly JsonColumn[] {
  return columns.kind === "keys" ? columns.columns : [columns.column];
}

export const hasSpellings = (columns: JsonColumns): boolean =>
  columnsOf(columns).some((column) => column.hasSpellings === true);

/**
 * A JSON reader of several files works on one with all threads only where there are more threads than
 * files; {@link plannedRows} reads two.
 */
export const STRICT_READING_THREADS = 3;

/**
 * The rows of a file as they are read, in columns `c0`, `c1`, ...
 *
 * `read_json` refuses a record with an unknown key only while it believes that it inferred the schema
 * itself; given `columns` it drops such keys without a word. So its inference is pinned: the first of
 * two files holds two exemplar records from which exactly the planned types follow, and only that file
 * is sampled. Its rows are filtered out.
 */
export async function plannedRows(records: JsonRecords, columns: JsonColumns): Promise<Relation> {
  const folder = await temporaryFolder();
  const exemplarPath = join(folder.path, "exemplars");
  try {
    await writeFile(exemplarPath, exemplarText(columns, records.layout));
  } catch (error) {
    await folder.dispose();
    throw error;
  }
  const aliases = columnsOf(columns).map((_, index) => `c${index}`);
  const files = `[${enginePath(exemplarPath)}, ${enginePath(records.localPath)}]`;
  const sql =
    `SELECT ${aliases.join(", ")} FROM read_json(${files}, ` +
    `${readerOptions(records)}, records = '${columns.kind === "keys"}', maximum_sample_files = 1, sample_size = 2, ` +
    "map_inference_threshold = -1, field_appearance_threshold = 0) " +
    `AS records(${aliases.join(", ")}) WHERE filename <> ${quoteString(exemplarPath)}`;
  return { sql, dispose: folder.dispose };
}

/** What rows are wanted beside their columns. */
export interface RowExtras {
  readonly numbered?: boolean | undefined;
  /** SQL: the URI of the file that all rows are of. */
  readonly file?: string | undefined;
  /** The key of the records that has it, where they are of several. */
  readonly fileKey?: string | undefined;
}

/** The rows of a file, strictly converted to the planned types and named. */
export async function convertedRows(
  records: JsonRecords,
  columns: JsonColumns,
  { numbered, file, fileKey }: RowExtras = {},
): Promise<Relation> {
  const own = columnsOf(columns);
  const rows = await plannedRows(records, fileKey === undefined ? columns : withText(columns, fileKey));
  const fields = own.map(
    ({ name, plan }, index) => `${convertField(plan, `c${index}`)} AS ${quoteIdentifier(name)}`,
  );
  // The engine numbers rows in their order where the window says none.
  if (numbered === true) fields.push(`row_number() OVER () AS ${ROW_NUMBER}`);
  if (file !== undefined) fields.push(`${file} AS ${FILE_URI}`);
  if (fileKey !== undefined) fields.push(`c${own.length} AS ${FILE_URI}`);
  return { sql: `SELECT ${fields.join(", ")} FROM (${rows.sql})`, dispose: rows.dispose };
}

function withText(columns: JsonColumns, key: string): JsonColumns {
  if (columns.kind === "value") return columns;
  const plan: FieldPlan = { kind: "leaf", reading: "VARCHAR", type: "VARCHAR" };
  return { kind: "keys", columns: [...columns.columns, { key, name: key, plan }] };
}

function exemplarText(columns: JsonColumns, layout: JsonLayout): string {
  const records =
    columns.kind === "keys"
      ? exemplarObjects(columns.columns.map(({ key, plan }) => [key, plan]))
      : exemplars(columns.column.plan);
  return layout === "array" ? `[${records.join(",")}]` : `${records.join("\n")}\n`;
}
