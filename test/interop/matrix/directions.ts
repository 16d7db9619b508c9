import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "vitest";
import { parseSchema, typeText } from "../../../table-format/index.js";
import type { Relation } from "../cells.js";
import { type SparkReading, sparkTable } from "../spark/spark.js";
import type { Feature } from "./feature.js";
import { FIRST, type Model, madeRows } from "./model.js";
import { nameOf, type OurColumn, type OurSide } from "./our-side.js";
import { refusalOf } from "./outcome.js";
import type { SparkSide } from "./spark-side.js";

// The four cells that Spark has a part in. Each throws the refusal of whoever refuses; an answer that is wrong
// fails an assertion.

/** A table that one side has made. */
export interface MadeTable {
  readonly path: string;
  /** The newest version. */
  readonly version: bigint;
}

interface Maker {
  create(feature: Feature, table: string): Promise<void>;
  fill(feature: Feature, table: string): Promise<void>;
}

export class Directions {
  readonly #ours: OurSide;
  readonly #spark: SparkSide;

  constructor(ours: OurSide, spark: SparkSide) {
    this.#ours = ours;
    this.#spark = spark;
  }

  weMake(feature: Feature, folder: string): Promise<MadeTable> {
    return this.#make(this.#ours, feature, folder, feature.logHolds?.ours);
  }

  sparkMakes(feature: Feature, folder: string): Promise<MadeTable> {
    return this.#make(this.#spark, feature, folder, feature.logHolds?.spark);
  }

  /** Both sides read a table that one of them made, now and as it was. */
  async bothRead(feature: Feature, { path: table, version }: MadeTable): Promise<void> {
    await this.#same(feature, table, madeRows(feature.appendOnly === undefined));
    if (feature.forget === undefined) await this.#sameAt(feature, table, "VERSION AS OF 1", FIRST);
    if (feature.timestamps !== undefined) {
      // Spark takes no letters in a timestamp that stands for a version.
      const at = (await this.#ours.committedAt(table, 1n)).replace("T", " ").replace("Z", "");
      await this.#sameAt(feature, table, `TIMESTAMP AS OF '${at}'`, FIRST);
    }
    expect(await this.#ours.newest(table)).toBe(version);
  }

  /** Spark writes to a table of ours, and may not write what the table forbids. */
  async sparkGoesOn(feature: Feature, { path: table }: MadeTable): Promise<void> {
    for (const row of feature.forbidden ?? []) {
      const source = await this.#ours.sources.forbidden(row);
      await expectRefusal("Spark", row.spark, () => this.#spark.append(table, source));
    }
    await this.#spark.goOn(feature, table);
    if (feature.appendOnly !== undefined) {
      await expectRefusal("Spark", feature.appendOnly.spark, () => this.#spark.delete(table, "id = 1"));
    }
    await this.#same(feature, table, feature.appendOnly === undefined ? afterSpark() : appended(feature));
  }

  /** We write to a table of Spark's, and may not write what the table forbids. */
  async weGoOn(feature: Feature, { path: table }: MadeTable): Promise<void> {
    for (const row of feature.forbidden ?? []) {
      const source = await this.#ours.sources.forbidden(row);
      await expectRefusal("Grizzly", row.ours, () => this.#ours.append(table, source));
    }
    await this.#ours.append(table, await this.#ours.sources.of(feature, "third"));
    const deletion = (): Promise<void> => this.#ours.delete(table, "id = 1");
    if (feature.appendOnly === undefined) await deletion();
    else await expectRefusal("Grizzly", feature.appendOnly.ours, deletion);
    await this.#ours.alter(table, feature.ourAlteration ?? "ADD COLUMN added INT");
    const rows = appended(feature);
    await this.#same(
      feature,
      table,
      feature.appendOnly === undefined ? rows.without((id) => id === 1) : rows,
    );
  }

  /** The newest version, as both sides see it. */
  async #same(feature: Feature, table: string, rows: Model): Promise<void> {
    const reading = await this.#sameAt(feature, table, "", rows);
    if (feature.select === undefined) expect(schemaOf(reading)).toEqual(await this.#ours.schema(table));
    else expect(await this.#spark.columns(table)).toEqual((await this.#ours.schema(table)).map(sparkColumn));
    for (const column of feature.unique ?? []) {
      const twice = `SELECT ${column} FROM ${nameOf(table)} GROUP BY ${column} HAVING count(*) > 1`;
      expect((await this.#ours.query(twice)).rows).toEqual([]);
    }
    expect(await this.#spark.history(table)).toEqual(await this.#ours.history(table));
    if (feature.changes !== undefined) {
      const ours = await this.#ours.query(`SELECT * FROM table_changes('${nameOf(table)}', 1)`);
      expect(ours.rows.length).toBeGreaterThan(20);
      expect(ours).toEqual(await this.#spark.changes(table));
    }
    if (feature.clusteringColumns !== undefined) {
      expect(await this.#spark.clusteringColumns(table)).toEqual(feature.clusteringColumns);
    }
    expect(await this.#ours.findings(table)).toEqual([]);
  }

  async #sameAt(feature: Feature, table: string, at: string, rows: Model): Promise<SparkReading> {
    const ids =
      feature.rowIds === undefined
        ? ""
        : `, ${ROW_IDS.map((name) => `_metadata.${name} AS ${name}`).join(", ")}`;
    const select = feature.select ?? { ours: "*", spark: "*" };
    const ours = await this.#ours.query(`SELECT ${select.ours}${ids} FROM ${nameOf(table)} ${at}`);
    const reading = await this.#spark.read(`SELECT ${select.spark}${ids} FROM ${sparkTable(table)} ${at}`);
    expect(await this.#ours.query(`SELECT * FROM ${reading.files}`)).toEqual(ours);
    expect(await this.#idsOf(table, at)).toEqual(rows.relation());
    return reading;
  }

  #idsOf(table: string, at: string): Promise<Relation> {
    return this.#ours.query(`SELECT id, v FROM ${nameOf(table)} ${at}`);
  }

  async #make(maker: Maker, feature: Feature, folder: string, holds: RegExp | undefined): Promise<MadeTable> {
    let table = path.join(folder, feature.folder ?? "table");
    await maker.create(feature, table);
    if (feature.edit !== undefined) table = await edited(table, feature.edit);
    await maker.fill(feature, table);
    const log = path.join(table, "_delta_log");
    const names = await readdir(log);
    if (feature.commitsHold !== undefined) {
      const commits = names.filter((name) => /^\d{20}\.json$/.test(name));
      const texts = await Promise.all(commits.map((name) => readFile(path.join(log, name), "utf8")));
      expect(texts.join("")).toMatch(feature.commitsHold);
    }
    if (holds !== undefined) expect(names.filter((name) => holds.test(name))).not.toEqual([]);
    // Spark keeps what it knows of a path: a log that has been cut is another path's.
    if (feature.forget !== undefined) table = await cut(table);
    return { path: table, version: await this.#ours.newest(table) };
  }
}

/** Fields of `_metadata`. */
const ROW_IDS = ["row_id", "row_commit_version"];

function appended(feature: Feature): Model {
  return madeRows(feature.appendOnly === undefined).with(30, 35);
}

/** What SparkSide.goOn leaves. */
function afterSpark(): Model {
  return madeRows(true)
    .with(30, 37)
    .with(21, 22, () => "updated")
    .with(34, 35, () => "merged")
    .without((id) => id === 1);
}

async function expectRefusal(by: string, code: string, work: () => Promise<void>): Promise<void> {
  const refusal = await work().then(() => undefined, refusalOf);
  expect(refusal, `${by} must refuse with ${code}`).toMatchObject({ by, code });
}

/** A column in Spark's words, as far as the features with a `select` need them. */
function sparkColumn({ name, type }: OurColumn): [string, string] {
  return [name, type === "long" ? "bigint" : type === "integer" ? "int" : type];
}

/** A schema in JSON, in the words of ours. */
export function schemaOf({ schema }: { readonly schema: unknown }): unknown {
  const fields = parseSchema(JSON.stringify(schema)).fields.filter(({ name }) => !ROW_IDS.includes(name));
  return fields.map(({ name, type, nullable }) => ({ name, type: typeText(type), nullable }));
}

async function edited(table: string, edit: (entry: string) => string): Promise<string> {
  const copy = await copied(table, "edited");
  const log = path.join(copy, "_delta_log");
  for (const name of await readdir(log)) if (name.endsWith(".crc")) await rm(path.join(log, name));
  const first = path.join(log, `${"0".repeat(20)}.json`);
  const entry = await readFile(first, "utf8");
  const changed = edit(entry);
  expect(changed).not.toBe(entry);
  await writeFile(first, changed);
  return copy;
}

async function cut(table: string): Promise<string> {
  const copy = await copied(table, "cut");
  const log = path.join(copy, "_delta_log");
  const names = await readdir(log);
  const last =
    names
      .filter((name) => name.includes(".checkpoint."))
      .sort()
      .at(-1)
      ?.slice(0, 20) ?? "";
  expect(last).not.toBe("");
  for (const name of names) {
    if (
      /^\.?\d{20}\..*(json|crc)$/.test(name) &&
      !name.includes(".checkpoint.") &&
      name.replace(/^\./, "").slice(0, 20) < last
    ) {
      await rm(path.join(log, name));
    }
  }
  return copy;
}

export async function copied(table: string, suffix: string): Promise<string> {
  const copy = `${table}-${suffix}`;
  await cp(table, copy, { recursive: true });
  return copy;
}
