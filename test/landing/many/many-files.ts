import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { Lake } from "../../../src/index.js";
import { type Finished, type RunOptions, runProcess } from "../../support/grizzly.js";

const CHILD = fileURLToPath(new URL("land-child.mjs", import.meta.url));

export const RECORDS_A_FILE = 4;

/** Writes small JSONL files, some hundred bytes each; no two have the same content. */
export function writeManyFiles(folder: string, files: number): void {
  mkdirSync(folder, { recursive: true });
  for (let file = 0; file < files; file++) {
    const records = Array.from({ length: RECORDS_A_FILE }, (_, line) =>
      JSON.stringify({
        file,
        line,
        at: new Date(Date.UTC(2024, 0, 1) + (file * RECORDS_A_FILE + line) * 1_000).toISOString(),
        user: `user-${(file * 7 + line) % 1_000}`,
        amount: ((file * 31 + line * 17) % 100_000) / 128,
      }),
    );
    writeFileSync(
      path.join(folder, `part-${String(file).padStart(6, "0")}.jsonl`),
      `${records.join("\n")}\n`,
    );
  }
}

/** What a process that landed a folder says. */
export interface Landed {
  readonly rows: bigint;
  readonly commits: number;
  readonly sourceFiles: { readonly landed: number; readonly unchanged: number; readonly touched: number };
  /** Milliseconds of the ingest. */
  readonly ms: number;
  /** Bytes: the most that the process ever had. */
  readonly maxMemory: number;
}

/** Lands a folder in table `t` in a process of its own. */
export async function land(
  lake: string,
  folder: string,
  batch: number,
  options: RunOptions,
): Promise<Landed> {
  const finished = await startLanding(lake, folder, batch, options);
  expect(finished).toMatchObject({ code: 0, stderr: "" });
  // land-child.mjs says what it prints.
  const told: Omit<Landed, "rows"> & { readonly rows: string } = JSON.parse(finished.stdout);
  return { ...told, rows: BigInt(told.rows) };
}

export function startLanding(
  lake: string,
  folder: string,
  batch: number,
  options: RunOptions,
): Promise<Finished> {
  return runProcess(process.execPath, [CHILD, lake, folder, String(batch)], options);
}

/** What the table has to say of its rows; equal for equal rows, in whatever order and files they are. */
export async function contentOf(lake: Lake): Promise<unknown> {
  const result = await lake.sql(
    `SELECT count(*) AS rows, count(DISTINCT file) AS files, sum(amount) AS amount,
       sum(hash(file, line, "at", "user", amount)::HUGEINT) AS digest FROM t`,
  );
  return result.toArray();
}

/** Files whose rows are not there exactly once each. */
export async function tornFiles(lake: Lake): Promise<unknown> {
  const result = await lake.sql(
    `SELECT file, count(*) AS rows FROM t GROUP BY file
     HAVING count(*) <> ${RECORDS_A_FILE} OR count(DISTINCT line) <> ${RECORDS_A_FILE} LIMIT 10`,
  );
  return result.toArray();
}
