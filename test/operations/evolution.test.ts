import { writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { Lake, Row } from "../../src/index.js";
import { temporaryLake } from "../support/temporary-lake.js";
import { lastEntry, only } from "./table-log.js";

let lake: Lake;
let folder: string;
beforeEach(async () => {
  ({ lake, folder } = await temporaryLake());
});

type Schema = "strict" | "merge" | "overwrite";

/** Ways in which the rows of a query come to a table. */
const WAYS: Readonly<Record<string, (query: string, schema: Schema) => Promise<unknown>>> = {
  insert: async (query, schema) =>
    (await lake.table("t")).insert({
      query,
      byName: true,
      schema,
      mode: schema === "overwrite" ? "overwrite" : "append",
    }),
  ingest: async (query, schema) => {
    const source = path.join(folder, "source.parquet");
    await (await lake.sql(query)).writeTo(source);
    await lake.ingest([source], {
      into: "t",
      again: true,
      schema,
      mode: schema === "overwrite" ? "overwrite" : "append",
    });
  },
};

async function rows(sql: string): Promise<Row[]> {
  return (await lake.sql(sql)).toArray();
}

async function columns(): Promise<string[]> {
  const { schema } = await (await lake.table("t")).describe();
  return schema.map(({ name, type, nullable }) => `${name} ${type}${nullable ? "" : " NOT NULL"}`);
}

async function properties(text: string): Promise<void> {
  await rows(`ALTER TABLE t SET TBLPROPERTIES (${text})`);
}

describe.each(Object.entries(WAYS))("schema evolution of %s", (_, write) => {
  it.each([
    // The table, the rows, and its columns afterwards.
    ["a INT", "1 AS a, 'x' AS b", ["a integer", "b string"]],
    ["a INT", "'x' AS b, 1 AS A", ["a integer", "b string"]],
    ["a INT NOT NULL", "1 AS a, 2.5 AS b", ["a integer NOT NULL", "b decimal(2,1)"]],
    ["s STRUCT<x: INT>", "{'y': 'n', 'X': 1} AS s", ["s struct<x: integer, y: string>"]],
    [
      "s ARRAY<STRUCT<x: INT>>",
      "[{'x': 1, 'y': {'z': 2}}] AS s",
      ["s array<struct<x: integer, y: struct<z: integer>>>"],
    ],
    [
      "s MAP<STRING, STRUCT<x: INT>>",
      "MAP {'k': {'x': 1, 'y': 2}} AS s",
      ["s map<string, struct<x: integer, y: integer>>"],
    ],
    [
      "s STRUCT<t: STRUCT<x: INT>>",
      "{'t': {'y': true}} AS s",
      ["s struct<t: struct<x: integer, y: boolean>>"],
    ],
    ["a BIGINT", "1::TINYINT AS a", ["a long"]],
  ])("%s with SELECT %s", async (definition, select, expected) => {
    await rows(`CREATE TABLE t (${definition})`);
    await write(`SELECT ${select}`, "merge");
    expect(await columns()).toEqual(expected);
    expect(await rows("SELECT count(*)::INT AS n FROM t")).toEqual([{ n: 1 }]);
    expect((await (await lake.table("t")).fsck()).findings).toEqual([]);
  });

  it.each([
    ["a INT", "1 AS a, 'x' AS b", "strict", "column-unknown"],
    ["s STRUCT<x: INT>", "{'x': 1, 'y': 2} AS s", "strict", "column-unknown"],
    ["a INT", "'x' AS a", "merge", "column-type-mismatch"],
    ["a ARRAY<INT>", "1 AS a", "merge", "column-type-mismatch"],
    ["a INT, b INT NOT NULL", "1 AS a", "merge", "column-missing"],
    ["s STRUCT<x: INT NOT NULL>", "{'y': 1} AS s", "merge", "column-missing"],
    ["a INT", "1 AS a, TIMESTAMP '2024-01-31 10:00:00' AS b", "merge", "feature-needed"],
  ] as const)("%s refuses SELECT %s (%s)", async (definition, select, schema, code) => {
    await rows(`CREATE TABLE t (${definition})`);
    const before = await columns();
    await expect(write(`SELECT ${select}`, schema)).rejects.toMatchObject({ code });
    expect(await columns()).toEqual(before);
  });

  it.each([
    ["TINYINT", "SMALLINT", "short"],
    ["INT", "BIGINT", "long"],
    ["FLOAT", "DOUBLE", "double"],
    ["DECIMAL(4,2)", "DECIMAL(8,3)", "decimal(8,3)"],
    ["ARRAY<INT>", "BIGINT[]", "array<long>"],
    ["MAP<STRING, INT>", "MAP(VARCHAR, BIGINT)", "map<string, long>"],
    ["STRUCT<x: SMALLINT>", "STRUCT(x INTEGER)", "struct<x: integer>"],
  ])("widens %s for %s where the table may", async (type, wider, expected) => {
    await rows(`CREATE TABLE t (c ${type}) TBLPROPERTIES ('delta.enableTypeWidening' = 'true')`);
    await rows("INSERT INTO t VALUES (NULL)");
    await write(`SELECT NULL::${wider} AS c`, "merge");
    expect(await columns()).toEqual([`c ${expected}`]);
    expect(only(await lastEntry(lake, "t"), "metaData")?.["schemaString"]).toContain("delta.typeChanges");
    expect(await rows("SELECT * FROM t")).toEqual([{ c: null }, { c: null }]);
    expect((await (await lake.table("t")).fsck()).findings).toEqual([]);
  });

  it("does not widen without being asked, and from whole numbers to decimals only by ALTER TABLE", async () => {
    await rows("CREATE TABLE t (c INT)");
    await write("SELECT 1::BIGINT AS c", "merge");
    await properties("'delta.enableTypeWidening' = 'true'");
    await write("SELECT 2::BIGINT AS c", "strict");
    await write("SELECT 3::DECIMAL(12,0) AS c", "merge");
    expect(await columns()).toEqual(["c integer"]);
    await write("SELECT 4::BIGINT AS c", "merge");
    expect(await columns()).toEqual(["c long"]);
    expect(await rows("SELECT c FROM t ORDER BY c")).toEqual([1n, 2n, 3n, 4n].map((c) => ({ c })));
  });

  it("does not widen a column that a rule depends on", async () => {
    await rows(
      "CREATE TABLE t (c INT, CONSTRAINT positive CHECK (c > 0)) TBLPROPERTIES ('delta.enableTypeWidening' = 'true')",
    );
    await expect(write("SELECT 1::BIGINT AS c", "merge")).rejects.toMatchObject({ code: "column-in-use" });
  });

  it("maps new columns, nested ones too", async () => {
    await rows("CREATE TABLE t (a STRUCT<x: INT>) TBLPROPERTIES ('delta.columnMapping.mode' = 'name')");
    await write("SELECT {'x': 1, 'y': 2} AS a, 3 AS b", "merge");
    expect(await rows("SELECT * FROM t")).toEqual([{ a: { x: 1, y: 2 }, b: 3 }]);
    const schema = String(only(await lastEntry(lake, "t"), "metaData")?.["schemaString"]);
    expect(schema.match(/"delta.columnMapping.physicalName":"col-/g)).toHaveLength(4);
    expect((await (await lake.table("t")).fsck()).findings).toEqual([]);
  });

  it.each(["", "TBLPROPERTIES ('delta.columnMapping.mode' = 'name')"])(
    "replaces all columns with all rows %s",
    async (mapping) => {
      await rows(`CREATE TABLE t (a INT, p STRING, gone DATE) PARTITIONED BY (p) ${mapping}`);
      await rows("INSERT INTO t VALUES (1, 'x', NULL)");
      await write("SELECT 'p1' AS P, 2.5 AS a", "overwrite");
      expect(await columns()).toEqual(["P string", "a decimal(2,1)"]);
      expect(await rows("SELECT * FROM t")).toEqual([{ P: "p1", a: "2.5" }]);
      expect(await rows("SELECT a, p FROM t VERSION AS OF 1")).toEqual([{ a: 1, p: "x" }]);
      expect((await (await lake.table("t")).fsck()).findings).toEqual([]);
      await expect(write("SELECT 1 AS a", "overwrite")).rejects.toMatchObject({ code: "column-in-use" });
    },
  );
});

describe("schema evolution", () => {
  it("goes with SQL: WITH SCHEMA EVOLUTION", async () => {
    await rows("CREATE TABLE t (a INT)");
    await rows("INSERT WITH SCHEMA EVOLUTION INTO t BY NAME SELECT 1 AS a, 'x' AS b");
    await rows("INSERT WITH SCHEMA EVOLUTION INTO t VALUES (2, 'y', 0.5)");
    expect(await columns()).toEqual(["a integer", "b string", "col2 decimal(2,1)"]);
    await rows("INSERT WITH SCHEMA EVOLUTION INTO t BY NAME REPLACE WHERE a = 2 SELECT 2 AS a, true AS c");
    expect(await rows("SELECT a, b, c FROM t ORDER BY a")).toEqual([
      { a: 1, b: "x", c: null },
      { a: 2, b: null, c: true },
    ]);
  });

  it("goes with REPLACE WHERE over a column that is new", async () => {
    await rows("CREATE TABLE t (a INT)");
    await rows("INSERT INTO t VALUES (1), (2)");
    const replacing = "INSERT WITH SCHEMA EVOLUTION INTO t BY NAME REPLACE WHERE day IS NULL OR day = 7";
    await rows(`${replacing} SELECT 3 AS a, 7 AS day`);
    expect(await rows("SELECT * FROM t")).toEqual([{ a: 3, day: 7 }]);
  });

  it("replaces columns only with all rows", async () => {
    await rows("CREATE TABLE t (a INT)");
    const table = await lake.table("t");
    await expect(table.insert({ query: "SELECT 'x' AS a", schema: "overwrite" })).rejects.toMatchObject({
      code: "overwrite-schema",
    });
    const file = path.join(folder, "rows.jsonl");
    await writeFile(file, '{"a":"x"}');
    await expect(lake.ingest([file], { into: "t", schema: "overwrite" })).rejects.toMatchObject({
      code: "overwrite-schema",
    });
  });

  it("replaces columns by those of several sources", async () => {
    await rows("CREATE TABLE t (a INT)");
    const files = [path.join(folder, "1.jsonl"), path.join(folder, "2.jsonl")] as const;
    await writeFile(files[0], '{"x":1}');
    await writeFile(files[1], '{"x":0.5,"y":"q"}');
    await lake.ingest([...files], { into: "t", mode: "overwrite", schema: "overwrite" });
    expect(await columns()).toEqual(["x double", "y string"]);
    expect(await rows("SELECT * FROM t ORDER BY x")).toEqual([
      { x: 0.5, y: "q" },
      { x: 1, y: null },
    ]);
  });

  it("keeps the clustering, by the new columns", async () => {
    await rows(
      "CREATE TABLE t (a INT, b INT) CLUSTER BY (b) TBLPROPERTIES ('delta.columnMapping.mode' = 'name')",
    );
    const table = await lake.table("t");
    await table.insert({ query: "SELECT 'x' AS b", mode: "overwrite", schema: "overwrite" });
    const schema = JSON.parse(String(only(await lastEntry(lake, "t"), "metaData")?.["schemaString"]));
    const physical = schema.fields[0].metadata["delta.columnMapping.physicalName"];
    expect(String(only(await lastEntry(lake, "t"), "domainMetadata")?.["configuration"])).toContain(physical);
    await expect(
      table.insert({ query: "SELECT 'x' AS c", mode: "overwrite", schema: "overwrite" }),
    ).rejects.toMatchObject({ code: "column-in-use" });
  });
});
