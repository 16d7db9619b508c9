import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { type ResultFile, resultFile } from "../../src/cli/commands/result-file.js";
import type { Lake } from "../../src/index.js";
import { farStores } from "../support/remote-store.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { temporaryLake } from "../support/temporary-lake.js";

const never = new AbortController().signal;

async function take(file: ResultFile, lake: Lake, ...statements: readonly string[]): Promise<void> {
  for (const statement of statements) await file.take(await lake.sql(statement));
}

/** A folder for temporary files of this test alone. */
async function temporaryFiles(): Promise<string> {
  const folder = await temporaryFolder();
  vi.stubEnv("TMPDIR", folder);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  return folder;
}

test("the last result becomes an object, in the place of what was there, and nothing else stays", async () => {
  const { lake } = await temporaryLake();
  const root = await temporaryFolder();
  const { open } = farStores(root);
  await mkdir(path.join(root, "bucket", "out"), { recursive: true });
  await writeFile(path.join(root, "bucket", "out", "x.csv"), "before");
  const temporary = await temporaryFiles();
  const file = resultFile("far://bucket/out/x.csv", open);
  await take(file, lake, "SELECT 1 AS n", "SELECT 2 AS n");
  expect(await readFile(path.join(root, "bucket", "out", "x.csv"), "utf8")).toBe("before");
  expect(await file.finish(never)).toEqual({ output: "far://bucket/out/x.csv", rows: 1n });
  await file.discard();
  expect(await readFile(path.join(root, "bucket", "out", "x.csv"), "utf8")).toBe("n\n2\n");
  expect(await readdir(temporary)).toEqual([]);
});

test("a result that is given up leaves the object as it was", async () => {
  const { lake } = await temporaryLake();
  const root = await temporaryFolder();
  const temporary = await temporaryFiles();
  const file = resultFile("far://bucket/x.jsonl", farStores(root).open);
  await take(file, lake, "SELECT 1 AS n");
  await file.discard();
  expect(await readdir(root)).toEqual([]);
  expect(await readdir(temporary)).toEqual([]);
});

test("an object needs a result, a key, and a store", async () => {
  const { open } = farStores(await temporaryFolder());
  await expect(resultFile("far://bucket/x.csv", open).finish(never)).rejects.toMatchObject({
    code: "cli-usage",
  });
  expect(() => resultFile("far://bucket/", open)).toThrow(expect.objectContaining({ kind: "invalid-input" }));
  expect(() => resultFile("ftp://bucket/x.csv", open)).toThrow(
    expect.objectContaining({ kind: "unsupported" }),
  );
});
