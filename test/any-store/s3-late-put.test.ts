import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openLake } from "../../src/index.js";
import { startS3Endpoint } from "../support/s3-endpoint/index.js";
import { temporaryFolder } from "../support/temporary-folder.js";

test("a commit whose first put is still on its way is not given up because the second is refused", async () => {
  const endpoint = await startS3Endpoint();
  onTestFinished(() => endpoint.close());
  const cache = { directory: path.join(await temporaryFolder(), "cache") };
  const lake = await openLake("s3://lake/house", { s3: endpoint.s3Options, cache, threads: 1 });
  onTestFinished(() => lake.close());
  const run = async (sql: string): Promise<unknown[]> => (await lake.sql(sql)).toArray();
  await run("CREATE TABLE t AS SELECT 1 AS n");
  let puts = 0;
  endpoint.faults.plan = ({ ifAbsent, key }) => {
    if (!ifAbsent || !key.endsWith("1.json")) return undefined;
    puts += 1;
    return puts === 1 ? { kind: "delayed", requests: 1_000 } : { kind: "error", code: "AccessDenied" };
  };
  await expect(run("INSERT INTO t VALUES (2)")).rejects.toMatchObject({ code: "commit-undecided" });
  expect(puts).toBeGreaterThan(1);
  endpoint.faults.plan = undefined;
  endpoint.faults.applyDelayed();
  // It has come late, and what it names is there.
  expect(await run("SELECT sum(n)::BIGINT AS n FROM t")).toEqual([{ n: 3n }]);
});
