import { mkdir, realpath, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { lakeLocation, lakeOfConfig, resolveLocation } from "../../src/cli/lake-location.js";
import { temporaryFolder } from "../support/temporary-folder.js";

let root: string;
beforeEach(async () => {
  root = await realpath(await temporaryFolder());
  await mkdir(path.join(root, "a/b"), { recursive: true });
});

describe("lakeLocation", () => {
  test("--lake wins over GRIZZLY_LAKE, which wins over grizzly.json", async () => {
    await writeFile(path.join(root, "grizzly.json"), '{"lake": "config"}');
    const env = { GRIZZLY_LAKE: "environment" };
    expect(await lakeLocation("option", env, root)).toBe(path.join(root, "option"));
    expect(await lakeLocation(undefined, env, root)).toBe(path.join(root, "environment"));
    expect(await lakeLocation(undefined, {}, root)).toBe(path.join(root, "config"));
    expect(await lakeLocation(undefined, { GRIZZLY_LAKE: "" }, root)).toBe(path.join(root, "config"));
  });

  test("the nearest grizzly.json counts, and its path is relative to it", async () => {
    await writeFile(path.join(root, "grizzly.json"), '{"lake": "far"}');
    await writeFile(path.join(root, "a/grizzly.json"), '{"lake": "../near"}');
    expect(await lakeLocation(undefined, {}, path.join(root, "a/b"))).toBe(path.join(root, "near"));
  });

  test("a grizzly.json that is no JSON, or names no lake, is an error that names it", async () => {
    const file = path.join(root, "a/b/grizzly.json");
    await writeFile(file, "lake: x");
    await expect(lakeLocation(undefined, {}, path.join(root, "a/b"))).rejects.toMatchObject({
      kind: "invalid-input",
      context: { file },
    });
    expect(() => lakeOfConfig('{"lake": 3}', file)).toThrow(file);
    expect(() => lakeOfConfig("[]", file)).toThrow(file);
  });

  test("a grizzly.json that cannot be read is not taken for an absent one", async () => {
    await mkdir(path.join(root, "a/b/grizzly.json"));
    await expect(lakeLocation(undefined, {}, path.join(root, "a/b"))).rejects.toMatchObject({
      kind: "invalid-input",
    });
  });

  test("a URI stays as it is", () => {
    expect(resolveLocation("s3://bucket/prefix", "/x")).toBe("s3://bucket/prefix");
    expect(resolveLocation("/abs", "/x")).toBe("/abs");
  });
});
