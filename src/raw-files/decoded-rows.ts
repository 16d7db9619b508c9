import { LakeError } from "../../core/index.js";
import { quoteString, type Session } from "../../engine/index.js";
import { type OpenedSource, openSource, RESCUED } from "../../formats/index.js";
import {
  type DecodedColumn,
  engineType,
  type RawDecoding,
  type RawFormat,
  type StructType,
} from "../../table-format/index.js";
import { fitTyped } from "../rescue/fit-typed.js";

/** The bytes of a raw file, wherever they lie. */
export interface RawBytes {
  readonly localPath: string;
  /** Bytes. */
  readonly size: number;
  readonly format: RawFormat;
  readonly decoding: RawDecoding;
}

/** Rows of a raw file as SQL, in the order in which the file has them, until disposed. */
export interface DecodedRows {
  /** What follows FROM. */
  readonly from: string;
  /** SQL over `from` of each column of the decoding, in order, of the type that the engine has for the column. */
  readonly columns: readonly string[];
  dispose(): Promise<void>;
}

/**
 * Opens a raw file and gives `work` its rows. They are what the decoding says and depend on nothing else.
 *
 * @throws LakeError `invalid-input` naming the file for a record that cannot be read by the decoding.
 * @param work is called again with other rows of the same values when reading the first failed
 */
export async function withDecodedRows<T>(
  session: Session,
  raw: RawBytes,
  work: (rows: DecodedRows) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  const { localPath, size, format, decoding } = raw;
  const { uri, misfits, readerSchema } = decoding;
  const options = { signal, misfits, avroSchema: readerSchema };
  const opened = await openSource(session, { uri, localPath, size, modificationTime: 0 }, options);
  try {
    let [source] = opened;
    if (source === undefined || opened.length > 1 || source.format !== format) throw otherFormat(uri, format);
    for (;;) {
      try {
        const rows = await decodedRows(source, decoding);
        try {
          return await work(rows);
        } finally {
          await rows.dispose();
        }
      } catch (failure) {
        // The format explains it, with line and column or offset, or has another, exact way to read the same values.
        source = await source.reopen(failure);
        opened.push(source);
        if (opened.length > MAX_READINGS) throw failure;
      }
    }
  } finally {
    for (const source of opened) await source.dispose();
  }
}

/** A text may be read by the engine, then with room for its longest record, then record by record. */
const MAX_READINGS = 4;

/** The rows of an opened source by a decoding. @throws LakeError as `relation` and `fitted` do. */
export async function decodedRows(source: OpenedSource, decoding: RawDecoding): Promise<DecodedRows> {
  return source.fitted === undefined
    ? typedRows(source, decoding)
    : fittedRows(source.fitted.bind(source), decoding);
}

/** Of texts, which take their types from the decoding. */
async function fittedRows(
  readAs: NonNullable<OpenedSource["fitted"]>,
  { columns, misfits }: RawDecoding,
): Promise<DecodedRows> {
  const names = columns.map((_, index) => `c${index}`);
  const wanted = columns.flatMap((column, index) =>
    column.kind === "field"
      ? [{ name: names[index] ?? "", type: engineType(column.field.type), source: column.source }]
      : [],
  );
  const relation = await readAs(wanted, misfits);
  const rescued = misfits === "rescue" ? `r.${RESCUED}` : "NULL";
  return {
    from: `(${relation.sql}) AS r`,
    columns: columns.map((column, index) => valueSql(column, `r.${names[index] ?? ""}`, rescued)),
    dispose: () => relation.dispose(),
  };
}

/** Of values that have types of their own. */
async function typedRows(source: OpenedSource, { columns, misfits, uri }: RawDecoding): Promise<DecodedRows> {
  const fields = columns.flatMap((column) =>
    column.kind === "field" ? [{ ...column.field, name: column.source, nullable: true }] : [],
  );
  const schema: StructType = { type: "struct", fields };
  const fit = fitTyped(schema, { columns: source.columns, file: quoteString(uri) }, misfits);
  const planned = new Map(fit.columns.map(({ name, sql }) => [name, sql]));
  const relation = await source.relation({ numbered: misfits === "rescue" });
  const planOf = (column: DecodedColumn): string =>
    (column.kind === "field" ? planned.get(column.source) : undefined) ?? "NULL";
  return {
    from: `(${relation.sql}) AS r`,
    columns: columns.map((column) => valueSql(column, planOf(column), fit.rescued ?? "NULL")),
    dispose: () => relation.dispose(),
  };
}

function valueSql(column: DecodedColumn, value: string, rescued: string): string {
  switch (column.kind) {
    case "field":
      return value;
    case "rescued-data":
      return `CAST(${rescued} AS VARCHAR)`;
    case "source-file":
      return quoteString(column.sourceFile);
  }
}

function otherFormat(file: string, format: RawFormat): LakeError {
  return new LakeError(
    "invalid-input",
    "not-records",
    `${file} is not the ${format} file that it is taken for`,
    {
      context: { file, format },
    },
  );
}
