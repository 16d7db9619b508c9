import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { optimizeText } from "../../src/cli/commands/optimize.js";
import { styleFor } from "../../src/cli/terminal/style.js";
import { openLake } from "../../src/index.js";
import { grizzly } from "../support/grizzly.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const STYLE = styleFor(false);

test("optimize rewrites what is not Parquet, once", async () => {
  const cwd = await temporaryFolder();
  const lake = await openLake(path.join(cwd, "lake"), { cache: { directory: path.join(cwd, "cache") } });
  await writeFile(path.join(cwd, "a.jsonl"), '{"id":1}\n{"id":2}\n');
  await lake.ingest([path.join(cwd, "a.jsonl")], { into: "t", as: "jsonl" });
  await lake.close();

  const env = { GRIZZLY_CACHE_DIR: "cache" };
  const rewritten = await grizzly(["optimize", "t", "--json"], { cwd, env });
  expect(JSON.parse(rewritten.stdout)).toMatchObject({
    table: "t",
    version: 1,
    changed: true,
    filesRemoved: 1,
    filesAdded: 1,
    rows: 2,
  });
  expect(await grizzly(["optimize", "t"], { cwd, env })).toEqual({
    code: 0,
    stdout: "t is at version 1, and every data file is Parquet: nothing to do\n",
    stderr: "",
  });
});

test("optimizeText", () => {
  const report = {
    table: "t",
    version: 3n,
    changed: true,
    filesRemoved: 12,
    bytesRemoved: 4_000n,
    filesAdded: 1,
    bytesAdded: 1_500n,
    rows: 40n,
  };
  expect(optimizeText(report, STYLE)).toBe(
    "t is at version 3\n  12 files rewritten (4.0 kB) as 1 file of Parquet (1.5 kB), 40 rows\n",
  );
});
