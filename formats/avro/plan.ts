import type { Column } from "./column.js";
import type { RowTarget } from "./decode-file.js";
import { parseAvroSchema } from "./parse-schema.js";
import { composedRows, readRowsOf } from "./read-rows.js";
import { readerOf } from "./reader.js";
import { type Decoding, resolveSchemas } from "./resolve.js";
import { type AvroType, fieldsOf } from "./schema.js";
import { columnOf, type Note } from "./type-columns.js";

/** How the rows of a file become columns. */
export interface AvroPlan {
  /** The columns, as the reader's schema calls them. */
  readonly fields: readonly { readonly name: string; readonly type: AvroType }[];
  readonly decoding: Decoding;
}

/**
 * @param reader undefined for the writer's own schema.
 * @throws ResolutionError where the writer's data cannot be read in the reader's schema; RangeError or SyntaxError
 * when the writer's schema is none; {@link ReaderSchemaError} when the reader's is none.
 */
export function planOf(writer: string, reader: string | undefined): AvroPlan {
  const written = parseAvroSchema(writer);
  const wanted = reader === undefined ? written : parseReaderSchema(reader);
  return { fields: fieldsOf(wanted), decoding: resolveSchemas(written, wanted) };
}

/** The schema that a caller has given is none; the cause says why. */
export class ReaderSchemaError extends Error {}

function parseReaderSchema(json: string): AvroType {
  try {
    return parseAvroSchema(json);
  } catch (error) {
    throw new ReaderSchemaError("the schema that is wanted is no Avro schema", { cause: error });
  }
}

/**
 * Empty columns for a plan, and the reader of rows into them. @param generate as `readRowsOf` takes it.
 *
 * @throws LakeError `unsupported` for a type that no column can hold; it names the column.
 */
export function rowTarget(
  { fields, decoding }: AvroPlan,
  names: readonly string[],
  note: Note,
  { generate = true } = {},
): RowTarget {
  const columns = fields.map(({ name, type }, index) => columnOf(type, names[index] ?? name, note));
  const top = decoding.kind === "recursive" ? decoding.resolve() : decoding;
  if (top.kind === "record" && top.fields.length > 0)
    return { columns, readRows: readRowsOf(top.steps, columns, { generate }) };
  return { columns, readRows: composedRows(columns.map((column: Column) => readerOf(top, column))) };
}
