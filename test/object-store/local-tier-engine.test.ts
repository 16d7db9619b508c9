import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Engine, quoteString, type Row } from "../../engine/index.js";
import { type ByteSpan, type ObjectLease, objectPath } from "../../object-store/index.js";
import { FarObjects, tierIn } from "../support/remote-objects.js";
import { type SharedFolder, sharedFolder, temporaryFolder } from "../support/temporary-folder.js";

const ROWS = 200_000;
const COLUMNS = ["a", "b", "c", "d", "e", "f", "g", "h"];

let engine: Engine;
let folder: SharedFolder;
/** A Parquet file of ten row groups, its bytes, and where the chunks of each column are in it. */
let whole: string;
let bytes: Uint8Array;
const chunks = new Map<string, ByteSpan[]>();

function query(sql: string): Promise<Row[]> {
  return engine.withSession((session) => session.rows(sql));
}

function sumOf(column: string, file: string): Promise<Row[]> {
  return query(
    `SELECT sum(${column})::VARCHAR AS sum, count(*) AS n FROM read_parquet(${quoteString(file)})`,
  );
}

beforeAll(async () => {
  engine = await Engine.open({ threads: 4 });
  folder = await sharedFolder();
  whole = path.join(folder.path, "whole.parquet");
  const columns = COLUMNS.map((name, number) => `hash(range + ${number}) % 100000 AS ${name}`);
  await query(
    `COPY (SELECT ${columns.join(", ")} FROM range(${ROWS})) TO ${quoteString(whole)} (ROW_GROUP_SIZE 20480)`,
  );
  bytes = await readFile(whole);
  const places = await query(
    `SELECT path_in_schema AS name, coalesce(dictionary_page_offset, data_page_offset) AS start,
      total_compressed_size AS length FROM parquet_metadata(${quoteString(whole)})`,
  );
  for (const { name, start, length } of places) {
    const spans = chunks.get(String(name)) ?? [];
    spans.push({ offset: Number(start), length: Number(length) });
    chunks.set(String(name), spans);
  }
});

afterAll(async () => {
  await engine.close();
  await folder.remove();
});

async function leaseWithFooter(): Promise<ObjectLease> {
  const tier = tierIn(await temporaryFolder());
  const lease = await tier.leaseObject(await new FarObjects().object(objectPath("t/whole.parquet"), bytes));
  const length = Buffer.from(bytes.subarray(-8)).readUInt32LE() + 8;
  await lease.fetch([{ offset: bytes.length - length, length }]);
  return lease;
}

test("the engine reads columns of a sparse copy while others are fetched into it", async () => {
  const lease = await leaseWithFooter();
  const fetched: string[] = [];
  for (const column of COLUMNS) {
    const reads = [...fetched, ...fetched].map(async (one) => {
      expect(await sumOf(one, lease.localPath)).toEqual(await sumOf(one, whole));
    });
    await Promise.all([lease.fetch(chunks.get(column) ?? []), ...reads]);
    fetched.push(column);
  }
  expect(
    await query(`FROM read_parquet(${quoteString(lease.localPath)}) EXCEPT ALL FROM ${quoteString(whole)}`),
  ).toEqual([]);
});

test("the engine keeps no hole that it read: it fails, and reads what was fetched since", async () => {
  const lease = await leaseWithFooter();
  await lease.fetch(chunks.get("a") ?? []);
  await expect(sumOf("b", lease.localPath)).rejects.toMatchObject({ name: "LakeError" });
  await lease.fetch(chunks.get("b") ?? []);
  expect(await sumOf("b", lease.localPath)).toEqual(await sumOf("b", whole));
});
