import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { isJsonObject, type JsonObject, parseJson } from "../../core/index.js";
import type { Lake, Row } from "../../src/index.js";
import { temporaryLake } from "../support/temporary-lake.js";

/** The actions of every commit of a table, by their names. */
async function log(folder: string, table: string): Promise<readonly JsonObject[]> {
  const logFolder = path.join(folder, table, "_delta_log");
  const names = (await readdir(logFolder)).filter((name) => /^\d{20}\.json$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => {
      const actions: Record<string, JsonObject[keyof JsonObject]> = {};
      for (const line of (await readFile(path.join(logFolder, name), "utf8")).trim().split("\n")) {
        const action = parseJson(line);
        if (!isJsonObject(action)) throw new Error("an action is an object");
        for (const [kind, value] of Object.entries(action)) {
          const others = actions[kind];
          actions[kind] = kind === "add" ? [...(Array.isArray(others) ? others : []), value ?? null] : value;
        }
      }
      return actions;
    }),
  );
}

async function sql(lake: Lake, text: string): Promise<Row[]> {
  return (await lake.sql(text)).toArray();
}

async function landed(lake: Lake, folder: string, into: string, lines: readonly string[]): Promise<void> {
  const file = path.join(folder, `${into}.jsonl`);
  await mkdir(folder, { recursive: true });
  await writeFile(file, `${lines.join("\n")}\n`);
  await lake.ingest([file], { into, again: true });
}

const THREE = ['{"id": 1, "name": "a"}', '{"id": 2, "name": "b"}', '{"id": 3, "name": null}'];

describe("CREATE TABLE", () => {
  test("makes a table that rows land in", async () => {
    const { lake, folder } = await temporaryLake();
    const result = await sql(
      lake,
      "CREATE TABLE t (id BIGINT, name STRING) PARTITIONED BY (name) COMMENT 'two columns' TBLPROPERTIES (owner = 'me')",
    );
    expect(result).toEqual([{ table: "t", version: 0n, operation: "CREATE TABLE", notes: null }]);
    const [first] = await log(path.join(folder, "lake/default"), "t");
    expect(first).toMatchObject({
      commitInfo: {
        operation: "CREATE TABLE",
        operationParameters: {
          isManaged: "true",
          description: "two columns",
          partitionBy: '["name"]',
          clusterBy: "[]",
          properties: '{"owner":"me"}',
        },
      },
      protocol: { minReaderVersion: 1, minWriterVersion: 2 },
      metaData: { description: "two columns", partitionColumns: ["name"], configuration: { owner: "me" } },
    });
    await landed(lake, folder, "t", THREE);
    expect(await sql(lake, "SELECT count(*) AS n FROM t WHERE name = 'b'")).toEqual([{ n: 1n }]);
    const { columns } = await (await lake.table("t")).scan();
    expect(columns).toEqual([
      { name: "id", type: "BIGINT" },
      { name: "name", type: "VARCHAR" },
    ]);
  });

  test("an existing table is left alone, or refused", async () => {
    const { lake } = await temporaryLake();
    await sql(lake, "CREATE TABLE t (id BIGINT)");
    await expect(sql(lake, "CREATE TABLE t (other INT)")).rejects.toMatchObject({ kind: "already-exists" });
    const [row] = await sql(lake, "CREATE TABLE IF NOT EXISTS t (other INT)");
    expect(row).toMatchObject({ version: 0n, operation: null });
    expect((await (await lake.table("t")).describe()).schema.map(({ name }) => name)).toEqual(["id"]);
  });

  test("a definition that cannot be leaves no trace", async () => {
    const { lake } = await temporaryLake();
    await expect(sql(lake, "CREATE TABLE ns.t (a INT, A INT)")).rejects.toMatchObject({
      kind: "invalid-input",
    });
    await expect(sql(lake, "CREATE TABLE t (a INT) TBLPROPERTIES (delta.nope = 1)")).rejects.toMatchObject({
      code: "unknown-property",
    });
    expect(await lake.namespaces()).toEqual(["default"]);
    expect(await lake.tables()).toEqual([]);
  });

  test("says which names Spark takes with column mapping only", async () => {
    const { lake } = await temporaryLake();
    const [row] = await sql(lake, 'CREATE TABLE t ("a b" INT)');
    expect(row?.["notes"]).toMatch(/^Spark reads this table .*"a b"/);
    const [mapped] = await sql(
      lake,
      `CREATE TABLE u ("a b" INT) TBLPROPERTIES (delta.columnMapping.mode = 'name')`,
    );
    expect(mapped?.["notes"]).not.toContain("Spark");
    const [added] = await sql(lake, "ALTER TABLE t ADD COLUMN `c=d` INT");
    expect(added?.["notes"]).toMatch(/"a b", "c=d"/);
  });

  test("at a path of its own, outside the catalog", async () => {
    const { lake, folder } = await temporaryLake();
    await sql(lake, `CREATE TABLE delta.\`${folder}/apart\` (id BIGINT)`);
    await sql(lake, `ALTER TABLE delta.\`${folder}/apart\` ADD COLUMN more INT`);
    expect(await sql(lake, `SELECT * FROM delta.\`${folder}/apart\``)).toEqual([]);
    expect(await lake.tables()).toEqual([]);
    const [first] = await log(folder, "apart");
    expect(first).toMatchObject({ commitInfo: { operationParameters: { isManaged: "false" } } });
  });

  test("from TypeScript, types as SQL writes them", async () => {
    const { lake, folder } = await temporaryLake();
    const report = await lake.createTable("ns.t", {
      columns: [
        { name: "id", type: "BIGINT", identity: { start: 1n, step: 1n, allowExplicitInsert: false } },
        { name: "place", type: "STRUCT<x: INT, y: INT>", nullable: false, comment: "where" },
      ],
      clusterBy: ["place.x"],
      properties: { "delta.enableDeletionVectors": "true" },
      constraints: { right: "place.x > 0" },
    });
    expect(report).toMatchObject({ table: "ns.t", version: 0n, changed: true });
    expect(report.featuresAdded).toEqual([
      "checkConstraints",
      "clustering",
      "deletionVectors",
      "domainMetadata",
      "identityColumns",
    ]);
    expect(report.notes).toContain("protocol: reader version 3, writer version 7");
    const [first] = await log(path.join(folder, "lake/ns"), "t");
    expect(first).toMatchObject({
      protocol: { readerFeatures: ["deletionVectors"] },
      domainMetadata: {
        domain: "delta.clustering",
        configuration: '{"clusteringColumns":[["place","x"]],"domainName":"delta.clustering"}',
        removed: false,
      },
    });
    await expect(lake.createTable("u", { columns: [{ name: "a", type: "NUMBER" }] })).rejects.toMatchObject({
      code: "sql-syntax",
    });
  });
});

describe("ALTER TABLE", () => {
  test("columns are added, renamed and dropped while every version stays readable", async () => {
    const { lake, folder } = await temporaryLake();
    await landed(lake, folder, "t", THREE);
    const notes = await sql(lake, "ALTER TABLE t SET TBLPROPERTIES ('delta.columnMapping.mode' = 'name')");
    expect(notes[0]?.["notes"]).toContain("features added: columnMapping");
    await sql(lake, "ALTER TABLE t ADD COLUMNS (size INT COMMENT 'of it' AFTER id)");
    await sql(lake, "ALTER TABLE t RENAME COLUMN name TO label");
    await sql(lake, "ALTER TABLE t DROP COLUMN id");
    expect(await sql(lake, "SELECT * FROM t ORDER BY label")).toEqual([
      { size: null, label: "a" },
      { size: null, label: "b" },
      { size: null, label: null },
    ]);
    expect(await sql(lake, "SELECT max(id) AS id, max(name) AS name FROM t VERSION AS OF 0")).toEqual([
      { id: 3n, name: "b" },
    ]);
    const operations = (await log(path.join(folder, "lake/default"), "t")).map(({ commitInfo }) =>
      isJsonObject(commitInfo) ? commitInfo["operation"] : undefined,
    );
    expect(operations).toEqual([
      "CREATE TABLE AS SELECT",
      "SET TBLPROPERTIES",
      "ADD COLUMNS",
      "RENAME COLUMN",
      "DROP COLUMNS",
    ]);
  });

  test("rows that land after a rename are read with those before it", async () => {
    const { lake, folder } = await temporaryLake();
    await landed(lake, folder, "t", THREE);
    const table = await lake.table("t");
    await table.setProperties({ "delta.columnMapping.mode": "name" });
    await table.alter("RENAME COLUMN name TO label");
    await landed(lake, folder, "t", ['{"id": 4, "label": "d"}']);
    expect(await sql(lake, "SELECT id, label FROM t WHERE label >= 'b' ORDER BY id")).toEqual([
      { id: 2n, label: "b" },
      { id: 4n, label: "d" },
    ]);
  });

  test("a wider type holds the old rows and the new ones", async () => {
    const { lake, folder } = await temporaryLake();
    await sql(lake, "CREATE TABLE t (id SMALLINT, name STRING)");
    await landed(lake, folder, "t", THREE);
    const table = await lake.table("t");
    await expect(table.alter("ALTER COLUMN id TYPE BIGINT")).rejects.toMatchObject({
      code: "type-widening-needed",
    });
    await table.setProperties({ "delta.enableTypeWidening": "true" });
    await table.alter("ALTER COLUMN id TYPE BIGINT");
    await landed(lake, folder, "t", ['{"id": 5000000000, "name": "big"}']);
    expect(await sql(lake, "SELECT sum(id)::BIGINT AS total FROM t")).toEqual([{ total: 5_000_000_006n }]);
    const commits = await log(path.join(folder, "lake/default"), "t");
    expect(commits[3]).toMatchObject({
      metaData: {
        schemaString: expect.stringContaining(
          '"metadata":{"delta.typeChanges":[{"fromType":"short","toType":"long"}]}',
        ),
      },
    });
  });

  test("a rule is added only where every row keeps it", async () => {
    const { lake, folder } = await temporaryLake();
    await landed(lake, folder, "t", THREE);
    for (const [change, message] of [
      ["ADD CONSTRAINT c CHECK (id > 1)", "1 row of t breaks the constraint c (id > 1)"],
      ["ADD CONSTRAINT c CHECK (name <> 'z')", "1 row of t breaks the constraint c"],
      ["ALTER COLUMN name SET NOT NULL", "1 row of t breaks NOT NULL of name"],
    ] as const) {
      await expect(sql(lake, `ALTER TABLE t ${change}`)).rejects.toMatchObject({
        code: "rows-break-rule",
        message: expect.stringContaining(message),
      });
    }
    await sql(lake, "ALTER TABLE t ADD CONSTRAINT Positive CHECK (id > 0)");
    await sql(lake, "ALTER TABLE t ALTER COLUMN id SET NOT NULL");
    const commits = await log(path.join(folder, "lake/default"), "t");
    expect(commits).toHaveLength(3);
    expect(commits[1]).toMatchObject({
      commitInfo: { operation: "ADD CONSTRAINT", operationParameters: { name: "Positive", expr: "id > 0" } },
      protocol: { minReaderVersion: 1, minWriterVersion: 3 },
      metaData: { configuration: { "delta.constraints.positive": "id > 0" } },
    });
    expect((await (await lake.table("t")).describe()).schema[0]).toMatchObject({
      name: "id",
      nullable: false,
    });
  });

  test("row tracking numbers the files that are there first", async () => {
    const { lake, folder } = await temporaryLake();
    await landed(lake, folder, "t", THREE);
    await landed(lake, folder, "t", THREE);
    const report = await (await lake.table("t")).setProperties({ "delta.enableRowTracking": "true" });
    expect(report).toMatchObject({
      version: 4n,
      featuresAdded: ["domainMetadata", "rowTracking"],
      notes: ["features added: domainMetadata, rowTracking", "protocol: reader version 1, writer version 7"],
    });
    const commits = await log(path.join(folder, "lake/default"), "t");
    expect(commits[2]).toMatchObject({
      commitInfo: { operation: "UPGRADE PROTOCOL" },
      protocol: { writerFeatures: ["appendOnly", "domainMetadata", "invariants", "rowTracking"] },
    });
    expect(commits[3]).toMatchObject({
      commitInfo: { operation: "ROW TRACKING BACKFILL" },
      domainMetadata: { domain: "delta.rowTracking" },
    });
    const adds = commits[3]?.["add"];
    if (!Array.isArray(adds)) throw new Error("a backfill adds files");
    expect(adds).toHaveLength(2);
    expect(adds.map((add) => (isJsonObject(add) ? add["baseRowId"] : undefined)).sort()).toEqual([0, 3]);
    expect(adds.every((add) => isJsonObject(add) && add["dataChange"] === false)).toBe(true);
    expect(commits[4]).toMatchObject({
      metaData: { configuration: { "delta.enableRowTracking": "true" } },
    });
    expect(await sql(lake, "SELECT count(*) AS n FROM t")).toEqual([{ n: 6n }]);
  });

  test("in-commit timestamps begin with the commit that turns them on", async () => {
    const { lake, folder } = await temporaryLake();
    await sql(lake, "CREATE TABLE t (id BIGINT)");
    await sql(lake, "ALTER TABLE t SET TBLPROPERTIES ('delta.enableInCommitTimestamps' = 'true')");
    const commits = await log(path.join(folder, "lake/default"), "t");
    expect(commits[1]).toMatchObject({
      commitInfo: { inCommitTimestamp: expect.any(Number) },
      metaData: { configuration: { "delta.inCommitTimestampEnablementVersion": "1" } },
    });
  });

  test("says the new protocol in its result and in the history", async () => {
    const { lake, folder } = await temporaryLake();
    await sql(lake, "CREATE TABLE t (id BIGINT)");
    const [row] = await sql(
      lake,
      "ALTER TABLE t SET TBLPROPERTIES ('delta.feature.vacuumProtocolCheck' = 'supported')",
    );
    expect(row?.["notes"]).toBe(
      "features added: vacuumProtocolCheck; protocol: reader version 3, writer version 7",
    );
    const commits = await log(path.join(folder, "lake/default"), "t");
    expect(commits[1]).toMatchObject({
      commitInfo: {
        operationParameters: {
          properties: '{"delta.feature.vacuumProtocolCheck":"supported"}',
          newProtocol: expect.stringContaining("vacuumProtocolCheck"),
        },
      },
      metaData: { configuration: {} },
    });
    const [back] = await sql(lake, "ALTER TABLE t DROP FEATURE vacuumProtocolCheck");
    expect(back).toMatchObject({
      operation: "DROP FEATURE",
      notes: "protocol: reader version 1, writer version 2",
    });
  });

  test("nothing to do is no commit", async () => {
    const { lake, folder } = await temporaryLake();
    await sql(lake, "CREATE TABLE t (id BIGINT)");
    for (const change of [
      "UNSET TBLPROPERTIES IF EXISTS (nope)",
      "DROP CONSTRAINT IF EXISTS nope",
      "CLUSTER BY NONE",
    ]) {
      expect(await sql(lake, `ALTER TABLE t ${change}`)).toMatchObject([{ version: 0n, operation: null }]);
    }
    expect(await log(path.join(folder, "lake/default"), "t")).toHaveLength(1);
  });

  test("a table that is not there, or that a view stands for, is not found", async () => {
    const { lake } = await temporaryLake();
    await sql(lake, "CREATE VIEW v AS SELECT 1 AS a");
    for (const name of ["t", "v", "no.t"]) {
      await expect(sql(lake, `ALTER TABLE ${name} ADD COLUMN a INT`)).rejects.toMatchObject({
        kind: "not-found",
      });
    }
    await expect(sql(lake, "CREATE TABLE v (a INT)")).rejects.toMatchObject({ kind: "already-exists" });
  });

  test("changes at the same time follow one another", async () => {
    const { lake, folder } = await temporaryLake();
    await sql(lake, "CREATE TABLE t (id BIGINT)");
    const names = ["a", "b", "c", "d"];
    await Promise.all(names.map((name) => sql(lake, `ALTER TABLE t ADD COLUMN ${name} INT`)));
    const { schema, version } = await (await lake.table("t")).describe();
    expect(schema.map(({ name }) => name).sort()).toEqual(["a", "b", "c", "d", "id"]);
    expect(version).toBe(4n);
    expect(await log(path.join(folder, "lake/default"), "t")).toHaveLength(5);
  });

  test("checkpoints come as often as the table wants them", async () => {
    const { lake, folder } = await temporaryLake();
    await sql(lake, "CREATE TABLE t (id BIGINT) TBLPROPERTIES (delta.checkpointInterval = 2)");
    await sql(lake, "ALTER TABLE t ADD COLUMN a INT");
    await sql(lake, "ALTER TABLE t ADD COLUMN b INT");
    const files = await readdir(path.join(folder, "lake/default/t/_delta_log"));
    expect(files).toContain("_last_checkpoint");
    expect(files).toContain("00000000000000000002.checkpoint.parquet");
  });
});
