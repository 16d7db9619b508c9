import { describe, expect, it } from "vitest";
import type { Lake } from "../../src/index.js";
import { behindOne, expectSoundTable, type GatedLake, gatedLake, rowsOf, run } from "./group-commit-lake.js";
import { lastEntry, only } from "./table-log.js";

const CREATE = "CREATE TABLE t (writer INT, n BIGINT)";

async function insertOf(lake: Lake, writer: number, rows: number, signal?: AbortSignal): Promise<bigint> {
  const table = await lake.table("t");
  const report = await table.insert({
    rows: Array.from({ length: rows }, (_, n) => ({ writer, n: BigInt(n) })),
    signal,
  });
  expect({ writer, rows: report.rowsInserted, files: report.filesAdded }).toEqual({
    writer,
    rows: BigInt(rows),
    files: 1,
  });
  return report.version;
}

/** Inserts of 1, 2, 3, ... rows by writers 0, 1, 2, ..., all behind the first. */
async function insertsAtOnce({ lake, gate }: GatedLake, count: number): Promise<bigint[]> {
  const inserts = Array.from({ length: count }, (_, writer) => () => insertOf(lake, writer, writer + 1));
  const [first, ...others] = inserts;
  if (first === undefined) throw new RangeError("no insert");
  const begun = await behindOne(gate, first, others);
  gate.open();
  return Promise.all(begun);
}

/** Every version holds the rows of the writers that were told it, or an earlier one, and no others. */
async function expectVersions(lake: Lake, told: readonly bigint[]): Promise<void> {
  for (const version of new Set(told)) {
    const landed = told.flatMap((at, writer) =>
      at <= version ? [{ writer, n: BigInt(writer + 1), d: BigInt(writer + 1) }] : [],
    );
    const sql = `SELECT writer, count(*) AS n, count(DISTINCT n) AS d FROM t VERSION AS OF ${version} GROUP BY writer ORDER BY writer`;
    expect(await rowsOf(lake, sql)).toEqual(landed);
  }
}

describe("inserts that are made at the same time", () => {
  it("share commits, and each is told its own rows and the version that holds them", async () => {
    const made = await gatedLake(CREATE);
    const { lake, other } = made;
    const versions = await insertsAtOnce(made, 50);
    expect(versions[0]).toBe(1n);
    const { version } = await (await other.table("t")).describe();
    expect(version).toBeLessThan(20n);
    expect(versions.toSorted((a, b) => Number(a - b)).at(-1)).toBe(version);
    await expectVersions(other, versions);
    await expectVersions(lake, versions);
    await expectSoundTable(other);
  });

  it("are told together by the history, with what each of them did", async () => {
    const made = await gatedLake(CREATE);
    const versions = await insertsAtOnce(made, 4);
    expect(versions).toEqual([1n, 2n, 2n, 2n]);
    const [last, first] = await (await made.lake.table("t")).history();
    expect(last).toMatchObject({
      version: 2n,
      operation: "WRITE",
      operationParameters: { mode: "Append", partitionBy: "[]", appends: "3" },
      operationMetrics: { numFiles: "3", numOutputRows: "9" },
      isBlindAppend: true,
      readVersion: 1n,
    });
    expect(first).toMatchObject({
      operationParameters: { mode: "Append" },
      operationMetrics: { numOutputRows: "1" },
    });
    expect(first?.operationParameters).not.toHaveProperty("appends");
    const { grizzlyAppends } = only(await lastEntry(made.lake, "t"), "commitInfo") ?? {};
    const appends: readonly unknown[] = Array.isArray(grizzlyAppends) ? grizzlyAppends : [];
    expect(appends).toHaveLength(3);
    expect(appends).toEqual(
      expect.arrayContaining(
        ["2", "3", "4"].map((numOutputRows) => ({
          operationMetrics: expect.objectContaining({ numFiles: "1", numOutputRows }),
        })),
      ),
    );
  });

  it("follow what another process has appended meanwhile", async () => {
    const { lake, gate, other } = await gatedLake(CREATE);
    const begun = await behindOne(gate, () => insertOf(lake, 0, 1), [
      () => insertOf(lake, 1, 2),
      () => insertOf(lake, 2, 3),
    ]);
    await run(other, "INSERT INTO t VALUES (9, 1)");
    await run(other, "DELETE FROM t WHERE writer = 9");
    gate.open();
    expect(await Promise.all(begun)).toEqual([3n, 4n, 4n]);
    expect(
      await rowsOf(other, "SELECT writer, count(*) AS n FROM t GROUP BY writer ORDER BY writer"),
    ).toEqual([
      { writer: 0, n: 1n },
      { writer: 1, n: 2n },
      { writer: 2, n: 3n },
    ]);
    await expectSoundTable(other);
  });

  it("share them in each of several processes, which take turns", async () => {
    const { lake, other } = await gatedLake(CREATE);
    const inserts = Array.from({ length: 40 }, (_, writer) =>
      insertOf(writer % 2 === 0 ? lake : other, writer, writer + 1),
    );
    await expectVersions(other, await Promise.all(inserts));
    await expectSoundTable(lake);
  });

  it("go alone where nothing is under way", async () => {
    const { lake } = await gatedLake(CREATE);
    for (const writer of [0, 1, 2]) expect(await insertOf(lake, writer, 1)).toBe(BigInt(writer + 1));
  });
});

describe("an insert that fails among others", () => {
  it("breaks a rule of the table: only that one", async () => {
    const { lake, gate, other } = await gatedLake(CREATE);
    await run(lake, "ALTER TABLE t ADD CONSTRAINT small CHECK (n < 10)");
    gate.close();
    const first = insertOf(lake, 0, 1);
    await gate.until("entries", 1);
    const others = [1, 2, 3].map((writer) => insertOf(lake, writer, 5));
    const bad = insertOf(lake, 4, 20);
    await expect(bad).rejects.toMatchObject({ kind: "invalid-input", code: "constraint" });
    gate.open();
    expect(await first).toBe(2n);
    await Promise.all(others);
    expect(
      await rowsOf(other, "SELECT writer, count(*) AS n FROM t GROUP BY writer ORDER BY writer"),
    ).toEqual([{ writer: 0, n: 1n }, ...[1, 2, 3].map((writer) => ({ writer, n: 5n }))]);
    await expectSoundTable(other);
  });

  it("is stopped while it waits: at once, and only that one", async () => {
    const { lake, gate, other } = await gatedLake(CREATE);
    const stop = new AbortController();
    const [first, ...others] = await behindOne(gate, () => insertOf(lake, 0, 1), [
      () => insertOf(lake, 1, 2),
      () => insertOf(lake, 2, 3, stop.signal),
      () => insertOf(lake, 3, 4),
    ]);
    stop.abort();
    // The gate is still closed.
    await expect(others[1]).rejects.toMatchObject({ kind: "cancelled" });
    gate.open();
    expect(await Promise.all([first, others[0], others[2]])).toEqual([1n, 2n, 2n]);
    expect(await rowsOf(other, "SELECT DISTINCT writer FROM t ORDER BY writer")).toEqual(
      [0, 1, 3].map((writer) => ({ writer })),
    );
    await expectSoundTable(other);
  });

  it("is stopped when its entry is on the way: it lands with the others", async () => {
    const { lake, gate, other } = await gatedLake(CREATE);
    const stop = new AbortController();
    const begun = await behindOne(gate, () => insertOf(lake, 0, 1), [
      () => insertOf(lake, 1, 2, stop.signal),
      () => insertOf(lake, 2, 3),
    ]);
    const second = gate.until("entries", 2).then(() => stop.abort());
    gate.open();
    expect(await Promise.all([second, ...begun])).toEqual([undefined, 1n, 2n, 2n]);
    expect(await rowsOf(other, "SELECT count(*) AS n FROM t")).toEqual([{ n: 6n }]);
  });

  it("is stopped after its entry has lost: the others are tried again without it", async () => {
    const { lake, gate, other } = await gatedLake(CREATE);
    const stop = new AbortController();
    const begun = await behindOne(gate, () => insertOf(lake, 0, 1), [
      () => insertOf(lake, 1, 2, stop.signal),
      () => insertOf(lake, 2, 3),
    ]);
    gate.let(1);
    await gate.until("entries", 2);
    await run(other, "INSERT INTO t VALUES (9, 0)");
    stop.abort();
    gate.let(1);
    await expect(begun[1]).rejects.toMatchObject({ kind: "cancelled" });
    gate.open();
    expect(await Promise.all([begun[0], begun[2]])).toEqual([1n, 3n]);
    expect(
      await rowsOf(other, "SELECT writer, count(*) AS n FROM t GROUP BY writer ORDER BY writer"),
    ).toEqual([
      { writer: 0, n: 1n },
      { writer: 2, n: 3n },
      { writer: 9, n: 1n },
    ]);
    await expectSoundTable(other);
  });
});

describe("inserts that wait when the table changes", () => {
  it("are made again, each by itself", async () => {
    const { lake, gate, other } = await gatedLake(CREATE);
    const begun = await behindOne(gate, () => insertOf(lake, 0, 1), [
      () => insertOf(lake, 1, 2),
      () => insertOf(lake, 2, 3),
    ]);
    await run(other, "ALTER TABLE t ADD COLUMN note STRING");
    gate.open();
    const versions = await Promise.all(begun);
    expect(versions.every((version) => version >= 2n)).toBe(true);
    await expectVersions(other, versions);
    expect(await rowsOf(other, "SELECT count(*) AS n, count(note) AS notes FROM t")).toEqual([
      { n: 6n, notes: 0n },
    ]);
    await expectSoundTable(other);
  });

  it("fail where their rows no longer fit, and leave nothing", async () => {
    const { lake, gate, other } = await gatedLake(CREATE);
    const begun = await behindOne(gate, () => insertOf(lake, 0, 1), [
      () => insertOf(lake, 1, 3),
      () => insertOf(lake, 2, 1),
    ]);
    await run(other, "ALTER TABLE t ADD CONSTRAINT none CHECK (n < 1)");
    gate.open();
    const outcomes = await Promise.allSettled(begun);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(await rowsOf(other, "SELECT writer, n FROM t ORDER BY writer")).toEqual([
      { writer: 0, n: 0n },
      { writer: 2, n: 0n },
    ]);
    await expectSoundTable(other);
  });
});

describe("inserts for applications", () => {
  const insertFor = async (lake: Lake, writer: number, appId: string, version: bigint) => {
    const report = await (await lake.table("t")).insert({
      rows: [{ writer, n: version }],
      application: { appId, version },
    });
    return { ...report, skipped: report.skipped !== undefined };
  };

  it("share a commit where the applications differ", async () => {
    const { lake, gate, other } = await gatedLake(CREATE);
    const begun = await behindOne(gate, () => insertFor(lake, 0, "a", 1n), [
      () => insertFor(lake, 1, "b", 1n),
      () => insertFor(lake, 2, "c", 7n),
    ]);
    gate.open();
    expect((await Promise.all(begun)).map(({ version }) => version)).toEqual([1n, 2n, 2n]);
    const entry = await lastEntry(other, "t");
    const appIds = entry.flatMap(({ txn }) => (txn === undefined ? [] : [txn["appId"]]));
    expect(appIds.sort()).toEqual(["b", "c"]);
    // Each is known for good.
    for (const [appId, version] of [
      ["a", 1n],
      ["b", 1n],
      ["c", 7n],
    ] as const) {
      expect(await insertFor(other, 9, appId, version)).toMatchObject({ skipped: true });
    }
  });

  it("are made once, where several are of one application", async () => {
    const { lake, gate, other } = await gatedLake(CREATE);
    const begun = await behindOne(gate, () => insertFor(lake, 0, "a", 1n), [
      () => insertFor(lake, 1, "a", 1n),
      () => insertFor(lake, 2, "b", 1n),
      () => insertFor(lake, 3, "b", 1n),
      () => insertFor(lake, 4, "c", 1n),
    ]);
    gate.open();
    const reports = await Promise.all(begun);
    expect(reports.map(({ skipped }) => skipped)).toEqual([
      false,
      true,
      expect.any(Boolean),
      expect.any(Boolean),
      false,
    ]);
    expect(reports.slice(2, 4).filter(({ skipped }) => skipped)).toHaveLength(1);
    expect(await rowsOf(other, "SELECT count(*) AS n FROM t")).toEqual([{ n: 3n }]);
    await expectSoundTable(other);
  });

  it("lose alone to a commit of their application", async () => {
    const { lake, gate, other } = await gatedLake(CREATE);
    const begun = await behindOne(gate, () => insertFor(lake, 0, "z", 1n), [
      () => insertFor(lake, 1, "a", 1n),
      () => insertFor(lake, 2, "b", 1n),
    ]);
    await insertFor(other, 9, "a", 1n);
    gate.open();
    const reports = await Promise.all(begun);
    expect(reports.map(({ skipped }) => skipped)).toEqual([false, true, false]);
    expect(await rowsOf(other, "SELECT writer FROM t ORDER BY writer")).toEqual(
      [0, 2, 9].map((writer) => ({ writer })),
    );
    await expectSoundTable(other);
  });
});
