import { createServer, type Server } from "node:net";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Lake, openLake, type S3Options } from "../../src/index.js";
import {
  type FaultRequest,
  type S3Endpoint,
  type S3EndpointOptions,
  startS3Endpoint,
} from "../support/s3-endpoint/index.js";
import { temporaryFolder } from "../support/temporary-folder.js";

// What is lost while work goes on: told as what it is, after few requests, and nothing of the work is committed.

const LAKE = "s3://lake/house";
const ATTEMPTS = 2;
const CONNECTIONS = 4;

async function endpointFor(options: S3EndpointOptions = {}): Promise<S3Endpoint> {
  const endpoint = await startS3Endpoint(options);
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
      // Refusals are not sent again, and nothing is begun after one: what comes was under way.
      expect(endpoint.counts.sinceMark().requests).toBeLessThanOrEqual(2 * CONNECTIONS + 1);
      expect(endpoint.objects()).toEqual(before);
      endpoint.faults.clear();
      expect(await run(reader, SUM)).toEqual(sums);
    },
  );
});

interface Loss {
  readonly what: string;
  readonly isChosen: (request: FaultRequest) => boolean;
  readonly denied: readonly string[];
  /** Data files that stay: they cannot be deleted any more, or it cannot be read back whether a version names them. */
  readonly orphans: number;
}

const isEntry = ({ ifAbsent, key }: FaultRequest): boolean => ifAbsent && key.includes("/_delta_log/");
const LOSSES: readonly Loss[] = [
  {
    what: "a source",
    isChosen: ({ operation, key }) => operation === "GetObject" && key.startsWith("raw/"),
    denied: ["raw/"],
    orphans: 0,
  },
  {
    what: "the lake, when data is sent",
    isChosen: ({ operation, key }) => operation === "PutObject" && isData(key),
    denied: ["house/"],
    orphans: 0,
  },
  {
    what: "the ledger",
    isChosen: ({ operation, key }) => operation === "PutObject" && key.includes("_grizzly/ledger/"),
    denied: ["house/default/t/_grizzly/"],
    orphans: 0,
  },
  { what: "the log", isChosen: isEntry, denied: ["house/default/t/_delta_log/"], orphans: 1 },
  {
    what: "the table, when all but the commit is done",
    isChosen: isEntry,
    denied: ["house/default/t/"],
    orphans: 1,
  },
];

/** A lake whose table `t` has landed the first of five objects. */
async function landedOne(endpoint: S3Endpoint): Promise<Lake> {
  const lake = await lakeAt(endpoint.s3Options);
  await run(lake, "CREATE TABLE t (n BIGINT)");
  expect((await lake.table("t")).location).toBe("s3://lake/house/default/t");
  for (let file = 0; file < 5; file++) endpoint.put(`raw/${file}.jsonl`, Buffer.from(`{"n":${file}}\n`));
  await lake.ingest(["s3://lake/raw/0.jsonl"], { into: "t" });
  return lake;
}

/** What a landing left that failed: nothing committed, and so many data files, all of which fsck tells; the next one lands all. */
async function expectUnlanded(
  endpoint: S3Endpoint,
  keysBefore: ReadonlySet<string>,
  orphans: number,
): Promise<void> {
  expect(endpoint.uploads()).toEqual([]);
  const left = endpoint.objects().filter(({ key }) => !keysBefore.has(key));
  expect(left.filter(({ key }) => !key.startsWith("house/default/t/"))).toEqual([]);
  expect(left.filter(({ key }) => isData(key))).toHaveLength(orphans);
  const lake = await lakeAt(endpoint.s3Options);
  const table = await lake.table("t");
  expect(await table.history()).toHaveLength(2);
  const report = await table.fsck({ allOrphans: true });
  expect(report).toMatchObject({ verdict: "sound", numFiles: 1n });
  expect(report.findings.map(({ code }) => code)).toEqual(orphans === 0 ? [] : ["orphan-files"]);
  expect(await lake.ingest(["s3://lake/raw/"], { into: "t" })).toMatchObject({ rows: 4n });
  const sums = "SELECT count(*) AS rows, sum(n)::BIGINT AS n FROM t";
  expect(await run(lake, sums)).toEqual([{ rows: 5n, n: 10n }]);
}

test.each(LOSSES)(
  "a landing is denied $what: nothing is committed, and what is left is found",
  async (loss) => {
    const endpoint = await endpointFor();
    const lake = await landedOne(endpoint);
    const before = new Set(endpoint.objects().map(({ key }) => key));
    after(endpoint, 0, loss.isChosen, () => endpoint.faults.set({ denied: loss.denied }));
    await expect(lake.ingest(["s3://lake/raw/"], { into: "t" })).rejects.toMatchObject({
      kind: "unavailable",
      code: "access-denied",
    });
    expect(endpoint.counts.sinceMark().requests).toBeLessThanOrEqual(5 * ATTEMPTS + 4);
    endpoint.faults.clear();
    await expectUnlanded(endpoint, before, loss.orphans);
  },
);

test.each([
  ["a source is fetched", LOSSES[0]?.isChosen, 0],
  ["the commit is put", isEntry, 1],
] as const)(
  "the server dies when %s: nothing is committed, and what is left is found",
  async (_what, isChosen, orphans) => {
    const folder = await temporaryFolder();
    const endpoint = await endpointFor({ folder });
    const lake = await landedOne(endpoint);
    const before = new Set(endpoint.objects().map(({ key }) => key));
    let closed: Promise<void> | undefined;
    endpoint.faults.plan = (request) => {
      if (closed !== undefined || isChosen?.(request) !== true) return undefined;
      closed = endpoint.close();
      return { kind: "reset-on-arrival" };
    };
    await expect(lake.ingest(["s3://lake/raw/"], { into: "t" })).rejects.toMatchObject({
      kind: "unavailable",
    });
    await closed;
    const { port } = endpoint;
    await expectUnlanded(await endpointFor({ folder, port }), before, orphans);
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
