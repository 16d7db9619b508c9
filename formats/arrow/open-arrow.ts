import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import {
  CompressionType,
  compressionRegistry,
  Field,
  type RecordBatch,
  RecordBatchReader,
  Schema,
} from "apache-arrow";
import { decompress as decodeZstd } from "fzstd";
import { isLakeError, messageOf, newUuid, throwIfCancelled } from "../../core/index.js";
import { quoteIdentifier, type Session } from "../../engine/index.js";
import { invalidSource, namingFile } from "../failure.js";
import { columnNames } from "../inference/column-names.js";
import {
  type Compression,
  type RecordSource,
  type Relation,
  type RelationOptions,
  ROW_NUMBER,
  type SourceColumn,
} from "../opened-source.js";
import type { SourceFile } from "../source/source-file.js";
import { decodeLz4Frame } from "./lz4-frame.js";

// The two body compressions that the Arrow columnar format knows.
compressionRegistry.set(CompressionType.LZ4_FRAME, { decode: decodeLz4Frame });
compressionRegistry.set(CompressionType.ZSTD, { decode: (data) => decodeZstd(data) });

export interface ArrowSource {
  readonly file: SourceFile;
  readonly sizeBytes: number;
  readonly compression: Compression;
  /** `file` is the random access format (Feather version 2), `stream` the streaming format. */
  readonly layout: "file" | "stream";
}

/** Opens an Arrow IPC file or stream; its batches go to a temporary table one by one. */
export async function openArrow(
  session: Session,
  source: ArrowSource,
  signal: AbortSignal | undefined,
): Promise<RecordSource> {
  const { file } = source;
  const { schema, notes } = await readSchema(source);
  const columns = await engineColumns(session, file, schema, signal);
  return {
    uri: file.uri,
    format: "arrow",
    compression: source.compression,
    columns,
    notes,
    sizeBytes: source.sizeBytes,
    relation: (options) => loadTable(session, source, schema, columns, options, signal),
    reopen: async (failure) => {
      throw failure;
    },
    dispose: async () => file.dispose?.(),
  };
}

async function loadTable(
  session: Session,
  source: ArrowSource,
  schema: Schema,
  columns: readonly SourceColumn[],
  options: RelationOptions | undefined,
  signal: AbortSignal | undefined,
): Promise<Relation> {
  const table = `arrow_${newUuid()}`;
  try {
    await session.loadArrow(table, schema, batchesOf(source, signal), { signal });
  } catch (error) {
    throw explain(source.file, error);
  }
  const fields = columns.map(
    ({ name, type }) => `CAST(${quoteIdentifier(name)} AS ${type}) AS ${quoteIdentifier(name)}`,
  );
  // Rows are appended in their order and none is ever deleted.
  const rows = options?.numbered === true ? [...fields, `rowid + 1 AS ${ROW_NUMBER}`] : fields;
  return {
    sql: `SELECT ${rows.join(", ")} FROM temp.${quoteIdentifier(table)}`,
    dispose: async () => {
      await session.execute(`DROP TABLE temp.${quoteIdentifier(table)}`);
    },
  };
}

/** The engine's types for the schema, seconds and milliseconds widened to its usual microseconds. */
async function engineColumns(
  session: Session,
  file: SourceFile,
  schema: Schema,
  signal: AbortSignal | undefined,
): Promise<SourceColumn[]> {
  const table = `arrow_${newUuid()}`;
  try {
    await session.loadArrow(table, schema, [], { signal });
  } catch (error) {
    throw explain(file, error);
  }
  try {
    const rows = await session.rows(`DESCRIBE temp.${quoteIdentifier(table)}`, { signal });
    return rows.map((row) => ({
      name: String(row["column_name"]),
      type: String(row["column_type"]).replace(/"(?:[^"]|"")*"|\bTIMESTAMP_(?:S|MS)\b/g, (match) =>
        match.startsWith('"') ? match : "TIMESTAMP",
      ),
    }));
  } finally {
    await session.execute(`DROP TABLE temp.${quoteIdentifier(table)}`);
  }
}

async function readSchema(
  source: ArrowSource,
): Promise<{ readonly schema: Schema; readonly notes: readonly string[] }> {
  const handle = await open(source.file.localPath);
  try {
    const reader = await readerOf(source, handle);
    const { names, notes } = columnNames(reader.schema.fields.map((field) => field.name));
    const fields = reader.schema.fields.map(
      (field, index) => new Field(names[index] ?? field.name, field.type, field.nullable, field.metadata),
    );
    return { schema: new Schema(fields), notes };
  } catch (error) {
    throw explain(source.file, error);
  } finally {
    await handle.close();
  }
}

async function* batchesOf(source: ArrowSource, signal: AbortSignal | undefined): AsyncGenerator<RecordBatch> {
  const handle = await open(source.file.localPath);
  try {
    const reader = await readerOf(source, handle);
    for await (const batch of reader) {
      throwIfCancelled(signal);
      yield batch;
    }
  } finally {
    await handle.close();
  }
}

async function readerOf({ file, layout }: ArrowSource, handle: FileHandle): Promise<RecordBatchReader> {
  const reader: RecordBatchReader =
    layout === "file"
      ? await RecordBatchReader.from(handle)
      : await RecordBatchReader.from(createReadStream(file.localPath));
  await reader.open();
  if (reader.schema === undefined) throw new RangeError("the Arrow data holds no schema");
  return reader;
}

/** What is not an error of ours, Arrow's own decoder threw over damaged bytes. */
function explain(file: SourceFile, error: unknown): unknown {
  if (isLakeError(error, "cancelled")) return error;
  if (isLakeError(error) && !(error.cause instanceof Error && error.code === "engine"))
    return namingFile(file.uri, error);
  return invalidSource(
    file.uri,
    "broken-arrow",
    `the Arrow data is damaged or ends early: ${messageOf(error)}`,
    {},
    { cause: error },
  );
}
