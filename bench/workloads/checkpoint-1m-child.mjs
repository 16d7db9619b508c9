// node checkpoint-1m-child.mjs write|filter ours|peer TABLE ROWS SCRATCH
// Writes the table's next checkpoint, or finds the files that can hold some rows. Prints one JSON object. ROWS is
// the checkpoint that ours gives, from which the peer copies or selects: the same rows of one Parquet file, each
// text of statistics parsed once.
import { cp } from "node:fs/promises";
import path from "node:path";
import { openPeer, peerRows, sqlString } from "../peer.mjs";
import { checkpointFile, LAST_VERSION } from "./checkpoint-1m-table.mjs";

/** What the engine may take; the process takes more: Node itself, and what Parquet needs beside. */
const MEMORY_LIMIT = "500MB";

const SUMMARY = `SELECT count(*)::VARCHAR AS files, sum("size")::VARCHAR AS bytes`;
const PREDICATE = {
  kind: "and",
  operands: [
    { kind: "compare", column: ["id"], op: ">=", value: { type: "BIGINT", text: "250000" } },
    { kind: "compare", column: ["amount"], op: "<", value: { type: "DOUBLE", text: "400" } },
  ],
};

const [what, side, table, rows, scratch] = process.argv.slice(2);
const work = side === "ours" ? await ours() : await peer();
const start = performance.now();
const result = await work();
const ms = performance.now() - start;
const maxMemory = process.resourceUsage().maxRSS * 1024;
process.stdout.write(JSON.stringify({ ms, answer: await answerOf(result), maxMemory }));

async function ours() {
  const { Engine } = await import("../../dist/engine/index.js");
  const { openStore } = await import("../../dist/object-store/index.js");
  const { DeltaTable, skippingSql } = await import("../../dist/table-format/index.js");
  const folder = what === "write" ? await scratchCopy() : table;
  const engine = await Engine.open({ memoryLimit: MEMORY_LIMIT });
  const delta = new DeltaTable({ store: openStore(folder), engine });
  if (what === "write") {
    return async () => {
      await delta.checkpoint();
      return path.join(folder, checkpointFile(LAST_VERSION));
    };
  }
  return async () => {
    const snapshot = await delta.snapshot();
    const { schema, metadata } = snapshot;
    const { partitionColumns, configuration } = metadata;
    const keep = skippingSql(PREDICATE, { schema, partitionColumns, configuration });
    return snapshot.withFiles((live) =>
      engine.withSession((session) => session.rows(`${SUMMARY} FROM ${live.relation} WHERE ${keep}`)),
    );
  };
}

async function peer() {
  const { connection } = await openPeer();
  if (what === "write") {
    const file = path.join(scratch, "copied.parquet");
    return async () => {
      await connection.run(
        `COPY (SELECT * FROM read_parquet(${sqlString(rows)})) TO ${sqlString(file)} (FORMAT parquet, COMPRESSION zstd)`,
      );
      return file;
    };
  }
  const statistics = JSON.stringify({ maxValues: { id: "BIGINT" }, minValues: { amount: "DOUBLE" } });
  return () =>
    peerRows(
      connection,
      `${SUMMARY} FROM (
         SELECT add."size" AS "size", from_json(add.stats, ${sqlString(statistics)}) AS stats
         FROM read_parquet(${sqlString(rows)}) WHERE add IS NOT NULL
       ) WHERE stats.maxValues.id >= 250000 AND stats.minValues.amount < 400`,
    );
}

/** The table where its next checkpoint may be written. */
async function scratchCopy() {
  const folder = path.join(scratch, "table");
  await cp(table, folder, { recursive: true });
  return folder;
}

/** Of a checkpoint what is in it: rows, files, and bytes of the files. */
async function answerOf(outcome) {
  if (what === "filter") return outcome;
  const { connection, closeSync } = await openPeer();
  const answer = await peerRows(
    connection,
    `SELECT count(*)::VARCHAR AS rows, count(add.path)::VARCHAR AS files, sum(add."size")::VARCHAR AS bytes,
            count(remove.path)::VARCHAR AS removes, sum(length(add.stats))::VARCHAR AS statistics
     FROM read_parquet(${sqlString(outcome)})`,
  );
  closeSync();
  return answer;
}
