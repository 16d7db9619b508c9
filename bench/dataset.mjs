// Input files of the workloads, made once and kept in bench/data.
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import path from "node:path";
import { openPeer, sqlString } from "./peer.mjs";

const DATA = path.join(import.meta.dirname, "data");

/** The file `name` in bench/data, made by `build(file)` when it is not there. It appears whole or not at all. */
export async function dataset(name, build) {
  const file = path.join(DATA, name);
  if (existsSync(file)) return file;
  await mkdir(DATA, { recursive: true });
  const unfinished = path.join(DATA, `unfinished-${process.pid}-${name}`);
  try {
    await build(unfinished);
    await rename(unfinished, file);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return file;
}

/** A file that a query fills; `options` as COPY has them. */
export function copiedDataset(name, sql, options) {
  return dataset(name, async (file) => {
    const { connection, closeSync } = await openPeer();
    await connection.run(`COPY (${sql}) TO ${sqlString(file)} (${options})`);
    closeSync();
  });
}

/** Like TPC-H's lineitem without its comment; every value follows from the row's number, from `first` on. */
export function lineitemSql(rows, first = 0) {
  return `
    SELECT i // 4 + 1 AS l_orderkey,
           ${below(3, 200_000)} + 1 AS l_partkey,
           ${below(4, 10_000)} + 1 AS l_suppkey,
           (i % 4 + 1)::INTEGER AS l_linenumber,
           (${below(5, 50)} + 1)::DECIMAL(15,2) AS l_quantity,
           ((${below(6, 10_400_000)} + 90_000) / 100)::DECIMAL(15,2) AS l_extendedprice,
           (${below(7, 11)} / 100)::DECIMAL(15,2) AS l_discount,
           (${below(8, 9)} / 100)::DECIMAL(15,2) AS l_tax,
           ${pick(9, "A", "N", "R")} AS l_returnflag,
           ${pick(10, "F", "O")} AS l_linestatus,
           ${day} AS l_shipdate,
           ${day} + (${below(12, 60)} - 30)::INTEGER AS l_commitdate,
           ${day} + ${below(13, 30)}::INTEGER AS l_receiptdate,
           ${pick(14, "COLLECT COD", "DELIVER IN PERSON", "NONE", "TAKE BACK RETURN")} AS l_shipinstruct,
           ${pick(15, "AIR", "FOB", "MAIL", "RAIL", "REG AIR", "SHIP", "TRUCK")} AS l_shipmode
    FROM range(${first}, ${first + rows}) AS r(i)`;
}

/** Events with numbers, times, short codes, text and NULLs: what people ingest. */
export function eventsSql(rows) {
  return `
    SELECT i AS id,
           TIMESTAMP '2024-01-01' + to_seconds(i * 7) AS at,
           DATE '2024-01-01' + (i % 365)::INTEGER AS day,
           'user-' || ${below(3, 50_000)} AS user_name,
           ${pick(4, "AT", "BR", "CA", "DE", "IN", "JP", "US", "ZA")} AS country,
           ${below(5, 1_000_000)} / 128 AS amount,
           ${below(6, 20)} AS quantity,
           ${below(7, 3)} = 0 AS returned,
           CASE WHEN i % 5 = 0 THEN NULL ELSE 'left at door ' || ${below(8, 1_000)} || ', bell ' || ${below(9, 30)} END AS note,
           md5(i::VARCHAR) AS reference
    FROM range(${rows}) AS r(i)`;
}

const day = `DATE '1992-01-02' + ${below(11, 2_526)}::INTEGER`;

/** A number from 0 to `limit` - 1 that looks random; `salt` tells a row's columns apart. */
function below(salt, limit) {
  return `(hash(i * 31 + ${salt}) % ${limit})::BIGINT`;
}

function pick(salt, ...values) {
  return `[${values.map(sqlString).join(", ")}][${below(salt, values.length)} + 1]`;
}
