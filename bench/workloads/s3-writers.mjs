// Appends to one table on S3 from 8 processes at once, with 60 ms added to each put, against entries of a log that one
// process puts if absent, one after the other; and from processes that have several appends under way.
import path from "node:path";
import { objectPath, openStore } from "../../dist/object-store/index.js";
import { openLake } from "../../dist/src/index.js";
import { atLeast } from "../compare.mjs";
import { startNode } from "../delta-rs.mjs";
import { startEndpoint } from "../s3-endpoint.mjs";

const CHILD = path.join(import.meta.dirname, "s3-writers-child.mjs");
const SIZES = {
  smoke: { writers: 2, each: 3 },
  small: { writers: 8, each: 25 },
  full: { writers: 8, each: 100 },
};
const PUT_MS = 60;

export async function s3Writers({ size, folder, figure, say }) {
  const { writers, each } = SIZES[size];
  const endpoint = await startEndpoint(folder);
  const lakeUri = `s3://${endpoint.bucket}/lake`;
  try {
    await endpoint.set({ latencyMs: { PutObject: PUT_MS } });
    const allowed = await putsPerSecond(openStore(`s3://${endpoint.bucket}/log`, { s3: endpoint.s3 }), each);
    await endpoint.set({ latencyMs: {} });
    for (const [name, processes, together] of [
      ["alone", writers, 1],
      ["grouped", writers, 8],
    ]) {
      const table = `t_${name}`;
      const lake = await openLake(lakeUri, {
        s3: endpoint.s3,
        cache: { directory: path.join(folder, "cache-lead") },
      });
      await lake.createTable(table, {
        columns: [
          { name: "writer", type: "BIGINT" },
          { name: "n", type: "BIGINT" },
        ],
      });
      await endpoint.set({ latencyMs: { PutObject: PUT_MS } });
      const children = Array.from({ length: processes }, (_, writer) =>
        startNode([
          CHILD,
          JSON.stringify({
            lakeUri,
            s3: endpoint.s3,
            table,
            writer,
            each,
            together,
            cache: path.join(folder, `cache-${name}-${writer}`),
          }),
        ]),
      );
      await Promise.all(children.map(({ ready }) => ready));
      const began = performance.now();
      for (const { go } of children) go();
      await Promise.all(children.map(({ done }) => done));
      const seconds = (performance.now() - began) / 1000;
      await endpoint.set({ latencyMs: {} });
      const [row] = await (
        await lake.sql(`SELECT count(*) AS n, count(DISTINCT (writer, n)) AS d FROM ${table}`)
      ).toArray();
      const appends = processes * each;
      if (row.n !== BigInt(appends) || row.d !== row.n)
        throw new Error(`${row.n} of ${appends} rows are there`);
      const { version } = await (await lake.table(table)).describe();
      say(`${appends} appends in ${version} commits, ${seconds.toFixed(1)} s`);
      await lake.close();
      figure({
        line: `${processes} processes × ${each} appends${together > 1 ? `, ${together} at a time in each` : ""}: of what one put at a time gives (${allowed.toFixed(1)}/s)`,
        unit: "×",
        values: [appends / seconds / allowed],
        target: atLeast(together > 1 ? 1 : 0.8),
      });
    }
  } finally {
    await endpoint.close();
  }
}

async function putsPerSecond(store, count) {
  const entry = new TextEncoder().encode("x".repeat(900));
  const name = (version) => objectPath(`_delta_log/${String(version).padStart(20, "0")}.json`);
  await store.putIfAbsent(name(0), entry);
  const began = performance.now();
  for (let version = 1; version <= count; version++) await store.putIfAbsent(name(version), entry);
  return (count / (performance.now() - began)) * 1000;
}
