// Opening a table whose log adds 300,000 files, against a bare typed read_json of the log.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { runNode } from "../child.mjs";
import { atMost, under } from "../compare.mjs";
import { dataset } from "../dataset.mjs";

const NAME = "300k-add-files-100-col-partitioned";
const ARCHIVE = path.join(import.meta.dirname, `../../../shared/conformance/bench/${NAME}.tar.gz`);
const CHILD = path.join(import.meta.dirname, "open-log-child.mjs");
/** Bytes in a megabyte, as the heap limit counts. */
const MB = 1_000_000;

export async function openLog({ rounds, compare, figure, say }) {
  if (!existsSync(ARCHIVE)) {
    say(`left out: there is no ${ARCHIVE}`);
    return;
  }
  const table = path.join(await dataset(NAME, unpack), NAME);
  const inProcess = (side, form) => async () => {
    const { ms, answer } = await inChild(side, form, table);
    return { ms, answer };
  };
  for (const form of ["vectors", "values"]) {
    await compare({
      line: `open, and list 300,000 files as ${form}`,
      target: atMost(2),
      ours: inProcess("ours", form),
      peer: inProcess("peer", form),
    });
  }
  const heap = { growth: [], peak: [], memory: [] };
  for (let run = 0; run < rounds; run++) {
    const { heapGrowth, heapPeak, maxMemory } = await inChild("ours", "values", table);
    heap.growth.push(heapGrowth / MB);
    heap.peak.push(heapPeak / MB);
    heap.memory.push(maxMemory / MB);
  }
  figure({ line: "V8 heap held afterwards", unit: "MB", values: heap.growth, target: under(300) });
  figure({ line: "V8 heap growth at its peak", unit: "MB", values: heap.peak, target: under(300) });
  figure({ line: "memory of the process at its peak", unit: "MB", values: heap.memory });
}

async function inChild(...args) {
  const { stdout } = await runNode(["--expose-gc", CHILD, ...args]);
  return JSON.parse(stdout);
}

async function unpack(folder) {
  await mkdir(folder);
  await promisify(execFile)("tar", ["-xzf", ARCHIVE, "-C", folder]);
}
