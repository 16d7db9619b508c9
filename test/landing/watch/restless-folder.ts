import { mkdir, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

/** What became of one file of a folder that never rests. */
export interface FileHistory {
  /** The versions that it had, oldest first; each is the `version` of all its rows. */
  readonly versions: number[];
  /** The rows of each version. */
  readonly rows: Map<number, number>;
  /** Whether it is there now. */
  exists: boolean;
}

/**
 * Creates, overwrites and deletes JSONL files. A row says which file and version it is of: `{"file": "a.jsonl",
 * "version": 3, "row": 0}`.
 */
export class RestlessFolder {
  readonly files = new Map<string, FileHistory>();
  readonly #folder: string;
  readonly #random: () => number;
  /** Whether files are also written to where they stand, so that one may be seen half written. */
  readonly #inPlace: boolean;
  #version = 0;
  readonly counts = { created: 0, overwritten: 0, deleted: 0 };

  constructor(folder: string, random: () => number, { inPlace }: { readonly inPlace: boolean }) {
    this.#folder = folder;
    this.#random = random;
    this.#inPlace = inPlace;
  }

  /** One change. */
  async step(): Promise<void> {
    const present = [...this.files].filter(([, { exists }]) => exists).map(([name]) => name);
    const chosen = present[Math.floor(this.#random() * present.length)];
    const dice = this.#random();
    if (chosen === undefined || dice < 0.4) {
      this.counts.created++;
      return this.write(`sub${this.files.size % 3}/f${this.files.size}.jsonl`);
    }
    if (dice < 0.85) {
      this.counts.overwritten++;
      return this.write(chosen);
    }
    this.counts.deleted++;
    await rm(path.join(this.#folder, chosen));
    const history = this.files.get(chosen);
    if (history !== undefined) history.exists = false;
  }

  async write(name: string): Promise<void> {
    const version = this.#version++;
    const rows = 1 + Math.floor(this.#random() * 40);
    const lines = Array.from(
      { length: rows },
      (_, row) => `${JSON.stringify({ file: name, version, row })}\n`,
    );
    const target = path.join(this.#folder, name);
    await mkdir(path.dirname(target), { recursive: true });
    if (this.#inPlace && this.#random() < 0.3) await writeSlowly(target, lines);
    else {
      // A name that begins with a dot is none of the folder's sources.
      const hidden = path.join(path.dirname(target), `.${path.basename(name)}`);
      await writeFile(hidden, lines.join(""));
      await rename(hidden, target);
    }
    const history = this.files.get(name) ?? { versions: [] as number[], rows: new Map(), exists: true };
    history.versions.push(version);
    history.rows.set(version, rows);
    history.exists = true;
    this.files.set(name, history);
  }
}

/** Writes a file in two halves, with other work of the process in between. */
async function writeSlowly(target: string, lines: readonly string[]): Promise<void> {
  const half = Math.ceil(lines.length / 2);
  const handle = await open(target, "w");
  try {
    await handle.write(lines.slice(0, half).join(""));
    await readdir(path.dirname(target));
    await handle.write(lines.slice(half).join(""));
  } finally {
    await handle.close();
  }
}
