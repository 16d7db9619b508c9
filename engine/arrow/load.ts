import { type DuckDBAppender, DuckDBDataChunk } from "@duckdb/node-api";
import type { Data, RecordBatch, Schema } from "apache-arrow";
import { LakeError, throwIfCancelled } from "../../core/index.js";
import { toLakeError } from "../errors.js";
import type { Session } from "../session.js";
import { quoteIdentifier } from "../sql-text.js";
import { VectorTarget } from "../vector-target.js";
import { engineTypeOfArrow } from "./engine-type.js";
import { writeVector } from "./write-vector.js";

/** Rows in one data chunk; the engine takes no more. */
const CHUNK_ROWS = 2048;

/** See {@link Session.loadArrow}. */
export async function loadArrow(
  session: Session,
  table: string,
  schema: Schema,
  batches: AsyncIterable<RecordBatch> | Iterable<RecordBatch>,
  signal: AbortSignal | undefined,
): Promise<bigint> {
  const columns = schema.fields.map((field) => `${quoteIdentifier(field.name)} ${engineTypeOfArrow(field)}`);
  await session.execute(`CREATE TEMP TABLE ${quoteIdentifier(table)} (${columns.join(", ")})`, { signal });
  try {
    return await append(session, table, schema, batches, signal);
  } catch (error) {
    await session.execute(`DROP TABLE temp.${quoteIdentifier(table)}`);
    throw toLakeError(error, signal);
  }
}

async function append(
  session: Session,
  table: string,
  schema: Schema,
  batches: AsyncIterable<RecordBatch> | Iterable<RecordBatch>,
  signal: AbortSignal | undefined,
): Promise<bigint> {
  const appender = await session.connection.createAppender(table, "main", "temp");
  // One chunk for all rows: the collector does not see the engine's memory behind a chunk.
  const chunk = DuckDBDataChunk.create(schema.fields.map((_, index) => appender.columnType(index)));
  let rows = 0n;
  for await (const batch of batches) {
    throwIfCancelled(signal);
    checkTypes(schema, batch.schema);
    appendBatch(appender, chunk, batch);
    rows += BigInt(batch.numRows);
  }
  throwIfCancelled(signal);
  appender.closeSync();
  return rows;
}

function appendBatch(appender: DuckDBAppender, chunk: DuckDBDataChunk, batch: RecordBatch): void {
  for (let from = 0; from < batch.numRows; from += CHUNK_ROWS) {
    const count = Math.min(CHUNK_ROWS, batch.numRows - from);
    chunk.reset();
    chunk.rowCount = count;
    for (const [index, field] of batch.schema.fields.entries()) {
      const data: Data | undefined = batch.data.children[index];
      if (data === undefined)
        throw new LakeError("invalid-input", "arrow-batch", `column ${field.name} has no data`);
      try {
        writeVector(VectorTarget.ofColumn(chunk, index), data, from, count, undefined);
      } catch (error) {
        if (!(error instanceof LakeError)) throw error;
        throw new LakeError(error.kind, error.code, `column ${field.name}: ${error.message}`, {
          context: { ...error.context, column: field.name },
          cause: error,
        });
      }
    }
    appender.appendDataChunk(chunk);
  }
}

/** @throws LakeError `invalid-input` when a batch does not have the types the table was made with. */
function checkTypes(schema: Schema, batch: Schema): void {
  if (batch.fields.length !== schema.fields.length) {
    throw new LakeError(
      "invalid-input",
      "arrow-batch",
      `a record batch has ${batch.fields.length} columns where the schema has ${schema.fields.length}`,
    );
  }
  for (const [index, field] of schema.fields.entries()) {
    const other = batch.fields[index];
    if (other === undefined || engineTypeOfArrow(other) === engineTypeOfArrow(field)) continue;
    throw new LakeError(
      "invalid-input",
      "arrow-batch",
      `column ${field.name}: a record batch has type ${other.type} where the schema has ${field.type}`,
      { context: { column: field.name } },
    );
  }
}
