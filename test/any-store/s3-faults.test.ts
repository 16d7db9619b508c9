import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Lake, openLake, type S3Options } from "../../src/index.js";
import { type S3Endpoint, startS3Endpoint } from "../support/s3-endpoint/index.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const LAKE = "s3://lake/house";

async function endpointFor(): Promise<S3Endpoint> {
  const endpoint = await startS3Endpoint();
  onTestFinished(() => endpoint.close());
  return endpoint;
}

/** A lake as a process has it that has nothing of it yet. */
async function lakeAt(uri: string, s3: S3Options): Promise<Lake> {
  const directory = path.join(await temporaryFolder(), "cache");
  const lake = await openLake(uri, { s3: { attempts: 2, timeoutMs: 1_000, ...s3 }, cache: { directory } });
  onTestFinished(() => lake.close());
  return lake;
}

async function numbers(lake: Lake, name: string): Promise<void> {
  const created = await lake.sql(
    `CREATE TABLE ${name} AS SELECT range AS n, md5(range::VARCHAR) AS text FROM range(50000)`,
  );
  await created.toArray();
}

async function sum(lake: Lake, name: string): Promise<unknown> {
  return (await lake.sql(`SELECT count(*) AS n, max(text) AS text FROM ${name}`)).toArray();
}

const UNREACHABLE: readonly [string, (endpoint: S3Endpoint) => { uri?: string; s3?: S3Options }, object][] = [
  [
    "wrong credentials",
    ({ credentials }) => ({ s3: { credentials: { ...credentials, secretAccessKey: "of nobody" } } }),
    { kind: "unavailable", code: "credentials-refused" },
  ],
  [
    "a bucket that is not there",
    () => ({ uri: "s3://nowhere/house" }),
    { kind: "not-found", code: "bucket-not-found" },
  ],
  [
    "a denied prefix",
    (endpoint) => {
      endpoint.faults.set({ denied: ["house/"] });
      return {};
    },
    { kind: "unavailable", code: "access-denied" },
  ],
  [
    "a clock that is off",
    (endpoint) => {
      endpoint.faults.set({ clockAheadMs: 3_600_000 });
      return {};
    },
    { kind: "unavailable", code: "clock-skew" },
  ],
  [
    "nobody at the endpoint",
    // Port 1 is reserved and nobody's.
    () => ({ s3: { endpoint: "http://127.0.0.1:1" } }),
    { kind: "unavailable", code: "endpoint-down" },
  ],
];

describe.each(UNREACHABLE)("%s", (_what, prepare, expected) => {
  test("is told by whatever touches the lake, and nothing is written", async () => {
    const endpoint = await endpointFor();
    const { uri = LAKE, s3 = {} } = prepare(endpoint);
    const use = async (work: (lake: Lake) => Promise<unknown>): Promise<void> => {
      await work(await lakeAt(uri, { ...endpoint.s3Options, ...s3 }));
    };
    await expect(use((lake) => numbers(lake, "t"))).rejects.toMatchObject(expected);
    await expect(use((lake) => sum(lake, "t"))).rejects.toMatchObject(expected);
    await expect(use((lake) => sum(lake, `delta.\`${uri}/elsewhere\``))).rejects.toMatchObject(expected);
    // A refusal is not sent again: it costs a user no wait. Opening asks for a few things at once.
    expect(endpoint.counts.total().requests).toBeLessThanOrEqual(3 * 3);
    expect({ objects: endpoint.objects(), uploads: endpoint.uploads() }).toEqual({
      objects: [],
      uploads: [],
    });
  });
});

test("a bucket that vanishes before the data of a query is there: told as that, and the lake is as it was when it is back", async () => {
  const endpoint = await endpointFor();
  const writer = await lakeAt(LAKE, endpoint.s3Options);
  await numbers(writer, "t");
  const expected = await sum(writer, "t");

  const reader = await lakeAt(LAKE, endpoint.s3Options);
  endpoint.faults.plan = ({ key }) => {
    if (key.endsWith(".parquet")) endpoint.faults.set({ bucketsGone: true });
    return key.endsWith(".parquet") ? { kind: "error", code: "SlowDown" } : undefined;
  };
  await expect(sum(reader, "t")).rejects.toMatchObject({ kind: "not-found", code: "bucket-not-found" });
  endpoint.faults.clear();
  expect(await sum(reader, "t")).toEqual(expected);
});

test("a bucket that vanishes when the data of a commit is written: nothing is committed", async () => {
  const endpoint = await endpointFor();
  const lake = await lakeAt(LAKE, endpoint.s3Options);
  await numbers(lake, "t");
  const before = endpoint.objects();
  endpoint.faults.plan = ({ operation, key }) => {
    if (operation !== "PutObject" || !key.endsWith(".parquet")) return undefined;
    endpoint.faults.set({ bucketsGone: true });
    return { kind: "error", code: "SlowDown" };
  };
  const inserting = async (): Promise<void> => {
    const inserted = await lake.sql("INSERT INTO t SELECT range, 'more' FROM range(10)");
    await inserted.toArray();
  };
  await expect(inserting()).rejects.toMatchObject({ kind: "not-found", code: "bucket-not-found" });
  endpoint.faults.clear();
  expect(endpoint.objects()).toEqual(before);
  await inserting();
  expect(await sum(lake, "t")).toEqual([{ n: 50_010n, text: "more" }]);
});
