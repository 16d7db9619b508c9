import type { Misfits, SourceColumn } from "../../../../formats/index.js";
import {
  columnMappingMode,
  type DecodedColumn,
  foldCase,
  type Metadata,
  type RawDecoding,
  type StructField,
  type StructType,
} from "../../../../table-format/index.js";
import { RESCUED_COLUMN, SOURCE_FILE_COLUMN } from "../landing-columns.js";

/** A source and the table that it lands in, as far as its decoding goes. */
export interface DecodingRequest {
  /** As the commit leaves them. */
  readonly schema: StructType;
  readonly metadata: Pick<Metadata, "configuration">;
  /** As messages call the source. */
  readonly uri: string;
  readonly columns: readonly SourceColumn[];
  /**
   * Columns of the table that it is asked for though it does not have them, as far as is known: a key may come late in
   * a text file.
   */
  readonly asked: ReadonlySet<string>;
  readonly misfits: Misfits;
  /** Its URI, where the table's column for it is to be filled. */
  readonly sourceFile: string | undefined;
  /** The schema that the records of an Avro file are read as, where it is not their own. */
  readonly readerSchema: string | undefined;
}

/**
 * Decides which column of a table each value of a source goes to, for as long as the file is in the table. Pure.
 */
export function keptDecoding(request: DecodingRequest): RawDecoding {
  const { schema, metadata, misfits, uri, readerSchema } = request;
  return {
    mapping: columnMappingMode(metadata.configuration),
    misfits,
    uri,
    readerSchema,
    columns: schema.fields.flatMap((field) => decodedColumn(field, request) ?? []),
  };
}

function decodedColumn(field: StructField, request: DecodingRequest): DecodedColumn | undefined {
  const { columns, asked, misfits, sourceFile } = request;
  const found =
    columns.find(({ name }) => name === field.name) ??
    columns.find(({ name }) => foldCase(name) === foldCase(field.name));
  const isString = field.type.type === "string";
  if (isString && misfits === "rescue" && foldCase(field.name) === RESCUED_COLUMN) {
    return { kind: "rescued-data", field };
  }
  if (isString && sourceFile !== undefined && foldCase(field.name) === SOURCE_FILE_COLUMN) {
    return { kind: "source-file", field, sourceFile };
  }
  if (found !== undefined) return { kind: "field", field, source: found.name };
  return asked.has(field.name) ? { kind: "field", field, source: field.name } : undefined;
}
