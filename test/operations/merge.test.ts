import { readdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, it } from "vitest";
import type { Lake, Row } from "../../src/index.js";
import { type MergeOptions, type MergeReport, mergeOperation } from "../../src/operations/merge/merge.js";
import { folderListing } from "../support/folder-listing.js";
import { type Operations, operationsOn } from "../support/operations.js";
import { temporaryLake } from "../support/temporary-lake.js";

type MergeClause = MergeOptions["clauses"][number];
interface Assignment {
  readonly column: readonly string[];
  readonly value: string | undefined;
}

let lake: Lake;
let operations: Operations;
beforeEach(async () => {
  const made = await temporaryLake();
  lake = made.lake;
  operations = await operationsOn(path.join(made.folder, "lake"));
});

async function rows(sql: string): Promise<Row[]> {
  return (await lake.sql(sql)).toArray();
}

async function values(sql: string): Promise<unknown[][]> {
  return (await rows(sql)).map((row) => Object.values(row));
}

async function merge(options: Omit<MergeOptions, "on"> & { readonly on?: string }): Promise<MergeReport> {
  const target = await operations.target("t");
  const whole = { on: "t.key = s.key", alias: "t", sourceAlias: "s", ...options };
  return operations.run(target, mergeOperation(operations.context, target, whole));
}

function assignments(set: Readonly<Record<string, string | undefined>>): Assignment[] {
  return Object.entries(set).map(([column, value]) => ({ column: column.split("."), value }));
}

type Set = Readonly<Record<string, string | undefined>> | "all";

function update(set: Set, condition?: string): MergeClause {
  return {
    when: "matched",
    condition,
    action: { kind: "update", set: set === "all" ? set : assignments(set) },
  };
}

function insert(set: Set = "all", condition?: string): MergeClause {
  return {
    when: "not-matched",
    condition,
    action: { kind: "insert", values: set === "all" ? set : assignments(set) },
  };
}

function remove(condition?: string): MergeClause {
  return { when: "matched", condition, action: { kind: "delete" } };
}

const lonely = {
  remove: (condition?: string): MergeClause => ({
    when: "not-matched-by-source",
    condition,
    action: { kind: "delete" },
  }),
  update: (set: Readonly<Record<string, string>>, condition?: string): MergeClause => ({
    when: "not-matched-by-source",
    condition,
    action: { kind: "update", set: assignments(set) },
  }),
};

/** `(1, 10), (2, 20)` as a source of `key` and `value`, or of other columns. */
function source(list: string, columns = "key, value"): string {
  return `(SELECT * FROM (VALUES ${list}) AS v(${columns}))`;
}

/** A table of which every list of rows is a file. */
async function table(
  files: readonly string[],
  columns = "key INT, value INT",
  definition = "",
): Promise<void> {
  await rows(`CREATE TABLE t (${columns}) ${definition}`);
  const names = columns.split(/,\s*(?![^<(]*[>)])/).map((column) => column.split(" ")[0]);
  for (const list of files) {
    await merge({ source: source(list, names.join(", ")), on: "false", clauses: [insert()] });
  }
}

async function tableFolder(): Promise<string> {
  return fileURLToPath((await lake.table("t")).location);
}

type Entry = { readonly [kind: string]: Record<string, unknown> };

async function lastEntry(): Promise<Entry[]> {
  const log = path.join(await tableFolder(), "_delta_log");
  const last =
    (await readdir(log))
      .filter((name) => /^\d{20}\.json$/.test(name))
      .sort()
      .at(-1) ?? "";
  const text = await readFile(path.join(log, last), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

const FEED = "TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')";

/** A signal that is aborted when it has been looked at so often. */
function stopAfter(looks: number): AbortSignal {
  const controller = new AbortController();
  let left = looks;
  return new Proxy(controller.signal, {
    get(signal, key) {
      if (key === "aborted" && --left === 0) controller.abort();
      const value: unknown = Reflect.get(signal, key, signal);
      return typeof value === "function" ? value.bind(signal) : value;
    },
  });
}

const PAIRS = source("(0, 0), (1, 10), (1, 11), (2, 20)");

describe("a row that matches several of the source", () => {
  // As delta-spark 4.4 does, found out by running it.
  it.each<[string, readonly MergeClause[]]>([
    ["an update for one of them", [update({ value: "s.value" }, "s.value = 10")]],
    ["an update that applies to none", [update({ value: "s.value" }, "s.value = 999")]],
    ["a delete with a condition", [remove("s.value >= 10")]],
    ["a clause for each", [update({ value: "s.value" }, "s.value = 10"), remove("s.value = 11")]],
    ["two deletes", [remove("s.value = 10"), remove()]],
    ["rows without one alone", [lonely.remove()]],
  ])("is refused by %s", async (_, clauses) => {
    await table(["(1, 1)", "(2, 2), (3, 3)"]);
    const before = await folderListing(await tableFolder());
    await expect(merge({ source: PAIRS, clauses })).rejects.toMatchObject({
      kind: "invalid-input",
      code: "merge-ambiguous",
      message:
        "a row of the table (key = 1) matches 2 rows of the source: which of them it becomes is not told",
    });
    expect(await folderListing(await tableFolder())).toEqual(before);
  });

  it.each<[string, readonly MergeClause[], unknown[][]]>([
    [
      "deletes of everything that matches",
      [remove(), insert()],
      [
        [0, 0],
        [3, 3],
      ],
    ],
    ["deletes beside rows without one", [remove(), lonely.update({ value: "-1" })], [[3, -1]]],
    [
      "inserts",
      [insert()],
      [
        [0, 0],
        [1, 1],
        [2, 2],
        [3, 3],
      ],
    ],
  ])("is fine for %s", async (_, clauses, expected) => {
    await table(["(1, 1)", "(2, 2), (3, 3)"]);
    await merge({ source: PAIRS, clauses });
    expect(await values("SELECT * FROM t ORDER BY key")).toEqual(expected);
  });
});

describe("MERGE", () => {
  it("applies the first clause whose condition is true, and tells what it did", async () => {
    await table(["(1, 1), (2, 2)", "(3, 3), (4, 4), (5, 5)"]);
    const report = await merge({
      source: source("(1, 10), (2, 20), (7, 70), (8, NULL)"),
      clauses: [
        remove("s.value = 20"),
        update({ value: "s.value + t.value" }),
        insert({ key: "s.key", value: "0" }, "s.value IS NULL"),
        insert(),
        lonely.remove("t.key = 4"),
        lonely.update({ value: "t.value * 100" }, "t.key = 5"),
      ],
    });
    expect(await values("SELECT * FROM t ORDER BY key")).toEqual([
      [1, 11],
      [3, 3],
      [5, 500],
      [7, 70],
      [8, 0],
    ]);
    expect(report).toMatchObject({
      version: 3n,
      sourceRows: 4n,
      rowsInserted: 2n,
      rowsUpdated: 2n,
      rowsDeleted: 2n,
      filesRead: 1,
    });
    expect((await lastEntry())[0]?.["commitInfo"]).toMatchObject({
      operation: "MERGE",
      operationParameters: {
        predicate: '["t.key = s.key"]',
        matchedPredicates: '[{"predicate":"s.value = 20","actionType":"delete"},{"actionType":"update"}]',
        notMatchedPredicates:
          '[{"predicate":"s.value IS NULL","actionType":"insert"},{"actionType":"insert"}]',
        notMatchedBySourcePredicates:
          '[{"predicate":"t.key = 4","actionType":"delete"},{"predicate":"t.key = 5","actionType":"update"}]',
      },
      operationMetrics: {
        numSourceRows: "4",
        numTargetRowsInserted: "2",
        numTargetRowsUpdated: "2",
        numTargetRowsMatchedUpdated: "1",
        numTargetRowsNotMatchedBySourceUpdated: "1",
        numTargetRowsDeleted: "2",
        numTargetRowsMatchedDeleted: "1",
        numTargetRowsNotMatchedBySourceDeleted: "1",
        numTargetRowsCopied: "1",
        numOutputRows: "5",
      },
    });
  });

  it("matches no NULL", async () => {
    await table(["(1, 1), (NULL, 2)"]);
    await merge({
      source: source("(1, 10), (NULL, 20)"),
      clauses: [update("all"), insert(), lonely.update({ value: "-9" })],
    });
    expect(await values("SELECT * FROM t ORDER BY value")).toEqual([
      [null, -9],
      [1, 10],
      [null, 20],
    ]);
  });

  it("commits nothing when no row changes", async () => {
    await table(["(1, 1)"]);
    const report = await merge({ source: source("(1, 10)"), clauses: [update("all", "false")] });
    expect(report).toMatchObject({ version: 1n, rowsUpdated: 0n });
    expect((await (await lake.table("t")).describe()).version).toBe(1n);
  });

  it("reads nothing of the table for a source without rows, but for the rows that match none", async () => {
    await table(["(1, 1)", "(2, 2)"]);
    const empty = "(SELECT 1 AS key, 2 AS value WHERE false)";
    expect(await merge({ source: empty, clauses: [update("all"), insert()] })).toMatchObject({
      filesRead: 0,
    });
    await merge({ source: empty, clauses: [lonely.remove("key = 1")] });
    expect(await values("SELECT * FROM t")).toEqual([[2, 2]]);
  });

  it("opens only files that can hold a match, and replaces only those that do", async () => {
    await table(["(1, 1), (9, 9)", "(11, 11), (19, 19)", "(21, 21), (29, 29)", "(31, 31), (39, 39)"]);
    const folder = await tableFolder();
    const listed = await rows("SELECT DISTINCT key, _metadata.file_path AS file FROM t WHERE key IN (1, 21)");
    // A file that is not there cannot be opened.
    for (const { file } of listed) await rm(fileURLToPath(String(file)));
    const report = await merge({
      source: source("(11, 0), (33, 33), (39, 0), (45, 45)"),
      clauses: [update("all"), insert()],
    });
    expect(report).toMatchObject({ filesRead: 2, rowsUpdated: 2n, rowsInserted: 2n });
    const removed = (await lastEntry()).flatMap((action) =>
      action["remove"] ? [action["remove"]["path"]] : [],
    );
    expect(removed).toHaveLength(2);
    const gone = listed.map(({ file }) => path.relative(folder, fileURLToPath(String(file))));
    expect(removed.filter((file) => gone.includes(String(file)))).toEqual([]);
  });

  it.each([
    ["BIGINT", (n: number) => `${n}::BIGINT * 4000000000`],
    [
      "STRING",
      (n: number) => `'a long beginning that all of them have, ' || chr(${65 + n}) || repeat('z', 40)`,
    ],
    ["DOUBLE", (n: number) => (n === 3 ? "'nan'::DOUBLE" : `${n}::DOUBLE / 3`)],
    ["DECIMAL(30,2)", (n: number) => `${n}.25::DECIMAL(30,2) * 10000000000`],
    ["DATE", (n: number) => `DATE '2024-01-01' + ${n}`],
    ["TIMESTAMP", (n: number) => `TIMESTAMPTZ '2024-01-01 00:00:00.123456Z' + INTERVAL ${n} MINUTE`],
    ["BOOLEAN", (n: number) => String(n % 2 === 0)],
  ] as const)("finds every match among keys of type %s", async (type, value) => {
    await table(
      [0, 1, 2, 3].map((n) => `(${value(n)}, ${n})`),
      `key ${type}, value INT`,
    );
    for (const wanted of [0, 1, 2, 3]) {
      const all = await rows(`SELECT value FROM t WHERE key = (${value(wanted)}) ORDER BY value`);
      const report = await merge({
        source: `(SELECT ${value(wanted)} AS key)`,
        clauses: [update({ value: "t.value + 10" })],
      });
      expect(report.rowsUpdated).toBe(BigInt(all.length));
      expect(report.rowsUpdated).toBeGreaterThan(0n);
      if (type !== "BOOLEAN" && type !== "DOUBLE" && type !== "STRING") expect(report.filesRead).toBe(1);
    }
  });

  it("skips files by partition and by the expressions of several equalities", async () => {
    await rows("CREATE TABLE t (key INT, part STRING) PARTITIONED BY (part)");
    for (const part of ["a", "b", "c"]) {
      await merge({
        source: `(SELECT i::INT AS key, '${part}' AS part FROM range(10) r(i))`,
        on: "false",
        clauses: [insert()],
      });
    }
    const report = await merge({
      source: source("(3, 'B'), (4, 'B')", "key, part"),
      on: "t.part = lower(s.part) AND s.key + 1 = t.key",
      clauses: [update({ key: "-t.key" })],
    });
    expect(report).toMatchObject({ filesRead: 1, rowsUpdated: 2n });
    expect(await values("SELECT * FROM t WHERE key < 0 ORDER BY key")).toEqual([
      [-5, "b"],
      [-4, "b"],
    ]);
  });

  it("reads a source once, though it gives other rows each time", async () => {
    await table(["(1, 1, 'a'), (2, 2, 'b'), (3, 3, 'c')"], "key INT, value INT, note STRING");
    await merge({
      source: "(SELECT (1 + i)::INT AS key, random() AS chance, uuid()::VARCHAR AS note FROM range(6) r(i))",
      clauses: [
        update({ note: "s.note || s.chance", value: "CASE WHEN s.chance < 2 THEN 1 END" }),
        insert({ key: "s.key", note: "s.note || s.chance" }),
      ],
    });
    const [counted] = await rows("SELECT count(*)::INT AS n, count(DISTINCT note)::INT AS notes FROM t");
    expect(counted).toEqual({ n: 6, notes: 6 });
  });

  it("takes the table itself as its source, other versions of it, and subqueries in every expression", async () => {
    await table(["(1, 1), (2, 2)", "(3, 3)"]);
    await merge({ source: "t", clauses: [update({ value: "s.value + (SELECT max(value) FROM t)" })] });
    expect(await values("SELECT * FROM t ORDER BY key")).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
    await merge({
      source: "t VERSION AS OF 1",
      on: "t.key = s.key AND t.key IN (SELECT key FROM t WHERE key > 1)",
      clauses: [
        update({ value: "s.value" }, "EXISTS (SELECT 1 FROM t AS o WHERE o.key = s.key + 1)"),
        insert({ key: "s.key * 10", value: "(SELECT count(*) FROM t)" }),
      ],
    });
    expect(await values("SELECT * FROM t ORDER BY key")).toEqual([
      [1, 4],
      [2, 2],
      [3, 6],
      [10, 3],
    ]);
  });

  it("binds parameters in every part", async () => {
    await table(["(1, 1), (2, 2)"]);
    await merge({
      source: "(SELECT i::INT AS key, $1::INT AS value FROM range(4) r(i) WHERE i >= $2)",
      on: "t.key = s.key AND t.key < $3",
      clauses: [
        update({ value: "s.value + $4" }, "s.value > $5"),
        insert({ key: "s.key + $6", value: "$6" }),
      ],
      parameters: [7, 1, 2, 100, 5, 1000],
    });
    expect(await values("SELECT * FROM t ORDER BY key")).toEqual([
      [1, 107],
      [2, 2],
      [1002, 1000],
      [1003, 1000],
    ]);
  });

  it("updates and inserts rows of a thousand columns", async () => {
    const columns = Array.from({ length: 1_000 }, (_, index) => `c${index}`);
    const row = (key: number): string =>
      columns.map((_, index) => (index === 0 ? key : key * index)).join(", ");
    await rows(`CREATE TABLE t (${columns.map((name) => `${name} INT`).join(", ")})`);
    await merge({
      source: source(`(${row(1)}), (${row(2)})`, columns.join(", ")),
      on: "false",
      clauses: [insert()],
    });
    await merge({
      source: source(`(${row(2).replaceAll(" 4,", " -4,")}), (${row(3)})`, columns.join(", ")),
      on: "t.c0 = s.c0",
      clauses: [update("all"), insert()],
    });
    expect(await values("SELECT c0, c2, c999 FROM t ORDER BY c0")).toEqual([
      [1, 2, 999],
      [2, -4, 1998],
      [3, 6, 2997],
    ]);
  });

  it("leaves nothing behind when a row breaks a rule", async () => {
    await table(["(1, 1), (2, 2)"], "key INT NOT NULL, value INT");
    await rows("ALTER TABLE t ADD CONSTRAINT small CHECK (value < 100)");
    const before = await folderListing(await tableFolder());
    for (const [clause, list, name] of [
      [update("all"), "(1, 100)", "small"],
      [insert(), "(5, 100)", "small"],
      [insert(), "(NULL, 1)", "key"],
      [update({ key: "NULL" }), "(2, 1)", "key"],
    ] as const) {
      const failure = merge({ source: source(list), clauses: [clause] });
      await expect(failure).rejects.toMatchObject({ kind: "invalid-input", context: { constraint: name } });
      expect(await folderListing(await tableFolder())).toEqual(before);
    }
  });

  it("is told which column a value does not fit, and leaves nothing behind", async () => {
    await table(["(1, 1)"]);
    const before = await folderListing(await tableFolder());
    await expect(
      merge({ source: source("(1, 3000000000)"), clauses: [update({ value: "s.value" })] }),
    ).rejects.toThrow(/value: the type .* does not hold this number: 3000000000/);
    await expect(merge({ source: source("(1, 'x')"), clauses: [update("all")] })).rejects.toMatchObject({
      code: "column-type-mismatch",
      context: { column: "value" },
    });
    expect(await folderListing(await tableFolder())).toEqual(before);
  });

  it("leaves nothing behind when it is stopped, wherever that is", async () => {
    await table(["(1, 1), (2, 2)", "(3, 3)"], "key INT, value INT", FEED);
    const before = await folderListing(await tableFolder());
    for (let looks = 1; looks < 1_000; looks += 13) {
      const stopped = await merge({
        source: source("(1, 10), (9, 90)"),
        clauses: [update("all"), insert(), lonely.remove("t.key = 3")],
        signal: stopAfter(looks),
      }).then(
        () => false,
        (error: unknown) => {
          expect(error).toMatchObject({ kind: "cancelled" });
          return true;
        },
      );
      if (!stopped) return;
      expect(await folderListing(await tableFolder())).toEqual(before);
    }
    expect.fail("a MERGE that is never stopped ends");
  });

  it.each<[string, Partial<MergeOptions>, string]>([
    ["no clause", { clauses: [] }, "merge-clauses"],
    ["a clause after one without a condition", { clauses: [update("all"), remove()] }, "merge-clauses"],
    ["a column that is set twice", { clauses: [update({ value: "1", VALUE: "2" })] }, "column-set-twice"],
    ["a column that the table does not have", { clauses: [update({ nope: "1" })] }, "column-not-found"],
    ["a column that the source does not have", { clauses: [update({ value: "s.nope" })] }, "sql"],
    ["a condition that cannot be", { on: "t.key = s.nope" }, "sql"],
    ["one name for both sides", { alias: "s" }, "merge-names"],
  ])("refuses %s", async (_, options, code) => {
    await table(["(1, 1)"]);
    const refused = merge({ source: source("(1, 10)"), clauses: [update("all")], ...options });
    const error: unknown = await refused.catch((failure: unknown) => failure);
    expect(error).toMatchObject({ kind: "invalid-input" });
    if (code !== "sql") expect(error).toMatchObject({ code });
    expect(String(error)).not.toMatch(/gl_|scanned|LINE/);
  });
});

describe("the columns of a MERGE", () => {
  it("are those of the table for *, whatever else the source has", async () => {
    await table(["(1, 1), (2, 2)"]);
    await merge({
      source: source("(1, 10, 'x'), (5, 50, 'y')", "KEY, value, extra"),
      clauses: [update("all"), insert()],
    });
    expect(await values("SELECT * FROM t ORDER BY key")).toEqual([
      [1, 10],
      [2, 2],
      [5, 50],
    ]);
  });

  it.each([update("all"), insert()])("must all be in the source for *", async (clause) => {
    await table(["(1, 1)"]);
    const refused = merge({ source: "(SELECT 1 AS key)", clauses: [clause] });
    await expect(refused).rejects.toMatchObject({ code: "column-missing", context: { column: "value" } });
  });

  it("keep the other fields of a struct, which is there afterwards", async () => {
    await table(["(1, NULL), (2, {a: 1, b: 2})"], "key INT, st STRUCT<a:INT,b:INT>");
    await merge({ source: source("(1, 10), (2, 20)"), clauses: [update({ "st.A": "s.value" })] });
    expect(await values("SELECT key, st.a, st.b FROM t ORDER BY key")).toEqual([
      [1, 10, null],
      [2, 20, 2],
    ]);
  });

  it("get their defaults, generated values and numbers", async () => {
    await rows(
      `CREATE TABLE t (key INT, value INT DEFAULT 7, twice INT GENERATED ALWAYS AS (key * 2), id BIGINT GENERATED ALWAYS AS IDENTITY)`,
    );
    await merge({
      source: source("(1, 10), (2, 20), (3, 30)"),
      on: "false",
      clauses: [insert({ key: "s.key" }, "s.key = 2"), insert({ key: "s.key", value: "s.value" })],
    });
    const before = await values("SELECT key, value, twice, id FROM t ORDER BY key");
    expect(before.map((row) => row.slice(0, 3))).toEqual([
      [1, 10, 2],
      [2, 7, 4],
      [3, 30, 6],
    ]);
    expect(new Set(before.map((row) => row[3])).size).toBe(3);
    await merge({
      source: source("(1, 10), (9, 90)"),
      clauses: [update({ key: "s.key + 100", value: undefined }), insert({ key: "s.key", value: undefined })],
    });
    const after = await values("SELECT key, value, twice, id FROM t ORDER BY key");
    expect(after.map((row) => row.slice(0, 3))).toEqual([
      [2, 7, 4],
      [3, 30, 6],
      [9, 7, 18],
      [101, 7, 202],
    ]);
    expect(after.at(-1)?.[3]).toEqual(before[0]?.[3]);
    expect(new Set(after.map((row) => row[3])).size).toBe(4);
    await expect(merge({ source: source("(2, 1)"), clauses: [update({ id: "1" })] })).rejects.toMatchObject({
      code: "identity-given",
    });
  });

  it("are changed in an append-only table by inserts alone", async () => {
    await table(["(1, 1)"], "key INT, value INT", "TBLPROPERTIES ('delta.appendOnly' = 'true')");
    await merge({ source: source("(1, 10), (2, 20)"), clauses: [insert()] });
    await merge({ source: source("(1, 10)"), clauses: [remove("false")] });
    await expect(merge({ source: source("(1, 10)"), clauses: [update("all")] })).rejects.toMatchObject({
      code: "append-only",
    });
    expect(await values("SELECT * FROM t ORDER BY key")).toEqual([
      [1, 1],
      [2, 20],
    ]);
  });
});

describe("MERGE WITH SCHEMA EVOLUTION", () => {
  const evolve = true;

  it.each(["", "TBLPROPERTIES ('delta.columnMapping.mode' = 'name', 'delta.enableChangeDataFeed' = 'true')"])(
    "adds the columns of the source that * stands for %s",
    async (definition) => {
      await table(["(1, 1), (2, 2)"], "key INT, value INT", definition);
      await merge({
        evolve,
        source: source("('x', 1, 10), ('y', 5, 50)", "extra, key, value"),
        clauses: [update("all"), insert()],
      });
      expect(await values("SELECT * FROM t ORDER BY key")).toEqual([
        [1, 10, "x"],
        [2, 2, null],
        [5, 50, "y"],
      ]);
      expect((await (await lake.table("t")).fsck()).findings).toEqual([]);
    },
  );

  it("leaves columns alone that the source lacks", async () => {
    await table(["(1, 1), (2, 2)"]);
    await merge({ evolve, source: source("(1), (5)", "key"), clauses: [update("all"), insert()] });
    expect(await values("SELECT * FROM t ORDER BY key")).toEqual([
      [1, 1],
      [2, 2],
      [5, null],
    ]);
  });

  it("adds columns that assignments name, of the source's type, and no others", async () => {
    await table(["(1, 1), (2, 2)"]);
    const wide = source("(1, 'x', true), (5, 'y', true)", "key, extra, other");
    await merge({
      evolve,
      source: wide,
      clauses: [update({ extra: "upper(s.extra)" }), insert({ key: "s.key", extra: "s.extra" })],
    });
    expect(await rows("SELECT * FROM t ORDER BY key")).toEqual([
      { key: 1, value: 1, extra: "X" },
      { key: 2, value: 2, extra: null },
      { key: 5, value: null, extra: "y" },
    ]);
    await expect(
      merge({ evolve, source: wide, clauses: [update({ nope: "s.other" })] }),
    ).rejects.toMatchObject({
      code: "column-not-found",
    });
  });

  it("adds fields of structs, and keeps those that the source lacks", async () => {
    await table(["(1, {a: 1, b: 2}), (2, {a: 3, b: 4})"], "key INT, st STRUCT<a:INT,b:INT>");
    await merge({
      evolve,
      source: source("(1, {c: 7, a: 9}), (5, {c: 8, a: 10})", "key, st"),
      clauses: [update("all"), insert()],
    });
    expect(await values("SELECT key, st.a, st.b, st.c FROM t ORDER BY key")).toEqual([
      [1, 9, 2, 7],
      [2, 3, 4, null],
      [5, 10, null, 8],
    ]);
  });

  it("widens columns where the table has type widening, and not elsewhere", async () => {
    await table(["(1, 1)"], "key INT, value INT");
    const wide = {
      evolve,
      source: source("(1, 3000000000), (2, 4000000000)"),
      clauses: [update("all"), insert()],
    };
    await expect(merge(wide)).rejects.toThrow(/does not hold this number/);
    await rows("ALTER TABLE t SET TBLPROPERTIES ('delta.enableTypeWidening' = 'true')");
    await merge(wide);
    expect(await values("SELECT * FROM t ORDER BY key")).toEqual([
      [1, 3_000_000_000n],
      [2, 4_000_000_000n],
    ]);
  });
});

describe("other writers beside a MERGE", () => {
  async function race(theirs: string, ours: Partial<MergeOptions> = {}): Promise<string> {
    const target = await operations.target("t");
    const read = await target.table.snapshot();
    const operation = mergeOperation(operations.context, target, {
      source: source("(15, 0), (16, 16)"),
      alias: "t",
      sourceAlias: "s",
      on: "t.key = s.key",
      clauses: [update("all"), insert()],
      ...ours,
    });
    const prepared = await operation.prepare(read);
    if (prepared.status !== "staged") throw new Error("nothing is staged");
    // Reads rows, so that it is no blind append.
    await merge({ source: source(theirs), clauses: [update("all"), insert()] });
    return (await target.table.commit(read, prepared.staged)).status;
  }

  beforeEach(() => table(["(1, 1), (9, 9)", "(11, 11), (15, 15)", "(21, 21), (29, 29)"]));

  it("are lost to where they add a row that it would have matched", async () => {
    expect(await race("(16, 1)")).toBe("conflict");
  });

  it("are lost to where they change a file that it changes", async () => {
    expect(await race("(11, 1)")).toBe("conflict");
  });

  it("do not matter where their rows are none that it could match", async () => {
    expect(await race("(29, 1), (30, 1)")).toBe("committed");
    expect(await values("SELECT * FROM t WHERE key > 11 ORDER BY key")).toEqual([
      [15, 0],
      [16, 16],
      [21, 21],
      [29, 1],
      [30, 1],
    ]);
  });

  it("are lost to where they change rows of the table that it took as its source", async () => {
    const ours = { source: "(SELECT key + 14 AS key, value FROM t WHERE key < 5)" };
    expect(await race("(1, 100)", ours)).toBe("conflict");
  });

  it("do not matter where its source is an older version of the table", async () => {
    const ours = { source: "(SELECT key + 14 AS key, value FROM t VERSION AS OF 1 WHERE key < 5)" };
    expect(await race("(1, 100)", ours)).toBe("committed");
  });

  it("are lost to where they take away the row that kept one of its own from being inserted", async () => {
    const target = await operations.target("t");
    const read = await target.table.snapshot();
    const operation = mergeOperation(operations.context, target, {
      source: source("(15, 0), (16, 16)"),
      alias: "t",
      sourceAlias: "s",
      on: "t.key = s.key",
      clauses: [insert()],
    });
    const prepared = await operation.prepare(read);
    if (prepared.status !== "staged") throw new Error("nothing is staged");
    await merge({
      source: source("(15, 0)"),
      clauses: [{ when: "matched", condition: undefined, action: { kind: "delete" } }],
    });
    expect((await target.table.commit(read, prepared.staged)).status).toBe("conflict");
  });

  it("matter all when the condition tells no range", async () => {
    expect(await race("(30, 1)", { on: "abs(t.key) = s.key" })).toBe("conflict");
  });
});
