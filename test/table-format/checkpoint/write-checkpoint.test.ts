import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isJsonObject, type JsonObject, parseJson } from "../../../core/index.js";
import { Engine, quoteString } from "../../../engine/index.js";
import { LocalStore, type ObjectStore } from "../../../object-store/index.js";
import type { CheckpointKind } from "../../../table-format/checkpoint/checkpoint-kind.js";
import { type CheckpointReport, writeCheckpoint } from "../../../table-format/checkpoint/write-checkpoint.js";
import { type Action, DeltaTable, serializeCommit, version } from "../../../table-format/index.js";
import { jsonChecksum } from "../../../table-format/log/json-checksum.js";
import { commitPath, LAST_CHECKPOINT_PATH } from "../../../table-format/log/log-path.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { NOW } from "./rich-history.js";

const DAY = 86_400_000;

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.open();
});
afterAll(() => engine.close());

interface TableOptions {
  readonly features?: readonly string[];
  readonly configuration?: Readonly<Record<string, string>>;
  readonly fields?: readonly object[];
  readonly partitionColumns?: readonly string[];
  readonly actions?: readonly Action[];
}

const longField = { name: "n", type: "long", nullable: true, metadata: {} };

async function tableOf(
  options: TableOptions = {},
): Promise<{ readonly folder: string; readonly store: ObjectStore }> {
  const folder = await temporaryFolder();
  const store = new LocalStore(folder);
  const { features = [], configuration = {}, fields = [longField], partitionColumns = [] } = options;
  const readerFeatures = features.filter((name) => ["v2Checkpoint", "columnMapping"].includes(name));
  await commit(store, 0, [
    {
      kind: "protocol",
      protocol: { minReaderVersion: 3, minWriterVersion: 7, readerFeatures, writerFeatures: features },
    },
    {
      kind: "metaData",
      metaData: {
        id: "id",
        name: undefined,
        description: undefined,
        provider: "parquet",
        formatOptions: {},
        schemaString: JSON.stringify({ type: "struct", fields }),
        partitionColumns,
        configuration,
        createdTime: 1n,
      },
    },
    ...(options.actions ?? [addOf("a.parquet"), addOf("b.parquet")]),
  ]);
  return { folder, store };
}

async function commit(store: ObjectStore, at: number, actions: readonly Action[]): Promise<void> {
  await store.putIfAbsent(commitPath(version(at)), new TextEncoder().encode(serializeCommit(actions)));
}

function addOf(name: string, more: object = {}): Action {
  return {
    kind: "add",
    add: { path: name, partitionValues: {}, size: 10n, modificationTime: 5n, dataChange: true, ...more },
  };
}

async function checkpoint(store: ObjectStore, kind?: CheckpointKind, now = NOW): Promise<CheckpointReport> {
  const table = new DeltaTable({ store, engine });
  try {
    return await writeCheckpoint(await table.snapshot(), now, undefined, { kind });
  } finally {
    await table.release();
  }
}

async function hintOf(store: ObjectStore): Promise<JsonObject> {
  const json = parseJson(new TextDecoder().decode(await store.get(LAST_CHECKPOINT_PATH)));
  if (!isJsonObject(json)) throw new Error("no object");
  return json;
}

async function query(sql: string): Promise<unknown[]> {
  const rows = await engine.withSession((session) =>
    session.rows(`SELECT to_json(t)::VARCHAR AS row FROM (${sql}) t`),
  );
  return rows.map((row): unknown => JSON.parse(String(row["row"])));
}

async function logFiles(folder: string): Promise<string[]> {
  return (await readdir(path.join(folder, "_delta_log"), { recursive: true })).sort();
}

const logFile = (folder: string, name: string): string => path.join(folder, "_delta_log", name);
const CLASSIC = "00000000000000000000.checkpoint.parquet";

describe("writeCheckpoint", () => {
  it("says in _last_checkpoint what it wrote, under a checksum", async () => {
    const { store } = await tableOf();
    const report = await checkpoint(store);
    expect(report).toMatchObject({ version: 0n, kind: "classic", status: "written", actions: 4n });
    const hint = await hintOf(store);
    expect(hint).toMatchObject({ version: 0, size: 4, sizeInBytes: report.sizeInBytes, numOfAddFiles: 2 });
    expect(hint["checksum"]).toBe(jsonChecksum(hint));
  });

  it("leaves a hint alone that names a newer checkpoint", async () => {
    const { store } = await tableOf();
    await commit(store, 1, [addOf("c.parquet")]);
    await checkpoint(store);
    const table = new DeltaTable({ store, engine });
    await writeCheckpoint(await table.snapshot({ version: version(0) }), NOW);
    await table.release();
    expect((await hintOf(store))["version"]).toBe(1);
  });

  it("does not replace a checkpoint that is there, unless it is damaged", async () => {
    const { folder, store } = await tableOf();
    await checkpoint(store);
    const first = await readFile(logFile(folder, CLASSIC));
    expect(await checkpoint(store)).toMatchObject({ status: "exists", actions: 4n });
    expect(await readFile(logFile(folder, CLASSIC))).toEqual(first);
    await writeFile(logFile(folder, CLASSIC), first.subarray(0, first.length - 20));
    expect(await checkpoint(store)).toMatchObject({ status: "written", actions: 4n });
    expect((await readFile(logFile(folder, CLASSIC))).length).toBe(first.length);
  });

  it("writes parts that Spark would write, of a number that the hint gives", async () => {
    const { folder, store } = await tableOf();
    expect(await checkpoint(store, "multi-part")).toMatchObject({ actions: 4n });
    const parts = (await logFiles(folder)).filter((name) => name.includes(".checkpoint."));
    expect(parts).toEqual([
      "00000000000000000000.checkpoint.0000000001.0000000002.parquet",
      "00000000000000000000.checkpoint.0000000002.0000000002.parquet",
    ]);
    expect(await hintOf(store)).toMatchObject({ parts: 2, size: 4 });
    expect(await checkpoint(store, "multi-part")).toMatchObject({ status: "exists" });
  });

  it.each(["v2-json", "v2-parquet"] as const)(
    "writes %s with all file actions in a sidecar",
    async (kind) => {
      const { folder, store } = await tableOf({ features: ["v2Checkpoint"] });
      const report = await checkpoint(store, kind);
      expect(report).toMatchObject({ kind, actions: 5n });
      const log = await logFiles(folder);
      const sidecars = log
        .filter((name) => name.startsWith("_sidecars/"))
        .map((name) => name.slice("_sidecars/".length));
      const top = log.find((name) => /\.checkpoint\.[0-9a-f-]{36}\./.test(name)) ?? "";
      expect(sidecars).toHaveLength(1);
      expect(
        await query(`SELECT add.path FROM ${quoteString(logFile(folder, `_sidecars/${sidecars[0]}`))}`),
      ).toEqual([{ path: "a.parquet" }, { path: "b.parquet" }]);
      const sidecar = { path: sidecars[0] };
      const { v2Checkpoint, numOfAddFiles } = await hintOf(store);
      expect(numOfAddFiles).toBe(2);
      expect(v2Checkpoint).toMatchObject({
        path: top,
        nonFileActions: [
          { checkpointMetadata: { version: 0 } },
          { protocol: { minReaderVersion: 3 } },
          { metaData: { id: "id" } },
        ],
        sidecarFiles: [sidecar],
      });
      const rows = await query(
        `SELECT checkpointMetadata.version AS v, sidecar.path AS s FROM ${quoteString(logFile(folder, top))}`,
      );
      expect(rows.filter((row) => JSON.stringify(row).includes('"v":0'))).toHaveLength(1);
      expect(rows.filter((row) => JSON.stringify(row).includes(sidecars[0] ?? "-"))).toHaveLength(1);
    },
  );

  it("writes what the table's policy asks for", async () => {
    const configuration = { "delta.checkpointPolicy": "v2" };
    const { store } = await tableOf({ features: ["v2Checkpoint"], configuration });
    expect(await checkpoint(store)).toMatchObject({ kind: "v2-parquet" });
  });

  it("has no sidecar for a table without files", async () => {
    const { folder, store } = await tableOf({ features: ["v2Checkpoint"], actions: [] });
    await checkpoint(store, "v2-json");
    expect(await logFiles(folder)).not.toContainEqual(expect.stringContaining("_sidecars"));
    const table = new DeltaTable({ store, engine });
    expect(await (await table.snapshot()).withFiles(async (files) => files.count)).toBe(0);
    await table.release();
  });

  it("refuses a kind that the protocol forbids", async () => {
    const plain = await tableOf();
    await expect(checkpoint(plain.store, "v2-json")).rejects.toMatchObject({
      kind: "invalid-input",
      context: { feature: "v2Checkpoint" },
    });
    const v2 = await tableOf({ features: ["v2Checkpoint"] });
    await expect(checkpoint(v2.store, "multi-part")).rejects.toMatchObject({ kind: "invalid-input" });
    expect(await checkpoint(v2.store, "classic")).toMatchObject({ status: "written" });
  });

  it("drops progress and tombstones that are too old, where their age is known", async () => {
    const txn = (appId: string, lastUpdated: bigint | undefined): Action => ({
      kind: "txn",
      txn: { appId, version: 1n, lastUpdated },
    });
    const remove = (name: string, days: number): Action => ({
      kind: "remove",
      remove: {
        path: name,
        deletionTimestamp: BigInt(NOW - days * DAY),
        dataChange: true,
        extendedFileMetadata: true,
        partitionValues: {},
        size: 1n,
      },
    });
    const { folder, store } = await tableOf({
      configuration: {
        "delta.setTransactionRetentionDuration": "interval 10 days",
        "delta.deletedFileRetentionDuration": "interval 2 days",
      },
      actions: [
        txn("old", BigInt(NOW - 11 * DAY)),
        txn("new", BigInt(NOW - 9 * DAY)),
        txn("ageless", undefined),
        remove("old", 3),
        remove("new", 1),
        addOf("live"),
      ],
    });
    expect(await checkpoint(store)).toMatchObject({ actions: 6n });
    expect(await hintOf(store)).toMatchObject({ size: 6, numOfAddFiles: 1 });
    const file = quoteString(logFile(folder, CLASSIC));
    expect(await query(`SELECT txn.appId AS id FROM ${file} WHERE txn IS NOT NULL ORDER BY ALL`)).toEqual([
      { id: "ageless" },
      { id: "new" },
    ]);
    expect(await query(`SELECT remove.path AS path FROM ${file} WHERE remove IS NOT NULL`)).toEqual([
      { path: "new" },
    ]);
  });
});

describe("statistics in a checkpoint", () => {
  const fields = [
    {
      name: "n",
      type: "long",
      nullable: true,
      metadata: { "delta.columnMapping.id": 1, "delta.columnMapping.physicalName": "col-n" },
    },
    {
      name: "day",
      type: "date",
      nullable: true,
      metadata: { "delta.columnMapping.id": 2, "delta.columnMapping.physicalName": "col-day" },
    },
    {
      name: "s",
      nullable: true,
      metadata: { "delta.columnMapping.id": 3, "delta.columnMapping.physicalName": "col-s" },
      type: {
        type: "struct",
        fields: [
          {
            name: "t",
            type: "timestamp",
            nullable: true,
            metadata: { "delta.columnMapping.id": 4, "delta.columnMapping.physicalName": "col-t" },
          },
          {
            name: "b",
            type: "binary",
            nullable: true,
            metadata: { "delta.columnMapping.id": 5, "delta.columnMapping.physicalName": "col-b" },
          },
          {
            name: "d",
            type: "decimal(38,2)",
            nullable: true,
            metadata: { "delta.columnMapping.id": 6, "delta.columnMapping.physicalName": "col-d" },
          },
        ],
      },
    },
  ];
  const stats = {
    numRecords: 9,
    minValues: { "col-n": 1, "col-s": { "col-t": "2026-01-01T00:00:00.000Z", "col-d": "@" } },
    maxValues: { "col-n": 9, "col-s": { "col-t": "2026-01-02T00:00:00.001Z", "col-d": "@" } },
    nullCount: { "col-n": 0, "col-s": { "col-t": 1, "col-b": 2, "col-d": 3 } },
  };
  // The engine would round the second one, which has more digits than a double.
  const text = JSON.stringify(stats)
    .replace('"@"', "-12.50")
    .replace('"@"', "123456789012345678901234567890.12");

  it("are typed, under physical names, where the table asks for it", async () => {
    const { folder, store } = await tableOf({
      features: ["columnMapping"],
      fields,
      partitionColumns: ["day"],
      configuration: {
        "delta.columnMapping.mode": "name",
        "delta.checkpoint.writeStatsAsStruct": "true",
        "delta.checkpoint.writeStatsAsJson": "false",
      },
      actions: [
        addOf("a.parquet", { partitionValues: { "col-day": "2026-02-03" }, stats: text }),
        addOf("b.parquet", { partitionValues: { "col-day": null }, stats: "not JSON" }),
        addOf("c.parquet", { partitionValues: { "col-day": "2026-02-04" } }),
      ],
    });
    await checkpoint(store);
    const file = quoteString(logFile(folder, CLASSIC));
    const [schema] = await query(`SELECT typeof(add) AS type FROM ${file} WHERE add IS NOT NULL LIMIT 1`);
    expect(JSON.stringify(schema)).toContain('partitionValues_parsed STRUCT(\\"col-day\\" DATE)');
    expect(JSON.stringify(schema)).not.toContain(" stats VARCHAR");
    const rows = await query(
      `SELECT add.path AS path, add.partitionValues_parsed AS partition, add.stats_parsed AS stats, add.stats_parsed.minValues."col-s"."col-d"::VARCHAR AS least, add.stats_parsed.maxValues."col-s"."col-d" AS greatest
       FROM ${file} WHERE add IS NOT NULL ORDER BY path`,
    );
    expect(rows).toMatchObject([
      {
        path: "a.parquet",
        partition: { "col-day": "2026-02-03" },
        least: "-12.50",
        greatest: null,
        stats: {
          numRecords: 9,
          minValues: { "col-n": 1, "col-s": { "col-t": "2026-01-01 00:00:00+00" } },
          maxValues: { "col-n": 9, "col-s": { "col-t": "2026-01-02 00:00:00.001+00" } },
          nullCount: { "col-n": 0, "col-s": { "col-t": 1, "col-b": 2, "col-d": 3 } },
        },
      },
      { path: "b.parquet", partition: { "col-day": null }, stats: null },
      { path: "c.parquet", partition: { "col-day": "2026-02-04" }, stats: null },
    ]);
  });

  it("survive the next checkpoint when the last one had no JSON", async () => {
    const configuration = {
      "delta.checkpoint.writeStatsAsStruct": "true",
      "delta.checkpoint.writeStatsAsJson": "false",
    };
    const { folder, store } = await tableOf({
      configuration,
      actions: [
        addOf("a.parquet", {
          stats: '{"numRecords":3,"minValues":{"n":1},"maxValues":{"n":7},"nullCount":{"n":0}}',
        }),
      ],
    });
    await checkpoint(store);
    await commit(store, 1, [addOf("b.parquet")]);
    await checkpoint(store);
    const file = quoteString(logFile(folder, "00000000000000000001.checkpoint.parquet"));
    expect(
      await query(`SELECT add.stats_parsed AS stats FROM ${file} WHERE add.path = 'a.parquet'`),
    ).toMatchObject([
      { stats: { numRecords: 3, minValues: { n: 1 }, maxValues: { n: 7 }, nullCount: { n: 0 } } },
    ]);
  });

  it("fail the checkpoint when a partition value is not of its column's type", async () => {
    const { store } = await tableOf({
      fields: [longField, { name: "day", type: "date", nullable: true, metadata: {} }],
      partitionColumns: ["day"],
      configuration: { "delta.checkpoint.writeStatsAsStruct": "true" },
      actions: [addOf("a.parquet", { partitionValues: { day: "no day" } })],
    });
    await expect(checkpoint(store)).rejects.toThrow(/no day/);
  });
});
