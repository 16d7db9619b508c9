import { Field, Int64, type RecordBatch, Schema } from "apache-arrow";
import { type LakeError, messageOf, newUuid } from "../../core/index.js";
import { quoteIdentifier, type Session } from "../../engine/index.js";
import { invalidSource } from "../failure.js";
import { columnNames } from "../inference/column-names.js";
import { type Compression, type RecordSource, type Relation, ROW_NUMBER } from "../opened-source.js";
import type { SourceFile } from "../source/source-file.js";
import { unpackerOf } from "./codec.js";
import { type AvroHeader, broken, readAvroHeader, undecodable } from "./container.js";
import { decodeFile } from "./decode-file.js";
import { type AvroPlan, planOf, ReaderSchemaError, rowTarget } from "./plan.js";
import { recordBatches } from "./record-batches.js";
import { ResolutionError } from "./resolve.js";
import type { Note } from "./type-columns.js";

export interface AvroSource {
  readonly file: SourceFile;
  readonly sizeBytes: number;
  readonly compression: Compression;
  /** JSON of the schema that the rows are wanted in; default the one they were written in. */
  readonly readerSchema?: string | undefined;
}

/**
 * Opens an Avro object container file; its rows go to a temporary table batch by batch.
 *
 * @throws LakeError `invalid-input` naming the file where it is damaged, and the field where its data cannot be read
 * in the reader's schema; `unsupported` naming a codec, or a column whose type no column can hold.
 */
export async function openAvro(
  session: Session,
  source: AvroSource,
  signal: AbortSignal | undefined,
): Promise<RecordSource> {
  const { file } = source;
  const header = await readAvroHeader(file);
  unpackerOf(header.codec, file.uri);
  const plan = planFor(source, header);
  const { names, notes: nameNotes } = columnNames(plan.fields.map((field) => field.name));
  const target = (note: Note) => {
    try {
      return rowTarget(plan, names, note);
    } catch (error) {
      throw undecodable(file, header.end, error);
    }
  };
  const notes: string[] = [];
  const { columns } = target((path, what) => notes.push(`${path} ${what}`));
  const fields = columns.map(({ type }, index) => new Field(names[index] ?? "", type, true));
  const empty = await load(session, new Schema(fields), [], signal);
  const described = await session.rows(`DESCRIBE ${empty.sql}`, { signal });
  await empty.dispose();
  return {
    uri: file.uri,
    format: "avro",
    compression: source.compression,
    columns: described.map((row) => ({ name: String(row["column_name"]), type: String(row["column_type"]) })),
    notes: [...nameNotes, ...notes],
    sizeBytes: source.sizeBytes,
    relation: ({ numbered = false } = {}) => {
      const schema = new Schema(numbered ? [...fields, new Field(ROW_NUMBER, new Int64(), false)] : fields);
      const batches = decodeFile(
        file,
        header,
        target(() => {}),
        signal,
      );
      return load(session, schema, recordBatches(schema, batches, numbered), signal);
    },
    reopen: async (failure) => {
      throw failure;
    },
    dispose: async () => file.dispose?.(),
  };
}

async function load(
  session: Session,
  schema: Schema,
  batches: AsyncIterable<RecordBatch> | Iterable<RecordBatch>,
  signal: AbortSignal | undefined,
): Promise<Relation> {
  const table = `avro_${newUuid()}`;
  await session.loadArrow(table, schema, batches, { signal });
  const name = `temp.${quoteIdentifier(table)}`;
  return {
    sql: `SELECT * FROM ${name}`,
    dispose: async () => {
      await session.execute(`DROP TABLE ${name}`);
    },
  };
}

function planFor({ file, readerSchema }: AvroSource, header: AvroHeader): AvroPlan {
  try {
    return planOf(header.schema, readerSchema);
  } catch (error) {
    throw unplanned(file, error);
  }
}

function unplanned(file: SourceFile, error: unknown): LakeError {
  if (error instanceof ResolutionError) {
    return invalidSource(
      file.uri,
      "avro-resolution",
      `its data cannot be read in the schema that is wanted: ${error.message}`,
      { column: error.path },
      { cause: error },
    );
  }
  if (error instanceof ReaderSchemaError) {
    const what = `${error.message}: ${messageOf(error.cause)}`;
    return invalidSource(file.uri, "avro-schema", what, {}, { cause: error });
  }
  return broken(file, `the Avro schema cannot be read: ${messageOf(error)}`, 0, error);
}
