import { describe, expect, it } from "vitest";
import {
  type ChangePolicy,
  chooseFiles,
  filesToHash,
} from "../../../src/operations/landing/ledger/choose-files.js";
import type { LandedFile } from "../../../src/operations/landing/ledger/landed-file.js";
import { found } from "./ledger-table.js";

const file = (name: string, hash: string, modificationTime = 1): LandedFile => ({
  uri: `file:///${name}`,
  size: 10,
  modificationTime,
  hash: hash.repeat(32),
});

// As they landed, and as they are now.
const same = file("same", "a");
const copied = { was: file("copied", "b"), is: file("copied", "b", 2) };
const changed = { was: file("changed", "c"), is: file("changed", "d", 2) };
const fresh = file("fresh", "e");

const files = [changed.is, fresh, same, copied.is].map(found);
const comparison = {
  fresh: [found(fresh)],
  unchanged: [found(same)],
  touched: [changed, copied].map(({ was, is }) => ({ found: found(is), landed: was })),
};
const hashes = new Map([changed.is, copied.is].map(({ uri, hash }) => [uri, hash]));
const choose = (policy: ChangePolicy): ReturnType<typeof chooseFiles> =>
  chooseFiles(files, comparison, hashes, policy);

const SKIPPED = { unchanged: [found(same)], touched: [copied.is] };

describe("the choice of files", () => {
  it("needs the hashes of files that were touched", () => {
    expect(filesToHash(comparison, { onChange: "append", again: false })).toEqual(
      [changed.is, copied.is].map(found),
    );
    expect(filesToHash(comparison, { onChange: "append", again: true })).toEqual([]);
    expect(() => chooseFiles(files, comparison, new Map(), { onChange: "append", again: false })).toThrow(
      expect.objectContaining({ kind: "internal" }),
    );
  });

  it("lands nothing where a changed file is refused", () => {
    expect(choose({ onChange: "refuse", again: false })).toEqual({
      land: [],
      replaced: [],
      skipped: SKIPPED,
      refused: [{ landed: changed.was, now: changed.is }],
    });
  });

  it("lands fresh files under any policy", () => {
    const unmoved = { ...comparison, touched: comparison.touched.slice(1) };
    expect(chooseFiles(files.slice(1), unmoved, hashes, { onChange: "refuse", again: false })).toEqual({
      land: [found(fresh)],
      replaced: [],
      skipped: SKIPPED,
      refused: [],
    });
  });

  it("appends changed files, in the order in which all were found", () => {
    expect(choose({ onChange: "append", again: false })).toEqual({
      land: [found(changed.is), found(fresh)],
      replaced: [],
      skipped: SKIPPED,
      refused: [],
    });
  });

  it("replaces the rows of changed files", () => {
    expect(choose({ onChange: "replace", again: false })).toEqual({
      land: [found(changed.is), found(fresh)],
      replaced: [found(changed.is)],
      skipped: SKIPPED,
      refused: [],
    });
  });

  it("lands all of them again, and with replace in the place of what landed", () => {
    const nothing = { unchanged: [], touched: [] };
    for (const onChange of ["refuse", "append"] as const) {
      expect(choose({ onChange, again: true })).toEqual({
        land: files,
        replaced: [],
        skipped: nothing,
        refused: [],
      });
    }
    expect(choose({ onChange: "replace", again: true })).toEqual({
      land: files,
      replaced: [changed.is, same, copied.is].map(found),
      skipped: nothing,
      refused: [],
    });
  });
});
