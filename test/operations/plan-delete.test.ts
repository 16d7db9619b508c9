import { describe, expect, it } from "vitest";
import { type MatchedFile, planDelete } from "../../src/operations/delete/plan-delete.js";

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
  return { add, numRecords, matched };
}

const kinds = (files: readonly MatchedFile[], deletionVectors: boolean, changeDataFeed = false): string[] =>
  planDelete(files, { deletionVectors, changeDataFeed }).edits.map(({ kind }) => kind);

describe("planDelete", () => {
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

  it("writes changes out for the feed when a file is rewritten, and only then", () => {
    const writes = (files: readonly MatchedFile[], vectors: boolean, feed: boolean): boolean =>
      planDelete(files, { deletionVectors: vectors, changeDataFeed: feed }).writesChanges;
    expect(writes([file(10n, 1n)], true, true)).toBe(false);
    expect(writes([file(10n, 10n)], false, true)).toBe(false);
    expect(writes([file(10n, 10n), file(10n, 1n)], false, true)).toBe(true);
    expect(writes([file(10n, 1n)], false, false)).toBe(false);
  });
});
