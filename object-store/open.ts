import { fileURLToPath } from "node:url";
import { LakeError } from "../core/index.js";
import { LocalStore } from "./local.js";
import type { ObjectStore } from "./object-store.js";

/** Opens the store at a location, as {@link openStore} does. */
export type StoreOpener = (uri: string) => ObjectStore;

/**
 * Opens the store at a local path (`./lake`, `/data/lake`) or a file URI (`file:///data/lake`).
 * Nothing is read or made until the store is used.
 *
 * @throws LakeError `unsupported` (`store-scheme`) for any other scheme, `invalid-input` for an empty
 * or malformed one.
 */
export function openStore(uri: string): ObjectStore {
  if (uri === "") throw new LakeError("invalid-input", "store-uri", "the location of the lake is empty");
  const scheme = /^(file(?=:\/)|[a-z][a-z0-9+.-]+(?=:\/\/)):/i.exec(uri)?.[1]?.toLowerCase();
  if (scheme === undefined) return new LocalStore(uri);
  if (scheme === "file") return new LocalStore(pathOf(uri));
  throw new LakeError(
    "unsupported",
    "store-scheme",
    `cannot open ${scheme}://: only local lakes are supported`,
    {
      context: { scheme },
      hint:
        scheme === "s3"
          ? "S3 comes in a later release. Use a local path or a file: URI."
          : "Use a local path or a file: URI.",
    },
  );
}

function pathOf(uri: string): string {
  let url: URL;
  let path: string;
  try {
    url = new URL(uri);
    path = fileURLToPath(url);
  } catch (error) {
    throw new LakeError("invalid-input", "store-uri", `${uri} names no local folder`, { cause: error });
  }
  if (url.search === "" && url.hash === "") return path;
  throw new LakeError("invalid-input", "store-uri", `${uri} has a query or a fragment`, {
    hint: "Write ? as %3F and # as %23, or give the plain path.",
  });
}
