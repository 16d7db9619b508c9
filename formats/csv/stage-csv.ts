import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";
import type { RecordBatch } from "apache-arrow";
import { LakeError, throwIfCancelled } from "../../core/index.js";
import type { Session } from "../../engine/index.js";
import { recordMember, rescuedMember } from "../rescue/rescued-json.js";
import { StagedBatch, type StagedRecords, stagedSchema, stageRecords } from "../rescue/staged-records.js";
import type { SourceFile } from "../source/source-file.js";
import { CsvCutter, ESCAPED, type FieldSpans, type RecordVisitor, unescaped } from "./csv-cutter.js";
import type { CsvLayout } from "./layout.js";

/** Columns of staged records beside `c0`, `c1`, ... and the line. */
export const EXTRA_VALUES = "gl_extra";
export const WHOLE_RECORD = "gl_record";
export const REASON = "gl_reason";

const CHUNK_BYTES = 1024 * 1024;
const MAXIMUM_LINE_BYTES = 1024 ** 3;

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Cuts a file into records and loads their fields as text, nothing refused: into `c0`, `c1`, ..., with the line
 * that each begins on. A quoted empty field is an empty text, a bare one NULL.
 *
 * - Fields beyond those of the layout are in {@link EXTRA_VALUES}, members of a JSON object, named `column5` by place.
 * - A record that cannot be cut, or is no text, has {@link WHOLE_RECORD}, see `recordMember`, and no fields.
 * - {@link REASON} says what is wrong with a record that has not as many fields as the layout, or that cannot be cut.
 */
export async function stageCsv(
  session: Session,
  file: SourceFile,
  layout: CsvLayout,
  signal: AbortSignal | undefined,
): Promise<StagedRecords> {
  const fields = layout.names.map((_, index) => `c${index}`);
  const schema = stagedSchema([...fields, EXTRA_VALUES, WHOLE_RECORD, REASON]);
  return stageRecords(session, schema, cutBatches(file, layout, new StagedBatch(schema), signal), signal);
}

async function* cutBatches(
  file: SourceFile,
  layout: CsvLayout,
  batch: StagedBatch,
  signal: AbortSignal | undefined,
): AsyncGenerator<RecordBatch> {
  const stager = new RecordStager(layout, batch);
  const cutter = new CsvCutter(layout.dialect, stager);
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let wantedBytes = 0;
  let isFirst = true;
  const cut = (isLast: boolean): void => {
    let bytes = held.length === 1 && held[0] !== undefined ? held[0] : Buffer.concat(held);
    if (isFirst && BYTE_ORDER_MARK.equals(bytes.subarray(0, 3))) bytes = bytes.subarray(3);
    isFirst = false;
    stager.isText = isUtf8(isLast ? bytes : bytes.subarray(0, endOfLastLine(bytes)));
    const rest = bytes.subarray(cutter.cut(bytes, isLast));
    held = rest.length === 0 ? [] : [rest];
    heldBytes = rest.length;
    // A record of many chunks is not looked at anew for each of them.
    wantedBytes = rest.length * 2;
    if (heldBytes > MAXIMUM_LINE_BYTES) throw tooLong(file);
  };
  const chunks = createReadStream(file.localPath, { highWaterMark: CHUNK_BYTES });
  for await (const chunk of chunks as AsyncIterable<Uint8Array>) {
    throwIfCancelled(signal);
    held.push(chunk);
    heldBytes += chunk.length;
    if (heldBytes < wantedBytes) continue;
    cut(false);
    if (batch.isFull) yield batch.take();
  }
  cut(true);
  yield batch.take();
}

/** No record ends behind it. */
function endOfLastLine(bytes: Uint8Array): number {
  return Math.max(bytes.lastIndexOf(LINE_FEED), bytes.lastIndexOf(CARRIAGE_RETURN)) + 1;
}

class RecordStager implements RecordVisitor {
  /** Whether all that is cut now is known to be UTF-8. */
  isText = false;
  readonly #batch: StagedBatch;
  readonly #layout: CsvLayout;
  readonly #width: number;
  readonly #taken: ReadonlySet<string>;
  #isHeader: boolean;

  constructor(layout: CsvLayout, batch: StagedBatch) {
    this.#batch = batch;
    this.#layout = layout;
    this.#width = layout.names.length;
    this.#taken = new Set(layout.names.map((name) => name.toLowerCase()));
    this.#isHeader = layout.header;
  }

  record(line: number, bytes: Uint8Array, start: number, end: number, fields: FieldSpans): void {
    // The engine, too, takes an empty line for a record of one column only.
    if (this.#width > 1 && fields.count === 1 && fields.isEmpty(0)) return;
    if (this.#isHeader) {
      this.#isHeader = false;
      return;
    }
    if (!this.isText && !isUtf8(bytes.subarray(start, end))) {
      this.broken(line, bytes, start, end, "the record is not UTF-8");
      return;
    }
    // As to the engine, nothing behind the last delimiters is no field.
    let { count } = fields;
    while (count > this.#width && fields.isEmpty(count - 1)) count--;
    this.#batch.begin(line);
    for (let field = 0; field < Math.min(count, this.#width); field++) this.#stage(field, bytes, fields);
    if (count > this.#width) {
      const extra = Array.from({ length: count - this.#width }, (_, index) =>
        rescuedMember(this.#extraName(this.#width + index), this.#text(this.#width + index, bytes, fields)),
      );
      this.#batch.setText(this.#width, extra.join(","));
    }
    if (count !== this.#width) {
      this.#batch.setText(
        this.#width + 2,
        `the record has ${count} fields where ${this.#width} are expected`,
      );
    }
  }

  broken(line: number, bytes: Uint8Array, start: number, end: number, reason: string): void {
    this.#isHeader = false;
    this.#batch.begin(line);
    this.#batch.setText(this.#width + 1, recordMember(bytes.subarray(start, end)));
    this.#batch.setText(this.#width + 2, reason);
  }

  #stage(field: number, bytes: Uint8Array, fields: FieldSpans): void {
    if (fields.isEmpty(field)) return;
    const [start, end] = [fields.starts[field] ?? 0, fields.ends[field] ?? 0];
    if (fields.forms[field] !== ESCAPED) {
      this.#batch.setBytes(field, bytes, start, end);
      return;
    }
    const text = unescaped(bytes, start, end, this.#layout.dialect.escape);
    this.#batch.setBytes(field, text, 0, text.length);
  }

  #text(field: number, bytes: Uint8Array, fields: FieldSpans): string | null {
    if (fields.isEmpty(field)) return null;
    const [start, end] = [fields.starts[field] ?? 0, fields.ends[field] ?? 0];
    const isEscaped = fields.forms[field] === ESCAPED;
    const text = isEscaped
      ? unescaped(bytes, start, end, this.#layout.dialect.escape)
      : bytes.subarray(start, end);
    return Buffer.from(text).toString();
  }

  /** By place, as the columns of a file without a header are named. */
  #extraName(place: number): string {
    let name = `column${place + 1}`;
    for (let suffix = 1; this.#taken.has(name); suffix++) name = `column${place + 1}_${suffix}`;
    return name;
  }
}

function tooLong(file: SourceFile): LakeError {
  return new LakeError(
    "unsupported",
    "record-size",
    `${file.uri}: a line of more than ${MAXIMUM_LINE_BYTES} bytes is too long`,
    { context: { file: file.uri } },
  );
}
