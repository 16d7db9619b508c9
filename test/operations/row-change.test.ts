import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../core/index.js";
import { Engine, quoteString } from "../../engine/index.js";
import { openStore } from "../../object-store/index.js";
import type { Lake, Row } from "../../src/index.js";
import { readsOf } from "../../src/operations/row-change/changed-table.js";
import { MatchedRows } from "../../src/operations/row-change/matched-rows.js";
import { fileActions, RowChangeWork } from "../../src/operations/row-change/row-change-work.js";
import { DeltaTable, newField, serializeSchema } from "../../table-format/index.js";
import { temporaryLake } from "../support/temporary-lake.js";

async function rows(lake: Lake, sql: string): Promise<Row[]> {
  return (await lake.sql(sql)).toArray();
}

/** A table `t` of `files` files with 100 rows each: file n has the ids from 100 n on. */
async function clustered(files: number, more = ""): Promise<{ readonly lake: Lake; readonly table: string }> {
  const { lake, folder } = await temporaryLake();
  const engine = await Engine.open();
  onTestFinished(() => engine.close());
  await engine.withSession(async (session) => {
    for (let file = 0; file < files; file++) {
      const to = quoteString(path.join(folder, `${String(file).padStart(3, "0")}.parquet`));
      await session.execute(
        `COPY (SELECT id, 'p' || (id // 1000) AS p, id % 7 AS v FROM range(${file * 100}, ${file * 100 + 100}) AS r(id)) TO ${to}`,
      );
    }
  });
  await rows(lake, `CREATE TABLE t (id BIGINT, p STRING, v BIGINT) ${more}`);
  await lake.ingest([path.join(folder, "*.parquet")], { into: "t" });
  return { lake, table: fileURLToPath((await lake.table("t")).location) };
}

/** The first and the last id of each file. */
function ranges(lake: Lake): Promise<Row[]> {
  return rows(
    lake,
    `SELECT min(id)::INT AS first, max(id)::INT AS last FROM t GROUP BY _metadata.file_path ORDER BY first`,
  );
}

describe("files that are rewritten", () => {
  it.each([
    ["", "DELETE FROM t WHERE id % 200 = 5"],
    ["", "UPDATE t SET v = 0 WHERE id % 200 = 5"],
    ["PARTITIONED BY (p)", "DELETE FROM t WHERE id % 100 = 5"],
    ["PARTITIONED BY (p)", "UPDATE t SET v = 0 WHERE id % 100 = 5"],
  ])("hold the rows of one file each %s: %s", async (partitioned, statement) => {
    const files = 45;
    const { lake, table } = await clustered(files, partitioned);
    const before = await ranges(lake);
    expect(before).toHaveLength(files);
    await rows(lake, statement);
    expect(await ranges(lake)).toEqual(before);
    const { numRows } = await (await lake.table("t")).describe();
    const deleted = partitioned === "" ? 23 : files;
    expect(numRows).toBe(BigInt(files * 100 - (statement.startsWith("DELETE") ? deleted : 0)));
    const names = await readdir(table, { recursive: true });
    expect(names.filter((name) => name.includes("gl_"))).toEqual([]);
    expect((await (await lake.table("t")).fsck()).findings).toEqual([]);
  });

  it("become one where they came into the table right after each other and are small", async () => {
    const { lake } = await clustered(45);
    await rows(lake, "UPDATE t SET v = 0 WHERE id % 100 = 5 AND id NOT BETWEEN 1000 AND 1099");
    expect(await ranges(lake)).toEqual([
      { first: 0, last: 999 },
      { first: 1000, last: 1099 },
      { first: 1100, last: 4499 },
    ]);
  });

  it("have the columns that the same commit gives the table", async () => {
    const { lake, table: folder } = await clustered(3);
    const [found] = await rows(
      lake,
      "SELECT _metadata.file_path AS file, _metadata.row_index AS row_index FROM t WHERE id = 150",
    );
    const engine = await Engine.open();
    onTestFinished(() => engine.close());
    const session = await engine.acquire();
    const table = new DeltaTable({ store: openStore(folder), engine }, systemClock);
    const read = await table.snapshot();
    const fields = [...read.schema.fields, newField("fresh", { type: "string" })];
    const schemaString = serializeSchema({ type: "struct", fields });
    const metadata = { ...read.metadata, schemaString };
    const evolved = read.withMetadata(metadata);
    const select = `SELECT ${quoteString(String(found?.["file"]))} AS file, ${String(found?.["row_index"])}::BIGINT AS row_index`;
    const leaving = await MatchedRows.find(session, read, { sql: select, parameters: {} }, undefined);
    const target = { table, schema: evolved.schema, metadata };
    const work = new RowChangeWork(session, evolved, target, systemClock, undefined);
    const writes = await work.write({
      leaving,
      arriving: [{ select: "SELECT 150 AS id, 'p0' AS p, 1 AS v, 'new' AS fresh" }],
      updatesRows: false,
      changes: async () => [],
    });
    expect([writes.kept.length, writes.keptRows]).toEqual([1, 99n]);
    await table.commit(read, {
      operation: "TEST",
      operationParameters: {},
      operationMetrics: {},
      metadata,
      ...fileActions(writes),
      engineInfo: "test",
    });
    expect(
      await rows(
        lake,
        "SELECT count(*)::INT AS n, count(DISTINCT id)::INT AS ids, max(fresh) AS fresh, count(fresh)::INT AS some FROM t",
      ),
    ).toEqual([{ n: 300, ids: 300, fresh: "new", some: 1 }]);
  });
});

describe("DELETE without a condition", () => {
  it("reads no data file", async () => {
    const { lake, table } = await clustered(3);
    const files = (await readdir(table)).filter((name) => name.endsWith(".parquet"));
    expect(files).toHaveLength(3);
    for (const name of files) await rm(path.join(table, name));
    const report = await (await lake.table("t")).delete();
    expect(report).toMatchObject({ rowsDeleted: 300n, filesRemoved: 3, filesRewritten: 0 });
    expect(await rows(lake, "SELECT count(*)::INT AS n FROM t")).toEqual([{ n: 0 }]);
  });
});

describe("DELETE", () => {
  it("knows the table by its alias, and reads it in subqueries", async () => {
    const { lake } = await clustered(2);
    await rows(lake, "DELETE FROM t AS d WHERE d.id > (SELECT avg(x.id) FROM t AS x WHERE x.p = d.p)");
    expect(await rows(lake, "SELECT count(*)::INT AS n, max(id)::INT AS last FROM t")).toEqual([
      { n: 100, last: 99 },
    ]);
    await expect(lake.sql("DELETE FROM t AS d WHERE t.id = 1")).rejects.toMatchObject({
      kind: "invalid-input",
      message: expect.not.stringMatching(/scanned|gl_/),
    });
  });

  it("means a table of the lake by any name that it may have", async () => {
    const { lake } = await clustered(1);
    await rows(lake, "CREATE TABLE scanned AS SELECT 7 AS id");
    await rows(lake, "DELETE FROM t WHERE id IN (SELECT id FROM scanned)");
    expect(await rows(lake, "SELECT count(*)::INT AS n FROM t")).toEqual([{ n: 99 }]);
  });
});

describe("readsOf", () => {
  const scan = (location: string, value: boolean): Parameters<typeof readsOf>[0][number] => ({
    table: "t",
    location,
    version: 1n,
    columns: "all",
    predicate: { kind: "constant", value },
    filesTotal: 1,
    filesKept: 1,
    bytesTotal: 1n,
    bytesKept: 1n,
  });

  it("leaves other tables out", () => {
    expect(readsOf([scan("a", true), scan("b", false)], "a")).toEqual([
      { predicate: { kind: "constant", value: true }, removals: false },
    ]);
  });

  it("minds that rows are gone where a subquery reads the table too", () => {
    expect(readsOf([scan("a", true), scan("a", false)], "a").map(({ removals }) => removals)).toEqual([
      true,
      true,
    ]);
  });
});
