// Queries of a table on S3: what they fetch, against the column chunks that they need by the files' own metadata; and
// how long that takes, against what latency, bandwidth and streams allow.
import { rm } from "node:fs/promises";
import path from "node:path";
import { objectPath, openStore } from "../../dist/object-store/index.js";
import { openLake } from "../../dist/src/index.js";
import { atMost, timed, under } from "../compare.mjs";
import { dataset, lineitemSql } from "../dataset.mjs";
import { openPeer, sqlString } from "../peer.mjs";
import { startEndpoint } from "../s3-endpoint.mjs";

/** About 1 GB as it is written. */
const SIZES = {
  smoke: { files: 3, rows: 30_000 },
  small: { files: 8, rows: 500_000 },
  full: { files: 24, rows: 2_900_000 },
};
const LATENCY_MS = 20;
const STREAM_BYTES_PER_SECOND = 50e6;
const STREAMS = 8;

const QUERIES = [
  {
    name: "4 columns, a filter that no file or row group escapes",
    sql: (table) =>
      `SELECT sum(l_extendedprice * l_discount)::VARCHAR AS revenue, count(*) AS n FROM ${table}
       WHERE l_discount BETWEEN 0.05 AND 0.07 AND l_quantity < 24 AND l_shipmode <> 'AIR'`,
    columns: ["l_extendedprice", "l_discount", "l_quantity", "l_shipmode"],
    mayMatch: () => true,
  },
  {
    name: "4 columns, 90 days",
    sql: (table) =>
      `SELECT sum(l_extendedprice * l_discount)::VARCHAR AS revenue, count(*) AS n FROM ${table}
       WHERE l_shipdate >= DATE '1995-03-01' AND l_shipdate < DATE '1995-05-30' AND l_quantity < 24`,
    columns: ["l_extendedprice", "l_discount", "l_quantity", "l_shipdate"],
    mayMatch: ({ column, min, max }) =>
      column !== "l_shipdate" || (max >= "1995-03-01" && min < "1995-05-30"),
  },
];

export async function s3Query({ size, folder, rounds, compare, figure, say }) {
  const local = await clusteredLake(SIZES[size]);
  const endpoint = await startEndpoint(folder);
  const s3 = { ...endpoint.s3, connections: STREAMS };
  const uri = `s3://${endpoint.bucket}/lake`;
  let caches = 0;
  const open = (directory) => openLake(uri, { s3, cache: { directory } });
  const emptyCache = () => path.join(folder, `cache-${caches++}`);
  const answer = async (lake, sql) => {
    const [row] = await (await lake.sql(sql)).toArray();
    return { ...row, n: String(row.n) };
  };
  try {
    const bytes = await upload(path.join(local, "lake"), uri, s3);
    say(`${(bytes / 1e6).toFixed(0)} MB in ${SIZES[size].files} files`);
    for (const query of QUERIES) {
      const sql = query.sql("t");
      const needed = await neededBytes(local, query);
      const runs = Math.min(rounds, 3);
      const cold = [];
      const requests = [];
      const fetched = [];
      const warmRequests = [];
      for (let run = 0; run < runs; run++) {
        const directory = emptyCache();
        const lake = await open(directory);
        // The log is read before, for what is counted here is data.
        await (await lake.table("t")).describe();
        await answer(lake, "SELECT count(*) AS n FROM t WHERE l_orderkey < 0");
        await endpoint.mark();
        await answer(lake, sql);
        const data = dataRequests(await endpoint.traffic());
        requests.push(data.length);
        fetched.push(data.reduce((sum, { bytesOut }) => sum + bytesOut, 0));
        await endpoint.mark();
        await answer(lake, sql);
        warmRequests.push(dataRequests(await endpoint.traffic()).length);
        await lake.close();
        await rm(directory, { recursive: true });
      }
      figure({
        line: `${query.name}: bytes fetched, in units of the chunks needed`,
        unit: "×",
        values: fetched.map((each) => each / needed.bytes),
        target: under(1.15),
      });
      figure({
        line: `${query.name}: requests, of at most ${needed.files + needed.runs} (${needed.files} files, ${needed.runs} runs of chunks)`,
        unit: "",
        values: requests,
        target: under(needed.files + needed.runs + 1),
      });
      figure({
        line: `${query.name}: requests of a warm repeat`,
        unit: "",
        values: warmRequests,
        target: under(1),
      });

      await endpoint.set({ latencyMs: { all: LATENCY_MS }, bytesPerSecond: STREAM_BYTES_PER_SECOND });
      for (let run = 0; run < runs; run++) {
        const directory = emptyCache();
        const lake = await open(directory);
        await (await lake.table("t")).describe();
        await answer(lake, "SELECT count(*) AS n FROM t WHERE l_orderkey < 0");
        const { ms } = await timed(() => answer(lake, sql))();
        cold.push(ms);
        await lake.close();
        await rm(directory, { recursive: true });
      }
      await endpoint.set({ latencyMs: {}, bytesPerSecond: undefined });
      // A look at the log, footers, then chunks; each stream takes its share of the requests one after the other.
      const waits = 1 + Math.ceil(needed.files / STREAMS) + Math.ceil(needed.runs / STREAMS);
      const bound = waits * LATENCY_MS + (needed.bytes / (STREAMS * STREAM_BYTES_PER_SECOND)) * 1000;
      figure({
        line: `${query.name}: cold, ${LATENCY_MS} ms and ${STREAMS} streams of 50 MB/s, in units of their bound of ${bound.toFixed(0)} ms`,
        unit: "×",
        values: cold.map((ms) => ms / bound),
        target: under(1.5),
      });

      const warm = await open(emptyCache());
      const here = await openLake(path.join(local, "lake"));
      await compare({
        line: `${query.name}: warm, against the same table on the local disk`,
        ours: timed(() => answer(warm, sql)),
        peer: timed(() => answer(here, sql)),
        target: atMost(1.2),
      });
      await warm.close();
      await here.close();
    }
  } finally {
    await endpoint.close();
  }
}

/** A table of 15 columns whose files and row groups follow each other by ship date. */
function clusteredLake({ files, rows }) {
  return dataset(`s3-lake-ordered-${files}x${rows}`, async (folder) => {
    // Row groups come into a file in the order of their rows where one thread writes them.
    const lake = await openLake(path.join(folder, "lake"), { threads: 1 });
    const total = files * rows;
    const fileSql = (file) =>
      `SELECT * REPLACE (DATE '1992-01-02' + (l_orderkey * 4 * 2526 // ${total})::INTEGER AS l_shipdate)
       FROM (${lineitemSql(rows, file * rows)}) ORDER BY l_orderkey`;
    await (await lake.sql(`CREATE TABLE t AS ${fileSql(0)}`)).toArray();
    for (let file = 1; file < files; file++) {
      await (await lake.sql(`INSERT INTO t ${fileSql(file)}`)).toArray();
    }
    await (await lake.table("t")).checkpoint();
    await lake.close();
  });
}

async function upload(from, uri, s3) {
  const source = openStore(from);
  const target = openStore(uri, { s3 });
  let bytes = 0;
  for await (const { path: object, size } of source.list("")) {
    await target.put(objectPath(object), await source.get(object));
    bytes += size;
  }
  return bytes;
}

/** What of the data files a query must have, by their footers: files, bytes of chunks, and runs of chunks. */
async function neededBytes(local, { columns, mayMatch }) {
  const { connection, closeSync } = await openPeer();
  const reader = await connection.runAndReadAll(
    `SELECT file_name, row_group_id AS g, path_in_schema AS c, stats_min_value AS min, stats_max_value AS max,
            coalesce(least(dictionary_page_offset, data_page_offset), data_page_offset) AS at, total_compressed_size AS size
     FROM parquet_metadata(${sqlString(path.join(local, "lake/default/t/*.parquet"))})`,
  );
  closeSync();
  const groups = new Map();
  for (const row of reader.getRowObjects()) {
    const key = `${row.file_name} ${row.g}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  const spans = [];
  for (const chunks of groups.values()) {
    if (!chunks.every(({ c, min, max }) => mayMatch({ column: c, min, max }))) continue;
    for (const { c, at, size, file_name } of chunks) {
      if (columns.includes(c))
        spans.push({ file: file_name, from: Number(at), to: Number(at) + Number(size) });
    }
  }
  spans.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.from - b.from));
  const runs = spans.filter(
    (span, i) => i === 0 || spans[i - 1].file !== span.file || spans[i - 1].to !== span.from,
  );
  return {
    files: new Set(spans.map(({ file }) => file)).size,
    runs: runs.length,
    bytes: spans.reduce((sum, { from, to }) => sum + to - from, 0),
  };
}

function dataRequests({ log }) {
  return log.filter(({ key }) => key.endsWith(".parquet") && !key.includes("_delta_log"));
}
