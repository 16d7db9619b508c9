// Builds the log of a table of many files, without the files: a checkpoint with nearly all of them, and ten
// commits after it that add, and remove, a few. Every value follows from the file's number.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { openPeer, sqlString } from "../peer.mjs";

const CHECKPOINT_VERSION = 10;
/** The version of the last commit after the checkpoint. */
export const LAST_VERSION = 20;
const ADDED = 100;
const REMOVED = 20;

const field = (name, type) => ({ name, type, nullable: true, metadata: {} });
const SCHEMA = {
  type: "struct",
  fields: [
    field("day", "date"),
    field("id", "long"),
    field("at", "timestamp"),
    field("user_name", "string"),
    field("country", "string"),
    field("amount", "double"),
    field("quantity", "integer"),
    field("note", "string"),
    field("reference", "string"),
    field("price", "decimal(10,2)"),
    field("shipped", "date"),
  ],
};

/** The file of a classic checkpoint, in the table's folder. */
export function checkpointFile(version) {
  return path.join("_delta_log", `${digits(version)}.checkpoint.parquet`);
}

/** @param folder where the table is made @param files live files, about */
export async function buildTable(folder, files) {
  const log = path.join(folder, "_delta_log");
  await mkdir(log, { recursive: true });
  const { connection, closeSync } = await openPeer();
  const file = path.join(folder, checkpointFile(CHECKPOINT_VERSION));
  await connection.run(
    `COPY (
       SELECT ${struct(PROTOCOL)} AS protocol, NULL AS "metaData", NULL AS add, NULL AS remove, NULL AS txn
       UNION ALL BY NAME SELECT ${struct(METADATA)} AS "metaData"
       UNION ALL BY NAME SELECT ${addSql("i", NO_VECTOR)} AS add FROM range(${files}) r(i)
     ) TO ${sqlString(file)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20480)`,
  );
  await writeFile(path.join(log, `${digits(CHECKPOINT_VERSION)}.json`), commit([]));
  for (let version = CHECKPOINT_VERSION + 1; version <= LAST_VERSION; version++) {
    const nth = version - CHECKPOINT_VERSION;
    const first = files + nth * ADDED;
    const adds = await connection.runAndReadAll(
      `SELECT to_json({add: ${addSql("i")}})::VARCHAR AS line FROM range(${first}, ${first + ADDED}) r(i)`,
    );
    const removes = await connection.runAndReadAll(
      `SELECT to_json({remove: {path: add.path, deletionTimestamp: ${TIME}, dataChange: true, extendedFileMetadata: true, partitionValues: add.partitionValues, "size": add.size}})::VARCHAR AS line
       FROM (SELECT ${addSql("i")} AS add FROM range(${nth * REMOVED}, ${(nth + 1) * REMOVED}) r(i))`,
    );
    const lines = [...removes.getRowObjectsJson(), ...adds.getRowObjectsJson()].map(({ line }) => line);
    await writeFile(path.join(log, `${digits(version)}.json`), commit(lines));
  }
  closeSync();
}

/** Milliseconds since the epoch: in the future, so that no tombstone expires while the table is kept. */
const TIME = Date.UTC(2100, 0, 1);

const PROTOCOL = { minReaderVersion: 1, minWriterVersion: 2 };
const METADATA = {
  id: "2f6f4c1e-7d0b-4a0e-9d57-0d1c1f5b8e11",
  format: { provider: "parquet", options: {} },
  schemaString: JSON.stringify(SCHEMA),
  partitionColumns: ["day"],
  configuration: {},
  createdTime: 1_700_000_000_000,
};

function struct(value) {
  if (Array.isArray(value)) return `[${value.map(struct).join(", ")}]`;
  if (typeof value === "number")
    return Number.isSafeInteger(value) && value > 2 ** 31 ? `${value}::BIGINT` : `${value}`;
  if (typeof value === "string") return sqlString(value);
  const entries = Object.entries(value);
  if (entries.length === 0) return "MAP()::MAP(VARCHAR, VARCHAR)";
  return `{${entries.map(([name, item]) => `${sqlString(name)}: ${struct(item)}`).join(", ")}}`;
}

/** A checkpoint has a column for deletion vectors, as Spark's have, used or not. */
const NO_VECTOR = `, deletionVector: NULL::STRUCT(storageType VARCHAR, pathOrInlineDv VARCHAR, "offset" INTEGER, sizeInBytes INTEGER, cardinality BIGINT)`;

/** An add with statistics of ten columns; a thousand partitions. */
function addSql(i, more = "") {
  const day = `(DATE '2024-01-01' + (${i} % 1000)::INTEGER)::VARCHAR`;
  const at = (hour) => `'2024-01-01T' || lpad((${i} % 20 + ${hour})::VARCHAR, 2, '0') || ':00:00.000Z'`;
  const bounds = (side) => `{
    id: ${i} * 1000 + ${side * 999},
    "at": ${at(side)},
    user_name: 'user-' || (hash(${i}) % 50000 + ${side * 50000})::VARCHAR,
    country: ${side === 0 ? "'AT'" : "'ZA'"},
    amount: (hash(${i} * 3) % 100000)::BIGINT / 128 + ${side * 1000},
    quantity: ${i} % 20 + ${side * 20},
    note: 'left at door ' || (hash(${i} + ${side}) % 1000)::VARCHAR,
    reference: md5((${i} + ${side})::VARCHAR),
    price: ((hash(${i} * 7) % 10000)::BIGINT / 100 + ${side * 100})::DECIMAL(10,2),
    shipped: ((DATE '2024-02-01' + (${i} % 300 + ${side * 30})::INTEGER))::VARCHAR
  }`;
  const nulls = `{id: 0, "at": 0, user_name: 0, country: 0, amount: ${i} % 7, quantity: 0, note: ${i} % 200, reference: 0, price: 0, shipped: 0}`;
  const stats = `to_json({"numRecords": 1000, "minValues": ${bounds(0)}, "maxValues": ${bounds(1)}, "nullCount": ${nulls}})::VARCHAR`;
  return `{
    path: 'day=' || ${day} || '/part-' || lpad((${i} % 200)::VARCHAR, 5, '0') || '-' || md5('file ' || ${i}::VARCHAR) || '.c000.snappy.parquet',
    partitionValues: MAP {'day': ${day}},
    "size": 1000000 + (hash(${i}) % 1000000)::BIGINT,
    modificationTime: 1700000000000 + ${i},
    dataChange: true,
    stats: ${stats}${more}
  }`;
}

function commit(lines) {
  const info = JSON.stringify({ commitInfo: { timestamp: TIME, operation: "WRITE" } });
  return [info, ...lines].map((line) => `${line}\n`).join("");
}

function digits(version) {
  return String(version).padStart(20, "0");
}
