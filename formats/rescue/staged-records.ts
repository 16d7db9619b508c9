import { Binary, type Data, Field, Int64, makeData, RecordBatch, Schema, Struct } from "apache-arrow";
import { newUuid } from "../../core/index.js";
import { quoteIdentifier, type Session } from "../../engine/index.js";
import { TextColumn } from "./text-column.js";

/** The column of {@link StagedBatch} that holds each record's number. */
export const STAGED_NUMBER = "gl_number";

/** Records or bytes that make a batch full: what lies outside the engine at a time. */
const FULL_RECORDS = 16_384;
const FULL_BYTES = 8 * 1024 * 1024;

/**
 * The schema of staged records: a number and texts. The texts are byte strings on their way: they have been looked at
 * already, many at a time, and are not to be looked at again one by one.
 */
export function stagedSchema(texts: readonly string[]): Schema {
  return new Schema([
    new Field(STAGED_NUMBER, new Int64(), true),
    ...texts.map((name) => new Field(name, new Binary(), true)),
  ]);
}

/**
 * Gathers records on their way to the engine: each has a number, its line for one, and texts. Texts that a record is
 * not given are NULL.
 */
export class StagedBatch {
  readonly #schema: Schema;
  readonly #texts: readonly TextColumn[];
  #numbers = new BigInt64Array(1024);
  #records = 0;
  #bytes = 0;

  constructor(schema: Schema) {
    this.#schema = schema;
    this.#texts = schema.fields.slice(1).map(() => new TextColumn());
  }

  get records(): number {
    return this.#records;
  }

  /** Whether it is time to {@link take}. */
  get isFull(): boolean {
    return this.#records >= FULL_RECORDS || this.#bytes >= FULL_BYTES;
  }

  /** Begins the next record. */
  begin(number: number): void {
    if (this.#records === this.#numbers.length) {
      const wider = new BigInt64Array(this.#numbers.length * 2);
      wider.set(this.#numbers);
      this.#numbers = wider;
    }
    this.#numbers[this.#records++] = BigInt(number);
  }

  /** A text of the record that was begun, from its bytes, which are UTF-8. Each text is given once a record at most. */
  setBytes(text: number, bytes: Uint8Array, from: number, to: number): void {
    this.#texts[text]?.set(this.#records - 1, bytes, from, to);
    this.#bytes += to - from;
  }

  setText(text: number, value: string): void {
    const bytes = Buffer.from(value);
    this.setBytes(text, bytes, 0, bytes.length);
  }

  /** The records since the last take; they lie in memory that the next ones are written to. */
  take(): RecordBatch {
    const length = this.#records;
    const numbers = makeData({
      type: new Int64(),
      length,
      nullCount: 0,
      data: this.#numbers.subarray(0, length),
    });
    const children: Data[] = [numbers, ...this.#texts.map((text) => text.take(length))];
    this.#records = 0;
    this.#bytes = 0;
    return new RecordBatch(
      this.#schema,
      makeData({ type: new Struct(this.#schema.fields), length, nullCount: 0, children }),
    );
  }
}

/** Records in a temporary table of the session. */
export interface StagedRecords {
  /** A SELECT of {@link STAGED_NUMBER} and the texts, as VARCHAR. Its rows are in the order of the records. */
  readonly sql: string;
  dispose(): Promise<void>;
}

/** Loads records batch by batch, each before the next is asked for; nothing is left when it fails. */
export async function stageRecords(
  session: Session,
  schema: Schema,
  batches: AsyncIterable<RecordBatch>,
  signal: AbortSignal | undefined,
): Promise<StagedRecords> {
  const name = `records_${newUuid()}`;
  await session.loadArrow(name, schema, batches, { signal });
  const table = `temp.${quoteIdentifier(name)}`;
  const texts = schema.fields.slice(1).map((field) => {
    const column = quoteIdentifier(field.name);
    return `decode(${column}) AS ${column}`;
  });
  return {
    sql: `SELECT ${[STAGED_NUMBER, ...texts].join(", ")} FROM ${table}`,
    dispose: async () => {
      await session.execute(`DROP TABLE ${table}`);
    },
  };
}
