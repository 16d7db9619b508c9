// One row by its key out of a table of many files, against DuckDB over all the files of the folder.
import path from "node:path";
import { Engine } from "../../dist/engine/index.js";
import { openStore } from "../../dist/object-store/index.js";
import { openLake } from "../../dist/src/index.js";
import { DeltaTable, protocolFor, serializeSchema, statisticsJson } from "../../dist/table-format/index.js";
import { atMost, timed } from "../compare.mjs";
import { asPeerRows, openPeer, peerRows, sqlString } from "../peer.mjs";

const FILES = { smoke: 20, small: 200, full: 2_000 };
/** One row group a file, of the engine's own vector size. */
const ROWS_A_FILE = 2_048;

export async function point({ size, threads, folder, compare, say }) {
  const files = FILES[size];
  const table = path.join(folder, "table");
  await writeTable(table, files);
  const key = Math.floor(files * 0.7) * ROWS_A_FILE + 1_000;
  const ours = `SELECT * FROM delta.\`${table}\` WHERE key = ${key}`;
  const theirs = `SELECT * FROM read_parquet(${sqlString(path.join(table, "*.parquet"))}) WHERE key = ${key}`;
  const target = atMost(0.2);

  const lake = await openLake(folder, { threads });
  const [explained] = await (await lake.sql(`EXPLAIN ${ours}`)).toArray();
  if (explained.files_read !== 1n)
    throw new Error(`the query by key reads ${explained.files_read} files, not 1`);
  say(`reads 1 file of ${files}`);
  const peer = await openPeer(threads);
  await compare({
    line: `1 row of ${files} files, warm`,
    target,
    ours: timed(async () => (await lake.sql(ours)).toArray(), asPeerRows),
    peer: timed(() => peerRows(peer.connection, theirs)),
  });
  await lake.close();
  peer.closeSync();

  await compare({
    line: `1 row of ${files} files, cold: open, query, close`,
    target,
    ours: timed(async () => {
      const opened = await openLake(folder, { threads });
      const rows = await (await opened.sql(ours)).toArray();
      await opened.close();
      return rows;
    }, asPeerRows),
    peer: timed(async () => {
      const opened = await openPeer(threads);
      const rows = await peerRows(opened.connection, theirs);
      opened.closeSync();
      return rows;
    }),
  });
}

const SCHEMA = {
  type: "struct",
  fields: [
    { name: "key", type: { type: "long" }, nullable: true, metadata: {} },
    { name: "amount", type: { type: "integer" }, nullable: true, metadata: {} },
    { name: "day", type: { type: "date" }, nullable: true, metadata: {} },
    { name: "text", type: { type: "string" }, nullable: true, metadata: {} },
  ],
};

/** A table sorted by key, in one commit and a checkpoint, its files written by one COPY. */
async function writeTable(folder, files) {
  const { connection, closeSync } = await openPeer(1);
  const written = await peerRows(
    connection,
    `COPY (SELECT i AS key, (hash(i) % 1000)::INTEGER AS amount, DATE '2024-01-01' + (i % 365)::INTEGER AS day,
                  'row ' || i AS text
           FROM range(${files * ROWS_A_FILE}) AS r(i))
     TO ${sqlString(folder)} (FORMAT parquet, ROW_GROUP_SIZE ${ROWS_A_FILE}, ROW_GROUPS_PER_FILE 1, RETURN_STATS)`,
  );
  closeSync();
  const engine = await Engine.open();
  const table = new DeltaTable({ store: openStore(folder), engine });
  await table.commit(undefined, {
    operation: "CREATE TABLE AS SELECT",
    operationParameters: {},
    operationMetrics: {},
    protocol: protocolFor(SCHEMA),
    metadata: {
      id: "00000000-0000-4000-8000-000000000000",
      provider: "parquet",
      formatOptions: {},
      schemaString: serializeSchema(SCHEMA),
      partitionColumns: [],
      configuration: {},
      createdTime: 0n,
    },
    adds: written.filter(({ count }) => count !== "0").map(addAction),
    replaces: { kind: "none" },
    engineInfo: "bench",
  });
  await table.checkpoint();
  await table.release();
  engine.close();
}

/** The `add` of a file as COPY's RETURN_STATS describes it. */
function addAction({ filename, file_size_bytes, count, column_statistics }) {
  const columns = column_statistics.map(({ key, value }) => {
    const of = new Map(value.map((each) => [each.key, each.value]));
    return {
      path: [JSON.parse(key)],
      nullCount: BigInt(of.get("null_count") ?? 0),
      min: of.get("min"),
      max: of.get("max"),
    };
  });
  const table = { schema: SCHEMA, partitionColumns: [], configuration: {} };
  return {
    path: path.basename(filename),
    partitionValues: {},
    size: BigInt(file_size_bytes),
    modificationTime: 0n,
    dataChange: true,
    stats: statisticsJson({ rowCount: BigInt(count), columns }, table),
  };
}
