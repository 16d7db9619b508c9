import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { Session } from "../../../engine/index.js";
import type { IngestOptions, Lake } from "../../../src/index.js";
import {
  CSV_COLUMNS,
  CSV_PARTS,
  type CsvPart,
  csvPart,
  customersFile,
  type Format,
  ordersFile,
  ordersOfParts,
} from "./files.js";
import {
  CUSTOMERS_COLUMNS,
  CUSTOMERS_SQL,
  LAST_VERSION,
  ORDERS_COLUMNS,
  ordersSql,
  STEPS,
} from "./source.js";

/** One way for the same rows to become a table. */
export interface Way {
  /** Of the table as well. */
  readonly name: string;
  /** The format that the orders of a file, and the customers, come in. */
  readonly format: (file: number) => Format;
  /** How its data files are kept. */
  readonly as: (file: number) => NonNullable<IngestOptions["as"]>;
  readonly properties?: Readonly<Record<string, string>>;
  /** Data files that the log must call Avro and JSONL files, at least; it may add one anew, with a deletion vector. */
  readonly raw: { readonly avro?: number; readonly jsonl?: number };
}

const every =
  <T>(value: T) =>
  (): T =>
    value;
const VECTORS = { "delta.enableDeletionVectors": "true" };
const MIXED: readonly Format[] = ["avro", "parquet", "jsonl", "csv", "avro"];
const mixed = (file: number): Format => MIXED[file] ?? "jsonl";

export const WAYS: readonly Way[] = [
  { name: "parquet", format: every("parquet"), as: every("parquet"), raw: {} },
  { name: "from_avro", format: every("avro"), as: every("parquet"), raw: {} },
  { name: "from_jsonl", format: every("jsonl"), as: every("parquet"), raw: {} },
  { name: "from_csv", format: every("csv"), as: every("parquet"), raw: {} },
  { name: "kept_avro", format: every("avro"), as: every("avro"), raw: { avro: 5 } },
  { name: "kept_jsonl", format: every("jsonl"), as: every("jsonl"), raw: { jsonl: 5 } },
  {
    name: "kept_jsonl_with_vectors",
    format: every("jsonl"),
    as: every("jsonl"),
    properties: VECTORS,
    raw: { jsonl: 5 },
  },
  { name: "mixed", format: mixed, as: every("keep"), raw: { avro: 2, jsonl: 1 } },
  {
    name: "mixed_with_vectors",
    format: mixed,
    as: every("keep"),
    properties: VECTORS,
    raw: { avro: 2, jsonl: 1 },
  },
];

export const ordersOf = (way: Way): string => `orders_${way.name}`;
export const customersOf = (way: Way): string => `customers_${way.name}`;

/** Makes both tables of a way, every version of the orders by the same steps. */
export async function makeTables(lake: Lake, folder: string, way: Way): Promise<void> {
  const orders = ordersOf(way);
  const properties = Object.entries(way.properties ?? {}).map(([name, value]) => `'${name}' = '${value}'`);
  const suffix = properties.length === 0 ? "" : ` TBLPROPERTIES (${properties.join(", ")})`;
  await run(lake, `CREATE TABLE ${orders} (${ORDERS_COLUMNS})${suffix}`);
  for (const [index, step] of STEPS.entries()) {
    if ("sql" in step) await run(lake, step.sql.replaceAll("$orders", orders));
    else await land(lake, folder, way, step.file);
    const { version } = await (await lake.table(orders)).describe();
    expect(version, `after step ${index}`).toBe(BigInt(index + 1));
  }
  await run(lake, `CREATE TABLE ${customersOf(way)} (${CUSTOMERS_COLUMNS})`);
  const format = way.format(0);
  const { rows } = await lake.ingest([customersFile(folder, format)], {
    into: customersOf(way),
    as: way.as(0),
  });
  expect(rows).toBe(57n);
}

async function land(lake: Lake, folder: string, way: Way, file: number): Promise<void> {
  const [into, format] = [ordersOf(way), way.format(file)];
  if (format !== "csv") {
    await lake.ingest([ordersFile(folder, file, format)], { into, as: way.as(file) });
    return;
  }
  const part = (name: CsvPart): string => `${name}_${file}_${way.name}`;
  for (const name of CSV_PARTS) {
    await run(lake, `CREATE TABLE ${part(name)} (${CSV_COLUMNS[name](file)})`);
    await lake.ingest([csvPart(folder, file, name)], { into: part(name) });
  }
  const parts = { orders: part("orders"), lines: part("lines"), tags: part("tags") };
  await run(lake, `INSERT INTO ${into} BY NAME ${ordersOfParts(parts, file)}`);
}

async function run(lake: Lake, sql: string): Promise<void> {
  await (await lake.sql(sql)).toArray();
}

/** How many data files the log of a way's orders ever added, by the format that it gives them. */
export async function addedFormats(lake: Lake, way: Way): Promise<Readonly<Record<string, number>>> {
  const log = path.join(fileURLToPath((await lake.table(ordersOf(way))).location), "_delta_log");
  const counts: Record<string, number> = {};
  for (const name of (await readdir(log)).filter((entry) => /^\d{20}\.json$/.test(entry))) {
    for (const line of (await readFile(path.join(log, name), "utf8")).trim().split("\n")) {
      const action: { readonly add?: { readonly tags?: Readonly<Record<string, string>> } } =
        JSON.parse(line);
      if (action.add === undefined || !("dataChange" in action.add)) continue;
      const format = action.add.tags?.["grizzly.format"] ?? "parquet";
      counts[format] = (counts[format] ?? 0) + 1;
    }
  }
  return counts;
}

/** The same in the engine alone, from the source's own SQL: `orders_1`, `orders_2` and so on, and `customers`. */
export async function makeExpected(session: Session): Promise<void> {
  await session.execute(`CREATE TEMP TABLE orders AS FROM (${ordersSql(0)}) LIMIT 0`);
  for (const [index, step] of STEPS.entries()) {
    if ("sql" in step) await session.execute(step.sql.replaceAll("$orders", "orders"));
    else await session.execute(`INSERT INTO orders BY NAME ${ordersSql(step.file)}`);
    await session.execute(`CREATE TEMP TABLE orders_${index + 1} AS FROM orders`);
  }
  await session.execute(`CREATE TEMP TABLE customers AS ${CUSTOMERS_SQL}`);
}

export function questionTo(way: Way, query: string): string {
  return query
    .replace(/\$orders(?:@(\d+))?/g, (_, version: string | undefined) =>
      version === undefined ? ordersOf(way) : `${ordersOf(way)} VERSION AS OF ${version}`,
    )
    .replaceAll("$customers", customersOf(way));
}

export function questionToExpected(query: string): string {
  return query
    .replace(/\$orders(?:@(\d+))?/g, (_, version: string | undefined) => `orders_${version ?? LAST_VERSION}`)
    .replaceAll("$customers", "customers");
}
