import { mkdtemp, open, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { LakeError } from "../../../core/index.js";
import { remoteLocation } from "../../../formats/index.js";
import { type ObjectPath, objectPath, openStore, type StoreOpener } from "../../../object-store/index.js";
import type { SqlResult } from "../../index.js";

/**
 * The file of `--output`. It appears, whole, only when every statement has run: results go to another file first, each
 * replacing the one before, and the last is put into place.
 */
export interface ResultFile {
  take(result: SqlResult): Promise<void>;
  /** @throws LakeError `invalid-input` when no statement gave a result. */
  finish(signal: AbortSignal): Promise<{ readonly output: string; readonly rows: bigint }>;
  discard(): Promise<void>;
}

/**
 * @param output a path, or the URI of an object
 * @throws LakeError `invalid-input` for a URI that names no object, `unsupported` for one that no store has.
 */
export function resultFile(output: string, opener: StoreOpener = openStore): ResultFile {
  const location = remoteLocation(output);
  if (location === undefined) return new LocalResult(output);
  const store = opener(location.root);
  const object = objectPath(location.key);
  const adopt = (localFile: string, signal: AbortSignal): Promise<void> =>
    store.adopt([{ localFile, path: object }], { signal });
  return new RemoteResult(`${store.uri}/${object}`, object, adopt);
}

/** A file is written beside its place, and moved. */
class LocalResult implements ResultFile {
  readonly #file: string;
  readonly #partial: string;
  #rows: bigint | undefined;

  constructor(file: string) {
    this.#file = path.resolve(file);
    // The extension says the format, so it stays last.
    this.#partial = path.join(
      path.dirname(this.#file),
      `.${process.pid}.partial.${path.basename(this.#file)}`,
    );
  }

  async take(result: SqlResult): Promise<void> {
    if (result.columns.length === 0) return;
    this.#rows = (await result.writeTo(this.#partial)).rows;
  }

  async finish(): Promise<{ output: string; rows: bigint }> {
    if (this.#rows === undefined) throw noResult();
    const handle = await open(this.#partial, "r+");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(this.#partial, this.#file);
    return { output: this.#file, rows: this.#rows };
  }

  async discard(): Promise<void> {
    await rm(this.#partial, { force: true });
  }
}

/** An object is written to the folder for temporary files, and uploaded. */
class RemoteResult implements ResultFile {
  readonly #uri: string;
  readonly #name: string;
  readonly #adopt: (localFile: string, signal: AbortSignal) => Promise<void>;
  #folder: string | undefined;
  #rows: bigint | undefined;

  constructor(
    uri: string,
    object: ObjectPath,
    adopt: (localFile: string, signal: AbortSignal) => Promise<void>,
  ) {
    this.#uri = uri;
    this.#name = `result${path.posix.extname(object)}`;
    this.#adopt = adopt;
  }

  async take(result: SqlResult): Promise<void> {
    if (result.columns.length === 0) return;
    this.#folder ??= await mkdtemp(path.join(tmpdir(), "grizzly-output-"));
    this.#rows = (await result.writeTo(path.join(this.#folder, this.#name))).rows;
  }

  async finish(signal: AbortSignal): Promise<{ output: string; rows: bigint }> {
    if (this.#rows === undefined || this.#folder === undefined) throw noResult();
    await this.#adopt(path.join(this.#folder, this.#name), signal);
    return { output: this.#uri, rows: this.#rows };
  }

  async discard(): Promise<void> {
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
  }
}

function noResult(): LakeError {
  return new LakeError("invalid-input", "cli-usage", "no statement gave a result to write", {
    hint: "End the statements with a SELECT.",
  });
}
