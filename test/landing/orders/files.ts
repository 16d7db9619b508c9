import { writeFile } from "node:fs/promises";
import path from "node:path";
import { quoteString, type Row, type Session, type Value } from "../../../engine/index.js";
import { avroFile, decimalBytes } from "./avro-file.js";
import { CUSTOMERS_SQL, LAST_FILE, ordersSql } from "./source.js";

export const FORMATS = ["parquet", "avro", "jsonl", "csv"] as const;
export type Format = (typeof FORMATS)[number];

/** The parts of the orders in CSV, which has no nested values: a file each, joined by `order_id`. */
export const CSV_PARTS = ["orders", "lines", "tags"] as const;
export type CsvPart = (typeof CSV_PARTS)[number];

/** Where a rendering of the orders of a file is, in a folder that {@link writeFiles} has filled. */
export function ordersFile(folder: string, file: number, format: Exclude<Format, "csv">): string {
  return path.join(folder, `orders-${file}.${format}`);
}

export function csvPart(folder: string, file: number, part: CsvPart): string {
  return path.join(folder, `${part}-${file}.csv`);
}

export function customersFile(folder: string, format: Format): string {
  return path.join(folder, `customers.${format}`);
}

/** Writes the orders and the customers in every format. */
export async function writeFiles(session: Session, folder: string): Promise<void> {
  for (let file = 0; file <= LAST_FILE; file++) {
    await session.execute(`CREATE OR REPLACE TEMP TABLE orders AS ${ordersSql(file)}`);
    await copy(session, "FROM orders", ordersFile(folder, file, "parquet"), "FORMAT parquet");
    // An instant is told from a wall clock by its zone; the engine's own text has one that JSON readers do not know.
    const json = `SELECT * REPLACE (strftime(placed_at, '%Y-%m-%dT%H:%M:%S.%fZ') AS placed_at) FROM orders`;
    await copy(session, json, ordersFile(folder, file, "jsonl"), "FORMAT json");
    await writeFile(ordersFile(folder, file, "avro"), await ordersAvro(session, file));
    for (const part of CSV_PARTS) {
      await copy(session, CSV_SELECTS[part](file), csvPart(folder, file, part), "FORMAT csv, HEADER");
    }
  }
  await session.execute(`CREATE OR REPLACE TEMP TABLE customers AS ${CUSTOMERS_SQL}`);
  await copy(session, "FROM customers", customersFile(folder, "parquet"), "FORMAT parquet");
  await copy(session, "FROM customers", customersFile(folder, "jsonl"), "FORMAT json");
  await copy(session, "FROM customers", customersFile(folder, "csv"), "FORMAT csv, HEADER");
  await writeFile(customersFile(folder, "avro"), await customersAvro(session));
}

async function copy(session: Session, select: string, target: string, options: string): Promise<void> {
  await session.execute(`COPY (${select}) TO ${quoteString(target)} (${options})`);
}

const hasChannel = (file: number): boolean => file === LAST_FILE;

/** NULL and empty are two things of a list, a map, a struct: the flat rows say which it was. */
const CSV_SELECTS: Readonly<Record<CsvPart, (file: number) => string>> = {
  orders: (file) => `
    SELECT order_id, customer IS NOT NULL AS has_customer, customer.id AS customer_id, customer.name AS customer_name,
      customer.address IS NOT NULL AS has_address, customer.address.city AS city, customer.address.zip AS zip,
      len(lines) AS line_count, cardinality(tags) AS tag_count, amount, day,
      strftime(placed_at, '%Y-%m-%dT%H:%M:%S.%fZ') AS placed_at, local_at, note, score, active, big
      ${hasChannel(file) ? ", channel" : ""}
    FROM orders`,
  lines: () => `
    SELECT order_id, place, lines[place].sku AS sku, lines[place].quantity AS quantity, lines[place].price AS price
    FROM orders, range(1, len(lines) + 1) AS r(place)`,
  tags: () => `
    SELECT order_id, place, map_keys(tags)[place] AS key, map_values(tags)[place] AS value
    FROM orders, range(1, cardinality(tags)::BIGINT + 1) AS r(place)`,
};

/** The columns of the tables that the CSV files land in, before they are put together. */
export const CSV_COLUMNS: Readonly<Record<CsvPart, (file: number) => string>> = {
  orders: (file) => `order_id BIGINT, has_customer BOOLEAN, customer_id BIGINT, customer_name STRING,
    has_address BOOLEAN, city STRING, zip STRING, line_count BIGINT, tag_count BIGINT, amount DECIMAL(28,8), day DATE,
    placed_at TIMESTAMP, local_at TIMESTAMP_NTZ, note STRING, score DOUBLE, active BOOLEAN, big BIGINT
    ${hasChannel(file) ? ", channel STRING" : ""}`,
  lines: () => "order_id BIGINT, place BIGINT, sku STRING, quantity BIGINT, price DECIMAL(12,2)",
  tags: () => "order_id BIGINT, place BIGINT, key STRING, value STRING",
};

/** A SELECT of whole orders from the tables of the parts. */
export function ordersOfParts(tables: Readonly<Record<CsvPart, string>>, file: number): string {
  return `
    SELECT o.order_id,
      CASE WHEN o.has_customer THEN {
        'id': o.customer_id, 'name': o.customer_name,
        'address': CASE WHEN o.has_address THEN { 'city': o.city, 'zip': o.zip } END } END AS customer,
      CASE o.line_count WHEN 0 THEN [] ELSE l.lines END AS lines,
      CASE o.tag_count WHEN 0 THEN MAP {} ELSE t.tags END AS tags,
      o.amount, o.day, o.placed_at, o.local_at, o.note, o.score, o.active, o.big
      ${hasChannel(file) ? ", o.channel" : ""}
    FROM ${tables.orders} AS o
    LEFT JOIN (
      SELECT order_id, list({ 'sku': sku, 'quantity': quantity, 'price': price } ORDER BY place) AS lines
      FROM ${tables.lines} GROUP BY order_id) AS l USING (order_id)
    LEFT JOIN (
      SELECT order_id, map_from_entries(list({ 'k': key, 'v': value } ORDER BY place)) AS tags
      FROM ${tables.tags} GROUP BY order_id) AS t USING (order_id)`;
}

type AvroSchema = string | { readonly [attribute: string]: unknown } | readonly AvroSchema[];

const nullable = (type: AvroSchema): AvroSchema => ["null", type];
const logical = (type: string, logicalType: string, more: object = {}): AvroSchema => ({
  type,
  logicalType,
  ...more,
});
const record = (
  name: string,
  fields: Readonly<Record<string, AvroSchema>>,
): { [attribute: string]: unknown } => ({
  type: "record",
  name,
  fields: Object.entries(fields).map(([field, type]) => ({ name: field, type })),
});

const ADDRESS = record("Address", { city: "string", zip: "string" });
const CUSTOMER = record("Customer", { id: "long", name: "string", address: nullable(ADDRESS) });
const PRICE = { type: "fixed", name: "Price", size: 8, logicalType: "decimal", precision: 12, scale: 2 };
const LINE = record("Line", { sku: "string", quantity: "long", price: PRICE });

function orderSchema(file: number): object {
  return record("Order", {
    order_id: "long",
    customer: nullable(CUSTOMER),
    lines: nullable({ type: "array", items: LINE }),
    tags: nullable({ type: "map", values: nullable("string") }),
    amount: nullable(logical("bytes", "decimal", { precision: 28, scale: 8 })),
    day: nullable(logical("int", "date")),
    placed_at: nullable(logical("long", "timestamp-micros")),
    local_at: nullable(logical("long", "local-timestamp-micros")),
    note: nullable("string"),
    score: nullable("double"),
    active: nullable("boolean"),
    big: "long",
    ...(hasChannel(file) ? { channel: nullable("string") } : {}),
  });
}

async function ordersAvro(session: Session, file: number): Promise<Buffer> {
  const rows = await session.rows(`
    SELECT * REPLACE (
      list_transform(lines, lambda line: { 'sku': line.sku, 'quantity': line.quantity, 'price': (line.price * 100)::BIGINT }) AS lines,
      (amount * 100000000::DECIMAL(9,0))::HUGEINT AS amount, (day - DATE '1970-01-01')::INTEGER AS day, epoch_us(placed_at) AS placed_at,
      epoch_us(local_at) AS local_at) FROM orders`);
  return avroFile(
    orderSchema(file),
    rows.map((row) => ({
      ...row,
      lines: linesOf(row),
      tags: tagsOf(row),
      amount: decimalOf(row["amount"], 16),
    })),
  );
}

function decimalOf(unscaled: Value | undefined, length: number): Buffer | null {
  return typeof unscaled === "bigint" ? decimalBytes(unscaled, length) : null;
}

function linesOf({ lines }: Row): object[] | null {
  if (!Array.isArray(lines)) return null;
  return lines.map((line) => ({ ...line, price: decimalOf(line.price, 8) }));
}

function tagsOf({ tags }: Row): object | null {
  return tags instanceof Map ? Object.fromEntries(tags) : null;
}

async function customersAvro(session: Session): Promise<Buffer> {
  const schema = record("Customer", {
    id: "long",
    segment: "string",
    since: nullable(logical("int", "date")),
    credit: logical("bytes", "decimal", { precision: 10, scale: 2 }),
  });
  const rows = await session.rows(`
    SELECT * REPLACE ((since - DATE '1970-01-01')::INTEGER AS since, (credit * 100)::HUGEINT AS credit) FROM customers`);
  return avroFile(
    schema,
    rows.map((row) => ({ ...row, credit: decimalOf(row["credit"], 5) })),
  );
}
