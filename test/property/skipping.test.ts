import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine, quoteString, type Session } from "../../engine/index.js";
import { partitionTextSql } from "../../table-format/skipping/partition-value.js";
import type { Predicate } from "../../table-format/skipping/predicate.js";
import { skippingSql } from "../../table-format/skipping/skipping.js";
import { statisticsJson, type WriterColumnStatistics } from "../../table-format/skipping/statistics.js";
import {
  columnSql,
  type File,
  files,
  loadRows,
  PARTITIONS,
  predicateSql,
  predicates,
  TABLE,
  writerColumns,
} from "./skipping-cases.js";

type StatisticsOf = (file: File, columns: readonly WriterColumnStatistics[]) => string;

const ours: StatisticsOf = (file, columns) =>
  statisticsJson({ rowCount: BigInt(file.rows.length), columns }, TABLE);

/**
 * Statistics as other writers make them: strings and timestamps cut short, NaN passed over, numbers put
 * through a double.
 */
function foreign(cutMaximum: (text: string) => string): StatisticsOf {
  return (file, columns) => {
    const bounds = (side: "min" | "max") =>
      nested(columns.map((column) => [column.path, foreignBound(column[side], side, cutMaximum)]));
    return JSON.stringify({
      numRecords: file.rows.length,
      minValues: bounds("min"),
      maxValues: bounds("max"),
      nullCount: nested(columns.map((column) => [column.path, Number(column.nullCount)])),
    });
  };
}

/** Spark 3.0: the cut and its tie-breaker go by UTF-16 units, and half a surrogate pair becomes "?". */
function sparkMaximum(text: string): string {
  let cut = 32;
  while (text.charAt(cut) >= "\uFFFD") cut += 1;
  return `${text.slice(0, cut).replace(/[\uD800-\uDBFF]$/, "?")}\uFFFD`;
}

/** A writer that cuts and puts nothing there. */
function bareMaximum(text: string): string {
  return [...text].slice(0, 32).join("");
}

function foreignBound(
  text: string | undefined,
  side: "min" | "max",
  cutMaximum: (text: string) => string,
): unknown {
  if (text === undefined) return undefined;
  if (/^-?\d+$/.test(text)) return Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
  if (/^-?\d+\.\d+$/.test(text)) return Number(text);
  if (text === "inf" || text === "-inf") return text.replace("inf", "Infinity");
  if (text === "true" || text === "false") return text === "true";
  if (/^\d{4}-\d\d-\d\d \d\d:/.test(text)) {
    const [, second = "", fraction = "", zone = ""] = /^(.{19})(\.\d+)?(\+00)?$/.exec(text) ?? [];
    return `${second.replace(" ", "T")}${fraction.padEnd(4, fraction === "" ? ".000" : "0").slice(0, 4)}${zone.replace("+00", "Z")}`;
  }
  if (text.length <= 32) return text;
  if (side === "min") return [...text].slice(0, 32).join("");
  return cutMaximum(text);
}

function nested(entries: readonly (readonly [readonly string[], unknown])[]): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [path, value] of entries) {
    let node = root;
    for (const name of path.slice(0, -1)) {
      const inner = (node[name] ?? {}) as Record<string, unknown>;
      node[name] = inner;
      node = inner;
    }
    if (value !== undefined) node[path.at(-1) ?? ""] = value;
  }
  return root;
}

describe("data skipping", () => {
  let engine: Engine;
  let session: Session;
  beforeAll(async () => {
    engine = await Engine.open({ threads: 1 });
    session = await engine.acquire();
  });
  afterAll(() => {
    engine.release(session);
    engine.close();
  });

  async function loadFiles(tableFiles: readonly File[], statisticsOf: StatisticsOf): Promise<void> {
    await loadRows(session, tableFiles);
    const columns = await writerColumns(session);
    const stats = tableFiles.map(
      (file, number) => `(${number}, ${quoteString(statisticsOf(file, columns.get(number) ?? []))})`,
    );
    const partition = PARTITIONS.map(
      (leaf) =>
        `${quoteString(leaf.path[0])}: ${partitionTextSql(leaf.type)(`any_value(${columnSql(leaf.path)})`)}`,
    );
    await session.execute(
      `CREATE OR REPLACE TEMP TABLE files AS SELECT file_number, MAP {${partition.join(", ")}} AS partition_values, any_value(stats) AS stats ` +
        `FROM rows JOIN (VALUES ${stats.join(", ")}) s(file_number, stats) USING (file_number) GROUP BY file_number`,
    );
  }

  async function skippedFiles(predicate: Predicate): Promise<number[]> {
    const rows = await session.rows(
      `SELECT file_number FROM files WHERE NOT (${skippingSql(predicate, TABLE)})`,
    );
    return rows.map((row) => Number(row["file_number"]));
  }

  async function passingFiles(predicate: Predicate): Promise<Set<number>> {
    const passes = [true, false].map((unknown) => predicateSql(predicate, unknown)).join(" OR ");
    const rows = await session.rows(`SELECT DISTINCT file_number FROM rows WHERE ${passes}`);
    return new Set(rows.map((row) => Number(row["file_number"])));
  }

  it.each([
    ["our statistics", ours, 0xde17a],
    ["other writers' statistics", foreign(sparkMaximum), 0x5bac],
    ["statistics cut bare", foreign(bareMaximum), 0xba2e],
  ] as const)("never skips a file that holds a passing row, with %s", async (_, statisticsOf, seed) => {
    let skipped = 0;
    await fc.assert(
      fc.asyncProperty(
        files,
        fc.array(predicates, { minLength: 40, maxLength: 40 }),
        async (tableFiles, asked) => {
          await loadFiles(tableFiles, statisticsOf);
          for (const predicate of asked) {
            const passing = await passingFiles(predicate);
            const wrong = (await skippedFiles(predicate)).filter((file) => {
              skipped += 1;
              return passing.has(file);
            });
            expect(wrong, predicateSql(predicate, true)).toEqual([]);
          }
        },
      ),
      { seed, numRuns: 15, endOnFailure: true },
    );
    expect(skipped).toBeGreaterThan(500);
  });
});
