import { describe, expect, it } from "vitest";
import { objectPath } from "../../../object-store/index.js";
import { type LogFile, parseLogFile, sidecarPath } from "../../../table-format/log/log-path.js";
import { version } from "../../../table-format/log/version.js";
import {
  cutOffTimestamp,
  expiredSidecars,
  planLogCleanup,
} from "../../../table-format/maintenance/plan-log-cleanup.js";

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 4, 20, 13, 30);

describe("cutOffTimestamp", () => {
  it("is midnight UTC, 30 days back unless the table says otherwise", () => {
    expect(cutOffTimestamp({}, NOW)).toEqual({ timestamp: Date.UTC(2026, 3, 20) });
    expect(cutOffTimestamp({ "delta.logRetentionDuration": "interval 36 hours" }, NOW)).toEqual({
      timestamp: Date.UTC(2026, 4, 19),
    });
  });

  it("keeps a log that is not to be cleaned up, and one whose retention cannot be understood", () => {
    expect(cutOffTimestamp({ "delta.enableExpiredLogCleanup": "false" }, NOW)).toEqual({
      keep: "switched-off",
    });
    expect(cutOffTimestamp({ "delta.enableExpiredLogCleanup": "maybe" }, NOW)).toEqual({ keep: "in-doubt" });
    expect(cutOffTimestamp({ "delta.logRetentionDuration": "interval 2 months" }, NOW)).toEqual({
      keep: "in-doubt",
    });
  });
});

const digits = (n: number): string => String(n).padStart(20, "0");
const LOG = [
  ...[0, 1, 2, 3, 4, 5, 6].map((n) => `${digits(n)}.json`),
  ...[1, 2, 4].map((n) => `${digits(n)}.crc`),
  `${digits(1)}.checkpoint.parquet`,
  `${digits(4)}.checkpoint.parquet`,
  `${digits(6)}.checkpoint.parquet`,
  `${digits(0)}.${digits(2)}.compacted.json`,
  `${digits(3)}.${digits(5)}.compacted.json`,
  `${digits(5)}.${digits(6)}.compacted.json`,
];

function logOf(names: readonly string[]): LogFile[] {
  return names.flatMap((name) => {
    const file = parseLogFile({ path: objectPath(`_delta_log/${name}`), size: 1, lastModified: 0 });
    return file === undefined ? [] : [file];
  });
}

const PROTOCOL = {
  minReaderVersion: 1,
  minWriterVersion: 2,
  readerFeatures: undefined,
  writerFeatures: undefined,
};

function expiredOf(names: readonly string[], cutOff: number): unknown {
  const plan = planLogCleanup(logOf(names), version(cutOff), PROTOCOL, {});
  return "keep" in plan
    ? plan.keep
    : plan.expired.map((file) => file.path.slice("_delta_log/".length)).sort();
}

describe("planLogCleanup", () => {
  it("takes what is older than the checkpoint before the cut-off, and compactions that begin before it ends", () => {
    expect(expiredOf(LOG, 5)).toEqual(
      [
        ...[0, 1, 2, 3].map((n) => `${digits(n)}.json`),
        ...[1, 2].map((n) => `${digits(n)}.crc`),
        `${digits(1)}.checkpoint.parquet`,
        `${digits(0)}.${digits(2)}.compacted.json`,
        `${digits(3)}.${digits(5)}.compacted.json`,
      ].sort(),
    );
  });

  it("keeps everything without a checkpoint that is old enough", () => {
    expect(expiredOf(LOG, 0)).toBe("nothing-expired");
    expect(
      expiredOf(
        LOG.filter((name) => !name.endsWith("checkpoint.parquet")),
        6,
      ),
    ).toBe("nothing-expired");
  });

  it("keeps everything when a commit that must stay is missing", () => {
    expect(
      expiredOf(
        LOG.filter((name) => name !== `${digits(5)}.json`),
        4,
      ),
    ).toBe("in-doubt");
  });

  it("respects the protection of checkpoints", () => {
    const protocol = { ...PROTOCOL, minWriterVersion: 7, writerFeatures: ["checkpointProtection"] };
    const protecting = (text: string): Record<string, string> => ({
      "delta.requireCheckpointProtectionBeforeVersion": text,
    });
    expect(planLogCleanup(logOf(LOG), version(5), protocol, protecting("5"))).toEqual({
      keep: "checkpoint-protection",
    });
    expect(planLogCleanup(logOf(LOG), version(5), protocol, protecting("4"))).toHaveProperty("expired");
    expect(planLogCleanup(logOf(LOG), version(5), protocol, protecting("soon"))).toEqual({
      keep: "in-doubt",
    });
  });
});

describe("expiredSidecars", () => {
  it("takes what no checkpoint names and what was there before yesterday", () => {
    const sidecar = (name: string, age: number) => ({
      path: sidecarPath(name),
      size: 1,
      lastModified: NOW - age,
    });
    const sidecars = [
      sidecar("named", 9 * DAY),
      sidecar("old", 3 * DAY),
      sidecar("yesterday", DAY),
      sidecar("new", 0),
    ];
    expect(expiredSidecars(sidecars, new Set([sidecarPath("named")]), NOW)).toEqual([sidecarPath("old")]);
  });
});
