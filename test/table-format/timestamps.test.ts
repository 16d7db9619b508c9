import { describe, expect, it } from "vitest";
import { objectPath } from "../../object-store/index.js";
import type { CommitFile } from "../../table-format/log/log-path.js";
import { commitTimes, type OwnTimestamps, versionAt } from "../../table-format/log/timestamps.js";
import { version } from "../../table-format/log/version.js";

function commitsAt(...times: number[]): CommitFile[] {
  return times.map((lastModified, n) => ({
    kind: "commit",
    version: version(n),
    path: objectPath(`_delta_log/${String(n).padStart(20, "0")}.json`),
    size: 1,
    lastModified,
  }));
}

describe("versionAt", () => {
  const log = commitsAt(1000, 2000, 3000);

  it("gives the newest version that is not later than the instant", async () => {
    expect(await versionAt(log, "t", 1000, 9000)).toBe(0n);
    expect(await versionAt(log, "t", 1999, 9000)).toBe(0n);
    expect(await versionAt(log, "t", 2000, 9000)).toBe(1n);
    expect(await versionAt(log, "t", 8999, 9000)).toBe(2n);
  });

  it("refuses what lies before the first commit or in the future, naming the range", async () => {
    const refusal = {
      kind: "not-found",
      code: "timestamp-out-of-range",
      hint: expect.stringContaining("1970-01-01T00:00:01.000Z to 1970-01-01T00:00:03.000Z"),
    };
    await expect(versionAt(log, "t", 999, 9000)).rejects.toMatchObject(refusal);
    await expect(versionAt(log, "t", 9001, 9000)).rejects.toMatchObject(refusal);
  });

  it("never lets a later version be earlier, whatever the clocks said", () => {
    expect(commitTimes(commitsAt(5000, 4000, 4000, 9000)).map((time) => time.timestamp)).toEqual([
      5000, 5001, 5002, 9000,
    ]);
  });

  it("says that a log without commits is no table", async () => {
    await expect(versionAt([], "t", 1, 2)).rejects.toMatchObject({ code: "table-not-found" });
  });
});

describe("versionAt with in-commit timestamps", () => {
  /** Commit n of `since` and later happened at 10,000 + 10 n; the times of their files say something else. */
  function own(since: number, sinceTimestamp: number | undefined): { own: OwnTimestamps; reads: bigint[] } {
    const reads: bigint[] = [];
    const read = async (commit: CommitFile): Promise<number> => {
      expect(commit.version >= BigInt(since)).toBe(true);
      reads.push(commit.version);
      return 10_000 + 10 * Number(commit.version);
    };
    return { own: { since: version(since), sinceTimestamp, read }, reads };
  }

  it("passes over the times of the files", async () => {
    const log = commitsAt(90_000, 80_000, 70_000, 60_000);
    const { own: always } = own(0, undefined);
    expect(await versionAt(log, "t", 10_000, 99_000, always)).toBe(0n);
    expect(await versionAt(log, "t", 10_019, 99_000, always)).toBe(1n);
    expect(await versionAt(log, "t", 10_020, 99_000, always)).toBe(2n);
    expect(await versionAt(log, "t", 90_000, 99_000, always)).toBe(3n);
    await expect(versionAt(log, "t", 9_999, 99_000, always)).rejects.toMatchObject({
      code: "timestamp-out-of-range",
      hint: expect.stringContaining("1970-01-01T00:00:10.000Z to 1970-01-01T00:00:10.030Z"),
    });
  });

  it("reads few commits of many", async () => {
    const { own: always, reads } = own(0, undefined);
    const log = commitsAt(...Array.from({ length: 10_000 }, () => 1));
    expect(await versionAt(log, "t", 10_000 + 10 * 6_789, 10_000_000, always)).toBe(6_789n);
    expect(reads.length).toBeLessThanOrEqual(15);
  });

  it("searches the one side of their enablement that the instant tells", async () => {
    // Version 2 enabled them at 10,020; a file of version 1 claims to be later than that.
    const log = commitsAt(9_000, 50_000, 1, 2);
    const { own: later, reads } = own(2, 10_020);
    expect(await versionAt(log, "t", 10_019, 99_000, later)).toBe(0n);
    expect(await versionAt(log, "t", 9_500, 99_000, later)).toBe(0n);
    expect(reads).toEqual([]);
    expect(await versionAt(log, "t", 10_020, 99_000, later)).toBe(2n);
    expect(await versionAt(log, "t", 50_000, 99_000, later)).toBe(3n);
    await expect(versionAt(log, "t", 8_999, 99_000, later)).rejects.toMatchObject({
      code: "timestamp-out-of-range",
    });
  });
});
