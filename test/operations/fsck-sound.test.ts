import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FsckReport, type Lake, openLake } from "../../src/index.js";
import { ROOT } from "../support/grizzly.js";
import { DamagedTable } from "./damaged-table.js";

// What whole tables come to: no damage is found where there is none, whoever wrote the table.

/** Folders of tables that nobody can read, or not all of. */
const isWhole = (writer: string): boolean => writer !== "errors";

/** The tables of `fixtures/<writer>/<table>/delta`, and of the folders beside the checkout. */
async function tablesOf(wanted: (writer: string) => boolean): Promise<[string, string][]> {
  const found: [string, string][] = [];
  for (const root of [path.join(ROOT, "fixtures"), path.join(ROOT, "../shared/conformance")]) {
    for (const writer of (await foldersIn(root)).filter(wanted)) {
      for (const name of await foldersIn(path.join(root, writer))) {
        const table = path.join(root, writer, name, "delta");
        if (existsSync(path.join(table, "_delta_log"))) found.push([path.join(writer, name), table]);
      }
    }
  }
  return found;
}

async function foldersIn(folder: string): Promise<string[]> {
  if (!existsSync(folder)) return [];
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

const [tables, broken] = [await tablesOf(isWhole), await tablesOf((writer) => !isWhole(writer))];
let lake: Lake;
beforeAll(async () => {
  lake = await openLake(path.join(ROOT, "no lake is made here"));
});
afterAll(() => lake.close());

async function check(table: string, deep: boolean): Promise<FsckReport> {
  return (await lake.table(table)).fsck({ deep });
}

describe("tables of other writers", () => {
  test("there are some", () => {
    expect(tables.length).toBeGreaterThan(0);
  });

  test.each(tables)("%s is sound", async (_name, table) => {
    for (const deep of [false, true]) {
      const report = await check(table, deep);
      expect(report.findings.filter(({ severity }) => severity !== "warning")).toEqual([]);
      expect(report).toMatchObject({ verdict: "sound", version: report.newestVersion });
    }
  });
});

describe("tables that nobody can read in full", () => {
  test.each(broken)("%s is not sound, and the findings say why", async (_name, table) => {
    const report = await check(table, false);
    expect(report.verdict).not.toBe("sound");
    const [worst] = report.findings;
    expect(worst?.severity).not.toBe("warning");
    expect(worst?.remedy).toMatch(/\.$/);
  });
});

describe("tables of ours", () => {
  test.each([true, false])("are sound, with a checkpoint: %s", async (checkpoint) => {
    const table = await DamagedTable.ours({ checkpoint, checksums: true });
    expect(await table.check({ deep: true, allOrphans: true })).toMatchObject({
      verdict: "sound",
      counts: [],
      findings: [],
      version: 2n,
      readableVersions: [{ first: 0n, last: 2n }],
      numFiles: 3n,
    });
  });
});
