import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Engine } from "../../engine/index.js";
import { LocalStore } from "../../object-store/index.js";
import { type Lake, openLake } from "../../src/index.js";
import type { CheckpointKind } from "../../table-format/checkpoint/checkpoint-kind.js";
import { writeCheckpoint } from "../../table-format/checkpoint/write-checkpoint.js";
import {
  type Action,
  DeltaTable,
  type Snapshot,
  serializeCommit,
  version,
} from "../../table-format/index.js";
import { checksumOf, nextChecksum, readChecksum, writeChecksum } from "../../table-format/log/checksum.js";
import { commitPath } from "../../table-format/log/log-path.js";
import { parseCommit } from "../../table-format/log/parse-actions.js";
import { compactLog } from "../../table-format/maintenance/compact-log.js";
import { type SharedFolder, sharedFolder } from "../support/temporary-folder.js";
import { type Relation, relation, relationOf } from "./cells.js";
import { readTable } from "./delta-rs.js";
import { sparkSql, sparkTable } from "./spark/spark.js";

// Checkpoints of ours, of every kind, as the only source of a table's older versions.

interface Case {
  readonly name: string;
  readonly kind: CheckpointKind;
  readonly features: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
}

const TYPED = { "delta.checkpoint.writeStatsAsStruct": "true", "delta.checkpoint.writeStatsAsJson": "false" };

const CASES: readonly Case[] = [
  { name: "classic", kind: "classic", features: [], properties: {} },
  { name: "classic_typed", kind: "classic", features: [], properties: TYPED },
  { name: "parts", kind: "multi-part", features: [], properties: {} },
  { name: "v2_json", kind: "v2-json", features: ["v2Checkpoint"], properties: {} },
  { name: "v2_parquet", kind: "v2-parquet", features: ["v2Checkpoint"], properties: {} },
  { name: "v2_typed", kind: "v2-parquet", features: ["v2Checkpoint"], properties: TYPED },
];

let folder: SharedFolder;
let lake: Lake;
let engine: Engine;
beforeAll(async () => {
  folder = await sharedFolder();
  lake = await openLake(path.join(folder.path, "lake"));
  engine = await Engine.open();
});
afterAll(async () => {
  await lake.close();
  await engine.close();
  await folder.remove();
});

/** Commits that add, and replace partitions; then one that sets the properties. Gives the table's folder. */
async function makeTable(name: string, features: readonly string[], properties: object): Promise<string> {
  const sources = path.join(folder.path, `sources-${name}`);
  await mkdir(sources);
  for (const round of [0, 1, 2]) {
    const rows = Array.from({ length: 40 }, (_, index) => ({
      id: round * 40 + index,
      part: `p ${(index + round) % (round === 2 ? 2 : 4)}`,
      at: `2026-01-0${1 + (index % 9)}T00:00:0${round}Z`,
      amount: index / 4,
      note: index % 5 === 0 ? null : `note ${index}`,
    }));
    const file = path.join(sources, `${round}.jsonl`);
    await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const more = round === 2 ? { mode: "overwrite-partitions" as const } : {};
    await lake.ingest([file], { into: name, partitionBy: ["part"], ...more });
  }
  const table = new URL((await lake.table(name)).location).pathname;
  const store = new LocalStore(table);
  const snapshot = await new DeltaTable({ store, engine }).snapshot();
  const protocol: Action = {
    kind: "protocol",
    protocol: {
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: features,
      writerFeatures: features,
    },
  };
  const metaData: Action = {
    kind: "metaData",
    metaData: { ...snapshot.metadata, configuration: { ...snapshot.metadata.configuration, ...properties } },
  };
  const actions = features.length === 0 ? [metaData] : [protocol, metaData];
  await commitTo(store, snapshot, [
    { kind: "commitInfo", commitInfo: { timestamp: BigInt(Date.now()), operation: "SET TBLPROPERTIES" } },
    ...actions,
  ]);
  return table;
}

async function commitTo(store: LocalStore, read: Snapshot, actions: readonly Action[]): Promise<void> {
  const entry = new TextEncoder().encode(serializeCommit(actions));
  expect(await store.putIfAbsent(commitPath(version(read.version + 1n)), entry)).toEqual({
    status: "created",
  });
}

async function ours(table: string, filter = "true"): Promise<Relation> {
  return relationOf(await lake.sql(`SELECT id, part, amount, note FROM delta.\`${table}\` WHERE ${filter}`));
}

async function sparks(table: string, filter = "true"): Promise<Relation> {
  const { columns, rows } = await sparkSql(
    `SELECT id, part, amount, note FROM ${sparkTable(table)} WHERE ${filter}`,
  );
  return relation(columns, rows);
}

describe.each(CASES)("a checkpoint of the kind $kind ($name)", ({ name, kind, features, properties }) => {
  test("gives Spark and delta-rs the same rows, without the commits before it", async () => {
    const table = await makeTable(name, features, properties);
    const before = await ours(table);
    expect(before.rows.length).toBeGreaterThan(40);
    const delta = new DeltaTable({ store: new LocalStore(table), engine });
    const snapshot = await delta.snapshot();
    await writeCheckpoint(snapshot, Date.now(), undefined, { kind, actionsPerPart: 4 });
    const log = path.join(table, "_delta_log");
    for (let at = 0n; at < snapshot.version; at++) await rm(path.join(table, commitPath(version(at))));
    await delta.release();

    const commits = (await readdir(log)).filter((file) => /^\d{20}\.json$/.test(file));
    expect(commits).toHaveLength(1);
    expect(await sparks(table)).toEqual(before);
    expect(await sparks(table, "part = 'p 1' AND id > 50")).toEqual(
      await ours(table, "part = 'p 1' AND id > 50"),
    );
    const { rows } = await readTable(table, { pyarrow: false });
    const names = rows.columns.map((name) => `"${name}"`).join(", ");
    const all = await lake.sql(`SELECT ${names} FROM delta.\`${table}\``);
    expect(rows).toEqual(await relationOf(all));
    // And Spark goes on from it: it commits, and checkpoints in its turn.
    await sparkSql(`DELETE FROM ${sparkTable(table)} WHERE id = 45`);
    expect(await ours(table)).toEqual(await sparks(table));
    expect((await ours(table)).rows).toHaveLength(before.rows.length - 1);
  });
});

test("a log compaction of ours gives Spark the same rows", async () => {
  const table = await makeTable("compacted", [], {});
  const store = new LocalStore(table);
  await compactLog({ store, engine }, { from: version(1), to: version(3) });
  const names = await readdir(path.join(table, "_delta_log"));
  expect(names.filter((name) => name.endsWith(".compacted.json"))).toHaveLength(1);
  expect(await sparks(table)).toEqual(await ours(table));
});

test("checksums of ours agree with what Spark computes, and Spark's with ours", async () => {
  const table = await makeTable("checksums", [], {});
  const store = new LocalStore(table);
  const delta = new DeltaTable({ store, engine });
  const snapshot = await delta.snapshot();
  const { metadata, protocol, transactions } = snapshot;
  const { count, sizeInBytes } = await snapshot.withFiles(async (files) => files);
  const checksum = checksumOf({
    tableSizeBytes: sizeInBytes,
    numFiles: BigInt(count),
    numDeletedRecords: undefined,
    numDeletionVectors: undefined,
    metadata,
    protocol,
    transactions: transactions.values(),
    domains: [],
  });
  expect(await writeChecksum(store, snapshot.version, checksum)).toEqual({ status: "created" });
  await delta.release();

  await sparkSql([`SELECT * FROM ${sparkTable(table)}`, `DELETE FROM ${sparkTable(table)} WHERE id = 45`]);
  const after = version(snapshot.version + 1n);
  const theirs = await readChecksum(store, after);
  const entry = parseCommit(
    await readFile(path.join(table, commitPath(after)), "utf8"),
    "the commit of Spark",
  );
  const next = nextChecksum(checksum, entry);
  expect(theirs).toMatchObject({
    status: "valid",
    checksum: { numFiles: next?.numFiles, tableSizeBytes: next?.tableSizeBytes, txnId: next?.txnId },
  });
});
