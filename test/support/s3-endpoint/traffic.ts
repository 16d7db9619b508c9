import type { Fault } from "./fault.js";
import type { S3Operation } from "./request.js";

/** One request that is over. */
export interface S3LogEntry {
  /** Counts all requests of the server, from 1, in the order in which they came. */
  readonly number: number;
  readonly operation: S3Operation;
  readonly bucket: string;
  /** The key, or the prefix of a listing. */
  readonly key: string;
  /** The header `Range`. */
  readonly range: string | undefined;
  /** Of the answer; 0 where none was begun. */
  readonly status: number;
  /** Bytes of the request's body, as sent. */
  readonly bytesIn: number;
  /** Bytes of the answer's body that were sent. */
  readonly bytesOut: number;
  /** Headers of the request whose names begin with `x-amz-`, `if-` or `range`, but none that is secret. */
  readonly headers: Readonly<Record<string, string>>;
  /** What the plan did to it. */
  readonly fault: Fault["kind"] | undefined;
}

export interface S3Traffic {
  readonly requests: number;
  readonly byOperation: Readonly<Partial<Record<S3Operation, number>>>;
  /** Bytes of bodies. */
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly log: readonly S3LogEntry[];
}

/** Counts the requests that are over. One whose answer has been sent in full is counted before its reader can know. */
export class TrafficCounts {
  #entries: S3LogEntry[] = [];
  #mark = 0;

  add(entry: S3LogEntry): void {
    this.#entries.push(entry);
  }

  /** All since the server started. */
  total(): S3Traffic {
    return summed(this.#entries);
  }

  /** Begins a new count, which {@link sinceMark} tells. */
  mark(): void {
    this.#mark = this.#entries.length;
  }

  /** All since the last mark. */
  sinceMark(): S3Traffic {
    return summed(this.#entries.slice(this.#mark));
  }
}

function summed(log: readonly S3LogEntry[]): S3Traffic {
  const byOperation: Partial<Record<S3Operation, number>> = {};
  let bytesIn = 0;
  let bytesOut = 0;
  for (const entry of log) {
    byOperation[entry.operation] = (byOperation[entry.operation] ?? 0) + 1;
    bytesIn += entry.bytesIn;
    bytesOut += entry.bytesOut;
  }
  return { requests: log.length, byOperation, bytesIn, bytesOut, log };
}
