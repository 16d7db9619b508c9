import { Field, makeData, RecordBatch, Schema, Struct } from "apache-arrow";
import { isLakeError, messageOf, newUuid, throwIfCancelled } from "../../core/index.js";
import { quoteIdentifier, type Session } from "../../engine/index.js";
import { namingFile } from "../failure.js";
import { columnNames } from "../inference/column-names.js";
import type { Compression, RecordSource, Relation } from "../opened-source.js";
import type { SourceFile } from "../source/source-file.js";
import { avroDecoder } from "./codec.js";
import type { NamedColumn } from "./column.js";
import { type AvroHeader, broken, readAvroBlocks, readAvroHeader } from "./container.js";
import { type AvroType, parseAvroSchema } from "./schema.js";
import { AvroDataError, Tap } from "./tap.js";
import { columnOf } from "./type-columns.js";

/** Rows handed to the engine at a time. */
const BATCH_ROWS = 8192;

/** Opens an Avro object container file; its rows go to a temporary table batch by batch. */
export async function openAvro(
  session: Session,
  source: { readonly file: SourceFile; readonly sizeBytes: number; readonly compression: Compression },
  signal: AbortSignal | undefined,
): Promise<RecordSource> {
  const { file } = source;
  const header = await readAvroHeader(file);
  const decode = avroDecoder(header.codec, file.uri);
  const schema = schemaOf(file, header);
  const notes: string[] = [];
  const { names, notes: nameNotes } = columnNames(fieldsOf(schema).map((field) => field.name));
  const makeColumns = (note: (path: string, what: string) => void): NamedColumn[] =>
    fieldsOf(schema).map(({ name, type }, index) => {
      const unique = names[index] ?? name;
      return { name: unique, column: columnOf(type, unique, note) };
    });
  const columns = inBlock(file, header.end, () => makeColumns((path, what) => notes.push(`${path} ${what}`)));
  const arrowSchema = new Schema(columns.map(({ name, column }) => new Field(name, column.type, true)));
  const load = async (batches: AsyncIterable<RecordBatch> | Iterable<RecordBatch>): Promise<Relation> => {
    const table = quoteIdentifier(`avro_${newUuid()}`);
    await session.loadArrow(table.slice(1, -1), arrowSchema, batches, { signal });
    return {
      sql: `SELECT * FROM temp.${table}`,
      dispose: async () => {
        await session.execute(`DROP TABLE temp.${table}`);
      },
    };
  };
  const empty = await load([]);
  const described = await session.rows(`DESCRIBE ${empty.sql}`, { signal });
  await empty.dispose();
  return {
    uri: file.uri,
    format: "avro",
    compression: source.compression,
    columns: described.map((row) => ({ name: String(row["column_name"]), type: String(row["column_type"]) })),
    notes: [...nameNotes, ...notes],
    sizeBytes: source.sizeBytes,
    relation: () =>
      load(
        readBatches(
          file,
          header,
          decode,
          arrowSchema,
          makeColumns(() => {}),
          signal,
        ),
      ),
    reopen: async (failure) => {
      throw failure;
    },
    dispose: async () => file.dispose?.(),
  };
}

function schemaOf(file: SourceFile, header: AvroHeader): AvroType {
  try {
    return parseAvroSchema(header.schema);
  } catch (error) {
    throw broken(file, `the Avro schema cannot be read: ${messageOf(error)}`, 0, error);
  }
}

/** A record's fields are columns; any other schema is one column. */
function fieldsOf(schema: AvroType): readonly { readonly name: string; readonly type: AvroType }[] {
  const type = schema.kind === "recursive" ? schema.resolve() : schema;
  return type.kind === "record" && type.fields.length > 0 ? type.fields : [{ name: "value", type }];
}

async function* readBatches(
  file: SourceFile,
  header: AvroHeader,
  decode: (data: Uint8Array) => Uint8Array,
  schema: Schema,
  columns: readonly NamedColumn[],
  signal: AbortSignal | undefined,
): AsyncGenerator<RecordBatch> {
  let rows = 0;
  const batch = (): RecordBatch => {
    const children = columns.map(({ column }) => column.take());
    const data = makeData({ type: new Struct(schema.fields), length: rows, nullCount: 0, children });
    rows = 0;
    return new RecordBatch(schema, data);
  };
  for await (const block of readAvroBlocks(file, header)) {
    throwIfCancelled(signal);
    const tap = new Tap(inBlock(file, block.offset, () => decode(block.data)));
    for (let row = 0; row < block.count; row++) {
      inBlock(file, block.offset, () => {
        for (const { column } of columns) column.read(tap);
      });
      if (++rows === BATCH_ROWS) yield batch();
    }
    if (!tap.atEnd)
      throw broken(
        file,
        `the block at byte ${block.offset} holds more than its ${block.count} records`,
        block.offset,
      );
  }
  if (rows > 0) yield batch();
}

/** Runs `work`; data that cannot be decoded is the file's fault, in the block at `offset`. */
function inBlock<T>(file: SourceFile, offset: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (isLakeError(error)) throw namingFile(file.uri, error);
    const inner = error instanceof AvroDataError ? ` (byte ${error.offset} of the block's data)` : "";
    throw broken(
      file,
      `the block at byte ${offset} cannot be decoded: ${messageOf(error)}${inner}`,
      offset,
      error,
    );
  }
}
