import { mkdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { LakeError } from "../../core/index.js";
import { Engine } from "../../engine/index.js";
import type { IngestOptions, Lake } from "../../src/index.js";
import { type Format, ordersFile, writeFiles } from "../landing/orders/files.js";
import { ORDERS_COLUMNS, ROWS_A_FILE } from "../landing/orders/source.js";
import { temporaryLake } from "../support/temporary-lake.js";
import { type Relation, relation, relationOf } from "./cells.js";
import { readTable, writeUnreadTable } from "./delta-rs.js";
import { SparkError, sparkSql, sparkTable } from "./spark/spark.js";

// Tables with Avro and JSONL files: other programs refuse them and name the feature. Once the files are rewritten as
// Parquet and the feature is dropped, they read the very same rows, and write.

const FEATURE = "grizzly.multiFormat";

interface Case {
  readonly name: string;
  readonly files: readonly { readonly format: Exclude<Format, "csv">; readonly as: IngestOptions["as"] }[];
  readonly properties: string;
  readonly change?: string;
}

const CASES: readonly Case[] = [
  { name: "Avro", files: [{ format: "avro", as: "avro" }], properties: "" },
  { name: "JSONL", files: [{ format: "jsonl", as: "jsonl" }], properties: "" },
  {
    name: "a mix with deletion vectors",
    files: [
      { format: "parquet", as: "parquet" },
      { format: "avro", as: "keep" },
      { format: "jsonl", as: "keep" },
    ],
    properties: " TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')",
    change: "DELETE FROM t WHERE score < 0",
  },
];

async function run(lake: Lake, sql: string): Promise<void> {
  await (await lake.sql(sql)).toArray();
}

/** Lands the files of a case in table `t`; gives its path. */
async function landed(lake: Lake, folder: string, { files, properties, change }: Case): Promise<string> {
  const source = path.join(folder, "files");
  await mkdir(source);
  const engine = await Engine.open();
  try {
    await engine.withSession((session) => writeFiles(session, source));
  } finally {
    await engine.close();
  }
  await run(lake, `CREATE TABLE t (${ORDERS_COLUMNS})${properties}`);
  for (const [index, { format, as }] of files.entries()) {
    await lake.ingest([ordersFile(source, index, format)], { into: "t", as });
  }
  if (change !== undefined) await run(lake, change);
  return fileURLToPath((await lake.table("t")).location);
}

async function sparkRefusal(statement: string): Promise<SparkError> {
  const refusal = await sparkSql(statement).catch((error: unknown) => error);
  if (!(refusal instanceof SparkError)) throw new Error(`Spark did not refuse: ${statement}`);
  return refusal;
}

/** Both other programs refuse to read the table, and to write to it. */
async function expectRefused(table: string): Promise<void> {
  const name = sparkTable(table);
  const read = await sparkRefusal(`SELECT * FROM ${name}`);
  expect(read.condition).toBe("DELTA_UNSUPPORTED_FEATURES_FOR_READ");
  expect(read.message).toContain(FEATURE);
  const write = await sparkRefusal(`DELETE FROM ${name} WHERE order_id > 0`);
  expect(write.message).toContain(FEATURE);
  await expect(readTable(table)).rejects.toThrow(FEATURE);
  const step = { do: "delete", predicate: "order_id > 0" } as const;
  await expect(writeUnreadTable(table, [step])).rejects.toThrow(FEATURE);
}

async function sparkRows(statement: string): Promise<Relation> {
  const { columns, rows } = await sparkSql(statement);
  return relation(columns, rows);
}

async function ourRows(lake: Lake): Promise<Relation> {
  return relationOf(await lake.sql("SELECT * FROM t"));
}

describe.each(CASES)("$name", (given) => {
  test("is refused by Spark and delta-rs, and read by them once it is Parquet and the feature dropped", async () => {
    const { lake, folder } = await temporaryLake();
    const table = await landed(lake, folder, given);
    const rows = await ourRows(lake);
    expect(rows.rows.length).toBeGreaterThan(ROWS_A_FILE / 2);
    const { version } = await (await lake.table("t")).describe();
    await expectRefused(table);

    const drop = `ALTER TABLE t DROP FEATURE '${FEATURE}'`;
    const early = await run(lake, drop).catch((error: unknown) => error);
    if (!(early instanceof LakeError)) throw new Error("the feature was dropped while there were such files");
    expect(early.message).toContain(FEATURE);

    await run(lake, "OPTIMIZE t");
    expect(await ourRows(lake)).toEqual(rows);
    await expectRefused(table);

    await run(lake, drop);
    expect(await ourRows(lake)).toEqual(rows);
    expect(await sparkRows(`SELECT * FROM ${sparkTable(table)}`)).toEqual(rows);
    const read = await readTable(table, { pyarrow: given.properties === "" });
    expect(read.rows).toEqual(rows);
    if (given.properties === "") expect(read.pyarrowRows).toEqual(rows);

    // A version with such files stays closed to them, and open to us.
    const before = await sparkRefusal(`SELECT * FROM ${sparkTable(table, { version })}`);
    expect(before.message).toContain(FEATURE);
    expect(await relationOf(await lake.sql(`SELECT * FROM t VERSION AS OF ${version}`))).toEqual(rows);

    await sparkSql(`DELETE FROM ${sparkTable(table)} WHERE score IS NULL OR score > 0`);
    expect(await ourRows(lake)).toEqual(await sparkRows(`SELECT * FROM ${sparkTable(table)}`));
    expect((await (await lake.table("t")).fsck({ deep: true })).findings).toEqual([]);
  });
});
