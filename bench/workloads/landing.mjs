// JSONL landed with everything on (statistics, the ledger, rescue), against DuckDB's bare COPY of the same file.
import { rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { openLake } from "../../dist/src/index.js";
import { atMost, timed } from "../compare.mjs";
import { contents, dataFiles } from "../contents.mjs";
import { copiedDataset, eventsSql } from "../dataset.mjs";
import { openPeer, sqlString } from "../peer.mjs";

const ROWS = { smoke: 2_000, small: 200_000, full: 1_000_000 };
/** 0.85 times the rate of the peer. */
const TARGET = atMost(1 / 0.85);

export async function landing({ size, folder, compare }) {
  const file = await copiedDataset(`events-${size}.jsonl`, eventsSql(ROWS[size]), "FORMAT json");
  const lake = await openLake(path.join(folder, "lake"));
  const peer = await openPeer();
  const target = path.join(folder, "peer.parquet");
  let tables = 0;
  const landed = (options) =>
    timed(
      () => lake.ingest([file], { into: `t${++tables}`, ...options }),
      async ({ table }) => {
        const { location } = await lake.table(table);
        const answer = await contents(peer.connection, await dataFiles(fileURLToPath(location)));
        await lake.dropTable(table);
        await rm(fileURLToPath(location), { recursive: true });
        return answer;
      },
    );
  /** Compressed as our files are. The peer does not make its file durable (no fsync); an ingest does. */
  const copied = timed(
    () =>
      peer.connection.run(
        `COPY (FROM read_json(${sqlString(file)})) TO ${sqlString(target)} (FORMAT parquet, COMPRESSION zstd)`,
      ),
    () => contents(peer.connection, [target]),
  );
  await compare({
    line: `JSONL, ${ROWS[size]} rows, ledger and rescue on`,
    target: TARGET,
    ours: landed({ rescue: true }),
    peer: copied,
  });
  await compare({
    line: `JSONL, ${ROWS[size]} rows, with the column of source files too`,
    ours: landed({ rescue: true, sourceColumn: true }),
    peer: copied,
  });
  await lake.close();
  peer.closeSync();
}
