// npm run bench -- [--only NAME[,NAME]] [--size small|full] [--smoke]
// Runs the workloads and prints a Markdown table; the same as JSON goes to bench/results/latest.json.
// A missed target fails nothing; an answer that differs from the peer's does. Targets are for the full
// size; --smoke runs each side once on tiny data, to see that everything works.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { compare, figure } from "./compare.mjs";
import { markdown } from "./report.mjs";
import { appends } from "./workloads/appends.mjs";
import { avroDecode } from "./workloads/avro.mjs";
import { checkpoint } from "./workloads/checkpoint-1m.mjs";
import { ingest } from "./workloads/ingest.mjs";
import { keptAvro } from "./workloads/kept-avro.mjs";
import { landing } from "./workloads/landing.mjs";
import { manyFiles } from "./workloads/many-files.mjs";
import { merge } from "./workloads/merge.mjs";
import { openLog } from "./workloads/open-log.mjs";
import { point } from "./workloads/point.mjs";
import { s3Query } from "./workloads/s3-query.mjs";
import { s3Writers } from "./workloads/s3-writers.mjs";
import { scan } from "./workloads/scan.mjs";
import { scanFeatures } from "./workloads/scan-features.mjs";
import { startup } from "./workloads/startup.mjs";

const WORKLOADS = {
  scan,
  "scan-features": scanFeatures,
  ingest,
  landing,
  "many-files": manyFiles,
  avro: avroDecode,
  "kept-avro": keptAvro,
  point,
  startup,
  "open-300k": openLog,
  "checkpoint-1m": checkpoint,
  appends,
  merge,
  "s3-query": s3Query,
  "s3-writers": s3Writers,
};
const RESULTS = path.join(import.meta.dirname, "results/latest.json");

const { size, names } = chosen(process.argv.slice(2));
const judges = size === "full";
// After one round V8 still interprets most of what plans a query; after three it does not.
const rounds = size === "smoke" ? { runs: 1, warmups: 0 } : { runs: 5, warmups: 3 };

const results = [];
for (const name of names) {
  process.stderr.write(`${name} ...\n`);
  const folder = await mkdtemp(path.join(os.tmpdir(), "grizzly-bench-"));
  const lines = [];
  const add = (line) => {
    lines.push(judges ? line : { ...line, target: undefined, met: undefined });
    process.stderr.write(`  ${line.line}: ${line.ours.median.toFixed(1)} ${line.unit}${ratioText(line)}\n`);
  };
  try {
    await WORKLOADS[name]({
      size,
      folder,
      rounds: rounds.runs,
      compare: async (pair) => add(await compare({ ...rounds, ...pair })),
      figure: (one) => add(figure(one)),
      say: (text) => process.stderr.write(`  ${text}\n`),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  results.push({ workload: name, lines });
}

const machine = {
  cores: os.availableParallelism(),
  memoryGiB: Math.round(os.totalmem() / 2 ** 30),
  cpu: os.cpus()[0]?.model,
  node: process.version,
};
await mkdir(path.dirname(RESULTS), { recursive: true });
await writeFile(RESULTS, `${JSON.stringify({ machine, size, ...rounds, results }, undefined, 2)}\n`);
process.stdout.write(markdown(results));

function chosen(args) {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: "string" },
      size: { type: "string", default: "full" },
      smoke: { type: "boolean", default: false },
    },
  });
  const names = values.only?.split(",") ?? Object.keys(WORKLOADS);
  const unknown = names.find((name) => !Object.hasOwn(WORKLOADS, name));
  if (unknown !== undefined) refuse(`no workload ${unknown}; there are ${Object.keys(WORKLOADS).join(", ")}`);
  if (!["small", "full"].includes(values.size)) refuse(`--size is small or full, not ${values.size}`);
  return { names, size: values.smoke ? "smoke" : values.size };
}

function refuse(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

function ratioText({ ratio }) {
  return ratio === undefined ? "" : `, ${ratio.toFixed(2)}× of the peer`;
}
