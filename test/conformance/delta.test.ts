import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Engine, quoteString } from "../../engine/index.js";
import { type Lake, openLake } from "../../src/index.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { CONFORMANCE, conformanceTables, differences, unreadFeatures } from "./delta-tables.js";

// Every table of ../shared/conformance, as this release reads it: the rows and types that its own writer
// says it has, or a refusal that names what stands in the way.

let engine: Engine;
let lake: Lake;
beforeAll(async () => {
  engine = await Engine.open();
  lake = await openLake(path.join(CONFORMANCE, "no lake is made here"));
});
afterAll(async () => {
  await lake.close();
  engine.close();
});

const tables = await conformanceTables("delta");
const errors = await conformanceTables("errors");
if (tables === undefined) console.warn(`skipped: there are no tables at ${CONFORMANCE}`);

describe.skipIf(tables === undefined)("tables of other writers", () => {
  test.each(tables ?? [])("%s", async (name) => {
    const table = path.join(CONFORMANCE, "delta", name, "delta");
    const unread = await unreadFeatures(engine, table);
    const query = `SELECT * FROM delta.\`${table}\``;
    if (unread.length > 0) {
      const refusal = await lake.sql(query).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(refusal).toMatchObject({ kind: "unsupported", code: "table-feature" });
      for (const feature of unread)
        expect(refusal).toMatchObject({ message: expect.stringContaining(feature) });
      return;
    }
    const ours = path.join(await temporaryFolder(), "ours.parquet");
    await (await lake.sql(query)).writeTo(ours);
    const expected = path.join(CONFORMANCE, "delta", name, "expected", "*.parquet");
    const relations = [ours, expected].map((files) => `read_parquet(${quoteString(files)})`);
    expect(await differences(engine, relations[0] ?? "", relations[1] ?? "")).toEqual([]);
  });
});

describe.skipIf(errors === undefined)("tables that nobody can read", () => {
  test.each(errors ?? [])("%s", async (name) => {
    const table = path.join(CONFORMANCE, "errors", name, "delta");
    await expect(lake.sql(`SELECT * FROM delta.\`${table}\``)).rejects.toMatchObject({
      kind: expect.stringMatching(/^(?:corrupt|unsupported)$/),
    });
    await expect(lake.table(table).then((opened) => opened.describe())).rejects.toMatchObject({
      kind: expect.stringMatching(/^(?:corrupt|unsupported)$/),
    });
  });
});
