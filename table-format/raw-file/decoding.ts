import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  LakeError,
  parseJson,
  stringifyJson,
} from "../../core/index.js";
import type { Misfits } from "../../formats/index.js";
import { type ColumnMappingMode, parseSchema, type StructField, serializeSchema } from "../schema/index.js";

/**
 * How the records of a raw file become rows, fixed when it lands: from the same bytes every process makes the same
 * rows, in the same order, whatever the table's columns are by then.
 */
export interface RawDecoding {
  /** How the copies of the file name their columns (PROTOCOL.md, "Column Mapping"). */
  readonly mapping: ColumnMappingMode;
  /** In the order of the copy's columns. */
  readonly columns: readonly DecodedColumn[];
  /** What becomes of values that do not fit. */
  readonly misfits: Misfits;
  /** What messages and rescued data call the file that landed, wherever its bytes are by now. */
  readonly uri: string;
  /** Of an Avro file: the schema that its records are read as, as JSON; default its own. */
  readonly readerSchema?: string | undefined;
}

/** A column of the table as it was when the file landed, and where its values come from. */
export type DecodedColumn =
  /** A field of the records, by its name there. */
  | { readonly kind: "field"; readonly field: StructField; readonly source: string }
  /** What of the record did not fit. */
  | { readonly kind: "rescued-data"; readonly field: StructField }
  /** The URI of the file that landed, the same in every row. */
  | { readonly kind: "source-file"; readonly field: StructField; readonly sourceFile: string };

const VERSION = 1;

/** What a copy needs of a field's metadata: its name and id in data files. */
const KEPT_METADATA = /^delta\.columnMapping\./;

/** The text of a decoding in a tag. Pure. */
export function serializeDecoding(decoding: RawDecoding): string {
  const { mapping, columns, misfits, uri, readerSchema } = decoding;
  return stringifyJson({
    version: VERSION,
    mapping,
    misfits,
    uri,
    ...(readerSchema === undefined ? {} : { readerSchema }),
    columns: columns.map((column) => ({
      ...originJson(column),
      field: fieldJson(column.field),
    })),
  });
}

function originJson(column: DecodedColumn): JsonObject {
  switch (column.kind) {
    case "field":
      return { source: column.source };
    case "rescued-data":
      return { rescuedData: true };
    case "source-file":
      return { sourceFile: column.sourceFile };
  }
}

function fieldJson(field: StructField): JsonValue {
  const schema = parseJson(serializeSchema({ type: "struct", fields: [field] }));
  const fields = isJsonObject(schema) ? schema["fields"] : undefined;
  return lean(Array.isArray(fields) ? (fields[0] ?? null) : null);
}

/** Without the metadata of columns that a copy has no use for: comments, defaults, generation expressions. */
function lean(json: JsonValue): JsonValue {
  if (Array.isArray(json)) return json.map(lean);
  if (!isJsonObject(json)) return json;
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => {
      if (key !== "metadata" || !isJsonObject(value)) return [key, lean(value ?? null)];
      return [key, Object.fromEntries(Object.entries(value).filter(([name]) => KEPT_METADATA.test(name)))];
    }),
  );
}

/**
 * Reads the text of a decoding.
 *
 * @param file whose it is, for messages
 * @throws LakeError `corrupt` `raw-file-decoding` saying what is wrong with it; `unsupported` for one of a later
 *   version of this library.
 */
export function parseDecoding(text: string, file: string): RawDecoding {
  const json = objectOf(parsed(text, file), file, "is not a JSON object");
  const version = json["version"];
  if (version !== VERSION && version !== BigInt(VERSION)) {
    throw new LakeError(
      "unsupported",
      "raw-file-decoding",
      `the file ${file} is decoded by rules of version ${String(version)}, and this release knows version ${VERSION}`,
      {
        context: { file, version: String(version) },
        hint: "Use the release that wrote the table, or a later one.",
      },
    );
  }
  const { mapping, misfits, uri, readerSchema, columns } = json;
  if (mapping !== "none" && mapping !== "name" && mapping !== "id") {
    throw broken(file, `has the unknown column mapping ${stringifyJson(mapping ?? null)}`);
  }
  if (misfits !== "refuse" && misfits !== "rescue") {
    throw broken(file, `does not say what becomes of values that do not fit ("misfits")`);
  }
  if (typeof uri !== "string") throw broken(file, `has no "uri"`);
  if (readerSchema !== undefined && typeof readerSchema !== "string") {
    throw broken(file, `has a "readerSchema" that is no text`);
  }
  if (!Array.isArray(columns)) throw broken(file, `has no "columns"`);
  return {
    mapping,
    misfits,
    uri,
    readerSchema,
    columns: columns.map((column: JsonValue, index) => columnOf(column, `column ${index + 1}`, file)),
  };
}

function columnOf(json: JsonValue, where: string, file: string): DecodedColumn {
  const column = objectOf(json, file, `has a ${where} that is not a JSON object`);
  const field = fieldOf(column["field"], where, file);
  const { source, rescuedData, sourceFile } = column;
  if (typeof source === "string") return { kind: "field", source, field };
  if (rescuedData === true) return { kind: "rescued-data", field };
  if (typeof sourceFile === "string") return { kind: "source-file", sourceFile, field };
  throw broken(file, `does not say where the values of ${where} come from`);
}

function fieldOf(json: JsonValue | undefined, where: string, file: string): StructField {
  const schema: JsonObject = { type: "struct", fields: [json ?? null] };
  try {
    const [field] = parseSchema(stringifyJson(schema)).fields;
    if (field !== undefined) return field;
  } catch (error) {
    if (!(error instanceof LakeError) || error.kind !== "corrupt") throw error;
    throw broken(file, `has no type for ${where}: ${error.message}`, error);
  }
  throw broken(file, `has no type for ${where}`);
}

function parsed(text: string, file: string): JsonValue {
  try {
    return parseJson(text);
  } catch (error) {
    throw broken(file, "is not JSON", error);
  }
}

function objectOf(json: JsonValue, file: string, what: string): JsonObject {
  if (isJsonObject(json)) return json;
  throw broken(file, what);
}

function broken(file: string, what: string, cause?: unknown): LakeError {
  return new LakeError(
    "corrupt",
    "raw-file-decoding",
    `the decoding of the file ${file} in the log ${what}`,
    {
      context: { file },
      cause,
    },
  );
}
