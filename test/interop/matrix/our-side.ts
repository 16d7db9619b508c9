import type { Engine } from "../../../engine/index.js";
import { LocalStore } from "../../../object-store/index.js";
import type { Lake, TableDetail } from "../../../src/index.js";
import { DeltaTable, version } from "../../../table-format/index.js";
import { type Relation, relationOf } from "../cells.js";
import type { Feature, OurLog } from "./feature.js";
import { type Source, Sources } from "./sources.js";

export type OurColumn = TableDetail["schema"][number];

/** What we do in a cell. Tables are named by their folders. */
export class OurSide {
  readonly sources: Sources;
  readonly #lake: Lake;
  readonly #engine: Engine;

  constructor(lake: Lake, engine: Engine, folder: string) {
    this.#lake = lake;
    this.#engine = engine;
    this.sources = new Sources(lake, folder);
  }

  async create(feature: Feature, table: string): Promise<void> {
    await this.run(createTable(feature, table));
  }

  /** The steps after CREATE TABLE. */
  async fill(feature: Feature, table: string): Promise<void> {
    await this.append(table, await this.sources.of(feature, "first"));
    for (const alteration of feature.alters ?? []) await this.alter(table, alteration);
    await this.append(table, await this.sources.of(feature, "second"));
    if (feature.appendOnly === undefined) await this.delete(table, "id % 5 = 0");
    if (feature.ourLog !== undefined) await this.#log(table, feature.ourLog);
  }

  async append(table: string, source: Source): Promise<void> {
    await this.#lake.ingest([source.file], { into: nameOf(table) });
  }

  async delete(table: string, condition: string): Promise<void> {
    await this.run(`DELETE FROM ${nameOf(table)} WHERE ${condition}`);
  }

  async alter(table: string, alteration: string): Promise<void> {
    await this.run(`ALTER TABLE ${nameOf(table)} ${alteration}`);
  }

  async run(sql: string): Promise<void> {
    await (await this.#lake.sql(sql)).close();
  }

  async query(sql: string): Promise<Relation> {
    return relationOf(await this.#lake.sql(sql));
  }

  async newest(table: string): Promise<bigint> {
    return (await (await this.#lake.table(nameOf(table))).describe()).version;
  }

  /** Names, types and whether NULL is allowed. */
  async schema(table: string, version?: bigint): Promise<readonly OurColumn[]> {
    return (await (await this.#lake.table(nameOf(table))).describe({ version })).schema;
  }

  /** Version and operation, newest first. */
  async history(table: string): Promise<string[][]> {
    const entries = await (await this.#lake.table(nameOf(table))).history();
    return entries.map((entry) => [String(entry.version), entry.operation]);
  }

  /** When a version was committed, ISO 8601 in UTC. */
  async committedAt(table: string, at: bigint): Promise<string> {
    const entries = await (await this.#lake.table(nameOf(table))).history();
    const entry = entries.find((candidate) => candidate.version === at);
    if (entry === undefined) throw new Error(`${table} has no version ${at}`);
    return entry.timestamp;
  }

  async findings(table: string): Promise<readonly unknown[]> {
    return (await (await this.#lake.table(nameOf(table))).fsck({ deep: true })).findings;
  }

  async #log(table: string, kind: OurLog): Promise<void> {
    if (kind !== "log-compaction") {
      await (await this.#lake.table(nameOf(table))).checkpoint({ kind });
      return;
    }
    const to = version((await this.newest(table)) - 1n);
    const delta = new DeltaTable({ store: new LocalStore(table), engine: this.#engine });
    await delta.compactLog({ from: version(0), to });
    await delta.release();
  }
}

export function createTable(feature: Feature, table: string): string {
  const columns = ["id BIGINT", "v STRING", ...(feature.columns === undefined ? [] : [feature.columns])];
  const properties = Object.entries(feature.properties ?? {}).map(
    ([name, value]) => `'${name}' = '${value}'`,
  );
  return [
    `CREATE TABLE ${nameOf(table)} (${columns.join(", ")}) USING DELTA`,
    feature.clauses ?? "",
    properties.length === 0 ? "" : `TBLPROPERTIES (${properties.join(", ")})`,
  ].join(" ");
}

/** How a table at a path is named in our SQL and in Spark's. */
export function nameOf(table: string): string {
  return `delta.\`${table}\``;
}
