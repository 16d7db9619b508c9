// node merge-child.mjs build plain|vectors FILES ROWS TABLE | merge TABLE SOURCE | check TABLE
// Makes the table, upserts into it, or tells what is in it. The last two print one JSON object.
import { mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import { openLake } from "../../dist/src/index.js";
import { openPeer, sqlString } from "../peer.mjs";

/** What the engine may take; the process takes more: Node itself, and what Parquet needs beside. */
const MEMORY_LIMIT = "500MB";

const [what, ...args] = process.argv.slice(2);
const WORK = { build, merge, check };
const result = await WORK[what](...args);
if (result !== undefined) process.stdout.write(JSON.stringify(result));

async function build(kind, files, rowsPerFile, table) {
  const scratch = await mkdtemp(`${table}-sources-`);
  const { connection, closeSync } = await openPeer();
  for (let file = 0; file < Number(files); file++) {
    const from = file * Number(rowsPerFile);
    await connection.run(
      `COPY (SELECT i AS id, i % 100 AS part, i / 8 AS amount, 'name ' || i % 1000 AS name,
                    TIMESTAMPTZ '2024-01-01 00:00:00+00' + to_seconds(i) AS at, md5(i::VARCHAR) AS reference
             FROM range(${from}, ${from + Number(rowsPerFile)}) AS r(i))
       TO ${sqlString(path.join(scratch, `source-${String(file).padStart(5, "0")}.parquet`))} (FORMAT parquet)`,
    );
  }
  closeSync();
  await withLake(async (lake) => {
    await lake.ingest([scratch], { into: table });
    const properties = { "delta.checkpointInterval": "100" };
    if (kind === "vectors") properties["delta.enableDeletionVectors"] = "true";
    await (await lake.table(table)).setProperties(properties);
  });
  await rm(scratch, { recursive: true });
}

async function merge(table, source) {
  const start = performance.now();
  await withLake((lake) =>
    lake
      .sql(
        `MERGE INTO delta.${quoted(table)} AS t USING (SELECT * FROM ${sqlString(source)}) AS s ON t.id = s.id
         WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *`,
      )
      .then((done) => done.close()),
  );
  return { ms: performance.now() - start, maxMemory: process.resourceUsage().maxRSS * 1024 };
}

/** Whatever order the rows are in. */
function check(table) {
  return withLake(async (lake) => {
    const result = await lake.sql(
      `SELECT count(*)::VARCHAR AS rows, sum(id)::VARCHAR AS ids, sum(amount)::VARCHAR AS amounts,
              sum(hash(id, part, amount, name, "at", reference))::VARCHAR AS hashes
       FROM delta.${quoted(table)}`,
    );
    return result.toArray();
  });
}

async function withLake(work) {
  const lake = await openLake(path.dirname(process.argv[3] === "plain" ? args.at(-1) : args[0]), {
    memoryLimit: MEMORY_LIMIT,
  });
  try {
    return await work(lake);
  } finally {
    await lake.close();
  }
}

function quoted(name) {
  return `\`${name}\``;
}
