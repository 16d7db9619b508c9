import { mkdir } from "node:fs/promises";
import path from "node:path";
import { expect } from "vitest";
import { Engine, quoteString } from "../../engine/index.js";
import { type Lake, openLake } from "../../src/index.js";
import { type Finished, grizzly } from "../support/grizzly.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { seededRandom } from "./seeded-random.js";

/** What became of the ingests that were to be stopped. */
export interface Stops {
  /** Stopped, and nothing was committed. */
  readonly before: number;
  /** Stopped, and the commit was in the log. */
  readonly after: number;
  /** Done before the signal came. */
  readonly finished: number;
}

/**
 * Ingests one file into one table over and over, and sends each process a signal at a random moment of its
 * life. After each, the table holds whole batches only, as many as its history tells of.
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
    grizzly(["ingest", "batch.parquet", "--into", "t", "--lake", lakeFolder, "--json"], {
      cwd: folder,
      env: { TMPDIR: path.join(folder, "tmp") },
      onStart: (child) => {
        if (stopAfterMs === undefined) return;
        const timer = setTimeout(() => child.kill(signal), stopAfterMs);
        child.on("exit", () => clearTimeout(timer));
      },
    });

  const succeed = async (): Promise<void> => expect(await ingest()).toMatchObject({ code: 0 });
  const started = performance.now();
  for (let warmUp = 0; warmUp < 3; warmUp++) await succeed();
  const lifeMs = (performance.now() - started) / 3;

  const lake = await openLake(lakeFolder);
  try {
    const random = seededRandom(seed);
    let commits = await wholeBatches(lake, rowsABatch);
    expect(commits).toBe(3n);
    const stops = { before: 0, after: 0, finished: 0 };
    for (let time = 0; time < times; time++) {
      const finished = await ingest(random() * lifeMs * 1.05);
      const now = await wholeBatches(lake, rowsABatch);
      const committed = now > commits;
      expect(now - commits).toBeLessThanOrEqual(1n);
      if (finished.code === 0) {
        expect(committed).toBe(true);
        stops.finished++;
      } else if (committed) stops.after++;
      else stops.before++;
      await check?.(lakeFolder, finished, committed);
      commits = now;
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
