import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { LocalTier } from "../../object-store/index.js";
import { grizzly } from "../support/grizzly.js";
import { temporaryFolder } from "../support/temporary-folder.js";

test("cache tells what is held, and cache clear removes it", async () => {
  const cwd = await temporaryFolder();
  const directory = path.join(cwd, "copies");
  const env = { GRIZZLY_CACHE_DIR: "copies", GRIZZLY_CACHE_SIZE: "1mb" };
  const empty = await grizzly(["cache"], { cwd, env });
  expect(empty).toEqual({
    code: 0,
    stdout: `${directory} holds 0 files, 0 B of at most 1.0 MB\n`,
    stderr: "",
  });

  const tier = new LocalTier({ directory, maxBytes: 1_000_000 });
  await tier.lease("a", (file) => writeFile(file, "12345"));
  await tier.close();
  const usage = { directory, files: 1, bytes: 5, maxBytes: 1_000_000 };
  expect(JSON.parse((await grizzly(["cache", "--json"], { cwd, env })).stdout)).toEqual(usage);
  expect(JSON.parse((await grizzly(["cache", "clear", "--json"], { cwd, env })).stdout)).toEqual(usage);
  const cleared = await grizzly(["cache", "clear"], { cwd, env });
  expect(cleared.stdout).toBe(`removed 0 files, 0 B, from ${directory}\n`);
});

test("a word that cache does not know, or a size that is none, is bad usage", async () => {
  const cwd = await temporaryFolder();
  const env = { GRIZZLY_CACHE_DIR: "copies", GRIZZLY_CACHE_SIZE: "plenty" };
  expect(await grizzly(["cache", "drop"], { cwd, env })).toMatchObject({ code: 2 });
  const refused = await grizzly(["cache"], { cwd, env });
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain("GRIZZLY_CACHE_SIZE");
});
