import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, it } from "vitest";
import { isLakeError } from "../../core/index.js";
import type { Lake, Row, SqlOptions } from "../../src/index.js";
import { temporaryLake } from "../support/temporary-lake.js";

let lake: Lake;
let folder: string;
beforeEach(async () => {
  ({ lake, folder } = await temporaryLake());
});

async function rows(sql: string, parameters?: SqlOptions["parameters"]): Promise<Row[]> {
  return (await lake.sql(sql, { parameters })).toArray();
}

const FEED = "'delta.enableChangeDataFeed' = 'true'";
const VECTORS = "'delta.enableDeletionVectors' = 'true'";

function create(more = "", ...properties: readonly string[]): Promise<Row[]> {
  return rows(
    `CREATE TABLE t (id BIGINT, p STRING) ${more} TBLPROPERTIES (${[FEED, ...properties].join(", ")})`,
  );
}

async function land(
  ids: readonly number[],
  p: string,
  mode: "append" | "overwrite" = "append",
): Promise<void> {
  const file = path.join(folder, "rows.jsonl");
  await writeFile(file, ids.map((id) => JSON.stringify({ id, p })).join("\n"));
  await lake.ingest([file], { into: "t", mode, again: true });
}

/** `version type id`, in order. */
async function changes(feed: string, where = "true"): Promise<string[]> {
  const found = await rows(
    `SELECT _commit_version AS v, _change_type AS c, id FROM ${feed} WHERE ${where} ORDER BY v, c, id`,
  );
  return found.map(({ v, c, id }) => `${v} ${c} ${id}`);
}

function lines(version: number, type: string, ids: readonly number[]): string[] {
  return ids.map((id) => `${version} ${type} ${id}`);
}

async function location(): Promise<string> {
  return fileURLToPath((await lake.table("t")).location);
}

async function failure(sql: string): Promise<{ kind: string; code: string; message: string; hint: string }> {
  const error = await rows(sql).catch((thrown: unknown) => thrown);
  if (!isLakeError(error)) throw new Error(`${sql} has not failed with an error of ours: ${error}`);
  return { kind: error.kind, code: error.code, message: error.message, hint: error.hint ?? "" };
}

describe.each([
  ["copy on write", []],
  ["deletion vectors", [VECTORS]],
  ["column mapping by name", [VECTORS, "'delta.columnMapping.mode' = 'name'"]],
  ["column mapping by id", ["'delta.columnMapping.mode' = 'id'"]],
  [
    "in-commit timestamps and row tracking",
    [VECTORS, "'delta.enableInCommitTimestamps' = 'true'", "'delta.enableRowTracking' = 'true'"],
  ],
])("table_changes with %s", (_, properties) => {
  it.each(["", "PARTITIONED BY (p)"])("gives what each commit changed %s", async (partitioned) => {
    await create(partitioned, ...properties);
    await land([1, 2, 3, 4], "a");
    await land([5, 6], "b");
    await rows("DELETE FROM t WHERE id IN (2, 5)");
    await rows("DELETE FROM t WHERE id IN (3, 6)");
    await land([7], "c", "overwrite");
    const history = [
      ...lines(1, "insert", [1, 2, 3, 4]),
      ...lines(2, "insert", [5, 6]),
      ...lines(3, "delete", [2, 5]),
      ...lines(4, "delete", [3, 6]),
      ...lines(5, "delete", [1, 4]),
      ...lines(5, "insert", [7]),
    ];
    expect(await changes("table_changes('t', 0)")).toEqual(history);
    expect(await changes("table_changes('t', 2, 4)")).toEqual(history.slice(4, 10));
    expect(await changes("table_changes('t', 0)", "id < 3 AND p = 'a'")).toEqual(
      history.filter((line) => / [12]$/.test(line)),
    );
    expect(await changes("table_changes('t', 0)", "p = 'b'")).toEqual(
      history.filter((line) => / [56]$/.test(line)),
    );
    expect(await changes("table_changes('t', 0)", "_change_type = 'delete' AND _commit_version > 3")).toEqual(
      history.filter((line) => /^[45] delete/.test(line)),
    );
    expect(await rows("SELECT p FROM table_changes('t', 3, 3) WHERE id = 5")).toEqual([{ p: "b" }]);
    const times = new Map(
      (await (await lake.table("t")).history()).map(({ version, timestamp }) => [version, timestamp]),
    );
    for (const row of await rows(
      "SELECT DISTINCT _commit_version AS v, _commit_timestamp AS at FROM table_changes('t', 0)",
    )) {
      expect(Date.parse(String(row["at"]))).toBe(Date.parse(times.get(BigInt(String(row["v"]))) ?? ""));
    }
  });
});

describe("table_changes", () => {
  it("has the columns of the table at the end of the range, then its own", async () => {
    await create();
    await land([1], "a");
    await rows("ALTER TABLE t ADD COLUMN more INT");
    await land([2], "b");
    const columns = async (feed: string): Promise<string[]> => {
      const result = await lake.sql(`SELECT * FROM ${feed}`);
      await result.close();
      return result.columns.map(({ name, type }) => `${name} ${type}`);
    };
    const own = [
      "_change_type VARCHAR",
      "_commit_version BIGINT",
      "_commit_timestamp TIMESTAMP WITH TIME ZONE",
    ];
    expect(await columns("table_changes('t', 0, 1)")).toEqual(["id BIGINT", "p VARCHAR", ...own]);
    expect(await columns("table_changes('t', 0)")).toEqual([
      "id BIGINT",
      "p VARCHAR",
      "more INTEGER",
      ...own,
    ]);
    expect(await changes("table_changes('t', 0)", "more IS NULL")).toEqual(["1 insert 1", "3 insert 2"]);
  });

  it("stands wherever a table does, in every spelling", async () => {
    await rows("CREATE SCHEMA sales").catch(() => lake.createNamespace("sales"));
    await create();
    await land([1, 2], "a");
    await rows("DELETE FROM t WHERE id = 1");
    const there = await location();
    for (const feed of [
      "table_changes('t', 0)",
      "TABLE_CHANGES('default.t', 0, 2)",
      "table_changes(t, 0)",
      "table_changes(default.t, 0)",
      'table_changes("t", 1 - 1, 1 + 1)',
      `table_changes('${there}', 0)`,
      `table_changes('delta.\`${there}\`', 0)`,
      `table_changes(delta.\`${there}\`, 0)`,
      "table_changes('t', 0, 100)",
      "table_changes('t', TIMESTAMP '2000-01-01', now())",
      "table_changes('t', '2000-01-01')",
      "(SELECT * FROM table_changes('t', 0))",
    ]) {
      expect(await changes(feed), feed).toEqual(["1 insert 1", "1 insert 2", "2 delete 1"]);
    }
    await rows("CREATE VIEW feed AS SELECT * FROM table_changes('t', 0)");
    expect(await changes("feed")).toHaveLength(3);
    const joined = await rows(
      `WITH gone AS (SELECT id FROM table_changes('t', $from, $to) WHERE _change_type = 'delete')
       SELECT old.id FROM table_changes('t', 1, 1) AS old SEMI JOIN gone USING (id) WHERE old._commit_version = $from`,
      { from: 1, to: 2 },
    );
    expect(joined).toEqual([{ id: 1n }]);
    expect(
      await rows("SELECT table_changes.id FROM table_changes('t', ?, ?) WHERE p = ?", [2, 2, "a"]),
    ).toEqual([{ id: 1n }]);
  });

  it("takes instants: the first version at or after, the last one at or before", async () => {
    await create("", "'delta.enableInCommitTimestamps' = 'true'");
    await land([1], "a");
    await land([2], "a");
    const [last = "", middle = "", first = ""] = (await (await lake.table("t")).history()).map(
      ({ timestamp }) => timestamp,
    );
    const shifted = (instant: string, milliseconds: number): string =>
      new Date(Date.parse(instant) + milliseconds).toISOString();
    expect(await changes(`table_changes('t', '${first}')`)).toEqual(["1 insert 1", "2 insert 2"]);
    expect(await changes(`table_changes('t', '${middle}', '${middle}')`)).toEqual(["1 insert 1"]);
    expect(await changes(`table_changes('t', '${shifted(middle, 1)}', '${last}')`)).toEqual(["2 insert 2"]);
    expect(await changes(`table_changes('t', 0, '${shifted(last, -1)}')`)).toEqual(["1 insert 1"]);
    expect(
      await changes(`table_changes('t', '${shifted(first, -1000)}', '${shifted(last, 1000)}')`),
    ).toHaveLength(2);
    expect(await failure(`FROM table_changes('t', '${shifted(last, 1)}')`)).toMatchObject({
      kind: "not-found",
      code: "change-range",
    });
    expect(await failure(`FROM table_changes('t', 0, '${shifted(first, -1)}')`)).toMatchObject({
      kind: "not-found",
    });
    expect(await failure(`FROM table_changes('t', '${last}', '${first}')`)).toMatchObject({
      kind: "invalid-input",
      code: "change-range",
    });
  });

  it("gives the rows that a restore of a deletion vector brings back", async () => {
    await create("", VECTORS);
    await land([1, 2, 3], "a");
    await rows("DELETE FROM t WHERE id = 2");
    // What RESTORE commits: the file as it was before.
    const log = path.join(await location(), "_delta_log");
    const entry = (n: number): string => path.join(log, `${String(n).padStart(20, "0")}.json`);
    const added = async (n: number): Promise<Record<string, unknown>> => {
      const text = (await readFile(entry(n), "utf8")).trim().split("\n");
      return text.map((line) => JSON.parse(line)).find((action) => action.add !== undefined).add;
    };
    const [before, marked] = [await added(1), await added(2)];
    const remove = { ...marked, stats: undefined, deletionTimestamp: 1, extendedFileMetadata: true };
    await writeFile(
      entry(3),
      [{ remove }, { add: before }].map((action) => JSON.stringify(action)).join("\n"),
    );
    expect(await changes("table_changes('t', 1)")).toEqual([
      ...lines(1, "insert", [1, 2, 3]),
      "2 delete 2",
      "3 insert 2",
    ]);
    expect(await changes("table_changes('t', 3)", "id > 2")).toEqual([]);
  });

  it("takes no column of the table for one of the engine's", async () => {
    await rows(
      `CREATE TABLE t (id BIGINT, p STRING, file_index STRING, file_row_number BIGINT)
       TBLPROPERTIES (${FEED}, ${VECTORS})`,
    );
    for (const ids of [
      [1, 2, 3],
      [4, 5],
    ]) {
      const file = path.join(folder, "rows.jsonl");
      const line = (id: number): string =>
        JSON.stringify({ id, p: "a", file_index: `f${id}`, file_row_number: -id });
      await writeFile(file, ids.map(line).join("\n"));
      await lake.ingest([file], { into: "t", again: true });
    }
    await rows("ALTER TABLE t ADD COLUMN filename STRING");
    await rows("DELETE FROM t WHERE id % 2 = 0");
    const own = "id, file_index, file_row_number, filename, _change_type AS c, _commit_version AS v";
    const gone = await rows(
      `SELECT ${own} FROM table_changes('t', 1) WHERE _change_type = 'delete' ORDER BY id`,
    );
    expect(gone).toEqual(
      [2, 4].map((id) => ({
        id: BigInt(id),
        file_index: `f${id}`,
        file_row_number: BigInt(-id),
        filename: null,
        c: "delete",
        v: 4n,
      })),
    );
  });

  it("passes over files and commits that hold no row of the query", async () => {
    await create("PARTITIONED BY (p)");
    for (const [index, p] of ["a", "b", "c", "d"].entries()) await land([index * 10, index * 10 + 1], p);
    const read = async (where: string): Promise<unknown[]> =>
      (await rows(`EXPLAIN SELECT * FROM table_changes('t', 0) WHERE ${where}`)).map((row) => [
        row["table"],
        row["files_read"],
        row["files_skipped"],
      ]);
    expect(await read("true")).toEqual([["table_changes(t)", 4n, 0n]]);
    expect(await read("p IN ('a', 'c')")).toEqual([["table_changes(t)", 2n, 2n]]);
    expect(await read("id >= 30")).toEqual([["table_changes(t)", 1n, 3n]]);
    expect(await read("_commit_version BETWEEN 2 AND 3")).toEqual([["table_changes(t)", 2n, 2n]]);
    expect(await read("_change_type = 'delete'")).toEqual([["table_changes(t)", 0n, 4n]]);
    expect(await changes("table_changes('t', 0)", "_change_type = 'delete'")).toEqual([]);
  });

  it("is there through the library", async () => {
    await create();
    await land([1, 2], "a");
    await rows("DELETE FROM t WHERE id = 1");
    const table = await lake.table("t");
    const feed = await table.changes({
      from: 1,
      to: 2n,
      columns: ["id", "_change_type"],
      filter: "id = $id",
      parameters: { id: 1 },
    });
    expect((await feed.toArray()).map((row) => Object.values(row).join(" ")).sort()).toEqual([
      "1 delete",
      "1 insert",
    ]);
    expect(await (await table.changes({ from: new Date(0) })).toArray()).toHaveLength(3);
    await expect(table.changes({ from: 2, to: 1 })).rejects.toMatchObject({ kind: "invalid-input" });
  });
});

describe("table_changes refuses", () => {
  it("ranges that do not exist", async () => {
    await create();
    await land([1], "a");
    expect(await failure("FROM table_changes('t', 2)")).toMatchObject({
      kind: "not-found",
      code: "change-range",
    });
    expect(await failure("FROM table_changes('t', 1, 0)")).toMatchObject({ kind: "invalid-input" });
    expect(await failure("FROM table_changes('nothing', 0)")).toMatchObject({
      kind: "not-found",
      code: "table-not-found",
    });
    for (const call of ["'t'", "", "'t', 0, 1, 2", "1, 0", "$1, 0", "a.b.c, 0"]) {
      expect(await failure(`FROM table_changes(${call})`), call).toMatchObject({
        kind: "invalid-input",
        code: "sql-syntax",
      });
    }
    expect((await failure("FROM table_changes('t', 0) VERSION AS OF 1")).kind).toBe("invalid-input");
    for (const bound of ["NULL", "-1", "1.5", "'soon'", "id"]) {
      expect((await failure(`FROM table_changes('t', ${bound})`)).kind, bound).toBe("invalid-input");
    }
  });

  it("versions without a change feed, by their number", async () => {
    await rows("CREATE TABLE t (id BIGINT, p STRING)");
    await land([1], "a");
    await rows(`ALTER TABLE t SET TBLPROPERTIES (${FEED})`);
    await land([2], "b");
    await rows("ALTER TABLE t SET TBLPROPERTIES ('delta.enableChangeDataFeed' = 'false')");
    expect(await changes("table_changes('t', 2, 3)")).toEqual(["3 insert 2"]);
    for (const [range, version] of [
      ["0", 0],
      ["1, 2", 1],
      ["2", 4],
      ["2, 4", 4],
      ["4", 4],
    ] as const) {
      expect(await failure(`FROM table_changes('t', ${range})`), range).toMatchObject({
        kind: "invalid-input",
        code: "change-feed-off",
        message: expect.stringContaining(`at version ${version},`),
      });
    }
  });

  it("columns that were renamed or dropped within the range", async () => {
    await create("", "'delta.columnMapping.mode' = 'name'");
    await land([1], "a");
    await rows("ALTER TABLE t RENAME COLUMN p TO q");
    await rows("ALTER TABLE t ADD COLUMN r INT");
    await rows("ALTER TABLE t DROP COLUMN q");
    expect(await failure("FROM table_changes('t', 1, 2)")).toMatchObject({
      kind: "unsupported",
      code: "change-feed-schema",
      message: expect.stringContaining('column "p" is called "q" since'),
    });
    expect(await failure("FROM table_changes('t', 1)")).toMatchObject({
      message: expect.stringContaining(
        'version 1 cannot be read with the columns of version 4: column "p" was dropped since',
      ),
    });
    expect(await changes("table_changes('t', 1, 1)")).toEqual(["1 insert 1"]);
    expect(await changes("table_changes('t', 4)")).toEqual([]);
  });

  it("a deletion vector that a vacuum has taken away", async () => {
    await create("", VECTORS);
    await land([1, 2, 3], "a");
    await rows("DELETE FROM t WHERE id = 1");
    const there = await location();
    const vectors = (await readdir(there)).filter((name) => name.endsWith(".bin"));
    for (const name of vectors) await rm(path.join(there, name));
    expect(vectors).toHaveLength(1);
    expect(await failure("FROM table_changes('t', 2)")).toMatchObject({
      kind: "not-found",
      code: "changes-vacuumed",
      message: expect.stringContaining(`${vectors[0]} is gone`),
    });
  });

  it("what a clean-up of the log or a vacuum has taken away", async () => {
    await create();
    await land([1], "a");
    await land([2], "a", "overwrite");
    await land([3], "a");
    const table = await lake.table("t");
    await table.checkpoint();
    const there = await location();
    const [first = {}] = await rows("SELECT _metadata.file_path AS file FROM t VERSION AS OF 1");
    await rm(new URL(String(first["file"])));
    expect(await failure("FROM table_changes('t', 1)")).toMatchObject({
      kind: "not-found",
      code: "changes-vacuumed",
      message: expect.stringContaining(".parquet is gone"),
    });
    expect(await changes("table_changes('t', 3)")).toEqual(["3 insert 3"]);
    for (const n of [0, 1]) await rm(path.join(there, "_delta_log", `${String(n).padStart(20, "0")}.json`));
    expect(await failure("FROM table_changes('t', 1)")).toMatchObject({
      kind: "not-found",
      code: "changes-cleaned-up",
      hint: "Those from version 2 on are there.",
    });
    expect(await changes("table_changes('t', 3)")).toEqual(["3 insert 3"]);
  });
});
