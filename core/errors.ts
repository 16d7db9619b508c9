/** What a caller can do about an error; see docs/errors.md. */
export type ErrorKind =
  /** The input is wrong. Fix it and call again. */
  | "invalid-input"
  /** The named thing does not exist. */
  | "not-found"
  /** The named thing exists and must not be replaced. */
  | "already-exists"
  /** Another writer won, after every retry. Read again and decide. */
  | "conflict"
  /** The table or the request needs something this version does not do. */
  | "unsupported"
  /** Stored bytes break the rules of their format. */
  | "corrupt"
  /** A service or the machine failed for now. Try again later. */
  | "unavailable"
  /** The caller asked to stop. */
  | "cancelled"
  /** A fault of ours. */
  | "internal";

export type ErrorContext = Readonly<Record<string, string | number | bigint | boolean | undefined>>;

export interface LakeErrorOptions {
  /** Facts for programs: file, line, column, version and the like. */
  readonly context?: ErrorContext;
  /** What to do next, as one sentence for a person. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/**
 * The one error type of the public API. `kind` says what the caller can do, `code` is stable across
 * releases, `message` is for people and never parsed.
 */
export class LakeError extends Error {
  override readonly name = "LakeError";
  readonly kind: ErrorKind;
  readonly code: string;
  readonly context: ErrorContext;
  readonly hint: string | undefined;

  constructor(kind: ErrorKind, code: string, message: string, options: LakeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = kind;
    this.code = code;
    this.context = options.context ?? {};
    this.hint = options.hint;
  }
}

export function isLakeError(error: unknown, kind?: ErrorKind): error is LakeError {
  return error instanceof LakeError && (kind === undefined || error.kind === kind);
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Marks a branch that the types say cannot be reached. */
export function unreachable(value: never, what: string): never {
  throw new LakeError("internal", "unreachable", `unexpected ${what}: ${String(value)}`);
}
