import { LakeError, messageOf, stringifyJson } from "../../core/index.js";
import type { Style } from "./terminal/style.js";
import { displayWidth, escapeControls } from "./terminal/text.js";

/** An error of a SQL text, with the text, so that its report can point at the place. */
export class SqlTextError extends Error {
  override readonly name = "SqlTextError";
  override readonly cause: LakeError;
  readonly sql: string;

  constructor(cause: LakeError, sql: string) {
    super(cause.message, { cause });
    this.cause = cause;
    this.sql = sql;
  }
}

/** The error that a caller can act on: what was thrown, or an `internal` one around it. */
export function lakeErrorOf(thrown: unknown): LakeError {
  if (thrown instanceof LakeError) return thrown;
  if (thrown instanceof SqlTextError) return thrown.cause;
  return new LakeError("internal", "unexpected", messageOf(thrown), {
    cause: thrown,
    hint: "This is a fault of Grizzly Lake. Run it again with --verbose and report what it prints.",
  });
}

/** `{"error": {kind, code, message, hint, context}}`, the shape of every error with `--json`. */
export function errorJson(thrown: unknown): string {
  const { kind, code, message, hint, context } = lakeErrorOf(thrown);
  return `${stringifyJson({ error: { kind, code, message, hint: hint ?? null, context } }, 2)}\n`;
}

/** What a person reads: the message, the place in the SQL, the hint, and with `verbose` the causes. */
export function errorText(thrown: unknown, style: Style, verbose: boolean): string {
  const error = lakeErrorOf(thrown);
  let text = `${style.red("error:")} ${error.message}\n`;
  const position = error.context["position"];
  if (thrown instanceof SqlTextError && typeof position === "number" && !/^LINE \d+:/m.test(error.message)) {
    text += sqlExcerpt(thrown.sql, position);
  }
  if (error.hint !== undefined) text += `${style.bold("hint:")} ${error.hint}\n`;
  if (verbose) text += causes(error);
  return text;
}

/** The line of `sql` that holds the character at `position` (0-based), with a caret under it. */
export function sqlExcerpt(sql: string, position: number): string {
  const at = Math.min(Math.max(0, position), sql.length);
  const before = sql.slice(0, at);
  const lineStart = before.lastIndexOf("\n") + 1;
  const lineEnd = sql.indexOf("\n", at);
  const line = sql.slice(lineStart, lineEnd === -1 ? undefined : lineEnd);
  const prefix = `  ${before.split("\n").length} | `;
  const column = displayWidth(prefix + escapeControls(sql.slice(lineStart, at)));
  return `${prefix}${escapeControls(line)}\n${" ".repeat(column)}^\n`;
}

function causes(error: LakeError): string {
  let text = `${error.stack ?? ""}\n`;
  for (
    let cause = error.cause;
    cause !== undefined;
    cause = cause instanceof Error ? cause.cause : undefined
  ) {
    text += `caused by: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}\n`;
  }
  return text;
}
