import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Lake, openLake, type Row } from "../../src/index.js";
import { fixtureTables } from "../conformance/tables.js";
import { ROOT } from "../support/grizzly.js";
import { farStores } from "../support/remote-store.js";
import { type SharedFolder, sharedFolder } from "../support/temporary-folder.js";

const tables = await fixtureTables();

describe("tables of other writers, far away, give what they give on the local disk", () => {
  let folder: SharedFolder;
  let local: Lake;
  let far: Lake;
  beforeAll(async () => {
    folder = await sharedFolder();
    local = await openLake(path.join(folder.path, "lake"));
    far = await openLake(path.join(folder.path, "other"), {
      openStore: farStores(ROOT).open,
      cache: { directory: path.join(folder.path, "cache") },
    });
  });
  afterAll(async () => {
    await local.close();
    await far.close();
    await folder.remove();
  });

  const rows = async (lake: Lake, sql: string): Promise<Row[]> => (await lake.sql(sql)).toArray();

  test.each(tables.map((table) => [table.name, table] as const))("%s", async (_, table) => {
    const uri = `far://${path.relative(ROOT, table.path)}`;
    const expected = await rows(local, `SELECT * FROM delta.\`${table.path}\` ORDER BY ALL`);
    expect(await rows(far, `SELECT * FROM delta.\`${uri}\` ORDER BY ALL`)).toEqual(expected);
    expect(await rows(far, `SELECT count(*) AS n FROM delta_scan('${uri}')`)).toEqual([
      { n: BigInt(expected.length) },
    ]);
    const { changes } = table;
    if (changes === undefined) return;
    const feed = (at: string): string =>
      `SELECT * EXCLUDE (_commit_timestamp) FROM table_changes('delta.\`${at}\`', ${changes.from}) ORDER BY ALL`;
    expect(await rows(far, feed(uri))).toEqual(await rows(local, feed(table.path)));
  });
});
