import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Engine, quoteString } from "../../engine/index.js";
import { type Lake, openLake } from "../../src/index.js";
import { type Relation, relation, relationOf } from "../interop/cells.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { columnsOf, comparable, kept, parquetFile, rowDifferences } from "./compare.js";
import { conditionsFor, unpushed } from "./filters.js";
import type { ConformanceTable } from "./tables.js";

/**
 * What must hold for every table: its rows and types equal those that its writer reads, through SQL and through
 * the scan API, whole and filtered, the filter pushed into the scan and not; and its change feed and row ids,
 * where the writer gave them.
 */
export function conformanceSuite(tables: readonly ConformanceTable[]): void {
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

  const named = (pick: (table: ConformanceTable) => boolean = () => true): [string, ConformanceTable][] =>
    tables.filter(pick).map((table) => [table.name, table]);

  /** Compares the columns and rows of `SELECT <list> FROM <source>` with a relation of the writer's. */
  const sameBySql = async (list: string, source: string, relation: string): Promise<void> => {
    const theirs = await kept(engine, "theirs", relation);
    const columns = await columnsOf(engine, theirs);
    const whole = await lake.sql(`SELECT ${list} FROM ${source}`);
    expect(whole.columns).toEqual(columns);
    await whole.close();
    const file = path.join(await temporaryFolder(), "ours.parquet");
    const query = `SELECT ${comparable(columns)} FROM (SELECT ${list} FROM ${source})`;
    await (await lake.sql(query)).writeTo(file);
    const expected = `(SELECT ${comparable(columns)} FROM ${theirs})`;
    expect(await rowDifferences(engine, parquetFile(file), expected)).toEqual([]);
  };

  describe("rows and types through SQL", () => {
    test.each(named())("%s", async (_, table) => {
      await sameBySql("*", `delta.\`${table.path}\``, table.expected);
    });
  });

  describe("rows and types through the scan API", () => {
    test.each(named())("%s", async (_, table) => {
      const opened = await lake.table(table.path);
      const theirs = await rowsOf(engine, table.expected);
      const scan = await opened.scan();
      expect(scan.columns).toEqual(await columnsOf(engine, table.expected));
      expect(await relationOf(scan)).toEqual(theirs);
      let rows = 0;
      for await (const batch of (await opened.scan()).batches()) rows += batch.numRows;
      expect(rows).toBe(theirs.rows.length);
    });
  });

  describe("filters, pushed and not", () => {
    test.each(named())("%s", async (_, table) => {
      const opened = await lake.table(table.path);
      const expected = await kept(engine, "theirs", table.expected);
      for (const { condition, everyWay } of await conditionsFor(engine, expected)) {
        const theirs = await rowsOf(engine, `(FROM ${expected} WHERE ${condition})`);
        for (const filter of everyWay ? [condition, unpushed(condition)] : [condition]) {
          const ours = await lake.sql(`SELECT * FROM delta.\`${table.path}\` WHERE ${filter}`);
          expect(await relationOf(ours), filter).toEqual(theirs);
        }
        if (everyWay) {
          const scanned = await opened.scan({ filter: condition });
          expect(await relationOf(scanned), `scan, ${condition}`).toEqual(theirs);
        }
      }
    });
  });

  const withChanges = named(({ changes }) => changes !== undefined);
  // Not every set of tables has some with changes, or with row ids: then there is nothing to test, or to skip.
  if (withChanges.length > 0)
    describe("the change feed", () => {
      test.each(withChanges)("%s", async (_, { path: table, changes }) => {
        if (changes === undefined) throw new Error("a table without a change feed");
        const columns = changes.timed ? "*" : "* EXCLUDE (_commit_timestamp)";
        const feed = `table_changes(${quoteString(`delta.\`${table}\``)}, ${changes.from})`;
        await sameBySql(columns, feed, `(SELECT ${columns} FROM ${changes.relation})`);
      });
    });

  const withRows = named(({ rows }) => rows !== undefined);
  if (withRows.length > 0)
    describe("row ids and row commit versions", () => {
      test.each(withRows)("%s", async (_, { path: table, rows }) => {
        if (rows === undefined) throw new Error("a table without row ids");
        const ids = "_metadata.row_id AS _row_id, _metadata.row_commit_version AS _row_commit_version";
        await sameBySql(`*, ${ids}`, `delta.\`${table}\``, rows);
      });
    });
}

async function rowsOf(engine: Engine, source: string): Promise<Relation> {
  const columns = await columnsOf(engine, source);
  const query = `SELECT ${comparable(columns)} FROM ${source}`;
  const rows = await engine.withSession((session) => session.rows(query));
  const names = columns.map(({ name }) => name);
  return relation(
    names,
    rows.map((row) => names.map((name) => row[name] ?? null)),
  );
}
