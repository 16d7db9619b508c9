import { isLakeError, LakeError, messageOf } from "../core/index.js";

export interface FailurePlace {
  readonly line?: number | undefined;
  readonly column?: string | number | undefined;
  readonly offset?: number | undefined;
}

/** The `invalid-input` error for a file whose content is at fault. */
export function invalidSource(
  uri: string,
  code: string,
  what: string,
  place: FailurePlace = {},
  options: { readonly cause?: unknown; readonly hint?: string } = {},
): LakeError {
  const at = [
    place.line === undefined ? "" : `, line ${place.line}`,
    typeof place.column === "number" ? `, column ${place.column}` : "",
    place.line === undefined && place.offset !== undefined ? `, byte ${place.offset}` : "",
  ].join("");
  return new LakeError("invalid-input", code, `${uri}${at}: ${what}`, {
    context: { file: uri, ...place },
    ...options,
  });
}

/** The same error, its message and context naming the file. */
export function namingFile(uri: string, error: LakeError): LakeError {
  if (error.context["file"] !== undefined) return error;
  return new LakeError(error.kind, error.code, `${uri}: ${error.message}`, {
    context: { ...error.context, file: uri },
    cause: error,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
  });
}

/** Whether a failed read may be the file's fault; anything else is not for a format to explain. */
export function mayBeTheFile(failure: unknown): failure is LakeError {
  return isLakeError(failure, "invalid-input") || isLakeError(failure, "corrupt");
}

/** The engine's message without its advice on options that nobody here can set. */
export function engineReason(failure: unknown): string {
  return messageOf(failure).split("\n", 1)[0] ?? "";
}
