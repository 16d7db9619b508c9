// node many-files-child.mjs land LAKE FOLDER | copy TARGET FOLDER | check LAKE
// Lands all files of a folder in the table t, or copies them with DuckDB alone, and tells milliseconds and memory at its
// peak in bytes; or tells what is in the table. Prints one JSON object.
import path from "node:path";
import { openLake } from "../../dist/src/index.js";
import { asPeerRows, openPeer, peerRows, sqlString } from "../peer.mjs";

const CONTENT = `count(*)::VARCHAR AS rows, count(DISTINCT file)::VARCHAR AS files, sum(amount)::VARCHAR AS amount,
  sum(hash(file::BIGINT, line::BIGINT, epoch_us("at"), "user", amount))::VARCHAR AS digest`;

const [what, at, folder] = process.argv.slice(2);
const result = await { land, copy, check }[what]();
process.stdout.write(JSON.stringify({ ...result, maxMemory: process.resourceUsage().maxRSS * 1024 }));

async function land() {
  const lake = await openLake(at);
  const start = performance.now();
  const report = await lake.ingest([folder], { into: "t" });
  const ms = performance.now() - start;
  await lake.close();
  return { ms, landed: report.sourceFiles.landed };
}

async function copy() {
  const { connection, closeSync } = await openPeer();
  const start = performance.now();
  await connection.run(
    `COPY (FROM read_json(${sqlString(path.join(folder, "*.jsonl"))})) TO ${sqlString(at)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  const ms = performance.now() - start;
  const answer = await peerRows(connection, `SELECT ${CONTENT} FROM read_parquet(${sqlString(at)})`);
  closeSync();
  return { ms, answer };
}

async function check() {
  const lake = await openLake(at);
  const rows = await (await lake.sql(`SELECT ${CONTENT} FROM t`)).toArray();
  await lake.close();
  return { answer: asPeerRows(rows) };
}
