import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { objectPath, openStore } from "../../object-store/index.js";
import { type Lake, openLake } from "../../src/index.js";
import { type S3Endpoint, startS3Endpoint } from "../support/s3-endpoint/index.js";
import { temporaryFolder } from "../support/temporary-folder.js";

interface Bench {
  readonly lake: Lake;
  readonly endpoint: S3Endpoint;
  put(key: string, content: string): Promise<void>;
}

async function bench(): Promise<Bench> {
  const endpoint = await startS3Endpoint({ bucket: "raw-files" });
  onTestFinished(() => endpoint.close());
  const folder = await temporaryFolder();
  const s3 = endpoint.s3Options;
  const lake = await openLake(path.join(folder, "lake"), {
    threads: 2,
    s3,
    cache: { directory: path.join(folder, "cache") },
  });
  onTestFinished(() => lake.close());
  const store = openStore("s3://raw-files", { s3 });
  return { lake, endpoint, put: (key, content) => store.put(objectPath(key), Buffer.from(content)) };
}

const NAMES = ["a b.jsonl", "50%.jsonl", "%20.jsonl", "x+y.jsonl", "ü&=#.jsonl", "q?.jsonl"];

test("objects of S3 land by their keys as they are, each once", async () => {
  const { lake, put } = await bench();
  for (const [index, name] of NAMES.entries()) await put(`in/${name}`, `{"n":${index}}\n`);
  const landed = await lake.ingest(["s3a://raw-files/in/"], { into: "t", sourceColumn: true });
  expect(landed.rows).toBe(BigInt(NAMES.length));
  const rows = await (await lake.sql("SELECT _source_file AS f FROM t ORDER BY n")).toArray();
  expect(rows.map(({ f }) => f)).toEqual(NAMES.map((name) => `s3://raw-files/in/${name}`));
  for (const name of NAMES.filter((each) => !each.includes("?"))) {
    const again = await lake.ingest([`s3://raw-files/in/${name}`], { into: "t" });
    expect(again).toMatchObject({ commits: 0, sourceFiles: { unchanged: 1 } });
    const [row] = await (await lake.sql(`SELECT n FROM 's3://raw-files/in/${name}'`)).toArray();
    expect(row).toEqual({ n: BigInt(NAMES.indexOf(name)) });
  }
});

test("a folder costs its listing and a request an object, and nothing the second time but the listing", async () => {
  const { lake, put, endpoint } = await bench();
  for (let n = 0; n < 20; n++) await put(`in/${n}.jsonl`, `{"n":${n}}\n`);
  endpoint.counts.mark();
  await lake.ingest(["s3://raw-files/in/*.jsonl"], { into: "t" });
  expect(endpoint.counts.sinceMark().requests).toBe(21);
  endpoint.counts.mark();
  expect(await lake.ingest(["s3://raw-files/in/*.jsonl"], { into: "t" })).toMatchObject({ commits: 0 });
  expect(endpoint.counts.sinceMark().requests).toBe(1);
});

test("a bucket that is not there is told, and is no folder without files", async () => {
  const { lake } = await bench();
  for (const source of [
    "s3://no-such-bucket/in/",
    "s3://no-such-bucket/in/*.csv",
    "s3://no-such-bucket/a.csv",
  ]) {
    await expect(lake.ingest([source], { into: "t" })).rejects.toMatchObject({
      kind: "not-found",
      code: "bucket-not-found",
    });
  }
});

test("a watch costs a listing a look, and a request for each object that lands", async () => {
  const { lake, put, endpoint } = await bench();
  for (let n = 0; n < 5; n++) await put(`in/${n}.jsonl`, `{"n":${n}}\n`);
  const stop = new AbortController();
  endpoint.counts.mark();
  const options = { into: "t", pollMs: 1, settleMs: 0, signal: stop.signal };
  for await (const event of lake.watch(["s3://raw-files/in/"], options)) {
    if (event.kind === "landed") stop.abort();
  }
  const { byOperation } = endpoint.counts.sinceMark();
  const { ListObjectsV2: listings = 0, ...others } = byOperation;
  expect(listings).toBeGreaterThan(0);
  expect(others).toEqual({ GetObject: 5 });
});
