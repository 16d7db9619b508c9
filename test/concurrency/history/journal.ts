import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from "node:fs";
import type { Operation } from "./operations.js";

/** What a process tells of its transactions, one line of JSON each. */
export type JournalEntry =
  /** @property newest the newest version of the log when it began, which it must not have read behind */
  | { readonly at: "begin"; readonly operation: Operation; readonly newest: number }
  /** The entry that is about to be put into the log. */
  | { readonly at: "put"; readonly op: number; readonly version: number; readonly txnId: string }
  | { readonly at: "end"; readonly op: number; readonly newest: number; readonly outcome: Outcome };

/** What the program said of a transaction. */
export type Outcome =
  /** It is done: it committed as `version`, or there was nothing to commit at it. */
  | { readonly status: "done"; readonly version: number | undefined }
  /** It is certain that nothing was committed. */
  | ({ readonly status: "failed" } & Failure)
  /** The store failed before it could be told. */
  | ({ readonly status: "unknown" } & Failure);

/** Of the error: its kind (`none` when it was no error of ours), its code, its message. */
export interface Failure {
  readonly kind: string;
  readonly code: string;
  readonly message: string;
}

/** A file of journal entries. Each is on the disk before the next thing is done. */
export class JournalWriter {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, "a");
  }

  write(entry: JournalEntry): void {
    writeSync(this.#file, `${JSON.stringify(entry)}\n`);
    fdatasyncSync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** The entries of a journal; a last line without its end was never written. */
export function readJournal(path: string): JournalEntry[] {
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  // The documented border: these lines are JournalWriter's.
  return lines.map((line): JournalEntry => JSON.parse(line));
}
