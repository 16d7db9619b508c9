import { throwIfCancelled } from "../../../../core/index.js";
import { RecordCutter, type RecordEnds } from "../../../../formats/index.js";

/** When a stream's records are enough for a commit. */
export interface StreamBatchOptions {
  readonly ends: RecordEnds;
  /** Bytes that the stream begins with before its first record: names of columns. */
  readonly headerBytes: number;
  /** So many bytes at least, but for the last batch. */
  readonly bytes: number;
  /** Milliseconds after which what has come is a batch, however little it is. */
  readonly intervalMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Cuts a stream into batches of whole records. It is read no further while a batch is worked on, and never holds
 * much more than one of them.
 */
export async function* streamBatches(
  chunks: AsyncIterable<Uint8Array>,
  { ends, headerBytes, bytes, intervalMs, signal }: StreamBatchOptions,
): AsyncGenerator<readonly Uint8Array[]> {
  const cutter = new RecordCutter(ends);
  const iterator = chunks[Symbol.asyncIterator]();
  let next = iterator.next();
  let timer: Timer | undefined;
  // Names without a record would make a table of columns that nothing tells the types of.
  let before = headerBytes;
  const take = (): readonly Uint8Array[] => {
    timer?.stop();
    timer = undefined;
    before = 0;
    return cutter.take();
  };
  try {
    for (;;) {
      throwIfCancelled(signal);
      const read = await Promise.race([next, ...(timer === undefined ? [] : [timer.over])]);
      if (read === undefined) {
        yield take();
        continue;
      }
      if (read.done === true) break;
      cutter.push(read.value);
      next = iterator.next();
      if (cutter.wholeBytes <= before) continue;
      if (cutter.wholeBytes >= bytes) yield take();
      else timer ??= startTimer(intervalMs);
    }
    if (cutter.bytes > 0) yield cutter.takeAll();
  } finally {
    timer?.stop();
    // A read that nobody awaits any more must not end the process.
    next.catch(() => {});
  }
}

interface Timer {
  readonly over: Promise<undefined>;
  stop(): void;
}

function startTimer(ms: number): Timer {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  return { over, stop: () => clearTimeout(timer) };
}
