import { rm } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { temporaryLake } from "../support/temporary-lake.js";
import { type Relation, relation, relationOf } from "./cells.js";
import { type Dataset, readTable, writeSource, writeTable } from "./delta-rs.js";

const ROWS_A_COMMIT = 5;

test.each(["we", "delta-rs"])("10 commits by turns to one table that %s made", async (maker) => {
  const { lake, folder } = await temporaryLake();
  const table = path.join(folder, "shared");
  const rows: Relation["rows"][number][] = [];
  for (let commit = 0; commit <= 10; commit++) {
    const dataset: Dataset = { name: "numbers", first: commit * ROWS_A_COMMIT, count: ROWS_A_COMMIT };
    const source = path.join(folder, `turn-${commit}.parquet`);
    rows.push(...(await writeSource(dataset, source)).rows);
    if ((commit % 2 === 0) === (maker === "we")) await lake.ingest([source], { into: table });
    else await writeTable(table, [{ do: "write", dataset }]);

    const expected = relation(["id", "text", "day"], rows);
    expect(await relationOf(await lake.sql(`SELECT * FROM delta.\`${table}\``))).toEqual(expected);
    expect(await readTable(table)).toMatchObject({ version: commit, rows: expected, pyarrowRows: expected });
  }
  const history = await (await lake.table(table)).history();
  expect(history.map(({ version }) => Number(version))).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
  const writers = history.map(({ engineInfo }) => (engineInfo?.startsWith("delta-rs") ? "delta-rs" : "we"));
  expect(writers.filter((writer) => writer === maker)).toHaveLength(6);
});

test("our checkpoint keeps what delta-rs put into the log", async () => {
  const { lake, folder } = await temporaryLake();
  const table = path.join(folder, "theirs");
  const dataset: Dataset = { name: "numbers", first: 0, count: 9 };
  const configuration = {
    "delta.deletedFileRetentionDuration": "interval 30 days",
    "delta.appendOnly": "false",
  };
  await writeTable(table, [
    { do: "write", dataset, partitionBy: ["day"], configuration },
    { do: "write", dataset, appId: "loader", appVersion: 3 },
    { do: "delete", predicate: "id < 4" },
  ]);
  const before = await readTable(table, { appId: "loader" });
  expect(before).toMatchObject({ version: 2, transaction: 3, configuration });
  expect(await (await lake.table(table)).checkpoint()).toMatchObject({ version: 2n });
  const log = path.join(table, "_delta_log");
  for (const version of [0, 1, 2]) await rm(path.join(log, `${String(version).padStart(20, "0")}.json`));
  const after = await readTable(table, { appId: "loader" });
  const byPath = (adds: typeof before.adds): unknown[] =>
    [...adds].sort((a, b) => (String(a.path) < String(b.path) ? -1 : 1));
  // With the entries went the history; everything else is in the checkpoint.
  expect({ ...after, adds: byPath(after.adds), history: [] }).toEqual({
    ...before,
    adds: byPath(before.adds),
    history: [],
  });
});

test("both write at the same time and no commit is lost", async () => {
  const { lake, folder } = await temporaryLake();
  const table = path.join(folder, "shared");
  const part = (writer: number, commit: number): Dataset => ({
    name: "numbers",
    first: writer * 1000 + commit * ROWS_A_COMMIT,
    count: ROWS_A_COMMIT,
  });
  await writeTable(table, [{ do: "write", dataset: part(0, 0) }]);
  const rounds = [0, 1, 2, 3, 4];
  const ours = async (writer: number): Promise<void> => {
    for (const commit of rounds) {
      const source = path.join(folder, `${writer}-${commit}.parquet`);
      await writeSource(part(writer, commit), source);
      await lake.ingest([source], { into: table });
    }
  };
  const theirs = async (writer: number): Promise<void> => {
    await writeTable(
      table,
      rounds.map((commit) => ({ do: "write", dataset: part(writer, commit) })),
    );
  };
  await Promise.all([ours(1), theirs(2), ours(3), theirs(4)]);
  const written = [1, 2, 3, 4].flatMap((writer) => rounds.map((commit) => part(writer, commit)));
  const ids = [part(0, 0), ...written].flatMap((dataset) =>
    "first" in dataset ? Array.from({ length: dataset.count }, (_, row) => String(dataset.first + row)) : [],
  );
  const read = await readTable(table);
  expect(read.version).toBe(20);
  expect(read.rows.rows.map(([id]) => id).sort()).toEqual(ids.sort());
  expect(await relationOf(await lake.sql(`SELECT * FROM delta.\`${table}\``))).toEqual(read.rows);
});
