// node --expose-gc open-log-child.mjs ours|peer vectors|values TABLE
// Opens the table's log and takes path, size and partition values of every live file to JavaScript, batch
// by batch: as vectors over the engine's memory, or as values. Prints one JSON object.
import { readdir } from "node:fs/promises";
import path from "node:path";

const [side, form, table] = process.argv.slice(2);
const open = side === "ours" ? await ours() : await peer();

globalThis.gc();
const before = process.memoryUsage().heapUsed;
let peak = before;
const answer = { files: 0, bytes: 0n, pathLength: 0 };
const start = performance.now();
const close = await open(table, form === "values" ? takeValues : takeVectors);
const ms = performance.now() - start;
globalThis.gc();
const after = process.memoryUsage().heapUsed;
await close();
process.stdout.write(
  JSON.stringify({
    ms,
    answer: { ...answer, bytes: String(answer.bytes) },
    heapGrowth: after - before,
    heapPeak: peak - before,
    maxMemory: process.resourceUsage().maxRSS * 1024,
  }),
);

function takeVectors(chunk) {
  answer.files += chunk.rowCount;
  for (let column = 0; column < chunk.columnCount; column++) chunk.getColumnVector(column).getItem(0);
}

function takeValues(chunk) {
  answer.files += chunk.rowCount;
  const [paths, sizes] = chunk.getColumns();
  for (const size of sizes) answer.bytes += size;
  for (const each of paths) answer.pathLength += each.length;
  peak = Math.max(peak, process.memoryUsage().heapUsed);
}

async function ours() {
  const { Engine } = await import("../../dist/engine/index.js");
  const { openStore } = await import("../../dist/object-store/index.js");
  const { DeltaTable } = await import("../../dist/table-format/index.js");
  return async (folder, take) => {
    const engine = await Engine.open();
    const delta = new DeltaTable({ store: openStore(folder), engine });
    const snapshot = await delta.snapshot();
    await snapshot.withFiles((live) =>
      engine.withSession(async (session) => {
        const stream = await session.stream(`SELECT path, size, partition_values FROM ${live.relation}`);
        for await (const chunk of stream.chunks()) take(chunk);
      }),
    );
    return async () => {
      await delta.release();
      engine.close();
    };
  };
}

/** The adds as they stand in the log: this one removes no file. */
async function peer() {
  const { openPeer, sqlList } = await import("../peer.mjs");
  return async (folder, take) => {
    const { connection, closeSync } = await openPeer();
    const log = path.join(folder, "_delta_log");
    const entries = (await readdir(log)).filter((name) => name.endsWith(".json")).sort();
    const result = await connection.stream(
      `SELECT add.path, add.size, add.partitionValues
       FROM read_json(${sqlList(entries.map((name) => path.join(log, name)))}, format = 'newline_delimited',
         columns = {add: 'STRUCT(path VARCHAR, size BIGINT, partitionValues MAP(VARCHAR, VARCHAR))'})
       WHERE add IS NOT NULL`,
    );
    for (
      let chunk = await result.fetchChunk();
      chunk !== null && chunk.rowCount > 0;
      chunk = await result.fetchChunk()
    ) {
      take(chunk);
    }
    return async () => closeSync();
  };
}
