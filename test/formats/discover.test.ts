import { mkdirSync, symlinkSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { discoverSources } from "../../formats/index.js";
import { globBase, globToRegExp } from "../../formats/source/glob.js";
import { workbench } from "./workbench.js";

const bench = workbench();
for (const folder of ["d", "d/sub", "d/.hidden", "d/_temporary", "e"]) mkdirSync(bench.path(folder));
for (const file of [
  "d/b.csv",
  "d/a.csv",
  "d/sub/c.json",
  "d/.x.csv",
  "d/_SUCCESS",
  "d/.hidden/y.csv",
  "d/_temporary/z.csv",
  "d/lit[1].csv",
]) {
  bench.write(file, file);
}
const found = async (...args: readonly string[]): Promise<string[]> =>
  (await discoverSources(args.map((arg) => bench.path(arg)))).map((file) =>
    file.uri.slice(bench.folder.length + 1),
  );

describe("discovery", () => {
  it("takes a folder recursively, sorted, without hidden files", async () => {
    expect(await found("d")).toEqual(["d/a.csv", "d/b.csv", "d/lit[1].csv", "d/sub/c.json"]);
  });

  it("takes globs", async () => {
    expect(await found("d/*.csv")).toEqual(["d/a.csv", "d/b.csv", "d/lit[1].csv"]);
    expect(await found("**/*.json")).toEqual(["d/sub/c.json"]);
    expect(await found("d/{a,sub/c}.{csv,json}")).toEqual(["d/a.csv", "d/sub/c.json"]);
    expect(await found("d/[!a].csv")).toEqual(["d/b.csv"]);
    expect(await found("d/?.csv")).toEqual(["d/a.csv", "d/b.csv"]);
    expect(await found("d/_*")).toEqual(["d/_SUCCESS"]);
  });

  it("takes a path that exists for itself, and each file once", async () => {
    expect(await found("d/lit[1].csv", "d/a.csv", "d/*.csv")).toEqual(["d/lit[1].csv", "d/a.csv", "d/b.csv"]);
  });

  it("follows a link to a file", async () => {
    symlinkSync(bench.path("d/a.csv"), bench.path("e/link.csv"));
    expect(await found("e")).toEqual(["e/link.csv"]);
  });

  it("names what matches nothing", async () => {
    await expect(found("d/*.parquet")).rejects.toMatchObject({
      kind: "not-found",
      context: { file: bench.path("d/*.parquet") },
    });
    await expect(found("nowhere.csv")).rejects.toMatchObject({ kind: "not-found" });
    await expect(found("d/a.csv/x")).rejects.toMatchObject({ kind: "not-found" });
    await expect(found("d/.hidden/none")).rejects.toMatchObject({ kind: "not-found" });
  });

  it("spools standard input and removes it", async () => {
    async function* stdin(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("a,b\n");
      yield Buffer.from("1,2\n");
    }
    const [file] = await discoverSources(["-"], { stdin: stdin() });
    expect(file).toMatchObject({ uri: "-", size: 8 });
    expect(await readFile(file?.localPath ?? "", "utf8")).toBe("a,b\n1,2\n");
    await file?.dispose?.();
    await expect(readFile(file?.localPath ?? "")).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("globs", () => {
  it.each([
    ["a*.csv", "abc.csv", true],
    ["a*.csv", "a/b.csv", false],
    ["*.csv", ".a.csv", false],
    ["**/x", "x", true],
    ["**/x", "a/b/x", true],
    ["a/**", "a/b/c", true],
    ["a/**", "b/c", false],
    ["a/**/b", "a/b", true],
    ["[a-c].x", "b.x", true],
    ["[!a-c].x", "b.x", false],
    ["[]].x", "].x", true],
    ["{a,b{c,d}}.x", "bd.x", true],
    ["{a,b}.x", "c.x", false],
    ["a+(b).x", "a+(b).x", true],
    ["a,b.x", "a,b.x", true],
    ["[ab", "[ab", true],
  ])("%s and %s", (pattern, path, matches) => {
    expect(globToRegExp(pattern).test(path)).toBe(matches);
  });

  it("begins the walk before the first metacharacter", () => {
    expect(globBase("/a/b/*.csv")).toBe("/a/b");
    expect(globBase("*.csv")).toBe(".");
    expect(globBase("/*.csv")).toBe("/");
  });
});
