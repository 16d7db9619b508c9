import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Engine } from "../../engine/index.js";
import { type Lake, openLake } from "../../src/index.js";
import { ROOT } from "../support/grizzly.js";
import { type SharedFolder, sharedFolder } from "../support/temporary-folder.js";
import { DeltaRsCells } from "./matrix/delta-rs-cells.js";
import { Directions, type MadeTable } from "./matrix/directions.js";
import { documentOf } from "./matrix/document.js";
import type { Direction, Feature } from "./matrix/feature.js";
import { LOG } from "./matrix/features-log.js";
import { PROTOCOL } from "./matrix/features-protocol.js";
import { RULES } from "./matrix/features-rules.js";
import { TYPES } from "./matrix/features-types.js";
import { OurSide } from "./matrix/our-side.js";
import { matches, type Outcome, outcomeOf } from "./matrix/outcome.js";
import { SparkSide } from "./matrix/spark-side.js";

// Every feature against Spark and delta-rs, in both directions; docs/interop.md is what came of it.
// GRIZZLY_WRITE_DOCS=1 writes the page.

const PAGE = path.join(ROOT, "docs/interop.md");

const GROUPS: readonly (readonly [string, readonly Feature[]])[] = [
  ["Table features", PROTOCOL],
  ["Rules for rows", RULES],
  ["Types, names and files", TYPES],
  ["The log", LOG],
];

const outcomes = new Map<string, Map<Direction, Outcome>>();
const made = new Map<string, Promise<MadeTable>>();

let folder: SharedFolder;
let lake: Lake;
let engine: Engine;
let ours: OurSide;
let spark: SparkSide;
let directions: Directions;
let deltaRs: DeltaRsCells;
beforeAll(async () => {
  folder = await sharedFolder();
  lake = await openLake(path.join(folder.path, "lake"));
  engine = await Engine.open();
  ours = new OurSide(lake, engine, path.join(folder.path, "sources"));
  spark = new SparkSide(ours.sources);
  directions = new Directions(ours, spark);
  deltaRs = new DeltaRsCells(ours, path.join(folder.path, "delta-rs"));
});
afterAll(async () => {
  await lake?.close();
  await engine?.close();
  await folder?.remove();
});

/** Runs one cell and holds what it came to against the table of features. */
async function cell(feature: Feature, direction: Direction, work: () => Promise<void>): Promise<void> {
  const pinned = feature.pinned?.[direction];
  const outcome: Outcome =
    pinned !== undefined && "notApplicable" in pinned
      ? { kind: "not-applicable", why: pinned.notApplicable }
      : await outcomeOf(work, folder.path);
  const row = outcomes.get(feature.name) ?? new Map<Direction, Outcome>();
  outcomes.set(feature.name, row.set(direction, outcome));
  expect(
    matches(outcome, pinned),
    `${JSON.stringify(outcome)} instead of ${JSON.stringify(pinned ?? "yes")}`,
  ).toBe(true);
}

/** The table that one side makes, made once. */
function table(feature: Feature, by: "ours" | "spark"): Promise<MadeTable> {
  const key = `${by} ${feature.name}`;
  const known = made.get(key);
  if (known !== undefined) return known;
  const making = make(feature, by);
  made.set(key, making);
  return making;
}

async function make(feature: Feature, by: "ours" | "spark"): Promise<MadeTable> {
  const into = path.join(folder.path, `${by} ${feature.name}`.replaceAll(/\W+/g, "-"));
  await mkdir(into);
  if (by === "spark") return directions.sparkMakes(feature, into);
  const ready = await directions.weMake(feature, into);
  // delta-rs goes on from where we were.
  await deltaRs.keep(feature, ready);
  return ready;
}

describe.each(GROUPS)("%s", (_, features) => {
  describe.each(features.map((feature) => [feature.name, feature] as const))("%s", (_name, feature) => {
    const check = (direction: Direction, work: () => Promise<void>): void =>
      test(direction, () => cell(feature, direction, work));
    check("we write, Spark reads", async () => directions.bothRead(feature, await table(feature, "ours")));
    check("we write, Spark goes on, we read", async () =>
      directions.sparkGoesOn(feature, await table(feature, "ours")),
    );
    check("Spark writes, we read", async () => directions.bothRead(feature, await table(feature, "spark")));
    check("Spark writes, we go on, Spark reads", async () =>
      directions.weGoOn(feature, await table(feature, "spark")),
    );
  });
});

describe.each(GROUPS)("%s, delta-rs", (_, features) => {
  describe.each(features.map((feature) => [feature.name, feature] as const))("%s", (_name, feature) => {
    const check = (direction: Direction, work: () => Promise<void>): void =>
      test(direction, () => cell(feature, direction, work));
    const all = GROUPS.flatMap(([, rows]) => rows);
    check("we write, delta-rs reads", () => deltaRs.reads(all, feature));
    check("we write, delta-rs goes on, we read", () => deltaRs.goesOn(all, feature));
    check("delta-rs writes, we read", () => deltaRs.makes(all, feature));
  });
});

test("docs/interop.md is what this run found", async () => {
  const versions = { ...(await deltaRs.versions()), spark: await spark.version() };
  const page = documentOf(GROUPS, outcomes, versions);
  if (process.env["GRIZZLY_WRITE_DOCS"] === "1") await writeFile(PAGE, page);
  expect(await readFile(PAGE, "utf8"), "GRIZZLY_WRITE_DOCS=1 writes the page").toBe(page);
});
