// SQL over a table of ours, against a bare DuckDB that is handed the very same data files.
import { readdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { openLake } from "../../dist/src/index.js";
import { atMost, timed } from "../compare.mjs";
import { copiedDataset, lineitemSql } from "../dataset.mjs";
import { asPeerRows, openPeer, peerRows, sqlList } from "../peer.mjs";

const ROWS = { smoke: 20_000, small: 600_000, full: 6_000_000 };

const Q1 = `
  SELECT l_returnflag, l_linestatus, sum(l_quantity) AS sum_qty, sum(l_extendedprice) AS sum_base_price,
         sum(l_extendedprice * (1 - l_discount)) AS sum_disc_price,
         sum(l_extendedprice * (1 - l_discount) * (1 + l_tax)) AS sum_charge,
         avg(l_quantity) AS avg_qty, avg(l_extendedprice) AS avg_price, avg(l_discount) AS avg_disc,
         count(*) AS count_order
  FROM lineitem WHERE l_shipdate <= DATE '1998-09-02'
  GROUP BY l_returnflag, l_linestatus ORDER BY l_returnflag, l_linestatus`;
const Q6 = `
  SELECT sum(l_extendedprice * l_discount) AS revenue FROM lineitem
  WHERE l_shipdate >= DATE '1994-01-01' AND l_shipdate < DATE '1995-01-01'
    AND l_discount BETWEEN 0.05 AND 0.07 AND l_quantity < 24`;
const COLUMNS = ["l_orderkey", "l_quantity", "l_extendedprice", "l_shipdate"];
const TEXT_COLUMNS = ["l_orderkey", "l_extendedprice", "l_shipmode", "l_shipinstruct"];

const TARGET = atMost(1.15, { orMs: 5 });

export async function scan({ size, folder, compare, say }) {
  const source = await copiedDataset(`lineitem-${size}.parquet`, lineitemSql(ROWS[size]), "FORMAT parquet");
  const lake = await openLake(folder);
  await lake.ingest([source], { into: "lineitem" });
  const { location } = await lake.table("lineitem");
  const files = await dataFiles(fileURLToPath(location));
  say(`${ROWS[size]} rows in ${files.length} files`);

  const peer = await openPeer();
  const overFiles = (sql) => sql.replace("FROM lineitem", `FROM read_parquet(${sqlList(files)})`);
  const aggregate = (line, sql) =>
    compare({
      line,
      target: TARGET,
      ours: timed(async () => (await lake.sql(sql)).toArray(), asPeerRows),
      peer: timed(() => peerRows(peer.connection, overFiles(sql))),
    });
  await aggregate("aggregate like Q1", Q1);
  await aggregate("filter like Q6", Q6);

  const stream = (line, columns, touch, target) => {
    const sql = `SELECT ${columns.join(", ")} FROM lineitem`;
    return compare({
      line,
      target,
      ours: timed(() => streamBatches(lake, sql)),
      peer: timed(() => streamChunks(peer.connection, overFiles(sql), touch)),
    });
  };
  await stream("4 columns, all rows", COLUMNS, touchVectors, TARGET);
  await stream("4 columns, all rows; the peer converts nothing", COLUMNS, () => {});
  await stream("4 columns, 2 of text", TEXT_COLUMNS, touchVectors);
  await stream("4 columns, 2 of text; the peer makes values", TEXT_COLUMNS, makeValues);
  await lake.close();
  peer.closeSync();

  await compare({
    line: "open, filter like Q6, close",
    ours: timed(() => openAndQuery(folder), asPeerRows),
    peer: timed(() => openPeerAndQuery(overFiles(Q6))),
  });
}

async function dataFiles(folder) {
  const names = await readdir(folder, { recursive: true });
  return names
    .filter((name) => name.endsWith(".parquet") && !name.startsWith("_"))
    .map((name) => path.join(folder, name));
}

/** Rows of all batches; their vectors lie over the batch's buffers. */
async function streamBatches(lake, sql) {
  const result = await lake.sql(sql);
  let rows = 0;
  for await (const batch of result.batches()) rows += batch.numRows;
  return rows;
}

async function streamChunks(connection, sql, touch) {
  const result = await connection.stream(sql);
  let rows = 0;
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return rows;
    for (let column = 0; column < chunk.columnCount; column++) touch(chunk, column);
    rows += chunk.rowCount;
  }
}

/** The column's buffer seen as a typed array, and one value of it. */
function touchVectors(chunk, column) {
  chunk.getColumnVector(column).getItem(0);
}

function makeValues(chunk, column) {
  chunk.getColumnValues(column);
}

async function openAndQuery(folder) {
  const lake = await openLake(folder);
  const rows = await (await lake.sql(Q6)).toArray();
  await lake.close();
  return rows;
}

async function openPeerAndQuery(sql) {
  const peer = await openPeer();
  const rows = await peerRows(peer.connection, sql);
  peer.closeSync();
  return rows;
}
