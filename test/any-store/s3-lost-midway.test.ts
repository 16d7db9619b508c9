import { createServer, type Server } from "node:net";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Lake, openLake, type S3Options } from "../../src/index.js";
import { type FaultRequest, type S3Endpoint, startS3Endpoint } from "../support/s3-endpoint/index.js";
import { temporaryFolder } from "../support/temporary-folder.js";

// What is lost while work goes on: told as what it is, after few requests, and nothing of the work is committed.

const LAKE = "s3://lake/house";
const ATTEMPTS = 2;
const CONNECTIONS = 4;

async function endpointFor(): Promise<S3Endpoint> {
  const endpoint = await startS3Endpoint();
  onTestFinished(() => endpoint.close());
  return endpoint;
}

/** A lake as a process has it that has nothing of it yet. */
async function lakeAt(s3: S3Options): Promise<Lake> {
  const directory = path.join(await temporaryFolder(), "cache");
  const limits = { attempts: ATTEMPTS, timeoutMs: 2_000, connections: CONNECTIONS };
  const lake = await openLake(LAKE, { s3: { ...limits, ...s3 }, cache: { directory }, threads: 1 });
  onTestFinished(() => lake.close());
  return lake;
}

async function run(lake: Lake, sql: string): Promise<unknown[]> {
  return (await lake.sql(sql)).toArray();
}

const FILES = 8;

/** `t`: eight files, each of several column chunks that are no neighbours of each other. */
async function tableOfFiles(lake: Lake): Promise<void> {
  await run(lake, "CREATE TABLE t (n BIGINT, filler VARCHAR, text VARCHAR)");
  const row = "range, md5((range + 1)::VARCHAR), md5(range::VARCHAR)";
  for (let file = 0; file < FILES; file++) {
    await run(lake, `INSERT INTO t SELECT ${row} FROM range(${file * 9_000}, ${(file + 1) * 9_000})`);
  }
}

const SUM = "SELECT count(*) AS rows, sum(n)::BIGINT AS n, max(text) AS text FROM t";

function isData(key: string): boolean {
  return key.startsWith("house/") && key.endsWith(".parquet") && !/\/_/.test(key);
}

/** Lets so many of the chosen requests pass, then switches something on at the server. Counts what comes after it. */
function after(
  endpoint: S3Endpoint,
  passes: number,
  isChosen: (request: FaultRequest) => boolean,
  switchOn: () => void,
): void {
  let passed = 0;
  endpoint.faults.plan = (request) => {
    if (!isChosen(request)) return undefined;
    passed += 1;
    if (passed !== passes + 1) return undefined;
    endpoint.counts.mark();
    switchOn();
    // The one that finds it out is sent again, and refused.
    return { kind: "error", code: "SlowDown" };
  };
}

describe.each([0, 3, FILES + 3])("after %i requests for the data of a query", (passes) => {
  test.each([
    ["the bucket vanishes", { bucketsGone: true }, { kind: "not-found", code: "bucket-not-found" }],
    ["the table is denied", { denied: ["house/"] }, { kind: "unavailable", code: "access-denied" }],
    ["the clock is off", { clockAheadMs: 3_600_000 }, { kind: "unavailable", code: "clock-skew" }],
  ] as const)(
    "%s: it is told, and the query runs when all is as before",
    async (_what, switches, expected) => {
      const endpoint = await endpointFor();
      const writer = await lakeAt(endpoint.s3Options);
      await tableOfFiles(writer);
      const sums = await run(writer, SUM);
      const before = endpoint.objects();
      const reader = await lakeAt(endpoint.s3Options);
      after(
        endpoint,
        passes,
        ({ operation, key }) => operation === "GetObject" && isData(key),
        () => endpoint.faults.set(switches),
      );
      await expect(run(reader, SUM)).rejects.toMatchObject(expected);
      // Refusals are not sent again: each request that the query still wanted comes once at most, and the one that
      // found it out once more.
      expect(endpoint.counts.sinceMark().requests).toBeLessThanOrEqual(2 * FILES + 1);
      expect(endpoint.objects()).toEqual(before);
      endpoint.faults.clear();
      expect(await run(reader, SUM)).toEqual(sums);
    },
  );
});

const LOST: readonly [what: string, isChosen: (request: FaultRequest) => boolean, denied: string][] = [
  ["a source", ({ operation, key }) => operation === "GetObject" && key.startsWith("raw/"), "raw/"],
  ["the lake, when data is sent", ({ operation, key }) => operation === "PutObject" && isData(key), "house/"],
  [
    "the ledger",
    ({ operation, key }) => operation === "PutObject" && key.includes("_grizzly/ledger/"),
    "house/default/t/_grizzly/",
  ],
  ["the log", ({ ifAbsent, key }) => ifAbsent && key.includes("/_delta_log/"), "house/default/t/_delta_log/"],
];

test.each(LOST)(
  "a landing is denied %s: nothing is committed, and what is left is found",
  async (_what, isChosen, denied) => {
    const endpoint = await endpointFor();
    const lake = await lakeAt(endpoint.s3Options);
    await run(lake, "CREATE TABLE t (n BIGINT)");
    const { location } = await lake.table("t");
    expect(location).toBe("s3://lake/house/default/t");
    for (let file = 0; file < 5; file++) endpoint.put(`raw/${file}.jsonl`, Buffer.from(`{"n":${file}}\n`));
    await lake.ingest(["s3://lake/raw/0.jsonl"], { into: "t" });
    const before = endpoint.objects();
    after(endpoint, 0, isChosen, () => endpoint.faults.set({ denied: [denied] }));
    await expect(lake.ingest(["s3://lake/raw/"], { into: "t" })).rejects.toMatchObject({
      kind: "unavailable",
      code: "access-denied",
    });
    expect(endpoint.counts.sinceMark().requests).toBeLessThanOrEqual(5 * ATTEMPTS + 4);
    expect(endpoint.uploads()).toEqual([]);
    endpoint.faults.clear();

    const known = new Set(before.map(({ key }) => key));
    const left = endpoint.objects().filter(({ key }) => !known.has(key));
    expect(left.filter(({ key }) => !key.startsWith("house/default/t/"))).toEqual([]);
    const table = await (await lakeAt(endpoint.s3Options)).table("t");
    expect(await table.history()).toHaveLength(2);
    const orphans = left.filter(({ key }) => isData(key));
    const report = await table.fsck({ allOrphans: true });
    expect(report).toMatchObject({ verdict: "sound", numFiles: 1n });
    const told = report.findings.filter(({ code }) => code === "orphan-files");
    expect(told).toHaveLength(orphans.length === 0 ? 0 : 1);

    expect(await lake.ingest(["s3://lake/raw/"], { into: "t" })).toMatchObject({ rows: 4n });
    expect(await run(lake, "SELECT count(*) AS rows, sum(n)::BIGINT AS n FROM t")).toEqual([
      { rows: 5n, n: 10n },
    ]);
  },
);

/** A server that is no S3, and how many connections it was asked for. */
async function deaf(
  onConnection: (end: () => void) => void,
): Promise<{ readonly endpoint: string; connections(): number }> {
  let count = 0;
  const server: Server = createServer((socket) => {
    count += 1;
    socket.on("error", () => {});
    onTestFinished(() => void socket.destroy());
    onConnection(() => socket.destroy());
  });
  onTestFinished(() => void server.close());
  const port = await new Promise<number>((resolve, reject) => {
    server.on("error", reject).listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("the server has no port"));
      else resolve(address.port);
    });
  });
  return { endpoint: `http://127.0.0.1:${port}`, connections: () => count };
}

test.each([
  ["breaks every connection", (end: () => void) => end(), "endpoint-down"],
  ["never answers", () => {}, "timeout"],
] as const)(
  "an endpoint that %s is given up after as many tries as are allowed",
  async (_what, act, code) => {
    const { endpoint, connections } = await deaf(act);
    const credentials = { accessKeyId: "anyone", secretAccessKey: "anything" };
    const s3 = { endpoint, region: "us-east-1", credentials, timeoutMs: 100 };
    await expect(lakeAt(s3)).rejects.toMatchObject({ kind: "unavailable", code });
    // Opening asks for a few things at once.
    expect(connections()).toBeGreaterThanOrEqual(ATTEMPTS);
    expect(connections()).toBeLessThanOrEqual(3 * ATTEMPTS);
  },
);
