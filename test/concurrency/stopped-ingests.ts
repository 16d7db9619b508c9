import { mkdir, readdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { Engine, quoteString } from "../../engine/index.js";
import { type Lake, openLake } from "../../src/index.js";
import { type Finished, grizzly } from "../support/grizzly.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { seededRandom } from "./seeded-random.js";

/** How far the ingests had come when they were stopped. */
export interface Stops {
  /** Nothing was written yet. */
  readonly beforeWriting: number;
  /** A data file was begun, and nothing was committed. */
  readonly beforeCommit: number;
  /** The commit was in the log. */
  readonly afterCommit: number;
}

/**
 * Ingests one file into one table over and over, and sends each process a signal at a random moment of its
 * life, until `times` of them were stopped by it. After each, the table holds whole batches only, as many as
 * its history tells of.
 *
 * @param check called after each ingest with the lake's folder and whether it committed
 */
export async function stoppedIngests(options: {
  readonly signal: "SIGKILL" | "SIGINT";
  readonly times: number;
  readonly rowsABatch: number;
  readonly seed: number;
  readonly check?: (lakeFolder: string, finished: Finished, committed: boolean) => Promise<void>;
}): Promise<Stops> {
  const { signal, times, rowsABatch, seed, check } = options;
  const folder = await temporaryFolder();
  const lakeFolder = path.join(folder, "lake");
  // What a killed engine leaves in the temporary folder goes with the test's.
  await mkdir(path.join(folder, "tmp"));
  await writeBatch(path.join(folder, "batch.parquet"), rowsABatch);
  const ingest = (stopAfterMs?: number): Promise<Finished> =>
    grizzly(["ingest", "batch.parquet", "--into", "t", "--again", "--lake", lakeFolder, "--json"], {
      cwd: folder,
      env: { TMPDIR: path.join(folder, "tmp") },
      onStart: (child) => {
        if (stopAfterMs === undefined) return;
        const timer = setTimeout(() => child.kill(signal), stopAfterMs);
        child.on("exit", () => clearTimeout(timer));
      },
    });
  const succeed = async (): Promise<number> => {
    const started = performance.now();
    expect(await ingest()).toMatchObject({ code: 0 });
    return performance.now() - started;
  };

  await succeed();
  let lifeMs = await succeed();
  const lake = await openLake(lakeFolder);
  try {
    const table = fileURLToPath((await lake.table("t")).location);
    const random = seededRandom(seed);
    let commits = await wholeBatches(lake, rowsABatch);
    expect(commits).toBe(2n);
    let files = await readdir(table);
    const stops = { beforeWriting: 0, beforeCommit: 0, afterCommit: 0 };
    while (stops.beforeWriting + stops.beforeCommit + stops.afterCommit < times) {
      // Half of the moments are of all its life, half of its last third, when it writes and commits.
      const share = random() < 0.5 ? random() : 0.67 + 0.33 * random();
      const started = performance.now();
      const finished = await ingest(share * lifeMs);
      const [commitsNow, filesNow] = [await wholeBatches(lake, rowsABatch), await readdir(table)];
      const committed = commitsNow > commits;
      expect(commitsNow - commits).toBeLessThanOrEqual(1n);
      if (finished.code === 0) {
        // It was faster than the ones before: the next moments are drawn from as short a life.
        expect(committed).toBe(true);
        lifeMs = performance.now() - started;
      } else if (committed) stops.afterCommit++;
      else if (filesNow.length > files.length) stops.beforeCommit++;
      else stops.beforeWriting++;
      await check?.(lakeFolder, finished, committed);
      commits = commitsNow;
      files = filesNow;
    }
    await succeed();
    expect(await wholeBatches(lake, rowsABatch)).toBe(commits + 1n);
    return stops;
  } finally {
    await lake.close();
  }
}

async function writeBatch(file: string, rows: number): Promise<void> {
  const engine = await Engine.open();
  try {
    await engine.withSession((session) =>
      session.execute(
        `COPY (SELECT i AS id, 'row number ' || i AS text, hash(i) / 3 AS noise FROM range(${rows}) AS r(i))
         TO ${quoteString(file)} (FORMAT parquet)`,
      ),
    );
  } finally {
    engine.close();
  }
}

/** The commits of the table, all of which must be there whole, and nothing else. */
async function wholeBatches(lake: Lake, rowsABatch: number): Promise<bigint> {
  const history = await (await lake.table("t")).history();
  const commits = BigInt(history.length);
  expect(history.map(({ version }) => version)).toEqual(history.map((_, age) => commits - 1n - BigInt(age)));
  const batch = BigInt(rowsABatch);
  const [row] = await (
    await lake.sql("SELECT count(*) AS n, sum(id)::BIGINT AS s, count(noise) AS c FROM t")
  ).toArray();
  expect(row).toEqual({ n: commits * batch, s: (commits * batch * (batch - 1n)) / 2n, c: commits * batch });
  return commits;
}
