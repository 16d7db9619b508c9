import { expect } from "vitest";
import { openLake } from "../../../src/index.js";
import type { AnomalyKind, CheckReport } from "./anomaly.js";
import type { HistoryResult } from "./run-history.js";

/** Versions that are read with the library as well, at most. */
const MAX_READ = 25;

/** How often each kind was found. */
export function counted({ anomalies }: CheckReport, ...kinds: readonly AnomalyKind[]): number {
  return anomalies.filter(({ kind }) => kinds.includes(kind)).length;
}

/** One line on a history, for whoever watches the tests. */
export function summary({ report, lives }: HistoryResult, name: string): string {
  const { versions, transactions, committed, nothing, failed, unknown, unknownInLog, killed, killedInLog } =
    report;
  return [
    `${name}: ${transactions} transactions of processes that were started ${lives} times, ${versions} versions`,
    `${committed} committed, ${nothing} had nothing to do, ${failed} failed`,
    `${unknown + unknownInLog} unknown (${unknownInLog} in the log), ${killed + killedInLog} killed (${killedInLog} in the log)`,
    `${report.reordered} reordered`,
    `${counted(report, "lost", "order")} lost, ${counted(report, "duplicated")} duplicated, ${counted(report, "torn")} torn`,
  ].join("; ");
}

/**
 * The checker found nothing, the serial order replays to the last version, and the library reads what the checker
 * read.
 */
export async function expectSound({ report, place }: HistoryResult): Promise<void> {
  expect(report.anomalies).toEqual([]);
  expect(report.replayed).toBe(true);
  const lake = await openLake(place.lake, { s3: place.s3 });
  try {
    const { totals } = report;
    const step = Math.ceil(totals.length / MAX_READ);
    const last = totals.length - 1;
    for (const [version, expected] of totals.entries()) {
      if (version % step !== 0 && version !== last) continue;
      const [row] = await (
        await lake.sql(
          `SELECT count(*) AS n, coalesce(sum(id), 0)::BIGINT AS ids, coalesce(sum(v), 0)::BIGINT AS vs FROM t VERSION AS OF ${version}`,
        )
      ).toArray();
      expect({ version, read: [row?.["n"], row?.["ids"], row?.["vs"]] }).toEqual({
        version,
        read: expected.map(BigInt),
      });
    }
    // What killed processes leave is told, and is no damage.
    const { findings } = await (await lake.table("t")).fsck();
    expect(findings.filter(({ severity }) => severity !== "warning")).toEqual([]);
  } finally {
    await lake.close();
  }
}
