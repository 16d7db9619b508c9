// node appends-child.mjs create AT | append AT WRITER COUNT | put AT WRITER COUNT | check AT | count AT
// `append` and `put` wait for a line on standard input before they begin.
import { once } from "node:events";
import path from "node:path";
import { objectPath, openStore } from "../../dist/object-store/index.js";
import { openLake } from "../../dist/src/index.js";

const [what, at, writer, count] = process.argv.slice(2);
await { create, append, put, check, count: counted }[what]();

async function create() {
  const lake = await openLake(path.dirname(at));
  await lake.createTable(at, {
    columns: [
      { name: "id", type: "BIGINT" },
      { name: "writer", type: "BIGINT" },
      { name: "name", type: "STRING" },
    ],
    // What delta-rs has by itself; both sides keep to the table's.
    properties: { "delta.checkpointInterval": "100" },
  });
  await lake.close();
}

async function append() {
  const lake = await openLake(path.dirname(at));
  const table = await lake.table(at);
  await started();
  for (let number = 0; number < Number(count); number++) {
    await table.insert({
      rows: [
        { id: BigInt(writer) * 1_000_000n + BigInt(number), writer: BigInt(writer), name: `row ${number}` },
      ],
    });
  }
  await lake.close();
  process.stdout.write("{}\n");
}

/** The floor: entries of about the size of a commit, each at the next free place. */
async function put() {
  const store = openStore(at);
  const entry = new TextEncoder().encode("x".repeat(900));
  await started();
  let version = 0;
  for (let number = 0; number < Number(count); number++) {
    for (;;) {
      const file = objectPath(`_delta_log/${String(version++).padStart(20, "0")}.json`);
      if ((await store.putIfAbsent(file, entry)).status === "created") break;
    }
  }
  process.stdout.write("{}\n");
}

async function check() {
  const lake = await openLake(path.dirname(at));
  const result = await lake.sql(
    `SELECT count(*)::VARCHAR AS rows, count(DISTINCT id)::VARCHAR AS ids, sum(id)::VARCHAR AS total FROM delta."${at}"`,
  );
  const rows = await result.toArray();
  const { version } = await (await lake.table(at)).describe();
  await lake.close();
  process.stdout.write(JSON.stringify({ rows, version: String(version) }));
}

async function counted() {
  let files = 0;
  for await (const _ of openStore(at).list("_delta_log/")) files++;
  process.stdout.write(JSON.stringify({ files }));
}

async function started() {
  process.stdout.write("ready\n");
  await once(process.stdin, "data");
}
