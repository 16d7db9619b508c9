import { isLakeError, type LakeError } from "../core/index.js";

/**
 * Whether an error tells that there is no object of the name that was asked for: the only not-found that is an
 * absence. Where the bucket itself is missing, nothing is known of what it held.
 */
export function isObjectAbsent(error: unknown): error is LakeError {
  return isLakeError(error, "not-found") && error.code === "object-not-found";
}
