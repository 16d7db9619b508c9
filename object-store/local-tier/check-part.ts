import { LakeError } from "../../core/index.js";
import type { ObjectPart } from "../object-store.js";
import type { ByteSpan, RemoteObject } from "./object-lease.js";

/** An object's full name, the same from whatever folder its store was opened at, and no other object's. */
export function nameOf({ store, path }: RemoteObject): string {
  // A store's URI is percent-encoded, a path is not.
  return `${store.uri.replace(/\/$/, "")}/${encodeURI(path)}`;
}

/**
 * Whether the bytes that came are those that were asked for.
 *
 * @param span which lies inside the object
 * @throws LakeError `corrupt` (`object-size`) when the object has another size than it is known by, `unavailable`
 *   (`object-truncated`) when bytes are lacking.
 */
export function checkPart({ bytes, size }: ObjectPart, span: ByteSpan, object: RemoteObject): void {
  const name = nameOf(object);
  if (size !== object.size) {
    throw new LakeError(
      "corrupt",
      "object-size",
      `${name} has ${size} bytes, not the ${object.size} it is known by`,
      {
        context: { object: name, size, knownSize: object.size },
        hint: "Whatever names the object with its size, a table's log for example, is not of this object.",
      },
    );
  }
  if (bytes.length !== span.length) {
    const asked = `${span.length} that were asked for from ${span.offset}`;
    throw new LakeError(
      "unavailable",
      "object-truncated",
      `${name}: ${bytes.length} bytes came of ${asked}`,
      {
        context: { object: name },
        hint: "Run it again.",
      },
    );
  }
}
