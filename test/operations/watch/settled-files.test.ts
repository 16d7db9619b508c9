import { expect, test } from "vitest";
import {
  filesToLand,
  firstBatch,
  type SeenFile,
} from "../../../src/operations/landing/watch/settled-files.js";

const NOW = 1_000_000;

function seen(path: string, { age = 60_000, stamp = "1", size = 10 } = {}): SeenFile {
  return { path, size, modificationTime: NOW - age, stamp };
}

const NONE: ReadonlyMap<string, string> = new Map();
const paths = (files: readonly SeenFile[]): string[] => files.map(({ path }) => path);

test("a file that was written to a moment ago is left for later", () => {
  const found = [seen("old"), seen("fresh", { age: 1_999 }), seen("just", { age: 2_000 })];
  const { ready, growing } = filesToLand(found, NONE, NONE, NOW, 2_000);
  expect(paths(ready)).toEqual(["old", "just"]);
  expect(growing).toBe(1);
});

test("what is done stays done until its stamp is another", () => {
  const done = new Map([
    ["same", "1"],
    ["changed", "1"],
  ]);
  const found = [seen("same"), seen("changed", { stamp: "2" }), seen("new")];
  expect(paths(filesToLand(found, done, NONE, NOW, 2_000).ready)).toEqual(["changed", "new"]);
});

test("a file from the future is whole when two looks saw the same", () => {
  const future = seen("f", { age: -5_000, stamp: "7" });
  expect(filesToLand([future], NONE, NONE, NOW, 2_000)).toEqual({ ready: [], growing: 1 });
  expect(filesToLand([future], NONE, new Map([["f", "6"]]), NOW, 2_000).growing).toBe(1);
  expect(paths(filesToLand([future], NONE, new Map([["f", "7"]]), NOW, 2_000).ready)).toEqual(["f"]);
});

test("a batch ends before a limit is passed, and is never empty", () => {
  const files = ["a", "b", "c", "d"].map((path) => seen(path, { size: 10 }));
  expect(paths(firstBatch(files, { files: 3, bytes: 1_000 }))).toEqual(["a", "b", "c"]);
  expect(paths(firstBatch(files, { files: 9, bytes: 20 }))).toEqual(["a", "b"]);
  expect(paths(firstBatch(files, { files: 9, bytes: 19 }))).toEqual(["a"]);
  expect(paths(firstBatch(files, { files: 9, bytes: 1 }))).toEqual(["a"]);
  expect(paths(firstBatch(files, { files: 9, bytes: 1_000 }))).toEqual(["a", "b", "c", "d"]);
  expect(firstBatch([], { files: 1, bytes: 1 })).toEqual([]);
});
