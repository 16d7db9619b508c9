import {
  cancelledError,
  type ErrorKind,
  LakeError,
  type LakeErrorOptions,
  messageOf,
} from "../core/index.js";

// DuckDB's bindings hand over an exception as text that begins with the exception type
// ("Binder Error: ..."); the type names are part of its interface (ExceptionType in its sources).
// This table is the only place that reads them.
const KIND_BY_EXCEPTION_TYPE: Readonly<Record<string, ErrorKind>> = {
  Parser: "invalid-input",
  Syntax: "invalid-input",
  Binder: "invalid-input",
  Catalog: "invalid-input",
  Conversion: "invalid-input",
  "Invalid Input": "invalid-input",
  "Invalid type": "invalid-input",
  "Mismatch Type": "invalid-input",
  "Out of Range": "invalid-input",
  Constraint: "invalid-input",
  Dependency: "invalid-input",
  Expression: "invalid-input",
  Permission: "invalid-input",
  "Parameter Not Resolved": "invalid-input",
  "Parameter Not Allowed": "invalid-input",
  "Divide by Zero": "invalid-input",
  Decimal: "invalid-input",
  Sequence: "invalid-input",
  Settings: "invalid-input",
  "Invalid Configuration": "invalid-input",
  "Missing Extension": "unsupported",
  "Extension Autoloading": "unsupported",
  "Object Size": "unsupported",
  "Not implemented": "unsupported",
  IO: "unavailable",
  HTTP: "unavailable",
  "Out of Memory": "unavailable",
  INTERRUPT: "cancelled",
};

/**
 * The exception type and the text after it; the type is "" when there is none. The bindings put
 * "Failed to ...: " before some.
 */
function splitMessage(message: string): { type: string; text: string } {
  const match = /^(?:Failed to [a-z ]+: )?([A-Za-z ]+?) Error: /.exec(message);
  return { type: match?.[1] ?? "", text: message.slice(match?.[0].length ?? 0) };
}

/** Turns anything the engine threw into a `LakeError`; a fired signal makes it `cancelled`. */
export function toLakeError(error: unknown, signal?: AbortSignal, options: LakeErrorOptions = {}): LakeError {
  if (error instanceof LakeError) return error;
  const { type, text } = splitMessage(messageOf(error));
  const kind = KIND_BY_EXCEPTION_TYPE[type] ?? "internal";
  if (signal?.aborted && kind === "cancelled") return cancelledError(signal);
  const code = type === "" ? "engine" : `engine-${type.toLowerCase().replaceAll(" ", "-")}`;
  return new LakeError(kind, code, text, { ...options, cause: error });
}
