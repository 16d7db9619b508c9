import { describe, expect, it } from "vitest";
import type { FileEdit, MatchedFile } from "../../src/operations/row-change/file-edits.js";
import {
  FILE_BY_FILE,
  groupsOf,
  ONE_FILE,
  planRewrites,
} from "../../src/operations/row-change/rewrite-plan.js";

function file(path: string, matched: bigint, numRecords: bigint | undefined = 1_000_000n): MatchedFile {
  const add = { path, partitionValues: {}, size: 1n, modificationTime: 0n, dataChange: true };
  return { add, numRecords, matched, position: 0n };
}

function placed(path: string, position: bigint, megabytes: bigint): MatchedFile {
  const one = file(path, 1n, 100n);
  return { ...one, position, add: { ...one.add, size: megabytes << 20n } };
}

const names = (files: readonly MatchedFile[]): string[] => files.map(({ add }) => add.path);

const EDITS: readonly FileEdit[] = [
  { kind: "rewrite", file: file("rewritten", 1n) },
  { kind: "mark", file: file("few marked", 10n) },
  { kind: "mark", file: file("many marked", 500_000n) },
  { kind: "remove", file: file("small", 10n, 10n) },
  { kind: "remove", file: file("whole", 1_000_000n) },
];

describe("planRewrites", () => {
  it("keeps replaced rows with their file, and puts only few of a file together with others", () => {
    const { kept, together, apart } = planRewrites(EDITS, true);
    expect(names(kept)).toEqual(["rewritten"]);
    expect(names(together)).toEqual(["rewritten", "many marked", "whole"]);
    expect(names(apart)).toEqual(["few marked", "small"]);
  });

  it("puts all replaced rows together where they go to other partitions", () => {
    const { kept, together, apart } = planRewrites(EDITS, false);
    expect([names(kept), together]).toEqual([["rewritten"], []]);
    expect(apart).toHaveLength(EDITS.length);
  });
});

describe("groupsOf", () => {
  it("keeps every file, in order, in groups of few files and rows", () => {
    const files = Array.from({ length: 95 }, (_, index) => file(`${index}`, 1n, BigInt(index * 1000)));
    const groups = groupsOf(files, FILE_BY_FILE);
    expect(groups.flat()).toEqual(files);
    for (const group of groups) {
      expect(group.length).toBeLessThanOrEqual(20);
      const rows = group.reduce((sum, { numRecords = 0n }) => sum + numRecords, 0n);
      expect(rows).toBeLessThanOrEqual(500_000n);
    }
  });

  it("puts no more bytes together than make a file of moderate size", () => {
    const groups = groupsOf([placed("a", 0n, 60n), placed("b", 1n, 3n), placed("c", 2n, 2n)], ONE_FILE);
    expect(groups.map(names)).toEqual([["a", "b"], ["c"]]);
  });

  it("puts files together only where no other came between them", () => {
    const groups = groupsOf([placed("a", 3n, 1n), placed("b", 4n, 1n), placed("c", 6n, 1n)], ONE_FILE);
    expect(groups.map(names)).toEqual([["a", "b"], ["c"]]);
  });

  it("makes a group of a file that is large or does not tell its rows", () => {
    const untold = { ...file("untold", 1n), numRecords: undefined };
    const groups = groupsOf(
      [file("a", 1n, 5n), untold, file("b", 1n, 9_000_000n), file("c", 1n, 5n)],
      FILE_BY_FILE,
    );
    expect(groups.map(names)).toEqual([["a"], ["untold"], ["b"], ["c"]]);
  });
});
