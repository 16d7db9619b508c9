import { LakeError } from "../../../../core/index.js";
import {
  type RecordEnds,
  type RecordForm,
  STREAM_HEAD_BYTES,
  type StreamForm,
  streamForm,
} from "../../../../formats/index.js";
import type { IngestOptions } from "../ingest-options.js";
import type { IngestReport } from "../ingest-report.js";
import { streamBatches } from "./stream-batches.js";
import type { Ingest } from "./watch-ingest.js";

export interface StreamIngestOptions
  extends Omit<IngestOptions, "stdin" | "stdinPart" | "onChange" | "again" | "batch"> {
  /** A commit holds at least so many bytes of the stream; default 64 MiB. */
  readonly batchBytes?: number | undefined;
  /** Milliseconds after which what has come is committed, however little it is; default 10,000. */
  readonly batchIntervalMs?: number | undefined;
}

const DEFAULT_BYTES = 64 * 1024 ** 2;
const DEFAULT_INTERVAL_MS = 10_000;

/**
 * Lands a stream of records as it comes: JSONL and CSV in a commit a batch, anything else, what is compressed, and
 * what an application lands, in one when it ends. The stream is read no further while a batch lands.
 *
 * @throws LakeError as `ingest` does. Its message says how many batches were committed before.
 */
export async function* streamIngest(
  ingest: Ingest,
  stream: AsyncIterable<Uint8Array>,
  options: StreamIngestOptions,
): AsyncGenerator<IngestReport> {
  const { batchBytes = DEFAULT_BYTES, batchIntervalMs = DEFAULT_INTERVAL_MS, ...landing } = options;
  const { form, chunks } = await beginStream(stream);
  const isOneCommit =
    form.kind === "whole" || options.application !== undefined || options.mode === "overwrite-partitions";
  if (isOneCommit) {
    yield await ingest(["-"], { ...landing, stdin: chunks });
    return;
  }
  const ends = recordEnds(form);
  const batches = streamBatches(chunks, {
    ends,
    headerBytes: form.kind === "csv" ? (form.header?.length ?? 0) : 0,
    bytes: batchBytes,
    intervalMs: batchIntervalMs,
    signal: options.signal,
  });
  let committed = 0;
  for await (const batch of batches) {
    const named =
      committed > 0 && form.kind === "csv" && form.header !== undefined ? [form.header, ...batch] : batch;
    try {
      // What an overwrite replaces is what was there before the stream.
      const mode = committed > 0 ? "append" : landing.mode;
      yield await ingest(["-"], {
        ...landing,
        mode,
        stdinPart: { name: committed === 0 ? "-" : `- (batch ${committed + 1})`, form },
        stdin: each(named),
      });
    } catch (error) {
      throw committed === 0 ? error : afterBatches(error, committed);
    }
    committed++;
  }
}

function recordEnds(form: RecordForm): RecordEnds {
  return form.kind === "csv" ? { kind: "quoted", escape: form.dialect.escape } : { kind: "lines" };
}

/** What a stream is by its first bytes, and the stream from its beginning. */
async function beginStream(
  stream: AsyncIterable<Uint8Array>,
): Promise<{ readonly form: StreamForm; readonly chunks: AsyncIterable<Uint8Array> }> {
  const iterator = stream[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let bytes = 0;
  let ended = false;
  while (bytes < STREAM_HEAD_BYTES && !ended && !tellsForm(first)) {
    const { value, done } = await iterator.next();
    if (done === true) ended = true;
    else {
      first.push(value);
      bytes += value.length;
    }
  }
  const form = streamForm(Buffer.concat(first).subarray(0, STREAM_HEAD_BYTES), ended);
  return { form, chunks: rest(first, iterator) };
}

const NEWLINE = 0x0a;
const OPEN_BRACE = 0x7b;

/**
 * Whether there are lines enough to tell: one of JSON, and of another text one below the one that may name the
 * columns. A stream that pauses is not waited for any longer.
 */
function tellsForm(chunks: readonly Uint8Array[]): boolean {
  const text = Buffer.concat(chunks);
  const end = text.indexOf(NEWLINE);
  return end !== -1 && (text[0] === OPEN_BRACE || text.indexOf(NEWLINE, end + 1) !== -1);
}

async function* rest(
  first: readonly Uint8Array[],
  iterator: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* first;
  for (;;) {
    const { value, done } = await iterator.next();
    if (done === true) return;
    yield value;
  }
}

async function* each(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

function afterBatches(error: unknown, committed: number): unknown {
  if (!(error instanceof LakeError)) return error;
  const before = committed === 1 ? "the batch before it was" : `the ${committed} batches before it were`;
  return new LakeError(error.kind, error.code, `${error.message}; ${before} committed`, {
    context: { ...error.context, committedBatches: committed },
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: error,
  });
}
