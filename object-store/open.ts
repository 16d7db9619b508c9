import { fileURLToPath } from "node:url";
import { LakeError } from "../core/index.js";
import { LocalStore } from "./local.js";
import type { ObjectStore } from "./object-store.js";
import { openS3Store } from "./s3/open-s3.js";
import type { S3Options } from "./s3/s3-options.js";

/** Opens the store at a location, as {@link openStore} does. */
export type StoreOpener = (uri: string) => ObjectStore;

export interface StoreOptions {
  /** How S3 is reached, for locations there. */
  readonly s3?: S3Options | undefined;
}

/**
 * Opens the store at a local path (`./lake`, `/data/lake`), a file URI (`file:///data/lake`) or a bucket of S3 or a
 * prefix of it (`s3://bucket/lake`; `s3a://` and `s3n://` are the same). Nothing is read or made until the store is used.
 *
 * @throws LakeError `unsupported` (`store-scheme`) for any other scheme, `invalid-input` for an empty
 * or malformed location.
 */
export function openStore(uri: string, options: StoreOptions = {}): ObjectStore {
  if (uri === "") throw new LakeError("invalid-input", "store-uri", "the location of the lake is empty");
  const scheme = /^(file(?=:\/)|[a-z][a-z0-9+.-]+(?=:\/\/)):/i.exec(uri)?.[1]?.toLowerCase();
  switch (scheme) {
    case undefined:
      return new LocalStore(uri);
    case "file":
      return new LocalStore(pathOf(uri));
    case "s3":
    case "s3a":
    case "s3n":
      return openS3Store(uri, options.s3 ?? {}, process.env);
    default:
      throw new LakeError("unsupported", "store-scheme", `cannot open ${scheme}://`, {
        context: { scheme },
        hint: "Use a local path, a file: URI or s3://bucket/prefix.",
      });
  }
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
