import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { type TemporaryLake, temporaryLake } from "../support/temporary-lake.js";
import { type Relation, relationOf } from "./cells.js";
import { type Dataset, readTable, type Step, writeSource, writeTable, writeUnreadTable } from "./delta-rs.js";

// Tables that delta-rs writes, as we read them.

function numbers(first: number, count: number): Dataset {
  return { name: "numbers", first, count };
}

async function query({ lake }: TemporaryLake, sql: string): Promise<Relation> {
  return relationOf(await lake.sql(sql));
}

/** Has delta-rs take a table through steps, and compares every version with what pyarrow reads of it. */
async function sameVersions(steps: readonly Step[]): Promise<{ given: TemporaryLake; table: string }> {
  const given = await temporaryLake();
  const table = path.join(given.folder, "theirs");
  for (const { version, rows } of await writeTable(table, steps)) {
    expect(await query(given, `SELECT * FROM delta_scan('${table}', version => ${version})`)).toEqual(rows);
  }
  return { given, table };
}

const DATASETS = [
  "primitives",
  "nested",
  "names",
  "spaced_names",
  "partition_texts",
  "partition_types",
] as const;

describe("every type and name", () => {
  test.each(DATASETS)("%s", async (name) => {
    const { given, table } = await sameVersions([{ do: "write", dataset: { name } }]);
    const theirs = await readTable(table);
    expect(await query(given, `SELECT * FROM delta.\`${table}\``)).toEqual(theirs.rows);
  });

  test("partitions by texts", async () => {
    await sameVersions([{ do: "write", dataset: { name: "partition_texts" }, partitionBy: ["part"] }]);
  });

  test.each([
    [["integer_p"]],
    [["long_p"]],
    [["date_p"]],
    [["timestamp_p"]],
    [["decimal_p"]],
    [["boolean_p"]],
    [["date_p", "boolean_p", "integer_p", "decimal_p", "long_p", "timestamp_p"]],
  ])("partitions by %j", async (partitionBy) => {
    await sameVersions([{ do: "write", dataset: { name: "partition_types" }, partitionBy }]);
  });
});

test("delta-rs itself refuses to partition by a negative decimal", async () => {
  const { folder } = await temporaryLake();
  const step: Step = { do: "write", dataset: { name: "negative_decimals" }, partitionBy: ["part"] };
  await expect(writeTable(path.join(folder, "theirs"), [step])).rejects.toThrow(
    /Failed to parse value '-?\d+\.-\d+'/,
  );
});

describe("versions", () => {
  test("appended, deleted from, updated, compacted, overwritten, restored", async () => {
    const { given, table } = await sameVersions([
      { do: "write", dataset: numbers(0, 10) },
      { do: "write", dataset: numbers(10, 10) },
      { do: "delete", predicate: "id % 3 = 0" },
      { do: "update", predicate: "id > 15", set: { text: "'changed'" } },
      { do: "write", dataset: numbers(20, 10) },
      { do: "compact" },
      { do: "write", dataset: numbers(100, 4), mode: "overwrite" },
      { do: "delete", predicate: "true" },
      { do: "restore", version: 4 },
      { do: "write", dataset: numbers(1000, 1), mode: "overwrite", predicate: "id = 1000" },
    ]);
    const ours = await (await given.lake.table(`delta.\`${table}\``)).history();
    const theirs = (await readTable(table)).history;
    expect(ours.map(({ version, operation }) => [Number(version), operation])).toEqual(
      theirs.map(({ version, operation }) => [version, operation]),
    );
  });

  test("partitioned: appended, partitions replaced, deleted from", async () => {
    await sameVersions([
      { do: "write", dataset: numbers(0, 20), partitionBy: ["day"] },
      { do: "write", dataset: numbers(20, 20) },
      { do: "write", dataset: numbers(700, 1), mode: "overwrite", predicate: "day = '2024-01-01'" },
      { do: "delete", predicate: "day = '2024-01-03'" },
      { do: "delete", predicate: "id % 2 = 0" },
      { do: "compact" },
    ]);
  });

  test("the schema evolves by merge and by overwrite", async () => {
    await sameVersions([
      { do: "write", dataset: numbers(0, 5) },
      { do: "write", dataset: { name: "wider_numbers", first: 5, count: 5 }, schemaMode: "merge" },
      { do: "write", dataset: numbers(10, 5), schemaMode: "merge" },
      { do: "write", dataset: { name: "nested" }, mode: "overwrite", schemaMode: "overwrite" },
    ]);
  });

  test("checkpoints: made by hand, every third commit, and without the log before them", async () => {
    const steps: Step[] = [
      {
        do: "write",
        dataset: numbers(0, 3),
        configuration: { "delta.checkpointInterval": "3" },
        partitionBy: ["day"],
      },
    ];
    for (let commit = 1; commit < 8; commit++) steps.push({ do: "write", dataset: numbers(commit * 3, 3) });
    steps.push({ do: "delete", predicate: "id < 4" }, { do: "checkpoint" });
    steps.push({ do: "write", dataset: numbers(100, 2) });
    const { given, table } = await sameVersions(steps);
    const log = path.join(table, "_delta_log");
    const names = await readdir(log);
    const checkpoint = names
      .filter((name) => name.includes(".checkpoint"))
      .map((name) => Number(name.slice(0, 20)))
      .at(-1);
    expect(checkpoint).toBe(8);
    for (const name of names) {
      if (/^\d{20}\.json$/.test(name) && Number(name.slice(0, 20)) < 8) await rm(path.join(log, name));
    }
    const fresh = await temporaryLake();
    for (const version of [8, 9]) {
      const sql = `SELECT * FROM delta_scan('${table}', version => ${version})`;
      const { rows } = await readTable(table, { version });
      expect(await query(fresh, sql)).toEqual(rows);
      // A lake that had the table open all along sees the same.
      expect(await query(given, sql)).toEqual(rows);
    }
  });

  test("compacted log files lie beside the commits", async () => {
    const { table } = await sameVersions([
      { do: "write", dataset: numbers(0, 3) },
      { do: "write", dataset: numbers(3, 3) },
      { do: "delete", predicate: "id = 2" },
      { do: "write", dataset: numbers(6, 3) },
      { do: "compact-log", from: 0, to: 2 },
      { do: "write", dataset: numbers(9, 3) },
    ]);
    expect(await readdir(path.join(table, "_delta_log"))).toContain(
      "00000000000000000000.00000000000000000002.compacted.json",
    );
  });

  test("vacuumed: the newest version stays whole", async () => {
    const given = await temporaryLake();
    const table = path.join(given.folder, "theirs");
    const after = await writeTable(table, [
      { do: "write", dataset: numbers(0, 10) },
      { do: "delete", predicate: "id < 5" },
      { do: "vacuum" },
    ]);
    expect(await query(given, `SELECT * FROM delta.\`${table}\``)).toEqual(after.at(-1)?.rows);
    await expect(query(given, `SELECT * FROM delta_scan('${table}', version => 0)`)).rejects.toMatchObject({
      kind: "corrupt",
      code: "data-file-missing",
    });
  });
});

describe("filters", () => {
  const PREDICATES = [
    "id = 17",
    "id >= 38",
    "id IN (1, 11, 999)",
    "id BETWEEN 9 AND 10",
    "id != 5 AND id < 8",
    "text = 'row 21'",
    "text > 'row 8'",
    "text LIKE 'row 3%'",
    "day = DATE '2024-01-02'",
    "day > DATE '2024-01-05' AND id < 20",
    "day IS NULL",
    "text IS NOT NULL AND (id < 3 OR day = DATE '2024-01-07')",
    // Not pushed down: an expression over the column.
    "id % 7 = 3",
    "length(text) = 5",
    "NOT (id < 35)",
  ];

  test.each([[[]], [["day"]]])(
    "give the rows that delta-rs gives, partitioned by %j",
    async (partitionBy) => {
      const given = await temporaryLake();
      const table = path.join(given.folder, "theirs");
      const steps = [0, 10, 20, 30].map(
        (first): Step => ({ do: "write", dataset: numbers(first, 10), partitionBy }),
      );
      await writeTable(table, steps);
      for (const predicate of PREDICATES) {
        const { rows } = await readTable(table, { predicate });
        const sql = `SELECT * FROM delta.\`${table}\` WHERE ${predicate}`;
        expect([predicate, await query(given, sql)]).toEqual([predicate, rows]);
      }
    },
  );
});

describe("what a table demands is honoured or refused", () => {
  test("a table with deletion vectors turned on is read, and gets them from us", async () => {
    const given = await temporaryLake();
    const table = path.join(given.folder, "theirs");
    const configuration = { "delta.enableDeletionVectors": "true" };
    await writeUnreadTable(table, [{ do: "write", dataset: numbers(0, 10), configuration }]);
    const ids = `SELECT id FROM delta.\`${table}\``;
    expect((await query(given, ids)).rows).toHaveLength(10);
    const report = await (await given.lake.table(table)).delete({ where: "id % 3 = 0" });
    expect(report).toMatchObject({ rowsDeleted: 4n, filesMarked: 1, filesRewritten: 0 });
    expect((await query(given, ids)).rows.flat()).toEqual(["1", "2", "4", "5", "7", "8"]);
  });

  test("a table with a change data feed is read and written, and tells its changes", async () => {
    const configuration = { "delta.enableChangeDataFeed": "true" };
    const { given, table } = await sameVersions([
      { do: "write", dataset: numbers(0, 10), configuration },
      { do: "delete", predicate: "id = 3" },
    ]);
    const source = path.join(given.folder, "more.parquet");
    await writeSource(numbers(10, 1), source);
    await given.lake.ingest([source], { into: table });
    expect(await query(given, `SELECT * FROM delta.\`${table}\``)).toEqual((await readTable(table)).rows);
    const changes = await query(
      given,
      `SELECT id, _change_type, _commit_version FROM table_changes('${table}', 1)`,
    );
    expect(changes.rows).toEqual([
      ["10", "insert", "2"],
      ["3", "delete", "1"],
    ]);
  });

  test("an append-only table takes appends and refuses an overwrite", async () => {
    const configuration = { "delta.appendOnly": "true" };
    const { given, table } = await sameVersions([{ do: "write", dataset: numbers(0, 3), configuration }]);
    const source = path.join(given.folder, "more.parquet");
    await writeSource(numbers(10, 1), source);
    await given.lake.ingest([source], { into: table });
    await expect(given.lake.ingest([source], { into: table, mode: "overwrite" })).rejects.toMatchObject({
      kind: "invalid-input",
      code: "append-only",
    });
    expect((await readTable(table)).rows.rows).toHaveLength(4);
  });
});
