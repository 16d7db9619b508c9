// A table whose data file is an Avro file, kept as it is, against one that holds the same rows as Parquet.
import { rm } from "node:fs/promises";
import path from "node:path";
import { openLake } from "../../dist/src/index.js";
import { avroDataset } from "../avro-dataset.mjs";
import { atMost, timed } from "../compare.mjs";
import { asPeerRows } from "../peer.mjs";

const ROWS = { smoke: 2_000, small: 100_000, full: 1_000_000 };
const QUERIES = {
  aggregate: `SELECT country, returned, count(*) AS n, sum(amount) AS amount, avg(weight) AS weight, max(user_name) AS last
    FROM $t WHERE day < 20000 GROUP BY ALL ORDER BY ALL`,
  filter: "SELECT count(*) AS n, min(note) AS note FROM $t WHERE quantity = 7 AND user_name LIKE 'user-1%'",
  "sum of 2 columns": "SELECT sum(amount) AS amount, sum(quantity) AS quantity FROM $t",
};

export async function keptAvro({ size, folder, rounds, compare, figure }) {
  const file = await avroDataset("wide", ROWS[size], "deflate");
  const cache = path.join(folder, "cache");
  const lakeFolder = path.join(folder, "lake");
  const open = () => openLake(lakeFolder, { cache: { directory: cache } });
  let lake = await open();
  await lake.ingest([file], { into: "kept", as: "avro" });
  await lake.ingest([file], { into: "parquet" });
  const answerOf = async (table, sql) => (await lake.sql(sql.replace("$t", table))).toArray();

  const first = [];
  for (let round = 0; round < rounds; round++) {
    await lake.close();
    await rm(cache, { recursive: true, force: true });
    lake = await open();
    const start = performance.now();
    await answerOf("kept", QUERIES.aggregate);
    first.push(performance.now() - start);
  }
  figure({ line: "first scan, the local tier empty", unit: "ms", values: first });
  for (const [name, sql] of Object.entries(QUERIES)) {
    await compare({
      line: `second scan and later: ${name}`,
      target: atMost(1.2, { orMs: 5 }),
      ours: timed(() => answerOf("kept", sql), asPeerRows),
      peer: timed(() => answerOf("parquet", sql), asPeerRows),
    });
  }
  await lake.close();

  const afresh = (table) =>
    timed(async () => {
      lake = await open();
      const rows = await answerOf(table, QUERIES.aggregate);
      await lake.close();
      return rows;
    }, asPeerRows);
  await compare({
    line: "second scan: open, aggregate, close",
    target: atMost(1.2, { orMs: 5 }),
    ours: afresh("kept"),
    peer: afresh("parquet"),
  });
}
