import { type ErrorContext, LakeError } from "../../core/index.js";

/** An expression that this release does not compile: `unsupported`, code `expression`. */
export function unsupportedExpression(what: string, context: ErrorContext = {}): LakeError {
  return new LakeError("unsupported", "expression", what, {
    context,
    hint: "State the rule in another way, or write to the table with Spark.",
  });
}

/** An expression that no engine would compile: `invalid-input`, code `expression-column` or `expression-type`. */
export function invalidExpression(
  code: "expression-column" | "expression-type",
  what: string,
  context: ErrorContext = {},
): LakeError {
  return new LakeError("invalid-input", code, what, { context });
}

/** Runs `work` and puts in front of what it throws which rule of the table it is about. */
export function inRule<T>(subject: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof LakeError)) throw error;
    throw new LakeError(error.kind, error.code, `${subject}: ${error.message}`, {
      context: { ...error.context, rule: subject },
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
    });
  }
}
