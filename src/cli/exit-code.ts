import type { ErrorKind, LakeError } from "../../core/index.js";

export const EXIT_DONE = 0;
export const EXIT_USAGE = 2;
export const EXIT_DAMAGED = 5;
export const EXIT_INTERRUPTED = 130;

/** Ends a command whose result, which is written already, is bad news: nothing more is said. */
export class CommandVerdict extends Error {
  override readonly name = "CommandVerdict";
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`the command ends with exit code ${exitCode}`);
    this.exitCode = exitCode;
  }
}

const CODE_BY_KIND: Readonly<Record<ErrorKind, number>> = {
  internal: 1,
  unavailable: 1,
  "invalid-input": EXIT_USAGE,
  "already-exists": EXIT_USAGE,
  "not-found": 3,
  conflict: 4,
  corrupt: EXIT_DAMAGED,
  unsupported: EXIT_DAMAGED,
  cancelled: EXIT_INTERRUPTED,
};

// `unsupported` from these rooms is about what the user asked for, not about what a table needs.
const REQUEST_CODES = /^(?:engine|sql|cli)-/;

/** The exit code of a command that failed; see docs/errors.md. */
export function exitCodeOf(error: LakeError): number {
  if (error.kind === "unsupported" && REQUEST_CODES.test(error.code)) return EXIT_USAGE;
  return CODE_BY_KIND[error.kind];
}
