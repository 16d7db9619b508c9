import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Lake } from "../../src/index.js";
import { temporaryLake } from "../support/temporary-lake.js";
import { AppendingPeer } from "./appending-peer.js";
import { relation, relationOf } from "./cells.js";
import { readTable } from "./delta-rs.js";

const COMMITS = 100;
const ROWS_A_COMMIT = 3;

/** Their commits have even numbers, ours odd ones. */
function part(commit: number): { readonly name: "numbers"; readonly first: number; readonly count: number } {
  return { name: "numbers", first: commit * ROWS_A_COMMIT, count: ROWS_A_COMMIT };
}

interface Writers {
  readonly lake: Lake;
  readonly table: string;
  readonly ours: (commit: number) => Promise<number>;
  readonly theirs: (commit: number) => Promise<number>;
}

async function bothWriters(): Promise<Writers> {
  const { lake, folder } = await temporaryLake();
  const table = path.join(folder, "shared");
  const peer = await AppendingPeer.start();
  onTestFinished(() => peer.stop());
  return {
    lake,
    table,
    ours: async (commit) => {
      const source = path.join(folder, `${commit}.parquet`);
      const { first, count } = part(commit);
      const rows = `SELECT i AS id, 'row ' || i AS text, DATE '2024-01-01' + (i % 7)::INTEGER AS day FROM range(${first}, ${first + count}) AS r(i)`;
      await (await lake.sql(rows)).writeTo(source);
      return Number((await lake.ingest([source], { into: table })).version);
    },
    theirs: (commit) => peer.append(table, part(commit)),
  };
}

/** Both see every commit, and all of its rows once. @returns who wrote the versions, oldest first */
async function expectAll({ lake, table }: Writers): Promise<readonly ("we" | "they")[]> {
  const ids = Array.from({ length: 2 * COMMITS * ROWS_A_COMMIT }, (_, id) => id);
  const day = (id: number): string => `2024-01-0${1 + (id % 7)}`;
  const expected = relation(
    ["id", "text", "day"],
    ids.map((id) => [BigInt(id), `row ${id}`, day(id)]),
  );
  expect(
    await relationOf(await lake.sql(`SELECT id, text, day::VARCHAR AS day FROM delta.\`${table}\``)),
  ).toEqual(expected);
  const read = await readTable(table);
  expect(read.version).toBe(2 * COMMITS - 1);
  expect(read.rows).toEqual(expected);
  expect(read.numFiles).toBe(2 * COMMITS);
  const history = await (await lake.table(table)).history();
  expect(history.map(({ version }) => Number(version))).toEqual(
    Array.from({ length: 2 * COMMITS }, (_, age) => 2 * COMMITS - 1 - age),
  );
  expect((await (await lake.table(table)).fsck()).findings).toEqual([]);
  return history.map(({ engineInfo }) => (engineInfo?.startsWith("delta-rs") ? "they" : "we")).reverse();
}

test("200 commits by turns: both see all of them", async () => {
  const writers = await bothWriters();
  for (let turn = 0; turn < COMMITS; turn++) {
    expect(await writers.theirs(2 * turn)).toBe(2 * turn);
    expect(await writers.ours(2 * turn + 1)).toBe(2 * turn + 1);
  }
  const by = await expectAll(writers);
  expect(by).toEqual(Array.from({ length: COMMITS }, () => ["they", "we"]).flat());
});

test("100 commits of delta-rs and 100 of ours at the same time: both see all of them", async () => {
  const writers = await bothWriters();
  expect(await writers.theirs(0)).toBe(0);
  const we = async (): Promise<void> => {
    for (let commit = 0; commit < COMMITS; commit++) await writers.ours(2 * commit + 1);
  };
  const they = Array.from({ length: COMMITS - 1 }, (_, commit) => writers.theirs(2 * commit + 2));
  await Promise.all([we(), ...they]);
  const by = await expectAll(writers);
  expect(by.filter((writer) => writer === "we")).toHaveLength(COMMITS);
  // They did race: neither was done before the other began.
  const changes = by.filter((writer, version) => version > 0 && by[version - 1] !== writer);
  expect(changes.length).toBeGreaterThan(10);
});
