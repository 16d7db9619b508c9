import { describe, expect, it } from "vitest";
import {
  type MatchedFile,
  needsChangeFiles,
  planFileEdits,
} from "../../src/operations/row-change/file-edits.js";

function file(numRecords: bigint | undefined, matched: bigint, deleted = 0n): MatchedFile {
  const deletionVector =
    deleted === 0n
      ? undefined
      : ({ storageType: "u", pathOrInlineDv: "x", offset: 1, sizeInBytes: 1, cardinality: deleted } as const);
  const add = {
    path: "a",
    partitionValues: {},
    size: 1n,
    modificationTime: 0n,
    dataChange: true,
    deletionVector,
  };
  return { add, numRecords, matched, position: 0n };
}

const kinds = (files: readonly MatchedFile[], deletionVectors: boolean): string[] =>
  planFileEdits(files, deletionVectors).map(({ kind }) => kind);

describe("planFileEdits", () => {
  it("removes a file of which no row is left, those counted that were deleted before", () => {
    expect(kinds([file(10n, 10n), file(10n, 4n, 6n)], true)).toEqual(["remove", "remove"]);
    expect(kinds([file(10n, 10n), file(10n, 4n, 6n)], false)).toEqual(["remove", "remove"]);
  });

  it("marks rows where the table has deletion vectors, and rewrites files where it has not", () => {
    expect(kinds([file(10n, 1n), file(10n, 3n, 6n)], true)).toEqual(["mark", "mark"]);
    expect(kinds([file(10n, 1n), file(10n, 3n, 6n)], false)).toEqual(["rewrite", "rewrite"]);
  });

  it("rewrites a file that does not tell its rows", () => {
    expect(kinds([file(undefined, 1n)], true)).toEqual(["rewrite"]);
  });

  it("writes changes out for the feed when a file is rewritten or rows get other values", () => {
    const writes = (files: readonly MatchedFile[], vectors: boolean, updates = false): boolean =>
      needsChangeFiles(planFileEdits(files, vectors), updates);
    expect(writes([file(10n, 1n)], true)).toBe(false);
    expect(writes([file(10n, 10n)], false)).toBe(false);
    expect(writes([], false)).toBe(false);
    expect(writes([file(10n, 10n), file(10n, 1n)], false)).toBe(true);
    expect(writes([file(10n, 1n)], true, true)).toBe(true);
  });
});
