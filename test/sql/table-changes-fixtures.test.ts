import { readdir } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine, quoteString } from "../../engine/index.js";
import { type Lake, openLake } from "../../src/index.js";
import { ROOT } from "../support/grizzly.js";

// Change feeds of tables that Spark wrote, in parts: the conformance runner compares each as a whole.

const FOLDER = path.join(ROOT, "fixtures/spark");
const TABLES = (await readdir(FOLDER)).filter((name) => name.startsWith("changes"));

const CONDITIONS = [
  "true",
  "id = 5",
  "id > 8",
  "_change_type = 'delete'",
  "_change_type LIKE 'update%'",
  "_commit_version IN (2, 4, 6)",
  "_commit_version = 3 OR id = 9",
  "_commit_timestamp IS NULL",
];

describe.each(TABLES)("the changes of spark/%s", (name) => {
  let engine: Engine;
  let lake: Lake;
  beforeAll(async () => {
    engine = await Engine.open();
    lake = await openLake(path.join(import.meta.dirname, "no lake is made here"));
  });
  afterAll(async () => {
    await lake.close();
    await engine.close();
  });

  const theirs = `read_parquet(${quoteString(path.join(FOLDER, name, "expected-changes/*.parquet"))})`;
  // Without in-commit timestamps the time of a commit is that of its file, which no checkout keeps.
  const rest = name === "changes-without-timestamps" ? "* EXCLUDE (_commit_timestamp)" : "*";
  const text = (from: string): string =>
    `SELECT CAST(r AS VARCHAR) AS r FROM (SELECT ${rest} FROM ${from}) AS r ORDER BY r`;
  const expected = async (where: string): Promise<unknown[]> =>
    engine.withSession((session) => session.rows(text(`${theirs} WHERE ${where}`)));

  it("are those of any range of versions, filtered or not", async () => {
    const [ends] = await engine.withSession((session) =>
      session.rows(
        `SELECT min(_commit_version)::INT AS first, max(_commit_version)::INT AS last FROM ${theirs}`,
      ),
    );
    const [first, last] = [Number(ends?.["first"]), Number(ends?.["last"])];
    for (let from = first; from <= last; from++) {
      for (const to of new Set([from, from + 1, last])) {
        const feed = `table_changes(${quoteString(path.join(FOLDER, name, "delta"))}, ${from}, ${to})`;
        for (const where of from === first ? CONDITIONS : ["true"]) {
          const found = await (await lake.sql(text(`${feed} WHERE ${where}`))).toArray();
          const range = `_commit_version BETWEEN ${from} AND ${to}`;
          expect(found, `${feed} ${where}`).toEqual(await expected(`${range} AND (${where})`));
        }
      }
    }
  });

  it("are counted without reading a column", async () => {
    const [row] = await (
      await lake.sql(
        `SELECT count(*) AS n FROM table_changes(${quoteString(path.join(FOLDER, name, "delta"))}, 1)`,
      )
    ).toArray();
    expect(row?.["n"]).toBe(BigInt((await expected("_commit_version >= 1")).length));
  });
});
