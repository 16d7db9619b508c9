import { randomUUID } from "node:crypto";

/** A random (version 4) UUID, lower case, with dashes. */
export function newUuid(): string {
  return randomUUID();
}
