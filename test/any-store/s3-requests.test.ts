import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type Lake, openLake } from "../../src/index.js";
import { startS3Endpoint } from "../support/s3-endpoint/index.js";
import { temporaryFolder } from "../support/temporary-folder.js";

// What docs/s3.md says that each step costs.

async function run(lake: Lake, sql: string): Promise<unknown[]> {
  return (await lake.sql(sql)).toArray();
}

test("each step costs the requests that the documentation says", async () => {
  const endpoint = await startS3Endpoint();
  onTestFinished(() => endpoint.close());
  const caches = await temporaryFolder();
  const open = async (cache: string): Promise<Lake> => {
    const directory = path.join(caches, cache);
    const lake = await openLake("s3://lake/house", {
      s3: endpoint.s3Options,
      cache: { directory },
      threads: 1,
    });
    onTestFinished(() => lake.close());
    return lake;
  };
  const cost = async (work: Promise<unknown>): Promise<number> => {
    await work;
    const { requests } = endpoint.counts.sinceMark();
    endpoint.counts.mark();
    return requests;
  };
  const insert = "INSERT INTO t SELECT range, 'more' FROM range(100)";
  const query = "SELECT sum(n) FROM t WHERE n < 90000";

  expect(await cost(open("writer"))).toBe(2);
  const writer = await open("writer");
  await run(writer, "CREATE TABLE t AS SELECT range AS n, md5(range::VARCHAR) AS text FROM range(100000)");
  for (let n = 0; n < 12; n++) await run(writer, insert);
  endpoint.counts.mark();
  expect(await cost(run(writer, insert))).toBe(6);

  // The lake, with one entry in its catalog.
  expect(await cost(open("reader"))).toBe(3);
  const reader = await open("reader");
  await run(reader, query);
  endpoint.counts.mark();
  expect(await cost(run(reader, query))).toBe(2);

  // As another process has it, with the same cache.
  const later = await open("reader");
  endpoint.counts.mark();
  expect(await cost(run(later, query))).toBeLessThanOrEqual(2 + 2);

  endpoint.put("raw/a.jsonl", Buffer.from('{"n":1}\n'));
  await writer.ingest(["s3://lake/raw/"], { into: "landed" });
  endpoint.put("raw/b.jsonl", Buffer.from('{"n":2}\n'));
  const lander = await open("lander");
  endpoint.counts.mark();
  expect(await cost(lander.ingest(["s3://lake/raw/"], { into: "landed" }))).toBeLessThanOrEqual(16);
  expect(await cost(lander.ingest(["s3://lake/raw/"], { into: "landed" }))).toBeLessThanOrEqual(5);
});
