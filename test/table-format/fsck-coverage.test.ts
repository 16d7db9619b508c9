import { describe, expect, test } from "vitest";
import { objectPath } from "../../object-store/index.js";
import { coverageOf, type LogCoverage, missingText } from "../../table-format/fsck/log-coverage.js";
import { type LogFile, parseLogFile } from "../../table-format/log/log-path.js";
import type { Version } from "../../table-format/log/version.js";

const digits = (of: number): string => String(of).padStart(20, "0");
const COMMIT = (of: number): string => `${digits(of)}.json`;
const CHECKPOINT = (of: number): string => `${digits(of)}.checkpoint.parquet`;
const COMPACTION = (first: number, last: number): string => `${digits(first)}.${digits(last)}.compacted.json`;

function logFiles(names: readonly string[]): LogFile[] {
  return names.map((name) => {
    const file = parseLogFile({ path: objectPath(`_delta_log/${name}`), size: 1, lastModified: 1 });
    if (file === undefined) throw new Error(`${name} is no file of a log`);
    return file;
  });
}

/** Coverage of a log in which all is whole, but for the commits and paths that are named. */
function coverage(
  names: readonly string[],
  {
    broken = [],
    unusable = [],
  }: { readonly broken?: readonly bigint[]; readonly unusable?: readonly string[] } = {},
): LogCoverage {
  const files = logFiles(names);
  const whole = files.filter(({ kind, version }) => kind === "commit" && !broken.includes(version));
  const versions = new Set<Version>(whole.map(({ version }) => version));
  return coverageOf(files, versions, new Set(unusable.map((name) => `_delta_log/${name}`)));
}

const range = (first: number, last: number): { first: bigint; last: bigint } => ({
  first: BigInt(first),
  last: BigInt(last),
});

describe("what a log can tell", () => {
  test("a whole log gives every version from the empty table on", () => {
    const log = coverage([0, 1, 2].map(COMMIT));
    expect(log).toMatchObject({ newest: 2n, readable: [range(0, 2)], missing: [], lost: [] });
    expect(log.chain(2n)).toEqual({ base: undefined, compactions: [] });
  });

  test("a log that was cleaned up begins with its checkpoint", () => {
    const log = coverage([CHECKPOINT(5), ...[5, 6, 7].map(COMMIT)]);
    expect(log).toMatchObject({ readable: [range(5, 7)], missing: [], lost: [] });
    expect(log.chain(7n)?.base?.version).toBe(5n);
    expect(log.chain(4n)).toBeUndefined();
  });

  test("entries before the first checkpoint that begin nowhere are no loss", () => {
    expect(coverage([COMMIT(3), COMMIT(4), CHECKPOINT(5), COMMIT(5)])).toMatchObject({
      readable: [range(5, 5)],
      missing: [],
      lost: [],
    });
  });

  test("a gap at the end is missing, one that a checkpoint bridges is lost", () => {
    expect(coverage([0, 1, 4, 5].map(COMMIT))).toMatchObject({
      readable: [range(0, 1)],
      missing: [range(2, 3)],
      lost: [],
    });
    expect(coverage([...[0, 1, 4, 5].map(COMMIT), CHECKPOINT(4)])).toMatchObject({
      readable: [range(0, 1), range(4, 5)],
      missing: [],
      lost: [range(2, 3)],
    });
  });

  test("a log without any start lacks what comes before it", () => {
    expect(coverage([COMMIT(3)])).toMatchObject({ newest: 3n, readable: [], missing: [range(0, 2)] });
  });

  test("a far-off entry costs no more than a near one", () => {
    expect(coverage([COMMIT(0), "09223372036854775807.json"])).toMatchObject({
      readable: [range(0, 0)],
      missing: [{ first: 1n, last: 9223372036854775806n }],
    });
  });

  test("a damaged entry ends what can be read, and is not missing", () => {
    expect(coverage([0, 1, 2].map(COMMIT), { broken: [1n] })).toMatchObject({
      newest: 2n,
      readable: [range(0, 0)],
      missing: [],
    });
  });

  test("a checkpoint that cannot be used bridges nothing", () => {
    const names = [COMMIT(0), CHECKPOINT(2), COMMIT(2)];
    expect(coverage(names).readable).toEqual([range(0, 0), range(2, 2)]);
    expect(coverage(names, { unusable: [CHECKPOINT(2)] })).toMatchObject({
      readable: [range(0, 0)],
      missing: [range(1, 1)],
    });
  });

  test("a compaction stands in for commits that are gone", () => {
    const log = coverage([COMMIT(0), COMPACTION(1, 3), COMMIT(4)]);
    expect(log).toMatchObject({ readable: [range(0, 0), range(3, 4)], missing: [] });
    expect(log.chain(4n)?.compactions.map(({ version }) => version)).toEqual([3n]);
  });

  test("an empty log has no newest version", () => {
    expect(coverage([])).toMatchObject({ newest: undefined, readable: [], missing: [], lost: [] });
  });
});

test.each([
  [range(3, 3), "version 3 is missing"],
  [range(3, 5), "versions 3 to 5 are missing"],
])("missingText", (of, text) => {
  expect(missingText(of)).toBe(text);
});
