import type { LakeError } from "../../core/index.js";
import { quoteIdentifier, quoteString, type Session } from "../../engine/index.js";
import { engineReason, invalidSource, mayBeTheFile } from "../failure.js";
import { columnNames } from "../inference/column-names.js";
import { csvKindBit, KindSet, type ScalarType, scalarTypeOf, strictCast } from "../inference/value-kinds.js";
import type { Compression, RecordSource } from "../opened-source.js";
import { readBytes } from "../source/byte-range.js";
import { enginePath } from "../source/engine-path.js";
import type { SourceFile } from "../source/source-file.js";
import { type Dialect, sniffDialect, splitRecords } from "./dialect.js";
import { hasHeader } from "./header.js";

export interface CsvSource {
  readonly file: SourceFile;
  /** Bytes of the file as it was found. */
  readonly sizeBytes: number;
  readonly compression: Compression;
  /** Whether types are to come from every record. */
  readonly whole: boolean;
  readonly notes: readonly string[];
}

/** A file of at most this many bytes is looked at whole; of a larger one, this many records. */
const WHOLE_FILE_BYTES = 4 * 1024 * 1024;
const SAMPLE_RECORDS = 10_240;
const SNIFFED_BYTES = 256 * 1024;
// A sample is a small part of the engine's own buffer of 32 MB, which would be read and cut whole. It has
// to hold the longest record that the engine takes, 2 MB.
const SAMPLE_BUFFER_BYTES = 4 * 1024 * 1024;

/**
 * Opens a delimited text. Every field is read as text and cast by us, strictly: the engine's own
 * reader rounds '0.5' into a BIGINT column, loses the zeros of '00501' and the offset of a timestamp.
 */
export async function openCsv(
  session: Session,
  source: CsvSource,
  signal: AbortSignal | undefined,
): Promise<RecordSource> {
  const { file } = source;
  const layout = await sniffLayout(source);
  const reader = readerSql(file, layout, undefined);
  const exact = source.whole || file.size <= WHOLE_FILE_BYTES;
  const kinds = await findKinds(
    session,
    source,
    layout,
    exact ? reader : `${readerSql(file, layout, SAMPLE_BUFFER_BYTES)} LIMIT ${SAMPLE_RECORDS}`,
    signal,
  );
  const types = kinds.map(scalarTypeOf);
  return {
    uri: file.uri,
    format: "csv",
    compression: source.compression,
    columns: layout.names.map((name, index) => ({ name, type: types[index] ?? "VARCHAR" })),
    notes: [...source.notes, ...layout.notes, ...typeNotes(layout.names, kinds, types)],
    sizeBytes: source.sizeBytes,
    relation: async () => ({ sql: convertedSql(reader, layout.names, types), dispose: async () => {} }),
    dispose: async () => file.dispose?.(),
    reopen: async (failure) => {
      if (!mayBeTheFile(failure)) throw failure;
      const place = csvPlace(failure);
      if (place !== undefined || exact) throw unreadable(file, failure);
      const note = `types come from every record, as a sample did not tell all: ${engineReason(failure)}`;
      return openCsv(session, { ...source, whole: true, notes: [...source.notes, note] }, signal);
    },
  };
}

interface CsvLayout {
  readonly dialect: Dialect;
  readonly header: boolean;
  readonly names: readonly string[];
  readonly notes: readonly string[];
}

async function sniffLayout({ file }: CsvSource): Promise<CsvLayout> {
  const head = await readBytes(file.localPath, 0, SNIFFED_BYTES);
  const complete = file.size <= head.length;
  const text = new TextDecoder().decode(head);
  const dialect = sniffDialect(text, complete);
  const records = splitRecords(text, dialect, complete, 1000);
  const [first] = records;
  if (first === undefined) throw invalidSource(file.uri, "no-records", "the file holds no complete record");
  const header = hasHeader(records);
  const spelled = first.map((field, index) => (header ? field.trim() : `column${index + 1}`));
  const { names, notes } = columnNames(spelled);
  const delimiter = { ",": "comma", "\t": "tab", ";": "semicolon", "|": "bar" }[dialect.delimiter];
  const about = `delimiter ${delimiter}, quote ", escape ${dialect.escape}, ${header ? "first line names the columns" : "no header"}, empty fields are NULL`;
  return { dialect, header, names, notes: [about, ...notes] };
}

/** The records as text, in columns `c0`, `c1`, ... A quoted empty field is an empty text, a bare one NULL. */
function readerSql(
  file: SourceFile,
  { dialect, header, names }: CsvLayout,
  bufferBytes: number | undefined,
): string {
  const buffer = bufferBytes === undefined ? "" : `, buffer_size = ${bufferBytes}`;
  const columns = names.map((_, index) => `'c${index}': 'VARCHAR'`).join(", ");
  return (
    `SELECT * FROM read_csv(${enginePath(file.localPath)}, auto_detect = false, strict_mode = true, ` +
    `delim = ${quoteString(dialect.delimiter)}, quote = '"', escape = ${quoteString(dialect.escape)}, ` +
    `header = ${header}, columns = {${columns}}, allow_quoted_nulls = false, nullstr = '', compression = 'none'${buffer})`
  );
}

async function findKinds(
  session: Session,
  { file }: CsvSource,
  { names }: CsvLayout,
  rows: string,
  signal: AbortSignal | undefined,
): Promise<KindSet[]> {
  const fields = names.map((_, index) => `bit_or(${csvKindBit(`c${index}`)}) AS k${index}`);
  try {
    const [row] = await session.rows(`SELECT ${fields.join(", ")} FROM (${rows})`, { signal });
    return names.map((_, index) => new KindSet(Number(row?.[`k${index}`] ?? 0)));
  } catch (failure) {
    throw mayBeTheFile(failure) ? unreadable(file, failure) : failure;
  }
}

function convertedSql(reader: string, names: readonly string[], types: readonly ScalarType[]): string {
  const fields = names.map(
    (name, index) =>
      `${strictCast(`c${index}`, types[index] ?? "VARCHAR", true)} AS ${quoteIdentifier(name)}`,
  );
  return `SELECT ${fields.join(", ")} FROM (${reader})`;
}

function typeNotes(
  names: readonly string[],
  kinds: readonly KindSet[],
  types: readonly ScalarType[],
): string[] {
  return names.flatMap((name, index) => {
    const found = kinds[index];
    if (found === undefined || found.isEmpty) return [`${name} holds no value; its type is VARCHAR`];
    if (types[index] === "DECIMAL(38,0)")
      return [`${name} holds whole numbers beyond 64 bits; its type is DECIMAL(38,0)`];
    if (types[index] !== "VARCHAR" || found.has("text")) return [];
    return [`${name} holds ${found.describe()}; kept as text`];
  });
}

interface CsvPlace {
  readonly line: number;
  readonly what: string;
}

/** The one place that reads the CSV reader's message: where the record is that it could not cut. */
function csvPlace(failure: LakeError): CsvPlace | undefined {
  const line = /^CSV Error on Line: (\d+)/.exec(failure.message)?.[1];
  if (line === undefined) return undefined;
  const counts = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(failure.message);
  const reason = failure.message
    .split("\n")
    .find((text) => /^(?:Value with|Invalid unicode|Maximum line size)/.test(text));
  const what =
    counts === null ? reason : `the record has ${counts[2]} fields where ${counts[1]} are expected`;
  return { line: Number(line), what: what ?? "the record cannot be read" };
}

function unreadable(file: SourceFile, failure: LakeError): LakeError {
  const place = csvPlace(failure);
  if (place === undefined)
    return invalidSource(file.uri, "unreadable-csv", engineReason(failure), {}, { cause: failure });
  return invalidSource(
    file.uri,
    "broken-csv",
    place.what,
    { line: place.line },
    {
      cause: failure,
      hint: "Correct the line, or quote fields that hold the delimiter.",
    },
  );
}
