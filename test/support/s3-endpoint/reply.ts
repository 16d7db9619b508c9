import type { StoredObject } from "./medium.js";

/** What is sent of an object: `length` bytes from `offset`. */
export interface ObjectBody {
  readonly object: StoredObject;
  readonly offset: number;
  readonly length: number;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | ObjectBody | undefined;
}

/** The bytes of the body. */
export function lengthOf({ body }: Reply): number {
  if (body === undefined) return 0;
  return typeof body === "string" ? Buffer.byteLength(body) : body.length;
}
