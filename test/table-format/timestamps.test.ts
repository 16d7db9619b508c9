import { describe, expect, it } from "vitest";
import { objectPath } from "../../object-store/index.js";
import { type LogFile, parseLogFile } from "../../table-format/log/log-path.js";
import { commitTimes, versionAt } from "../../table-format/log/timestamps.js";

function commitsAt(...times: number[]): LogFile[] {
  return times.flatMap((lastModified, n) => {
    const path = objectPath(`_delta_log/${String(n).padStart(20, "0")}.json`);
    const file = parseLogFile({ path, size: 1, lastModified });
    return file === undefined ? [] : [file];
  });
}

describe("versionAt", () => {
  const log = commitsAt(1000, 2000, 3000);

  it("gives the newest version that is not later than the instant", () => {
    expect(versionAt(log, "t", 1000, 9000)).toBe(0n);
    expect(versionAt(log, "t", 1999, 9000)).toBe(0n);
    expect(versionAt(log, "t", 2000, 9000)).toBe(1n);
    expect(versionAt(log, "t", 8999, 9000)).toBe(2n);
  });

  it("refuses what lies before the first commit or in the future, naming the range", () => {
    const refusal = expect.objectContaining({
      kind: "not-found",
      hint: expect.stringContaining("1970-01-01T00:00:01.000Z to 1970-01-01T00:00:03.000Z"),
    });
    expect(() => versionAt(log, "t", 999, 9000)).toThrow(refusal);
    expect(() => versionAt(log, "t", 9001, 9000)).toThrow(refusal);
  });

  it("never lets a later version be earlier, whatever the clocks said", () => {
    expect(commitTimes(commitsAt(5000, 4000, 4000, 9000)).map((time) => time.timestamp)).toEqual([
      5000, 5001, 5002, 9000,
    ]);
  });
});
