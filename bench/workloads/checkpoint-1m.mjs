// A table of a million files: its next checkpoint is written, and its files are filtered by statistics, each in a
// process of its own, against a bare DuckDB that copies, or filters, the same rows of the same Parquet files.
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import { runNode } from "../child.mjs";
import { atMost, under } from "../compare.mjs";
import { dataset } from "../dataset.mjs";
import { buildTable, checkpointFile, LAST_VERSION } from "./checkpoint-1m-table.mjs";

const CHILD = path.join(import.meta.dirname, "checkpoint-1m-child.mjs");
const FILES = { smoke: 2_000, small: 100_000, full: 1_000_000 };
/** Bytes in a megabyte. */
const MB = 1_000_000;

export async function checkpoint({ size, folder, compare, figure }) {
  const files = FILES[size];
  const table = await dataset(`checkpoint-${files}`, (at) => buildTable(at, files));
  const rows = await dataset(`checkpoint-${files}-rows.parquet`, (at) => writeRows(table, folder, at));
  const memory = { write: [], filter: [] };
  const inChild = (what, side) => async () => {
    const scratch = await mkdtemp(path.join(folder, "run-"));
    const { stdout } = await runNode([CHILD, what, side, table, rows, scratch]);
    await rm(scratch, { recursive: true });
    const { ms, answer, maxMemory } = JSON.parse(stdout);
    if (side === "ours") memory[what].push(maxMemory / MB);
    return { ms, answer };
  };
  await compare({
    line: `write a checkpoint of ${files.toLocaleString("en")} files`,
    target: atMost(1.5),
    ours: inChild("write", "ours"),
    peer: inChild("write", "peer"),
  });
  await compare({
    line: `open, and filter ${files.toLocaleString("en")} files by statistics`,
    target: atMost(2),
    ours: inChild("filter", "ours"),
    peer: inChild("filter", "peer"),
  });
  for (const [what, values] of Object.entries(memory)) {
    figure({
      line: `memory of the process at its peak, ${what}`,
      unit: "MB",
      values,
      target: under(1_000),
    });
  }
}

/** The rows that both sides write: those of a checkpoint of ours. */
async function writeRows(table, folder, at) {
  const scratch = await mkdtemp(path.join(folder, "rows-"));
  await runNode([CHILD, "write", "ours", table, "", scratch]);
  await copyFile(path.join(scratch, "table", checkpointFile(LAST_VERSION)), at);
  await rm(scratch, { recursive: true });
}
