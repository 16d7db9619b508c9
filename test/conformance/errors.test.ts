import { cp, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryLake } from "../support/temporary-lake.js";
import { type RefusedTable, refusedTables } from "./tables.js";

// Tables that must be refused, with an error that says what stands in the way.

const tables = await refusedTables();

function named(on: RefusedTable["on"]): [string, RefusedTable][] {
  return tables.filter((table) => table.on === on).map((table) => [table.name, table]);
}

async function refusalOf(work: Promise<unknown>, table: RefusedTable): Promise<void> {
  const refusal = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(refusal).toMatchObject({
    kind: expect.toSatisfy((kind) => table.kinds.includes(kind)),
    ...(table.code === undefined ? {} : { code: table.code }),
  });
}

test("there are tables of both kinds", () => {
  expect(named("read")).not.toEqual([]);
  expect(named("write")).not.toEqual([]);
});

describe("refused when read", () => {
  test.each(named("read"))("%s", async (_, table) => {
    const { lake } = await temporaryLake();
    const bySql = lake.sql(`SELECT * FROM delta.\`${table.path}\``).then((result) => result.toArray());
    await refusalOf(bySql, table);
    const byScan = lake
      .table(table.path)
      .then((opened) => opened.scan())
      .then((result) => result.toArray());
    await refusalOf(byScan, table);
  });
});

describe("read, and refused when written", () => {
  test.each(named("write"))("%s", async (_, table) => {
    const { lake, folder } = await temporaryLake();
    const copy = path.join(folder, "copy");
    await cp(table.path, copy, { recursive: true });
    await (await lake.sql(`SELECT * FROM delta.\`${copy}\``)).toArray();
    const source = path.join(folder, "rows.csv");
    await writeFile(source, "id\n1\n");
    await refusalOf(lake.ingest([source], { into: copy }), table);
  });
});
