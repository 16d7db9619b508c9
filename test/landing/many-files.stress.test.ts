import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { type Lake, openLake } from "../../src/index.js";
import { seededRandom } from "../concurrency/seeded-random.js";
import type { RunOptions } from "../support/grizzly.js";
import { stressAmount } from "../support/stress-share.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import {
  contentOf,
  land,
  RECORDS_A_FILE,
  startLanding,
  tornFiles,
  writeManyFiles,
} from "./many/many-files.js";

/** Of a process that lands many files, its engine limited to 500 MB. */
const MOST_MEMORY = 1_000_000_000;
const BATCH = 10_000;

async function folders(): Promise<{ files: string; lake: string; options: RunOptions }> {
  const folder = await temporaryFolder();
  // What a killed engine leaves in the temporary folder goes with the test's.
  await mkdir(path.join(folder, "tmp"));
  const options = { cwd: folder, env: { TMPDIR: path.join(folder, "tmp") } };
  return { files: path.join(folder, "files"), lake: path.join(folder, "lake"), options };
}

async function withLake<T>(uri: string, work: (lake: Lake) => Promise<T>): Promise<T> {
  const lake = await openLake(uri);
  try {
    return await work(lake);
  } finally {
    await lake.close();
  }
}

test("100,000 files land once, in bounded memory, and then there is nothing to do", async () => {
  const count = stressAmount(100_000);
  const { files, lake, options } = await folders();
  writeManyFiles(files, count);
  const first = await land(lake, files, BATCH, options);
  expect(first).toMatchObject({
    rows: BigInt(count * RECORDS_A_FILE),
    commits: Math.ceil(count / BATCH),
    sourceFiles: { landed: count, unchanged: 0, touched: 0 },
  });
  const second = await land(lake, files, BATCH, options);
  expect(second).toMatchObject({
    rows: 0n,
    commits: 0,
    sourceFiles: { landed: 0, unchanged: count, touched: 0 },
  });
  const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`;
  console.log(
    `${count} files: ${Math.round(first.ms)} ms and ${megabytes(first.maxMemory)}; again: ${Math.round(second.ms)} ms ` +
      `(${((100 * second.ms) / first.ms).toFixed(1)}%) and ${megabytes(second.maxMemory)}`,
  );
  expect(first.maxMemory).toBeLessThan(MOST_MEMORY);
  expect(second.maxMemory).toBeLessThan(MOST_MEMORY);
  await withLake(lake, async (opened) => {
    expect(await contentOf(opened)).toMatchObject([
      { rows: BigInt(count * RECORDS_A_FILE), files: BigInt(count) },
    ]);
    expect(await tornFiles(opened)).toEqual([]);
    expect((await (await opened.table("t")).fsck()).findings).toEqual([]);
  });
  // The hook that removes the test's folder has less time than so many files take.
  await rm(files, { recursive: true });
});

test("killed at 50 random moments, the next run completes the set", async () => {
  const [count, batch, seed] = [5_000, 500, 20_261_120];
  const kills = stressAmount(50);
  const { files, lake, options } = await folders();
  writeManyFiles(files, count);
  const undisturbed = `${lake}-undisturbed`;
  const started = performance.now();
  await land(undisturbed, files, batch, options);
  const lifeMs = performance.now() - started;
  const wanted = await withLake(undisturbed, contentOf);

  const random = seededRandom(seed);
  const told = { killed: 0, lakes: 0, betweenBatches: 0 };
  while (told.killed < kills) {
    const before = await filesLanded(lake);
    const stopAfterMs = random() * lifeMs;
    const { code, stderr } = await startLanding(lake, files, batch, {
      ...options,
      onStart: (child) => {
        const timer = setTimeout(() => child.kill("SIGKILL"), stopAfterMs);
        child.on("exit", () => clearTimeout(timer));
      },
    });
    const after = await filesLanded(lake);
    const context = `seed ${seed}, kill ${told.killed}, after ${stopAfterMs} ms`;
    // A batch is in the table whole or not at all.
    expect(after % batch, context).toBe(0);
    expect(after, context).toBeGreaterThanOrEqual(before);
    if (code === 0) expect(after, context).toBe(count);
    else expect({ code, stderr }, context).toEqual({ code: null, stderr: "" });
    if (code === null) told.killed++;
    if (after > 0 && after < count) told.betweenBatches++;
    if (after < count && told.killed < kills) continue;

    const last = await land(lake, files, batch, options);
    expect(last.sourceFiles, context).toEqual({
      landed: count - after,
      replaced: 0,
      unchanged: after,
      touched: 0,
    });
    await withLake(lake, async (opened) => {
      expect(await contentOf(opened), context).toEqual(wanted);
      expect(await tornFiles(opened), context).toEqual([]);
      expect((await (await opened.table("t")).fsck()).findings, context).toEqual([]);
    });
    await rm(lake, { recursive: true });
    told.lakes++;
  }
  console.log(
    `${told.killed} kills over ${told.lakes} tables, ${told.betweenBatches} of them between batches`,
  );
  expect(told.betweenBatches).toBeGreaterThan(0);
});

/** How many files' rows are in the table, each whole; a table of which no version is there has none. */
async function filesLanded(uri: string): Promise<number> {
  return withLake(uri, async (lake) => {
    const tables = await lake.tables();
    if (!tables.some(({ name }) => name === "t")) return 0;
    expect(await tornFiles(lake)).toEqual([]);
    const [row] = await (await lake.sql("SELECT count(DISTINCT file) AS n FROM t")).toArray();
    return Number(row?.["n"]);
  });
}
