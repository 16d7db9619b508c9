import { describe, expect, it } from "vitest";
import type { InsertReport, Lake } from "../../src/index.js";
import { behindOne, expectSoundTable, gatedLake, rowsOf, run } from "./group-commit-lake.js";
import { type LoggedAction, lastEntry } from "./table-log.js";

const WRITERS = 12;

interface Made {
  readonly lake: Lake;
  readonly other: Lake;
  readonly reports: readonly InsertReport[];
}

/** Runs an INSERT a writer, all but the first behind it. */
async function insertsInto(
  create: readonly string[],
  sqlOf: (writer: number) => string,
  columns?: readonly string[],
): Promise<Made> {
  const [table, ...more] = create;
  const { lake, gate, other } = await gatedLake(table ?? "");
  for (const sql of more) await run(lake, sql);
  const inserts = Array.from({ length: WRITERS }, (_, writer) => async () => {
    return (await lake.table("t")).insert({ query: sqlOf(writer), columns });
  });
  const [first = async () => expect.fail("no insert"), ...others] = inserts;
  const begun = await behindOne(gate, first, others);
  gate.open();
  return { lake, other, reports: await Promise.all(begun) };
}

function addsOf(entry: readonly LoggedAction[]): Record<string, unknown>[] {
  return entry.flatMap(({ add }) => (add === undefined ? [] : [add]));
}

const TWO_COMMITS = { first: 1n, others: 2n };

function expectTwoCommits({ reports }: Made, before = 0n): void {
  const [first, ...others] = reports.map(({ version }) => version - before);
  expect(first).toBe(TWO_COMMITS.first);
  expect(new Set(others)).toEqual(new Set([TWO_COMMITS.others]));
}

describe("inserts that share a commit", () => {
  it("get row ids of their own", async () => {
    const made = await insertsInto(
      ["CREATE TABLE t (writer INT) TBLPROPERTIES ('delta.enableRowTracking' = 'true')"],
      (writer) => `SELECT ${writer} FROM range(${writer + 1})`,
    );
    const { other } = made;
    expectTwoCommits(made);
    const rows = (WRITERS * (WRITERS + 1)) / 2;
    const sql =
      "SELECT count(DISTINCT _metadata.row_id) AS ids, min(_metadata.row_id) AS low, max(_metadata.row_id) AS high FROM t";
    expect(await rowsOf(other, sql)).toEqual([{ ids: BigInt(rows), low: 0n, high: BigInt(rows - 1) }]);
    const commits = addsOf(await lastEntry(other, "t")).map(
      ({ defaultRowCommitVersion }) => defaultRowCommitVersion,
    );
    expect(commits).toEqual(new Array(WRITERS - 1).fill(2));
    // The next ids follow on.
    await run(other, "INSERT INTO t VALUES (99)");
    expect(await rowsOf(other, "SELECT _metadata.row_id AS id FROM t WHERE writer = 99")).toEqual([
      { id: BigInt(rows) },
    ]);
    await expectSoundTable(other);
  });

  it("have the time of their commit in the log", async () => {
    const made = await insertsInto(
      ["CREATE TABLE t (writer INT) TBLPROPERTIES ('delta.enableInCommitTimestamps' = 'true')"],
      (writer) => `SELECT ${writer}`,
    );
    expectTwoCommits(made);
    const times = (await (await made.other.table("t")).history()).map(({ timestamp }) => timestamp).reverse();
    expect(new Set(times).size).toBe(3);
    expect(times).toEqual(times.toSorted());
    await expectSoundTable(made.other);
  });

  it("are told by the change data feed under their version", async () => {
    const made = await insertsInto(
      ["CREATE TABLE t (writer INT) TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')"],
      (writer) => `SELECT ${writer}`,
    );
    expectTwoCommits(made);
    const sql =
      "SELECT writer, _change_type AS change, _commit_version AS version FROM table_changes('t', 1) ORDER BY writer";
    expect(await rowsOf(made.other, sql)).toEqual(
      made.reports.map(({ version }, writer) => ({ writer, change: "insert", version })),
    );
    await expectSoundTable(made.other);
  });

  it("have generated columns, defaults and partitions as by themselves", async () => {
    const made = await insertsInto(
      [
        "CREATE TABLE t (writer INT, twice INT GENERATED ALWAYS AS (writer * 2), p INT) PARTITIONED BY (p)",
        "ALTER TABLE t ADD CONSTRAINT few CHECK (writer < 100)",
        "ALTER TABLE t ALTER COLUMN writer SET NOT NULL",
      ],
      (writer) => `SELECT ${writer}, x FROM range(2) AS r(x)`,
      ["writer", "p"],
    );
    expectTwoCommits(made, 2n);
    for (const { rowsInserted, filesAdded } of made.reports) {
      expect({ rowsInserted, filesAdded }).toEqual({ rowsInserted: 2n, filesAdded: 2 });
    }
    expect(await rowsOf(made.other, "SELECT writer, twice, p FROM t ORDER BY writer, p")).toEqual(
      Array.from({ length: WRITERS }, (_, writer) =>
        [0, 1].map((p) => ({ writer, twice: writer * 2, p })),
      ).flat(),
    );
    await expectSoundTable(made.other);
  });
});

describe("inserts that cannot share a commit", () => {
  it("number their rows, each in a commit of its own", async () => {
    const { lake, gate, other } = await gatedLake(
      "CREATE TABLE t (id BIGINT GENERATED ALWAYS AS IDENTITY, writer INT)",
    );
    const insertOf = (writer: number) => async () =>
      (await lake.table("t")).insert({ query: `SELECT ${writer}`, columns: ["writer"] });
    const begun = await behindOne(gate, insertOf(0), [1, 2, 3].map(insertOf));
    gate.open();
    const reports = await Promise.all(begun);
    expect(new Set(reports.map(({ version }) => version)).size).toBe(4);
    expect(
      await rowsOf(other, "SELECT count(DISTINCT id) AS ids, count(DISTINCT writer) AS n FROM t"),
    ).toEqual([{ ids: 4n, n: 4n }]);
    await expectSoundTable(other);
  });

  it("read the table that they write to", async () => {
    const { lake, gate, other } = await gatedLake("CREATE TABLE t (n BIGINT)");
    const insert = async () => (await lake.table("t")).insert({ query: "SELECT count(*) FROM t" });
    const begun = await behindOne(gate, insert, [insert, insert]);
    gate.open();
    await Promise.all(begun);
    expect(await rowsOf(other, "SELECT n FROM t ORDER BY n")).toEqual([{ n: 0n }, { n: 1n }, { n: 2n }]);
  });

  it("bring columns, or replace rows, while others are added", async () => {
    const { lake, gate, other } = await gatedLake("CREATE TABLE t (writer INT)");
    const insert = (query: string, how: object) => async () =>
      (await lake.table("t")).insert({ query, byName: true, ...how });
    const begun = await behindOne(gate, insert("SELECT 0 AS writer", {}), [
      insert("SELECT 1 AS writer, 'a' AS note", { schema: "merge" }),
      insert("SELECT 2 AS writer", {}),
      insert("SELECT 3 AS writer", {}),
    ]);
    gate.open();
    await Promise.all(begun);
    expect(await rowsOf(other, "SELECT writer, note FROM t ORDER BY writer")).toEqual(
      [null, "a", null, null].map((note, writer) => ({ writer, note })),
    );
    await expectSoundTable(other);
  });
});
