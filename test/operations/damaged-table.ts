import { cp, mkdir, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { isJsonObject, type JsonObject, parseJson, stringifyJson } from "../../core/index.js";
import { type Finding, type FsckOptions, type FsckReport, openLake } from "../../src/index.js";
import { ROOT } from "../support/grizzly.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** A table in a folder of its own, to be damaged and checked; it goes when the running test is over. */
export class DamagedTable {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** A copy of a table that another writer made, `fixtures/<writer>/<table>`. */
  static async copyOf(fixture: string): Promise<DamagedTable> {
    const folder = path.join(await temporaryFolder(), "table");
    await cp(path.join(ROOT, "fixtures", fixture, "delta"), folder, { recursive: true });
    return new DamagedTable(folder);
  }

  /**
   * A table of ours: three commits of two rows each (`id` long, `name` string, `amount` double, partitioned by
   * `day` date), and with `checkpoint` one of version 2. Checksums notice every change of what they cover, so
   * they are there only for tests that ask for them.
   */
  static async ours({ checkpoint = false, checksums = false } = {}): Promise<DamagedTable> {
    const folder = path.join(await temporaryFolder(), "table");
    await mkdir(folder);
    const lake = await openLake(path.join(folder, "..", "lake"));
    try {
      for (const [day, rows] of ROWS.entries()) {
        const file = path.join(folder, "..", `${day}.csv`);
        const lines = rows.map(([id, name, amount]) => `${id},${name},${amount},2024-01-0${day + 1}`);
        await writeFile(file, `id,name,amount,day\n${lines.join("\n")}\n`);
        await lake.ingest([file], { into: folder, partitionBy: ["day"] });
      }
      if (checkpoint) await (await lake.table(folder)).checkpoint();
    } finally {
      await lake.close();
    }
    const table = new DamagedTable(folder);
    for (const file of await table.files()) if (!checksums && file.endsWith(".crc")) await table.remove(file);
    return table;
  }

  file(...names: readonly string[]): string {
    return path.join(this.folder, ...names);
  }

  commit(version: number): string {
    return `_delta_log/${String(version).padStart(20, "0")}.json`;
  }

  /** Every file, relative to the folder, in order. */
  async files(): Promise<string[]> {
    const entries = await readdir(this.folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(this.folder, path.join(entry.parentPath, entry.name)))
      .sort();
  }

  /** The data file that the first add of a commit names. */
  async dataFile(version: number): Promise<string> {
    const [add] = (await this.actions(version)).flatMap((action) => {
      const value = action["add"];
      return isJsonObject(value) ? [value] : [];
    });
    return decodeURIComponent(String(add?.["path"]));
  }

  async actions(version: number): Promise<JsonObject[]> {
    const text = await readFile(this.file(this.commit(version)), "utf8");
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => {
        const json = parseJson(line);
        if (!isJsonObject(json)) throw new Error("a log entry holds no object");
        return json;
      });
  }

  /** Writes a commit anew, from its actions. */
  async editCommit(version: number, edit: (actions: JsonObject[]) => readonly JsonObject[]): Promise<void> {
    const actions = edit(await this.actions(version));
    await this.write(this.commit(version), actions.map((action) => `${stringifyJson(action)}\n`).join(""));
  }

  /** Changes the first action of a kind in a commit; a field that becomes `undefined` is left out. */
  async editAction(version: number, kind: string, edit: (value: JsonObject) => JsonObject): Promise<void> {
    let edited = false;
    await this.editCommit(version, (actions) =>
      actions.map((action) => {
        const value = action[kind];
        if (edited || !isJsonObject(value)) return action;
        edited = true;
        return { [kind]: edit(value) };
      }),
    );
    if (!edited) throw new Error(`version ${version} has no ${kind}`);
  }

  async write(file: string, text: string): Promise<void> {
    await mkdir(path.dirname(this.file(file)), { recursive: true });
    await writeFile(this.file(file), text);
  }

  remove(file: string): Promise<void> {
    return rm(this.file(file));
  }

  /** Keeps the first `bytes` of a file, or all but the last ones when negative. */
  async cut(file: string, bytes: number): Promise<void> {
    const { length } = await readFile(this.file(file));
    await truncate(this.file(file), bytes < 0 ? length + bytes : bytes);
  }

  /** Turns the bits of one byte around. */
  async flip(file: string, offset: number): Promise<void> {
    const bytes = await readFile(this.file(file));
    bytes[offset] = (bytes[offset] ?? 0) ^ 0xff;
    await writeFile(this.file(file), bytes);
  }

  async check(options: FsckOptions = {}): Promise<FsckReport> {
    const lake = await openLake(path.join(this.folder, "..", "lake"));
    try {
      return await (await lake.table(this.folder)).fsck(options);
    } finally {
      await lake.close();
    }
  }

  /** The findings of one code; a test that wants one fails when there is none. */
  async findings(code: Finding["code"], options: FsckOptions = {}): Promise<readonly Finding[]> {
    const report = await this.check(options);
    return report.findings.filter((finding) => finding.code === code);
  }
}

const ROWS: readonly (readonly (readonly [number, string, number])[])[] = [
  [
    [1, "ada", 1.5],
    [2, "grace", 2.5],
  ],
  [
    [3, "edsger", 3.5],
    [4, "barbara", 4.5],
  ],
  [
    [5, "tony", 5.5],
    [6, "frances", 6.5],
  ],
];
