// The rows of one key out of a table of many files, against DuckDB over all the files of the folder.
import { rm } from "node:fs/promises";
import path from "node:path";
import { newUuid } from "../../dist/core/index.js";
import { Engine } from "../../dist/engine/index.js";
import { openStore } from "../../dist/object-store/index.js";
import { openLake } from "../../dist/src/index.js";
import {
  DeltaTable,
  deltaTypeOfEngine,
  FILE_SCHEMA_TAG,
  fileSchemaDigest,
  protocolFor,
  serializeSchema,
  statisticsJson,
} from "../../dist/table-format/index.js";
import { atMost, timed } from "../compare.mjs";
import { lineitemSql } from "../dataset.mjs";
import { asPeerRows, openPeer, peerRows, sqlString } from "../peer.mjs";

const FILES = { smoke: 20, small: 200, full: 2_000 };
/** One row group a file, as small as the engine makes them. */
const ROWS_A_FILE = 2_048;

export async function point({ size, folder, compare, say }) {
  const files = FILES[size];
  const table = path.join(folder, "table");
  await writeTable(table, files);
  // Four rows have one key (dataset.mjs), all in the same file.
  const key = (Math.floor(files * 0.7) * ROWS_A_FILE) / 4 + 100;
  const ours = `SELECT * FROM delta.\`${table}\` WHERE l_orderkey = ${key}`;
  const theirs = `SELECT * FROM read_parquet(${sqlString(path.join(table, "*.parquet"))}) WHERE l_orderkey = ${key}`;
  const target = atMost(0.2);

  const lake = await openLake(folder);
  const [explained] = await (await lake.sql(`EXPLAIN ${ours}`)).toArray();
  if (explained.files_read !== 1n)
    throw new Error(`the query by key reads ${explained.files_read} files, not 1`);
  say(`reads 1 file of ${files}`);
  const peer = await openPeer();
  await compare({
    line: `one key in ${files} files, warm`,
    target,
    ours: timed(async () => (await lake.sql(ours)).toArray(), asPeerRows),
    peer: timed(() => peerRows(peer.connection, theirs)),
  });
  await lake.close();
  peer.closeSync();

  await compare({
    line: `one key in ${files} files, cold: open, query, close`,
    target,
    ours: timed(async () => {
      const opened = await openLake(folder);
      const rows = await (await opened.sql(ours)).toArray();
      await opened.close();
      return rows;
    }, asPeerRows),
    peer: timed(async () => {
      const opened = await openPeer();
      const rows = await peerRows(opened.connection, theirs);
      opened.closeSync();
      return rows;
    }),
  });
}

/** A table sorted by key as ingests would leave it, in one commit and a checkpoint. */
async function writeTable(folder, files) {
  const { connection, closeSync } = await openPeer(1);
  // One thread writes one file after the other, as many rows in each; the last one may hold none.
  const copied = await peerRows(
    connection,
    `COPY (${lineitemSql(files * ROWS_A_FILE)}) TO ${sqlString(folder)} (FORMAT parquet, COMPRESSION zstd,
       ROW_GROUP_SIZE ${ROWS_A_FILE}, ROW_GROUPS_PER_FILE 1, RETURN_STATS)`,
  );
  const written = copied.filter(({ count }) => count !== "0");
  for (const { filename } of copied.filter((file) => !written.includes(file))) await rm(filename);
  const columns = await peerRows(connection, `DESCRIBE FROM ${sqlString(written[0].filename)}`);
  closeSync();
  const fields = columns.map(({ column_name: name, column_type: type }) => {
    return { name, type: deltaTypeOfEngine(type).type, nullable: true, metadata: {} };
  });
  const schema = { type: "struct", fields };
  const engine = await Engine.open();
  const table = new DeltaTable({ store: openStore(folder), engine });
  await table.commit(undefined, {
    operation: "CREATE TABLE AS SELECT",
    operationParameters: {},
    operationMetrics: {},
    protocol: protocolFor(schema),
    metadata: {
      id: newUuid(),
      provider: "parquet",
      formatOptions: {},
      schemaString: serializeSchema(schema),
      partitionColumns: [],
      configuration: {},
      createdTime: 0n,
    },
    adds: written.map((file) => addAction(file, schema)),
    replaces: { kind: "none" },
    engineInfo: "bench",
  });
  await table.checkpoint();
  await table.release();
  await engine.close();
}

/** The `add` of a file as COPY's RETURN_STATS describes it. */
function addAction({ filename, file_size_bytes: size, count, column_statistics: statistics }, schema) {
  const columns = statistics.map(({ key, value }) => {
    const of = new Map(value.map((each) => [each.key, each.value]));
    return {
      path: [JSON.parse(key)],
      nullCount: BigInt(of.get("null_count")),
      min: of.get("min"),
      max: of.get("max"),
    };
  });
  return {
    path: path.basename(filename),
    partitionValues: {},
    size: BigInt(size),
    modificationTime: 0n,
    dataChange: true,
    stats: statisticsJson(
      { rowCount: BigInt(count), columns },
      { schema, partitionColumns: [], configuration: {} },
    ),
    tags: { [FILE_SCHEMA_TAG]: fileSchemaDigest(schema, []) },
  };
}
