import { readdir } from "node:fs/promises";
import path from "node:path";
import { expect, onTestFinished } from "vitest";
import { isJsonObject, parseJson } from "../../core/index.js";
import { type Lake, openLake } from "../../src/index.js";
import { seededRandom } from "../concurrency/seeded-random.js";
import { type Finished, grizzly } from "../support/grizzly.js";
import { type FaultRequest, type S3Endpoint, startS3Endpoint } from "../support/s3-endpoint/index.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const LAKE = "s3://lake/house";
const LATENCY_MS = 10;

/** A lake on a server with some latency, and the command line that lands files in it. */
export interface S3Bench {
  readonly endpoint: S3Endpoint;
  /** Holds `cache/`. */
  readonly folder: string;
  /** Runs the command until its end, or until the request that `isLast` chooses has come: then the signal is sent. */
  run(args: readonly string[], stop?: Stop): Promise<Finished & { readonly requests: number }>;
  /** The lake, for a process that shares nothing with those before. */
  open(): Promise<Lake>;
  /** Folders of data files that were staged, of processes at work or gone. */
  staged(): Promise<string[]>;
}

export interface Stop {
  readonly signal: "SIGINT" | "SIGKILL";
  /** @param number counts the requests of this process, from 1 */
  readonly isLast: (request: FaultRequest, number: number) => boolean;
}

export async function s3Bench(): Promise<S3Bench> {
  const folder = await temporaryFolder();
  const cache = path.join(folder, "cache");
  const endpoint = await startS3Endpoint();
  onTestFinished(() => endpoint.close());
  endpoint.faults.set({ latencyMs: { all: LATENCY_MS } });
  const env = {
    AWS_ENDPOINT_URL_S3: endpoint.url,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: endpoint.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: endpoint.credentials.secretAccessKey,
    GRIZZLY_CACHE_DIR: cache,
    GRIZZLY_LAKE: LAKE,
    // What a killed engine leaves in the temporary folder goes with the test's.
    TMPDIR: folder,
  };
  return {
    endpoint,
    folder,
    run: async (args, stop) => {
      let requests = 0;
      const finished = await grizzly(args, {
        cwd: folder,
        env,
        onStart: (child) => {
          let isStopped = false;
          endpoint.faults.plan = (request) => {
            requests += 1;
            if (stop === undefined || isStopped || !stop.isLast(request, requests)) return undefined;
            isStopped = true;
            child.kill(stop.signal);
            return undefined;
          };
        },
      });
      endpoint.faults.plan = undefined;
      return { ...finished, requests };
    },
    open: async () => {
      const lake = await openLake(LAKE, {
        s3: endpoint.s3Options,
        cache: { directory: path.join(await temporaryFolder(), "cache") },
        threads: 1,
      });
      onTestFinished(() => lake.close());
      return lake;
    },
    staged: () => readdir(path.join(cache, "staging", "processes")).catch(() => []),
  };
}

const FILES = 6;
const ROWS_A_FILE = 50;

/** How far the landings had come that were killed. */
export interface Kills {
  readonly withoutCommit: number;
  readonly withSome: number;
  /** Runs that left data files which no version names. */
  readonly withOrphans: number;
  /** Runs that left a folder of data files that they had staged. */
  readonly withStaged: number;
}

/**
 * Lands six objects in three commits, over and over in a table of its own, and kills each process at a random one of its
 * requests. The next run lands the rest: each row is there once, the table is sound, and what the killed one left is in
 * the table's folder and told by fsck.
 */
export async function killedLandings(times: number, seed: number): Promise<Kills> {
  const bench = await s3Bench();
  const { endpoint } = bench;
  for (let file = 0; file < FILES; file++) {
    const lines = Array.from({ length: ROWS_A_FILE }, (_, row) => `{"n":${file * ROWS_A_FILE + row}}\n`);
    endpoint.put(`raw/${file}.jsonl`, Buffer.from(lines.join("")));
  }
  const landing = (table: string): string[] => [
    "ingest",
    "s3://lake/raw/",
    "--into",
    table,
    "--batch",
    "2",
    "--json",
  ];
  const whole = await bench.run(landing("whole"));
  expect(whole).toMatchObject({ code: 0 });
  const random = seededRandom(seed);
  const kills = { withoutCommit: 0, withSome: 0, withOrphans: 0, withStaged: 0 };
  for (let kill = 0; kill < times; ) {
    const table = `t${kill}`;
    const at = 1 + Math.floor(random() * whole.requests);
    const what = `seed ${seed}, kill ${kill} at request ${at} of about ${whole.requests}`;
    const killed = await bench.run(landing(table), {
      signal: "SIGKILL",
      isLast: (_, number) => number === at,
    });
    // One that needed fewer requests than the first had ended by itself.
    if (killed.code === null) kill += 1;
    if ((await bench.staged()).length > 0) kills.withStaged += 1;
    const again = await bench.run(landing(table));
    expect(again, what).toMatchObject({ code: 0 });
    const report = parseJson(again.stdout);
    const landed = isJsonObject(report) ? report["rows"] : undefined;
    if (killed.code === null) {
      if (landed === FILES * ROWS_A_FILE) kills.withoutCommit += 1;
      else kills.withSome += 1;
    }
    expect(await bench.staged(), what).toEqual([]);
    expect(endpoint.uploads(), what).toEqual([]);
    if (await hasOrphans(bench, table, what)) kills.withOrphans += 1;
  }
  return kills;
}

/** Checks the rows of a table that was landed, and that all its objects are known or told. */
async function hasOrphans(bench: S3Bench, name: string, what: string): Promise<boolean> {
  const lake = await bench.open();
  try {
    const sums = await lake.sql(
      `SELECT count(*) AS rows, count(DISTINCT n) AS different, max(n)::INTEGER AS most FROM ${name}`,
    );
    const rows = BigInt(FILES * ROWS_A_FILE);
    expect(await sums.toArray(), what).toEqual([{ rows, different: rows, most: FILES * ROWS_A_FILE - 1 }]);
    const table = await lake.table(name);
    const report = await table.fsck({ allOrphans: true });
    expect(report, what).toMatchObject({ verdict: "sound" });
    const data = dataFiles(bench.endpoint, `${table.location.slice("s3://lake/".length)}/`);
    const orphans = data.length - Number(report.numFiles);
    const told = report.findings.filter(({ code }) => code === "orphan-files");
    expect(told.length, `${what}: ${orphans} orphans`).toBe(orphans > 0 ? 1 : 0);
    // No object of the lake is outside of the folders of its tables and of what it keeps for itself.
    const folders = (await lake.tables()).map(({ location }) => `${location.slice("s3://lake/".length)}/`);
    const strays = dataFiles(bench.endpoint, "house/").filter(
      (key) => !folders.some((folder) => key.startsWith(folder)),
    );
    expect(strays, what).toEqual([]);
    return orphans > 0;
  } finally {
    await lake.close();
  }
}

/** The keys of data files below a prefix. */
function dataFiles(endpoint: S3Endpoint, prefix: string): string[] {
  return endpoint
    .objects()
    .map(({ key }) => key)
    .filter((key) => key.startsWith(prefix) && !/\/_(?:delta_log|grizzly)\//.test(key));
}
