// Very many small JSONL files: landed in a process of its own, and once more, when there is nothing left to do; against
// DuckDB's COPY of all of them, which keeps no account of what it read.
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { runNode } from "../child.mjs";
import { dataset } from "../dataset.mjs";

const CHILD = path.join(import.meta.dirname, "many-files-child.mjs");
const FILES = { smoke: 200, small: 10_000, full: 100_000 };
const RECORDS_A_FILE = 4;

export async function manyFiles({ size, folder, rounds, compare, figure }) {
  const count = FILES[size];
  const files = await dataset(`many-files-${count}`, (target) => writeMany(target, count));
  const again = { ms: [], share: [], memory: [] };
  const memory = [];
  let run = 0;
  const ours = async () => {
    const lake = path.join(folder, `lake-${run++}`);
    const first = await child("land", lake, files);
    const second = await child("land", lake, files);
    if (second.landed !== 0) throw new Error(`the second run landed ${second.landed} files`);
    again.ms.push(second.ms);
    again.share.push((100 * second.ms) / first.ms);
    again.memory.push(second.maxMemory / 1e6);
    memory.push(first.maxMemory / 1e6);
    const { answer } = await child("check", lake);
    await rm(lake, { recursive: true });
    return { ms: first.ms, answer };
  };
  const peer = () => child("copy", path.join(folder, "peer.parquet"), files);
  const title = `${count} files of ${RECORDS_A_FILE} records`;
  await compare({ line: `${title}, first run`, runs: Math.min(rounds, 3), warmups: 0, ours, peer });
  figure({ line: `${title}, again: nothing to do`, unit: "ms", values: again.ms });
  figure({ line: `${title}, again, of the first run`, unit: "%", values: again.share });
  figure({ line: `${title}, memory of the process at its peak, first run`, unit: "MB", values: memory });
  figure({ line: `${title}, memory of the process at its peak, again`, unit: "MB", values: again.memory });
}

async function child(...args) {
  const { stdout } = await runNode([CHILD, ...args]);
  return JSON.parse(stdout);
}

/** Some hundred bytes each; every value follows from the file's number. */
async function writeMany(folder, count) {
  await mkdir(folder);
  for (let file = 0; file < count; file++) {
    const records = Array.from({ length: RECORDS_A_FILE }, (_, line) =>
      JSON.stringify({
        file,
        line,
        at: new Date(Date.UTC(2024, 0, 1) + (file * RECORDS_A_FILE + line) * 1_000).toISOString(),
        user: `user-${(file * 7 + line) % 1_000}`,
        amount: ((file * 31 + line * 17) % 100_000) / 128,
      }),
    );
    await writeFile(
      path.join(folder, `part-${String(file).padStart(6, "0")}.jsonl`),
      `${records.join("\n")}\n`,
    );
  }
}
