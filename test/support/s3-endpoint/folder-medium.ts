import { createHash, randomUUID } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { Medium, ObjectFacts, ObjectReader, StoredObject } from "./medium.js";

/** What a file of `facts/` holds: the object is there once this file is. */
interface Entry extends ObjectFacts {
  /** The file of `incoming/` with the bytes, until it is moved to its place. */
  readonly incoming: string;
}

/**
 * Objects in a folder, for a server that is killed and started again: `objects/BUCKET/KEY` are plain files,
 * `facts/BUCKET/` tells the rest of each, and `incoming/` holds bytes on their way. A put happens when its file in
 * `facts/` is renamed into place; a server that is killed after that moves the bytes when it starts again. So two
 * keys of which one is a folder of the other cannot both be kept.
 */
export class FolderMedium implements Medium {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(join(folder, "incoming"), { recursive: true });
    mkdirSync(join(folder, "facts"), { recursive: true });
  }

  load(): ReadonlyMap<string, readonly StoredObject[]> {
    const facts = join(this.#folder, "facts");
    const buckets = readdirSync(facts).map((bucket) => {
      const objects = readdirSync(join(facts, bucket)).map((name) => {
        // Written by `keep`; this is the border.
        const entry: Entry = JSON.parse(readFileSync(join(facts, bucket, name), "utf8"));
        this.#place(bucket, entry);
        return this.#stored(bucket, entry);
      });
      return [bucket, objects] as const;
    });
    for (const name of readdirSync(join(this.#folder, "incoming"))) {
      rmSync(join(this.#folder, "incoming", name));
    }
    return new Map(buckets);
  }

  makeBucket(bucket: string): void {
    mkdirSync(join(this.#folder, "facts", bucket), { recursive: true });
    mkdirSync(join(this.#folder, "objects", bucket), { recursive: true });
  }

  keep(bucket: string, facts: ObjectFacts, bytes: Buffer): StoredObject {
    const entry: Entry = { ...facts, incoming: randomUUID() };
    mkdirSync(dirname(this.#file(bucket, facts.key)), { recursive: true });
    writeFileSync(join(this.#folder, "incoming", entry.incoming), bytes);
    const written = join(this.#folder, "incoming", `${entry.incoming}.json`);
    writeFileSync(written, JSON.stringify(entry));
    renameSync(written, this.#factsFile(bucket, facts.key));
    this.#place(bucket, entry);
    return this.#stored(bucket, facts);
  }

  drop(bucket: string, key: string): void {
    rmSync(this.#factsFile(bucket, key));
    rmSync(this.#file(bucket, key));
  }

  #place(bucket: string, { key, incoming }: Entry): void {
    const from = join(this.#folder, "incoming", incoming);
    if (existsSync(from)) renameSync(from, this.#file(bucket, key));
  }

  #stored(bucket: string, facts: ObjectFacts): StoredObject {
    const file = this.#file(bucket, facts.key);
    return { ...facts, open: () => openFile(file) };
  }

  #file(bucket: string, key: string): string {
    return join(this.#folder, "objects", bucket, key);
  }

  #factsFile(bucket: string, key: string): string {
    const name = createHash("sha256").update(key).digest("hex");
    return join(this.#folder, "facts", bucket, `${name}.json`);
  }
}

function openFile(file: string): ObjectReader {
  const handle = openSync(file, "r");
  return {
    read(offset, length) {
      const bytes = Buffer.allocUnsafe(length);
      const read = readSync(handle, bytes, 0, length, offset);
      if (read !== length) throw new Error(`${file} has ${read} of ${length} bytes at ${offset}`);
      return bytes;
    },
    close: () => closeSync(handle),
  };
}
