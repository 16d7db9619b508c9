import { type Data, Field, Int32, Int64, makeData, RecordBatch, Schema, Struct, Utf8 } from "apache-arrow";
import { newUuid } from "../../../../core/index.js";
import { quoteIdentifier, type Session } from "../../../../engine/index.js";
import type { FoundFile, LandedFile } from "./landed-file.js";

const BATCH_ROWS = 32_768;

/** A column of a table of files. */
interface FileColumn<F> {
  readonly field: Field;
  /** The values of some files, the first of which is the `from`th of all. */
  readonly values: (files: readonly F[], from: number) => Data;
}

const FOUND_COLUMNS: readonly FileColumn<FoundFile>[] = [
  {
    field: new Field("place", new Int32(), false),
    values: ({ length }, from) =>
      makeData({ type: new Int32(), length, data: Int32Array.from({ length }, (_, index) => from + index) }),
  },
  textColumn("uri", ({ uri }) => uri),
  wholeColumn("size", ({ size }) => size),
  wholeColumn("modification_time", ({ modificationTime }) => modificationTime),
];

const MARK_COLUMN = textColumn<FoundFile>("mark", ({ mark = "" }) => mark);

const LANDED_COLUMNS: readonly FileColumn<LandedFile>[] = [
  ...FOUND_COLUMNS,
  textColumn("hash", ({ hash }) => hash),
];

/**
 * Lends files to `work` as a temporary table of the engine: columns `place` (INTEGER, in the list, from 0), `uri`,
 * `size` and `modification_time`; where one of them has a mark also `mark`, empty where there is none.
 *
 * @param work gets the table's name, quoted
 */
export function withFoundTable<T>(
  session: Session,
  files: readonly FoundFile[],
  work: (table: string) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const isMarked = files.some(({ mark }) => mark !== undefined);
  return withTable(session, isMarked ? [...FOUND_COLUMNS, MARK_COLUMN] : FOUND_COLUMNS, files, work, signal);
}

/** As {@link withFoundTable}, with the column `hash`, in hexadecimal. */
export function withLandedTable<T>(
  session: Session,
  files: readonly LandedFile[],
  work: (table: string) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  return withTable(session, LANDED_COLUMNS, files, work, signal);
}

async function withTable<F, T>(
  session: Session,
  columns: readonly FileColumn<F>[],
  files: readonly F[],
  work: (table: string) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  const name = `gl_files_${newUuid()}`;
  const schema = new Schema(columns.map(({ field }) => field));
  await session.loadArrow(name, schema, batchesOf(schema, columns, files), { signal });
  const table = `temp.${quoteIdentifier(name)}`;
  try {
    return await work(table);
  } finally {
    await session.execute(`DROP TABLE ${table}`);
  }
}

function* batchesOf<F>(
  schema: Schema,
  columns: readonly FileColumn<F>[],
  files: readonly F[],
): Generator<RecordBatch> {
  for (let from = 0; from < files.length; from += BATCH_ROWS) {
    const some = files.slice(from, from + BATCH_ROWS);
    const children = columns.map(({ values }) => values(some, from));
    const struct = { type: new Struct(schema.fields), length: some.length, nullCount: 0, children };
    yield new RecordBatch(schema, makeData(struct));
  }
}

function textColumn<F>(name: string, textOf: (file: F) => string): FileColumn<F> {
  const values = (files: readonly F[]): Data => {
    const { length } = files;
    const texts = files.map(textOf);
    const valueOffsets = new Int32Array(length + 1);
    for (const [index, text] of texts.entries()) {
      valueOffsets[index + 1] = (valueOffsets[index] ?? 0) + Buffer.byteLength(text);
    }
    return makeData({ type: new Utf8(), length, valueOffsets, data: Buffer.from(texts.join("")) });
  };
  return { field: new Field(name, new Utf8(), false), values };
}

function wholeColumn<F>(name: string, numberOf: (file: F) => number): FileColumn<F> {
  const values = (files: readonly F[]): Data =>
    makeData({
      type: new Int64(),
      length: files.length,
      data: BigInt64Array.from(files, (file) => BigInt(numberOf(file))),
    });
  return { field: new Field(name, new Int64(), false), values };
}
