// Files landed in a new table, against DuckDB's COPY of the same file to one Parquet file.
import { rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { openLake } from "../../dist/src/index.js";
import { atMost, timed } from "../compare.mjs";
import { contents, dataFiles } from "../contents.mjs";
import { copiedDataset, eventsSql } from "../dataset.mjs";
import { openPeer, sqlString } from "../peer.mjs";

const ROWS = { smoke: 2_000, small: 200_000, full: 1_000_000 };
const FLIGHTS = path.join(import.meta.dirname, "../../node_modules/vega-datasets/data/flights-200k.json");

export async function ingest({ size, folder, compare }) {
  const rows = ROWS[size];
  const events = (extension, options) =>
    copiedDataset(`events-${size}.${extension}`, eventsSql(rows), options);
  const sources = [
    { line: `JSONL, ${rows} rows`, file: await events("jsonl", "FORMAT json"), reader: "read_json" },
    { line: `CSV, ${rows} rows`, file: await events("csv", "FORMAT csv"), reader: "read_csv" },
    {
      line: `Parquet, ${rows} rows`,
      file: await events("parquet", "FORMAT parquet"),
      reader: "read_parquet",
    },
    { line: "JSON array, flights-200k.json", file: FLIGHTS, reader: "read_json" },
  ];
  const lake = await openLake(path.join(folder, "lake"));
  const peer = await openPeer();
  let tables = 0;
  for (const { line, file, reader } of sources) {
    await compare({
      line,
      target: atMost(1.15),
      ours: timed(
        () => lake.ingest([file], { into: `t${++tables}` }),
        async ({ table }) => {
          const { location } = await lake.table(table);
          const answer = await contents(peer.connection, await dataFiles(fileURLToPath(location)));
          await lake.dropTable(table);
          await rm(fileURLToPath(location), { recursive: true });
          return answer;
        },
      ),
      peer: timed(
        () => copy(peer.connection, `${reader}(${sqlString(file)})`, path.join(folder, "peer.parquet")),
        async (written) => {
          const answer = await contents(peer.connection, [written]);
          await rm(written);
          return answer;
        },
      ),
    });
  }
  await lake.close();
  peer.closeSync();
}

/** Compressed as our files are. The peer does not make its file durable (no fsync); an ingest does. */
async function copy(connection, relation, target) {
  await connection.run(`COPY (FROM ${relation}) TO ${sqlString(target)} (FORMAT parquet, COMPRESSION zstd)`);
  return target;
}
