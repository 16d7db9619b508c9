import { LakeError, messageOf } from "../../core/index.js";

/** Whether a system call failed because there is nothing at the path. */
export function isAbsent(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOENT" || code === "ENOTDIR";
}

/** The `unavailable` error for a failed system call: `cannot <doing> <path>: <why>`. */
export function sourceFailure(path: string, doing: string, cause: unknown): LakeError {
  return new LakeError("unavailable", "source-stat", `cannot ${doing} ${path}: ${messageOf(cause)}`, {
    context: { file: path },
    cause,
  });
}

/** The error for a file that was there a moment ago. */
export function sourceVanished(path: string, cause?: unknown): LakeError {
  return new LakeError("not-found", "source-vanished", `${path} is gone, or is a link to nothing`, {
    context: { file: path },
    cause,
  });
}
