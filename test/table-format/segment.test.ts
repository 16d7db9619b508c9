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
    expect(
      log("_last_checkpoint", `${v(1)}.crc`, "0.json", `.${commit(1)}.tmp`, `${v(1)}.${v(2)}.compacted.json`),
    ).toEqual([]);
  });
});
