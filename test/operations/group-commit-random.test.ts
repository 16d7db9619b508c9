import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openStore } from "../../object-store/index.js";
import { isLakeError, type Lake, openLake } from "../../src/index.js";
import { seededRandom } from "../concurrency/seeded-random.js";
import { drawnFaults, type FaultPlan, FaultyStore } from "../support/faulty-store.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { behindOne, ENTRY, gatedLake, rowsOf, run } from "./group-commit-lake.js";

const ROWS = 3;

/** What the model knows of an insert of three rows. */
type Fate =
  | { readonly is: "in"; readonly version: bigint }
  | { readonly is: "out" }
  | { readonly is: "unknown" };

interface Faulty {
  /** Its store fails. */
  readonly lake: Lake;
  /** The same lake, on a store that does not fail. */
  readonly sound: Lake;
}

async function faultyLake(plan: FaultPlan, create: string): Promise<Faulty> {
  const folder = path.join(await temporaryFolder(), "lake");
  const sound = await openLake(folder, { threads: 1 });
  onTestFinished(() => sound.close());
  await run(sound, create);
  const lake = await openLake(folder, { openStore: (uri) => new FaultyStore(openStore(uri), plan) });
  onTestFinished(() => lake.close());
  return { lake, sound };
}

/** Only the tables fail: a catalog that cannot be opened would end the test. */
function whenOn(isOn: () => boolean, plan: FaultPlan): FaultPlan {
  return (call, of) => (isOn() ? plan(call, of) : { wait: 0, fault: "none" });
}

async function fateOf(
  insert: Promise<{ readonly version: bigint; readonly skipped?: unknown }>,
): Promise<Fate> {
  try {
    const { version, skipped } = await insert;
    return skipped === undefined ? { is: "in", version } : { is: "out" };
  } catch (error) {
    if (isLakeError(error, "cancelled") || isLakeError(error, "conflict")) return { is: "out" };
    // An append whose put failed without an answer may be in the log or not.
    if (isLakeError(error, "unavailable")) return { is: "unknown" };
    throw error;
  }
}

/** The table has what the model says, version by version. */
async function expectModel({ sound }: Faulty, fates: readonly Fate[], seed: number): Promise<void> {
  const sql =
    "SELECT writer, count(*) AS n, min(_metadata.row_commit_version) AS low, max(_metadata.row_commit_version) AS high FROM t GROUP BY writer ORDER BY writer";
  const found = new Map((await rowsOf(sound, sql)).map((row) => [Number(Object(row).writer), Object(row)]));
  const entries = new Map<bigint, Fate["is"][]>();
  for (const [writer, fate] of fates.entries()) {
    const row = found.get(writer);
    const told = { seed, writer, fate };
    if (fate.is === "in") {
      expect({ ...told, row }).toEqual({
        ...told,
        row: { writer, n: BigInt(ROWS), low: fate.version, high: fate.version },
      });
    }
    if (fate.is === "out") expect({ ...told, row }).toEqual({ ...told, row: undefined });
    if (row === undefined) continue;
    // Of what is not known all rows are there, once, in one version.
    expect({ ...told, n: row.n, low: row.low }).toEqual({ ...told, n: BigInt(ROWS), low: row.high });
    entries.set(row.low, [...(entries.get(row.low) ?? []), fate.is]);
  }
  // Those of one entry were told the same.
  for (const [version, told] of entries) {
    expect({ seed, version, told: new Set(told).size }).toEqual({ seed, version, told: 1 });
  }
  const { findings, verdict } = await (await sound.table("t")).fsck();
  expect({ seed, verdict, damage: findings.filter(({ severity }) => severity === "damage") }).toEqual({
    seed,
    verdict: "sound",
    damage: [],
  });
}

const CREATE =
  "CREATE TABLE t (writer INT, n INT) TBLPROPERTIES ('delta.enableRowTracking' = 'true', 'delta.checkpointInterval' = '5')";

describe("an entry of several inserts whose outcome is not known", () => {
  it.each(["fails-after", "fails-before"] as const)(
    "fails them all, and is whole or absent (%s)",
    async (fault) => {
      let entries = 0;
      let isOut = false;
      const plan: FaultPlan = (call, of) => {
        if (isOut) return { wait: 0, fault: "fails-before" };
        if (call === "putIfAbsent" && ENTRY.test(of)) entries++;
        // The table's first, that of one insert, and that of all others.
        if (entries < 3) return { wait: 0, fault: "none" };
        isOut = true;
        return { wait: 0, fault };
      };
      const { lake, gate, other: sound } = await gatedLake(CREATE, plan);
      const table = await lake.table("t");
      const inserts = Array.from({ length: 8 }, (_, writer) => () => {
        return table.insert({ rows: Array.from({ length: ROWS }, (_, n) => ({ writer, n })) });
      });
      const [first = () => expect.fail("no insert"), ...others] = inserts;
      const begun = await behindOne(gate, first, others);
      gate.open();
      const outcomes = await Promise.allSettled(begun);
      const failed = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
      expect(failed).toHaveLength(7);
      for (const error of failed) expect(error).toMatchObject({ kind: "unavailable" });
      const [row] = await rowsOf(
        sound,
        "SELECT count(*) AS n, max(_metadata.row_commit_version) AS v FROM t",
      );
      const isThere = fault === "fails-after";
      expect(row).toEqual(isThere ? { n: BigInt(8 * ROWS), v: 2n } : { n: BigInt(ROWS), v: 1n });
      // Files that a lost entry may name must be there still.
      const { verdict } = await (await sound.table("t")).fsck();
      expect(verdict).toBe("sound");
    },
  );
});

describe("inserts at the same time, of random kinds", () => {
  it.each([1, 2, 3, 4, 5, 6])("on a store that fails: all of an entry or nothing (seed %i)", async (seed) => {
    const random = seededRandom(seed);
    let isOn = false;
    const rates = { slow: 0.5, read: 0.02, write: 0.08, death: 0, outage: 0.5 };
    const faulty = await faultyLake(
      whenOn(() => isOn, drawnFaults(random, rates)),
      CREATE,
    );
    const table = await faulty.lake.table("t");
    const fates: Fate[] = [];
    for (let round = 0; round < 4; round++) {
      isOn = true;
      const inserts = Array.from({ length: 10 }, (_, index) => {
        const writer = round * 10 + index;
        return fateOf(table.insert({ rows: Array.from({ length: ROWS }, (_, n) => ({ writer, n })) }));
      });
      fates.push(...(await Promise.all(inserts)));
      isOn = false;
    }
    await expectModel(faulty, fates, seed);
    expect(fates.filter(({ is }) => is === "in").length).toBeGreaterThan(0);
  });

  it.each([11, 12, 13, 14])("among other changes, stopped and for applications (seed %i)", async (seed) => {
    const random = seededRandom(seed);
    const slow = drawnFaults(seededRandom(seed + 100), { slow: 0.7, read: 0, write: 0, death: 0, outage: 0 });
    const faulty = await faultyLake(slow, CREATE);
    const { lake, sound } = faulty;
    const table = await lake.table("t");
    const inserts: Promise<Fate>[] = [];
    const others: Promise<void>[] = [];
    const applications = new Map<string, number>();
    for (let writer = 0; writer < 40; writer++) {
      const stop = new AbortController();
      const appId = `app-${Math.floor(random() * 4)}`;
      const isFor = random() < 0.3;
      if (isFor) applications.set(appId, (applications.get(appId) ?? 0) + 1);
      const rows = Array.from({ length: ROWS }, (_, n) => ({ writer, n }));
      const application = isFor ? { appId, version: 1n } : undefined;
      inserts.push(fateOf(table.insert({ rows, application, signal: stop.signal })));
      if (random() < 0.2) {
        const turns = Math.floor(random() * 200);
        others.push(turnsOf(turns).then(() => stop.abort()));
      }
      const what = random();
      if (what < 0.08) others.push(run(sound, `ALTER TABLE t ADD COLUMN c${writer} INT`));
      else if (what < 0.16)
        others.push(run(sound, `INSERT INTO t BY NAME SELECT ${1_000 + writer} AS writer, 0 AS n`));
      else if (what < 0.24) others.push(run(lake, `DELETE FROM t WHERE writer = ${2_000 + writer}`));
      await turnsOf(Math.floor(random() * 150));
    }
    const fates = await Promise.all(inserts);
    await Promise.all(others);
    await expectModel(faulty, fates, seed);
    // Of each application one insert is there, unless all of them were stopped.
    const landed = new Set(fates.map(({ is }) => is));
    expect(landed.has("in") && !landed.has("unknown")).toBe(true);
    const sql = "SELECT count(*) AS n FROM t WHERE writer < 1000";
    expect(await rowsOf(sound, sql)).toEqual([
      { n: BigInt(ROWS * fates.filter(({ is }) => is === "in").length) },
    ]);
  });
});

async function turnsOf(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
}
