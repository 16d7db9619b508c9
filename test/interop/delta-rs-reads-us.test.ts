import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { IngestOptions, Lake } from "../../src/index.js";
import { type TemporaryLake, temporaryLake } from "../support/temporary-lake.js";
import { type Relation, relation, relationOf } from "./cells.js";
import { type Dataset, readTable, writeSource, writeTable } from "./delta-rs.js";

// Tables that we write, as delta-rs reads them.

let sources = 0;

/** Lands a data set in table `t`; gives the rows that the source holds. */
async function land(
  { lake, folder }: TemporaryLake,
  dataset: Dataset,
  options: Omit<IngestOptions, "into"> = {},
): Promise<Relation> {
  const file = path.join(folder, `source-${++sources}.parquet`);
  const rows = await writeSource(dataset, file);
  await lake.ingest([file], { into: "t", ...options });
  return rows;
}

function numbers(first: number, count: number): Dataset {
  return { name: "numbers", first, count };
}

async function locationOf(lake: Lake): Promise<string> {
  return fileURLToPath((await lake.table("t")).location);
}

function plus(...parts: readonly Relation[]): Relation {
  return relation(
    parts[0]?.columns ?? [],
    parts.flatMap(({ rows }) => rows),
  );
}

const WHOLE_DATASETS = [
  "primitives",
  "nested",
  "names",
  "spaced_names",
  "partition_texts",
  "partition_types",
] as const;

describe("every type and name", () => {
  test.each(WHOLE_DATASETS)("%s: rows and schema", async (name) => {
    const given = await temporaryLake();
    const rows = await land(given, { name });
    const read = await readTable(await locationOf(given.lake));
    expect(read.rows).toEqual(rows);
    expect(read.pyarrowRows).toEqual(rows);
    // The schema is the one that delta-rs gives a table of the same data.
    const theirs = path.join(given.folder, "theirs");
    await writeTable(theirs, [{ do: "write", dataset: { name } }]);
    expect(read.schema).toEqual((await readTable(theirs)).schema);
    expect(read).toMatchObject({ version: 0, numFiles: 1 });
  });
});

describe("partitions", () => {
  test("texts with characters that paths and URIs take for their own", async () => {
    const given = await temporaryLake();
    const source = await land(given, { name: "partition_texts" }, { partitionBy: ["part"] });
    const table = await locationOf(given.lake);
    const read = await readTable(table);
    // The format cannot tell an empty string from NULL (PROTOCOL.md, "Partition Value Serialization").
    const rows = relation(
      source.columns,
      source.rows.map(([id = null, part = null]) => [id, part === "" ? null : part]),
    );
    expect(read.rows).toEqual(rows);
    expect(read.pyarrowRows).toEqual(rows);
    expect(read.partitionColumns).toEqual(["part"]);
    const texts = new Set(rows.rows.map(([, part]) => part));
    // The empty string and NULL are one partition, in a file each.
    expect(read.numFiles).toBe(texts.size + 1);
    expect(new Set(read.adds.map((add) => add["partition.part"]))).toEqual(texts);
    for (const text of ["a b", "50%25", "k=v", "a/b", "ü日本\u{1f9f8}"]) {
      const found = await readTable(table, { predicate: `part = '${text}'`, prune: true });
      expect(found.rows.rows).toEqual(rows.rows.filter(([, part]) => part === text));
      expect(found.prunedFiles).toBe(1);
    }
  });

  test.each(["integer_p", "long_p", "date_p", "timestamp_p", "decimal_p", "boolean_p"])(
    "by %s",
    async (column) => {
      const given = await temporaryLake();
      const rows = await land(given, { name: "partition_types" }, { partitionBy: [column] });
      const read = await readTable(await locationOf(given.lake));
      expect(read.rows).toEqual(rows);
      expect(read.pyarrowRows).toEqual(rows);
      expect(read.partitionColumns).toEqual([column]);
    },
  );

  test("by a negative decimal", async () => {
    const given = await temporaryLake();
    const rows = await land(given, { name: "negative_decimals" }, { partitionBy: ["part"] });
    const table = await locationOf(given.lake);
    expect((await readTable(table, { pyarrow: false })).rows).toEqual(rows);
    // Its pyarrow reader spells such values as its writer does, and stumbles over that: "-99999999.-99".
    await expect(readTable(table)).rejects.toThrow(/'-?\d+\.-\d+' is not a valid decimal/);
  });

  test("by six columns at once", async () => {
    const given = await temporaryLake();
    const partitionBy = ["date_p", "boolean_p", "integer_p", "decimal_p", "long_p", "timestamp_p"];
    const rows = await land(given, { name: "partition_types" }, { partitionBy });
    const read = await readTable(await locationOf(given.lake));
    expect(read.rows).toEqual(rows);
    expect(read.pyarrowRows).toEqual(rows);
    expect(read).toMatchObject({ partitionColumns: partitionBy, numFiles: 4 });
  });
});

describe("versions", () => {
  test("25 commits with checkpoints at 10 and 20, with and without the log before them", async () => {
    const given = await temporaryLake();
    const commits: Relation[] = [];
    for (let commit = 0; commit < 25; commit++) commits.push(await land(given, numbers(commit * 3, 3)));
    const table = await locationOf(given.lake);
    const log = path.join(table, "_delta_log");
    const checkpoints = (await readdir(log)).filter((name) => name.includes(".checkpoint"));
    expect(checkpoints.map((name) => Number(name.slice(0, 20)))).toEqual([10, 20]);

    for (const version of [0, 7, 10, 11, 20, 23]) {
      const read = await readTable(table, { version });
      expect(read).toMatchObject({ version, numFiles: version + 1 });
      expect(read.rows).toEqual(plus(...commits.slice(0, version + 1)));
    }
    const read = await readTable(table);
    expect(read).toMatchObject({ version: 24, numFiles: 25, rows: plus(...commits) });
    expect(read.history.map(({ version }) => version)).toEqual(
      Array.from({ length: 25 }, (_, age) => 24 - age),
    );
    const ours = await (await given.lake.table("t")).history();
    expect(read.history.map(({ operation }) => operation)).toEqual(ours.map(({ operation }) => operation));

    for (let version = 0; version < 20; version++) {
      await rm(path.join(log, `${String(version).padStart(20, "0")}.json`));
    }
    for (const version of [20, 23, 24]) {
      const rest = await readTable(table, { version });
      expect(rest).toMatchObject({ version, numFiles: version + 1 });
      expect(rest.rows).toEqual(plus(...commits.slice(0, version + 1)));
      expect(await relationOf(await given.lake.sql(`SELECT * FROM t VERSION AS OF ${version}`))).toEqual(
        rest.rows,
      );
    }
  });

  test("overwrite replaces every row and the older version stays", async () => {
    const given = await temporaryLake();
    const first = await land(given, numbers(0, 10));
    const second = await land(given, numbers(100, 5), { mode: "overwrite" });
    const table = await locationOf(given.lake);
    const read = await readTable(table);
    expect(read).toMatchObject({ version: 1, numFiles: 1, rows: second, pyarrowRows: second });
    expect(read.history.map(({ operation }) => operation)).toEqual(["WRITE", "CREATE TABLE AS SELECT"]);
    expect((await readTable(table, { version: 0 })).rows).toEqual(first);
  });

  test("overwrite-partitions replaces the partitions that the new rows belong to", async () => {
    const given = await temporaryLake();
    const first = await land(given, numbers(0, 14), { partitionBy: ["day"] });
    // Rows 21, 22 and 23 are of the days of rows 0, 1 and 2.
    const second = await land(given, numbers(21, 3), { mode: "overwrite-partitions" });
    const days = new Set(second.rows.map(([, , day]) => day));
    const kept = first.rows.filter(([, , day]) => !days.has(day ?? null));
    const read = await readTable(await locationOf(given.lake));
    expect(read.rows).toEqual(relation(first.columns, [...kept, ...second.rows]));
    expect(read).toMatchObject({ version: 1, numFiles: 7 });
  });

  test("columns added by a merge are NULL in the older rows", async () => {
    const given = await temporaryLake();
    const first = await land(given, numbers(0, 3));
    const second = await land(given, { name: "wider_numbers", first: 3, count: 3 }, { schema: "merge" });
    const read = await readTable(await locationOf(given.lake));
    expect(read.rows).toEqual(
      relation(
        ["id", "text", "day", "more"],
        [
          ...first.rows.map((row) => [...row, null]),
          ...second.rows.map(([id = null, text = null, more = null]) => [id, text, null, more]),
        ],
      ),
    );
  });
});

describe("statistics", () => {
  test("delta-rs passes over the files that cannot hold a row", async () => {
    const given = await temporaryLake();
    for (const first of [0, 10, 20, 30]) await land(given, numbers(first, 10));
    const table = await locationOf(given.lake);
    const cases: readonly (readonly [string, number, number])[] = [
      ["id >= 30", 10, 1],
      ["id = 15", 1, 1],
      ["text = 'row 37'", 1, 2],
      ["id < 5 OR id > 38", 6, 2],
      ["day > DATE '2030-01-01'", 0, 0],
      ["id IS NULL", 0, 0],
    ];
    for (const [predicate, rows, files] of cases) {
      const read = await readTable(table, { predicate, prune: true });
      expect([predicate, read.rows.rows.length, read.prunedFiles]).toEqual([predicate, rows, files]);
    }
  });

  test("bounds and counts are those of the data", async () => {
    const given = await temporaryLake();
    const { rows } = await land(given, { name: "primitives" });
    const [add] = (await readTable(await locationOf(given.lake))).adds;
    expect(add).toMatchObject({
      num_records: String(rows.length),
      "min.byte_v": "-128",
      "max.byte_v": "127",
      "min.short_v": "-32768",
      "max.short_v": "32767",
      "min.integer_v": "-2147483648",
      "max.integer_v": "2147483647",
      "min.long_v": "-9223372036854775808",
      "max.long_v": "9223372036854775807",
      "min.string_v": "",
      "max.string_v": "日本 \u{1f9f8}\n\"'\\",
      "min.small_decimal": "-9999999.99",
      "max.small_decimal": "9999999.99",
      "min.large_decimal": "-9999999999999999999999999999.9999999999",
      "max.large_decimal": "9999999999999999999999999999.9999999999",
      "min.date_v": "0001-01-01",
      "max.date_v": "9999-12-31",
      // Statistics hold milliseconds, the least rounded down.
      "min.timestamp_v": "1969-12-31T23:59:59.999Z",
      "min.timestamp_ntz_v": "1582-10-04 00:00:00",
      // A column with a NaN has no bounds.
      "min.double_v": null,
      "max.double_v": null,
    });
    const counts = Object.entries(add ?? {}).filter(([name]) => name.startsWith("null_count."));
    expect(counts).toHaveLength(15);
    for (const count of counts) expect(count).toEqual([count[0], "1"]);
  });

  test("fields of structs have bounds, the items of lists and maps none", async () => {
    const given = await temporaryLake();
    await land(given, { name: "nested" });
    const [add] = (await readTable(await locationOf(given.lake))).adds;
    expect(add).toMatchObject({
      "min.point.x": "1",
      "max.point.x": "9007199254740993",
      "null_count.point.x": "2",
      "min.point.y": "0.00",
      "max.point.y": "1.50",
    });
    const bounded = Object.keys(add ?? {}).filter((name) => /^(?:min|max)\./.test(name));
    expect(bounded.sort()).toEqual([
      "max.id",
      "max.point.x",
      "max.point.y",
      "min.id",
      "min.point.x",
      "min.point.y",
    ]);
  });
});
