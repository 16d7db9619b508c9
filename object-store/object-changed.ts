import { LakeError } from "../core/index.js";

/** The error for an object that has another content than the one that was asked for. */
export function objectChanged(object: string): LakeError {
  return new LakeError("conflict", "object-changed", `${object} was replaced since it was first looked at`, {
    context: { object },
    hint: "Run it again.",
  });
}
