// Queries over tables with column mapping, widened types and deletion vectors, against a plain table of the
// same rows. The tables are made by hand: data files by a bare DuckDB, one commit of JSON each.
import { mkdir, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { openStore } from "../../dist/object-store/index.js";
import { openLake } from "../../dist/src/index.js";
import { DeletionVectorWriter, deletionVectorJson, rowIndexSetOf } from "../../dist/table-format/index.js";
import { atMost, timed } from "../compare.mjs";
import { copiedDataset, lineitemSql } from "../dataset.mjs";
import { asPeerRows, openPeer, peerRows, sqlString } from "../peer.mjs";

const ROWS = { smoke: 20_000, small: 600_000, full: 6_000_000 };
const FILES = 20;

const Q1 = `
  SELECT l_returnflag, l_linestatus, sum(l_quantity) AS sum_qty, sum(l_extendedprice) AS sum_base_price,
         sum(l_extendedprice * (1 - l_discount)) AS sum_disc_price, avg(l_discount) AS avg_disc,
         count(*) AS count_order
  FROM lineitem WHERE l_shipdate <= DATE '1998-09-02'
  GROUP BY l_returnflag, l_linestatus ORDER BY l_returnflag, l_linestatus`;
const Q6 = `
  SELECT sum(l_extendedprice * l_discount) AS revenue FROM lineitem
  WHERE l_shipdate >= DATE '1994-01-01' AND l_shipdate < DATE '1995-01-01'
    AND l_discount BETWEEN 0.05 AND 0.07 AND l_quantity < 24`;
const SUM = "SELECT sum(l_orderkey) AS keys, sum(l_linenumber) AS numbers FROM lineitem";
const QUERIES = { "aggregate like Q1": Q1, "filter like Q6": Q6, "sum of 2 columns": SUM };

const DELTA_TYPES = { BIGINT: "long", INTEGER: "integer", VARCHAR: "string", DATE: "date" };
/** What the columns were before they were widened. */
const NARROW = {
  l_orderkey: ["INTEGER", "integer"],
  l_linenumber: ["TINYINT", "byte"],
  l_quantity: ["DECIMAL(9,2)", "decimal(9,2)"],
};

export async function scanFeatures({ size, folder, compare, say }) {
  const rows = ROWS[size];
  const source = await copiedDataset(`lineitem-${size}.parquet`, lineitemSql(rows), "FORMAT parquet");
  const peer = await openPeer();
  const columns = await peerRows(peer.connection, `DESCRIBE FROM ${sqlString(source)}`);
  const make = (name, table) =>
    makeTable(peer.connection, path.join(folder, name), source, rows, columns, table);
  const everySecond = (file) => file % 2 === 0;
  // One row in a hundred of all: one in five of one file in twenty, or one in a hundred of every file.
  const inFewFiles = (file) => (file % 20 === 7 ? "hash(row_index) % 5 = 0" : "false");
  const scattered = (file) => `hash(row_index * ${FILES} + ${file}) % 100 = 0`;

  await make("plain", {});
  await make("mapped", { mapped: true });
  await make("widened", { isNarrow: everySecond });
  await make("mapped-widened", { mapped: true, isNarrow: everySecond });
  await make("few-files-left", { isDeleted: inFewFiles, rewritten: true });
  await make("few-files", { isDeleted: inFewFiles });
  await make("every-file-left", { isDeleted: scattered, rewritten: true });
  await make("every-file", { isDeleted: scattered });
  peer.closeSync();
  say(`${rows} rows in ${FILES} files; one row in a hundred deleted`);

  const lake = await openLake(path.join(folder, "no lake"));
  const query = (sql, table) =>
    timed(
      async () =>
        (await lake.sql(sql.replace("lineitem", `delta.\`${path.join(folder, table)}\``))).toArray(),
      asPeerRows,
    );
  const lines = async (what, ours, plain, target) => {
    for (const [name, sql] of Object.entries(QUERIES)) {
      await compare({ line: `${what}: ${name}`, target, ours: query(sql, ours), peer: query(sql, plain) });
    }
  };
  const mappingTarget = atMost(1.15, { orMs: 5 });
  await lines("mapped columns", "mapped", "plain", mappingTarget);
  await lines("widened columns", "widened", "plain", mappingTarget);
  await lines("mapped and widened columns", "mapped-widened", "plain", mappingTarget);
  await lines("deletion vectors in 5% of the files", "few-files", "few-files-left", atMost(1.1, { orMs: 5 }));
  await lines("deletion vectors in every file", "every-file", "every-file-left");
  await lake.close();
}

/**
 * @param mapped columns are mapped by name
 * @param isNarrow whether a file was written before columns were widened
 * @param isDeleted a condition on `row_index`, the place of a row in a file: rows that a deletion vector
 * deletes, or with `rewritten` that are not written in the first place
 */
async function makeTable(connection, folder, source, rows, columns, table) {
  const { mapped = false, isNarrow = () => false, isDeleted = () => "false", rewritten = false } = table;
  await mkdir(path.join(folder, "_delta_log"), { recursive: true });
  const physical = (name, index) => (mapped ? `col-${index}-${name.slice(2)}` : name);
  const perFile = Math.ceil(rows / FILES);
  const writer = new DeletionVectorWriter(openStore(folder));
  const fieldIds = columns.map(({ column_name: name }, index) => `"${physical(name, index)}": ${index + 1}`);
  const options = `FORMAT parquet, COMPRESSION zstd${mapped ? `, FIELD_IDS {${fieldIds.join(", ")}}` : ""}`;
  const adds = [];
  for (let file = 0; file < FILES; file++) {
    const selected = columns.map(({ column_name: name }, index) => {
      const narrow = isNarrow(file) ? NARROW[name]?.[0] : undefined;
      return `${narrow === undefined ? name : `${name}::${narrow}`} AS "${physical(name, index)}"`;
    });
    const target = path.join(folder, `part-${file}.parquet`);
    const [{ Count: count }] = await peerRows(
      connection,
      `COPY (SELECT ${selected.join(", ")}
             FROM (SELECT *, file_row_number - ${file * perFile} AS row_index
                   FROM read_parquet(${sqlString(source)}, file_row_number = true))
             WHERE row_index >= 0 AND row_index < ${perFile} AND NOT (${rewritten ? isDeleted(file) : "false"}))
       TO ${sqlString(target)} (${options})`,
    );
    adds.push({
      path: path.basename(target),
      partitionValues: {},
      size: (await stat(target)).size,
      modificationTime: 0,
      dataChange: true,
      stats: `{"numRecords":${count}}`,
      ...(rewritten ? {} : await deletionVector(connection, writer, perFile, isDeleted(file))),
    });
  }
  await writer.finish();
  const features = [
    ...(mapped ? ["columnMapping"] : []),
    ...(table.isNarrow === undefined ? [] : ["typeWidening"]),
    ...(table.isDeleted === undefined || rewritten ? [] : ["deletionVectors"]),
  ];
  const schema = {
    type: "struct",
    fields: columns.map((column, index) => field(column, index, physical, table)),
  };
  const actions = [
    {
      protocol: {
        minReaderVersion: 3,
        minWriterVersion: 7,
        readerFeatures: features,
        writerFeatures: features,
      },
    },
    {
      metaData: {
        id: "3f2b6a1e-5c0d-4a57-9a80-6a4b7c2d1e0f",
        format: { provider: "parquet", options: {} },
        schemaString: JSON.stringify(schema),
        partitionColumns: [],
        configuration: mapped
          ? { "delta.columnMapping.mode": "name", "delta.columnMapping.maxColumnId": String(columns.length) }
          : {},
        createdTime: 0,
      },
    },
    ...adds.map((add) => ({ add })),
  ];
  const lines = actions.map((action) => jsonLine(action)).join("");
  await writeFile(path.join(folder, "_delta_log", `${"0".repeat(20)}.json`), lines);
}

/** The member of an `add`, where rows are deleted. */
async function deletionVector(connection, writer, rows, isDeleted) {
  const deleted = await peerRows(
    connection,
    `SELECT row_index FROM range(${rows}) AS r(row_index) WHERE ${isDeleted}`,
  );
  if (deleted.length === 0) return {};
  return {
    deletionVector: deletionVectorJson(
      await writer.add(rowIndexSetOf(deleted.map(({ row_index: row }) => BigInt(row)))),
    ),
  };
}

function field({ column_name: name, column_type: type }, index, physical, { mapped = false, isNarrow }) {
  const toType = DELTA_TYPES[type] ?? type.toLowerCase();
  const narrow = isNarrow === undefined ? undefined : NARROW[name]?.[1];
  return {
    name,
    type: toType,
    nullable: true,
    metadata: {
      ...(mapped
        ? { "delta.columnMapping.id": index + 1, "delta.columnMapping.physicalName": physical(name, index) }
        : {}),
      ...(narrow === undefined ? {} : { "delta.typeChanges": [{ fromType: narrow, toType }] }),
    },
  };
}

function jsonLine(value) {
  return `${JSON.stringify(value, (_, item) => (typeof item === "bigint" ? Number(item) : item))}\n`;
}
