import { describe, expect, it } from "vitest";
import { objectPath } from "../../object-store/index.js";
import { type LogFile, parseLogFile } from "../../table-format/log/log-path.js";
import { planSegment } from "../../table-format/log/segment.js";
import { version } from "../../table-format/log/version.js";

function log(...names: string[]): LogFile[] {
  return names.flatMap((name) => {
    const file = parseLogFile({ path: objectPath(`_delta_log/${name}`), size: 1, lastModified: 0 });
    return file === undefined ? [] : [file];
  });
}

const v = (n: number): string => String(n).padStart(20, "0");
const commit = (n: number): string => `${v(n)}.json`;
const commits = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => commit(from + index));
const checkpoint = (n: number): string => `${v(n)}.checkpoint.parquet`;
const part = (n: number, index: number, of: number): string =>
  `${v(n)}.checkpoint.${String(index).padStart(10, "0")}.${String(of).padStart(10, "0")}.parquet`;
const uuidCheckpoint = (n: number, format: string): string =>
  `${v(n)}.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.${format}`;
const compaction = (first: number, last: number): string => `${v(first)}.${v(last)}.compacted.json`;
const crc = (n: number): string => `${v(n)}.crc`;

function names(files: readonly LogFile[]): string[] {
  return files.map((file) => file.path.slice("_delta_log/".length));
}

describe("planSegment", () => {
  it("takes every commit where there is no checkpoint", () => {
    const segment = planSegment(log(...commits(0, 3)), "t");
    expect(segment.version).toBe(3n);
    expect(segment.checkpoint).toBeUndefined();
    expect(names(segment.commits)).toEqual(commits(0, 3));
  });

  it("starts at the newest checkpoint that is not newer than the target", () => {
    const listing = log(...commits(0, 25), checkpoint(10), checkpoint(20));
    expect(names(planSegment(listing, "t").commits)).toEqual(commits(21, 25));
    const older = planSegment(listing, "t", version(15));
    expect(older.checkpoint?.version).toBe(10n);
    expect(names(older.commits)).toEqual(commits(11, 15));
    expect(planSegment(listing, "t", version(20)).commits).toEqual([]);
  });

  it("reads a cleaned-up log from its checkpoint", () => {
    const segment = planSegment(log(checkpoint(10), ...commits(11, 12)), "t");
    expect(segment.checkpoint?.version).toBe(10n);
    expect(names(segment.commits)).toEqual(commits(11, 12));
  });

  it("uses a multi-part checkpoint only when all its parts are there, in order", () => {
    const whole = planSegment(log(part(5, 2, 2), part(5, 1, 2), ...commits(0, 6)), "t");
    expect(names(whole.checkpoint?.files ?? [])).toEqual([part(5, 1, 2), part(5, 2, 2)]);
    const torn = planSegment(log(part(5, 2, 2), ...commits(0, 6)), "t");
    expect(torn.checkpoint).toBeUndefined();
    expect(torn.commits).toHaveLength(7);
    expect(() => planSegment(log(part(5, 2, 2), commit(6)), "t")).toThrow(
      expect.objectContaining({
        code: "log-gap",
        hint: expect.stringContaining("The checkpoint of version 5 lacks some of its parts."),
      }),
    );
  });

  it("names the version that is missing", () => {
    const error = expect(() => planSegment(log(commit(0), commit(2)), "t"));
    error.toThrow(
      expect.objectContaining({ kind: "corrupt", message: expect.stringContaining("version 1 is missing") }),
    );
  });

  it("refuses a version out of range and says the range", () => {
    expect(() => planSegment(log(...commits(0, 3)), "t", version(9))).toThrow(
      expect.objectContaining({ kind: "not-found", code: "version-not-found" }),
    );
    expect(() => planSegment(log(checkpoint(10), ...commits(11, 12)), "t", version(4))).toThrow(
      expect.objectContaining({ kind: "not-found", hint: "Versions 10 to 12 exist." }),
    );
  });

  it("tells an empty log from a table", () => {
    expect(() => planSegment([], "t")).toThrow(
      expect.objectContaining({ kind: "not-found", code: "table-not-found" }),
    );
  });

  it("passes over names that are no log file", () => {
    const tooLarge = "9".repeat(20);
    expect(
      log(
        "_last_checkpoint",
        "0.json",
        `.${commit(1)}.tmp`,
        `_staged_commits/${v(1)}.3a0d65cd-4056-49b8-937b-95f9e3ee90e5.json`,
        `_sidecars/${checkpoint(1)}`,
        `${v(2)}.${v(2)}.compacted.json`,
        `${tooLarge}.json`,
        `${v(1)}.${tooLarge}.compacted.json`,
      ),
    ).toEqual([]);
  });

  it("takes a checkpoint named by a UUID before others of its version", () => {
    const names5 = [checkpoint(5), part(5, 1, 2), part(5, 2, 2), uuidCheckpoint(5, "json")];
    const segment = planSegment(log(...commits(0, 5), ...names5), "t");
    expect(names(segment.checkpoint?.files ?? [])).toEqual([uuidCheckpoint(5, "json")]);
    const without = planSegment(log(...commits(0, 5), ...names5.slice(0, 3)), "t");
    expect(names(without.checkpoint?.files ?? [])).toEqual([checkpoint(5)]);
  });

  it("keeps the commit of the version itself, which alone has its commitInfo", () => {
    expect(planSegment(log(checkpoint(2), ...commits(2, 3)), "t", version(2)).commit?.version).toBe(2n);
    expect(planSegment(log(checkpoint(2)), "t").commit).toBeUndefined();
  });

  it("takes the newest checksum that the segment bears, and none of a later version", () => {
    const listing = log(...commits(0, 6), checkpoint(3), crc(2), crc(4), crc(6));
    expect(planSegment(listing, "t", version(5)).checksum?.version).toBe(4n);
    expect(planSegment(listing, "t").checksum?.version).toBe(6n);
    expect(planSegment(listing, "t", version(3)).checksum).toBeUndefined();
  });
});

describe("planSegment with log compactions", () => {
  it("reads a compaction in the place of its commits", () => {
    const segment = planSegment(log(...commits(0, 6), compaction(2, 5)), "t");
    expect(names(segment.commits)).toEqual([commit(0), commit(1), compaction(2, 5), commit(6)]);
  });

  it("reads the fewest files, and never two that overlap", () => {
    const listing = log(...commits(0, 9), compaction(0, 3), compaction(2, 9), compaction(4, 5));
    expect(names(planSegment(listing, "t").commits)).toEqual([commit(0), commit(1), compaction(2, 9)]);
    expect(names(planSegment(listing, "t", version(8)).commits)).toEqual([
      compaction(0, 3),
      compaction(4, 5),
      ...commits(6, 8),
    ]);
  });

  it("uses none that reaches past the version or into the checkpoint", () => {
    const listing = log(...commits(0, 6), checkpoint(3), compaction(2, 5), compaction(4, 6));
    expect(names(planSegment(listing, "t", version(5)).commits)).toEqual([commit(4), commit(5)]);
    expect(names(planSegment(listing, "t").commits)).toEqual([compaction(4, 6)]);
  });

  it("bridges commits that are gone, and no others", () => {
    const listing = log(commit(0), compaction(1, 3), commit(4));
    expect(names(planSegment(listing, "t").commits)).toEqual([commit(0), compaction(1, 3), commit(4)]);
    expect(() => planSegment(listing, "t", version(2))).toThrow(
      expect.objectContaining({ code: "log-gap", message: expect.stringContaining("version 1 is missing") }),
    );
    expect(() => planSegment(log(commit(0), compaction(1, 3), commit(5)), "t")).toThrow(
      expect.objectContaining({ code: "log-gap", message: expect.stringContaining("version 4 is missing") }),
    );
  });

  it("plans at once where a stray name claims a version far away", () => {
    expect(() => planSegment(log(commit(0), `${"8".repeat(17).padStart(20, "0")}.json`), "t")).toThrow(
      expect.objectContaining({ code: "log-gap", message: expect.stringContaining("version 1 is missing") }),
    );
  });
});
