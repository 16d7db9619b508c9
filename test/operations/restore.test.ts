import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, it, test } from "vitest";
import { isJsonObject, type JsonObject, parseJson } from "../../core/index.js";
import type { Lake, Row } from "../../src/index.js";
import { type RestoreOptions, type RestoreReport, restoreOperation } from "../../src/operations/restore.js";
import { version } from "../../table-format/index.js";
import { type Operations, operationsOn } from "../support/operations.js";
import { temporaryLake } from "../support/temporary-lake.js";

let lake: Lake;
let folder: string;
let operations: Operations;
beforeEach(async () => {
  ({ lake, folder } = await temporaryLake());
  operations = await operationsOn(lake.uri);
});

async function rows(sql: string): Promise<Row[]> {
  return (await lake.sql(sql)).toArray();
}

async function land(lines: readonly JsonObject[]): Promise<void> {
  const file = path.join(folder, "rows.jsonl");
  await writeFile(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  await lake.ingest([file], { into: "t", again: true });
}

/** Rows with the ids from `first` on. */
function ids(first: number, count: number): { readonly id: number }[] {
  return Array.from({ length: count }, (_, index) => ({ id: first + index }));
}

async function restore(
  to: number | RestoreOptions["asOf"],
  options: Omit<RestoreOptions, "asOf"> = {},
): Promise<RestoreReport> {
  const asOf = typeof to === "number" ? { version: version(to) } : to;
  const target = await operations.target("t");
  return operations.run(target, restoreOperation(target, { asOf, ...options }));
}

async function tableFolder(): Promise<string> {
  return fileURLToPath((await lake.table("t")).location);
}

/** The actions of one commit, by their kind. */
async function entry(of: bigint): Promise<{ readonly kind: string; readonly action: JsonObject }[]> {
  const file = path.join(await tableFolder(), "_delta_log", `${String(of).padStart(20, "0")}.json`);
  return (await readFile(file, "utf8"))
    .trim()
    .split("\n")
    .map((line) => {
      const parsed = parseJson(line);
      const [kind, action] = isJsonObject(parsed) ? (Object.entries(parsed)[0] ?? []) : [];
      if (kind === undefined || !isJsonObject(action ?? null)) throw new Error(`no action: ${line}`);
      return { kind, action: action as JsonObject };
    });
}

async function idsNow(at = ""): Promise<unknown[]> {
  return (await rows(`SELECT id FROM t ${at} ORDER BY id`)).map((row) => row["id"]);
}

async function isSound(): Promise<void> {
  const report = await (await lake.table("t")).fsck();
  expect(report.findings).toEqual([]);
}

const VECTORS =
  "TBLPROPERTIES ('delta.enableDeletionVectors' = 'true', 'delta.enableChangeDataFeed' = 'true')";

describe.each([
  ["deletion vectors", VECTORS],
  ["copy on write", "TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')"],
])("RESTORE with %s", (_, properties) => {
  it("gives every earlier version again, and the feed tells the rows", async () => {
    await rows(`CREATE TABLE t (id INT) ${properties}`);
    await land(ids(0, 10));
    await land(ids(10, 10));
    await rows("DELETE FROM t WHERE id % 3 = 0");
    await rows("DELETE FROM t WHERE id % 3 = 1");
    await rows("DELETE FROM t WHERE id >= 10");
    const at: unknown[][] = [];
    for (let v = 0; v <= 5; v++) at.push(await idsNow(`VERSION AS OF ${v}`));
    for (const to of [3, 1, 5, 0, 2, 4]) {
      const before = await idsNow();
      const report = await restore(to);
      expect(report).toMatchObject({ restoredVersion: BigInt(to), changed: true, filesMissing: 0 });
      expect(await idsNow()).toEqual(at[to]);
      const told = await rows(
        `SELECT id, _change_type AS how FROM table_changes('t', ${report.version}) ORDER BY id, how`,
      );
      const gone = before.filter((id) => !at[to]?.includes(id)).map((id) => ({ id, how: "delete" }));
      const back = (at[to] ?? []).filter((id) => !before.includes(id)).map((id) => ({ id, how: "insert" }));
      expect(netChanges(told)).toEqual(netChanges([...gone, ...back]));
    }
    await isSound();
  });
});

/** Without the rows that one file takes away and another brings back. */
function netChanges(told: readonly { readonly id?: unknown; readonly how?: unknown }[]): string[] {
  const sums = new Map<unknown, number>();
  for (const { id, how } of told) sums.set(id, (sums.get(id) ?? 0) + (how === "insert" ? 1 : -1));
  return [...sums].flatMap(([id, sum]) => (sum === 0 ? [] : [`${id}: ${sum}`])).sort();
}

test("the entry says what delta-spark's does", async () => {
  await rows(`CREATE TABLE t (id INT) ${VECTORS}`);
  await land(ids(0, 4));
  await rows("DELETE FROM t WHERE id = 1");
  const [commit] = await entry(1n);
  const report = await restore(1);
  const actions = await entry(3n);
  expect(actions.map(({ kind }) => kind)).toEqual(["commitInfo", "metaData", "remove", "add"]);
  const [info, , remove, add] = actions;
  const size = add?.action["size"];
  expect(info?.action).toMatchObject({
    operation: "RESTORE",
    operationParameters: { version: 1, timestamp: null },
    isBlindAppend: false,
    operationMetrics: {
      tableSizeAfterRestore: String(size),
      numOfFilesAfterRestore: "1",
      numRemovedFiles: "1",
      numRestoredFiles: "1",
      removedFilesSize: String(size),
      restoredFilesSize: String(size),
    },
  });
  expect(commit?.kind).toBe("commitInfo");
  expect(remove?.action).toMatchObject({ dataChange: true, deletionVector: { cardinality: 1 } });
  expect(add?.action).toMatchObject({ dataChange: true, path: remove?.action["path"] });
  expect(add?.action["deletionVector"]).toBeUndefined();
  expect(report).toMatchObject({
    version: 3n,
    filesRestored: 1,
    filesRemoved: 1,
    files: 1,
    featuresAdded: [],
  });
});

test("there is nothing to do where the table is as it was then", async () => {
  await rows(`CREATE TABLE t (id INT) ${VECTORS}`);
  await land(ids(0, 4));
  await rows("DELETE FROM t WHERE id = 1");
  await restore(1);
  expect(await restore(1)).toMatchObject({ version: 3n, changed: false, filesRestored: 0, notes: [] });
  expect(await restore(3)).toMatchObject({ version: 3n, changed: false, restoredVersion: 3n });
});

test("an instant names the version that was the newest then", async () => {
  await rows("CREATE TABLE t (id INT) TBLPROPERTIES ('delta.enableInCommitTimestamps' = 'true')");
  await land(ids(0, 4));
  const { timestamp } = (await (await lake.table("t")).history())[0] ?? { timestamp: "" };
  await land(ids(4, 4));
  const report = await restore({ timestamp: Date.parse(timestamp) });
  expect(report.restoredVersion).toBe(1n);
  expect(await idsNow()).toEqual([0, 1, 2, 3]);
  const [info] = await entry(report.version);
  expect(info?.action).toMatchObject({ operationParameters: { version: null, timestamp } });
  await expect(restore({ timestamp: 0 })).rejects.toMatchObject({ code: "timestamp-out-of-range" });
  await expect(restore(99)).rejects.toMatchObject({ code: "version-not-found" });
});

test("schema, properties, comment and constraints are those of then; the protocol keeps what it has", async () => {
  await rows("CREATE TABLE t (id INT, name STRING) COMMENT 'as it was'");
  await land(ids(0, 3));
  await rows(
    "ALTER TABLE t SET TBLPROPERTIES ('delta.columnMapping.mode' = 'name', 'delta.enableDeletionVectors' = 'true')",
  );
  await rows("ALTER TABLE t RENAME COLUMN id TO number");
  await rows("ALTER TABLE t DROP COLUMN name");
  await rows("ALTER TABLE t ADD COLUMN extra INT");
  await rows("ALTER TABLE t ADD CONSTRAINT few CHECK (number < 100)");
  await rows("DELETE FROM t WHERE number = 1");
  const before = await (await lake.table("t")).describe();
  await restore(1);
  expect(await rows("SELECT * FROM t ORDER BY id")).toEqual([0, 1, 2].map((id) => ({ id, name: null })));
  const after = await (await lake.table("t")).describe();
  expect(after.properties).toEqual({});
  expect(after.features).toEqual(before.features);
  await land([{ id: 1000, name: "free again" }]);
  // What was mapped later lies in the files under its physical name.
  await restore(Number(before.version));
  expect(await rows("SELECT * FROM t ORDER BY number")).toEqual(
    [0, 2].map((number) => ({ number, extra: null })),
  );
  expect((await (await lake.table("t")).describe()).properties).toEqual(before.properties);
  await isSound();
});

test("a feature that the table lost comes back with the version that needs it", async () => {
  await rows(
    "CREATE TABLE t (id INT, CONSTRAINT few CHECK (id < 100)) TBLPROPERTIES ('delta.feature.timestampNtz' = 'supported')",
  );
  await land(ids(0, 3));
  await rows("ALTER TABLE t DROP CONSTRAINT few");
  await rows("ALTER TABLE t DROP FEATURE checkConstraints");
  expect((await (await lake.table("t")).describe()).features).not.toContain("checkConstraints");
  const report = await restore(1);
  expect(report.featuresAdded).toEqual(["checkConstraints"]);
  expect(report.notes[0]).toBe("features added: checkConstraints");
  await expect(land(ids(100, 1))).rejects.toMatchObject({ kind: "invalid-input" });
});

test("numbers that were given out are not given out again", async () => {
  await rows(
    `CREATE TABLE t (id INT, up BIGINT GENERATED ALWAYS AS IDENTITY, down BIGINT GENERATED ALWAYS AS IDENTITY (START WITH -1 INCREMENT BY -2))
     TBLPROPERTIES ('delta.enableRowTracking' = 'true')`,
  );
  await land(ids(0, 2));
  await land(ids(2, 3));
  await restore(1);
  await land(ids(5, 1));
  expect(await rows("SELECT id, up, down, _metadata.row_id AS row FROM t ORDER BY id")).toEqual([
    { id: 0, up: 1n, down: -1n, row: 0n },
    { id: 1, up: 2n, down: -3n, row: 1n },
    { id: 5, up: 6n, down: -11n, row: 5n },
  ]);
  await isSound();
});

test("files from before row tracking get row ids when they come back", async () => {
  await rows("CREATE TABLE t (id INT)");
  await land(ids(0, 2));
  await rows("DELETE FROM t");
  await rows("ALTER TABLE t SET TBLPROPERTIES ('delta.enableRowTracking' = 'true')");
  await land(ids(2, 2));
  const { version: tracked } = await (await lake.table("t")).describe();
  await restore(1);
  expect(await idsNow()).toEqual([0, 1]);
  await restore(Number(tracked));
  await rows("ALTER TABLE t UNSET TBLPROPERTIES ('delta.enableRowTracking')");
  await restore(1);
  await rows("ALTER TABLE t SET TBLPROPERTIES ('delta.enableRowTracking' = 'true')");
  const found = await rows("SELECT _metadata.row_id AS row FROM t ORDER BY row");
  expect(new Set(found.map(({ row }) => row)).size).toBe(2);
  await isSound();
});

test("clustering goes back with the version, and goes where there was none", async () => {
  await rows("CREATE TABLE t (id INT, b INT) TBLPROPERTIES ('delta.feature.clustering' = 'supported')");
  await rows("ALTER TABLE t CLUSTER BY (id)");
  await rows("ALTER TABLE t CLUSTER BY (b)");
  const clustering = async (): Promise<string | undefined> => {
    const { state } = await (await operations.target("t")).table.snapshot();
    return state.domains.get("delta.clustering")?.configuration;
  };
  await restore(1);
  expect(await clustering()).toContain('"clusteringColumns":[["id"]]');
  await restore(0);
  expect(await clustering()).toContain('"clusteringColumns":[]');
  await restore(2);
  expect(await clustering()).toContain('"clusteringColumns":[["b"]]');
});

test("since when the log keeps its times is not forgotten", async () => {
  await rows("CREATE TABLE t (id INT)");
  await rows("ALTER TABLE t SET TBLPROPERTIES ('delta.enableInCommitTimestamps' = 'true')");
  await land(ids(0, 1));
  const { properties } = await (await lake.table("t")).describe();
  await land(ids(1, 1));
  await restore(2);
  expect((await (await lake.table("t")).describe()).properties).toEqual(properties);
  await restore(0);
  expect((await (await lake.table("t")).describe()).properties).toEqual({});
  await restore(2);
  const again = (await (await lake.table("t")).describe()).properties;
  expect(again).toMatchObject({ "delta.inCommitTimestampEnablementVersion": "6" });
  await isSound();
});

test("application ids stay", async () => {
  await rows("CREATE TABLE t (id INT)");
  const target = await operations.target("t");
  const read = await target.table.snapshot();
  const transactions = [{ appId: "job", version: 7n, lastUpdated: undefined }];
  const nothing = { operationParameters: {}, operationMetrics: {}, adds: [], engineInfo: "test" };
  await target.table.commit(read, {
    operation: "JOB",
    ...nothing,
    replaces: { kind: "none" },
    transactions,
  });
  await land(ids(0, 1));
  await restore(0);
  expect((await target.table.snapshot()).transactions.get("job")?.version).toBe(7n);
});

describe("files of then that are gone", () => {
  /** A table whose first file is gone, though the log has it. */
  async function vacuumed(): Promise<string> {
    await rows(`CREATE TABLE t (id INT) ${VECTORS}`);
    await land(ids(0, 2));
    const [file = ""] = (await readdir(await tableFolder())).filter((name) => name.endsWith(".parquet"));
    await land(ids(2, 2));
    await rows("DELETE FROM t WHERE id < 2");
    await rm(path.join(await tableFolder(), file));
    return file;
  }

  it("are named, and nothing happens", async () => {
    const file = await vacuumed();
    await expect(restore(2)).rejects.toMatchObject({
      kind: "not-found",
      code: "restored-file-missing",
      message: `t cannot go back to version 2: ${file} is gone`,
      context: { version: 2n, files: file },
    });
    expect((await (await lake.table("t")).describe()).version).toBe(3n);
  });

  it("are left out where that is asked for", async () => {
    await vacuumed();
    await land(ids(4, 1));
    const report = await restore(2, { ignoreMissingFiles: true });
    expect(report).toMatchObject({ filesMissing: 1, filesRestored: 0, filesRemoved: 1, files: 1 });
    expect(await idsNow()).toEqual([2, 3]);
    await isSound();
  });

  it("are so without their deletion vectors too", async () => {
    await rows(`CREATE TABLE t (id INT) ${VECTORS}`);
    await land(ids(0, 3));
    await rows("DELETE FROM t WHERE id = 0");
    const [vector = ""] = (await readdir(await tableFolder())).filter((name) => name.endsWith(".bin"));
    await rows("DELETE FROM t");
    await rm(path.join(await tableFolder(), vector));
    await expect(restore(2)).rejects.toMatchObject({
      code: "restored-file-missing",
      context: { files: vector },
    });
    expect(await restore(1)).toMatchObject({ filesRestored: 1, filesMissing: 0 });
    expect(await idsNow()).toEqual([0, 1, 2]);
  });
});

test("an append-only table loses no rows", async () => {
  await rows("CREATE TABLE t (id INT) TBLPROPERTIES ('delta.appendOnly' = 'true')");
  await land(ids(0, 1));
  await expect(restore(0)).rejects.toMatchObject({ code: "append-only" });
  await rows("ALTER TABLE t SET TBLPROPERTIES (owner = 'me')");
  expect(await restore(1)).toMatchObject({ changed: true });
});

test("rows that another writer lands meanwhile go as well", async () => {
  await rows("CREATE TABLE t (id INT)");
  await land(ids(0, 1));
  await land(ids(1, 1));
  const target = await operations.target("t");
  const operation = restoreOperation(target, { asOf: { version: version(1) } });
  let prepared = 0;
  const report = await operations.run(target, {
    ...operation,
    prepare: async (read) => {
      const change = await operation.prepare(read);
      prepared++;
      if (prepared === 1) await land(ids(2, 1));
      return change;
    },
  });
  expect(prepared).toBe(2);
  expect(report).toMatchObject({ version: 4n, filesRemoved: 2 });
  expect(await idsNow()).toEqual([0]);
});
