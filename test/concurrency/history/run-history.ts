import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { type Lake, openLake } from "../../../src/index.js";
import type { FaultRates } from "../../support/faulty-store.js";
import { runProcess } from "../../support/grizzly.js";
import { seededRandom } from "../seeded-random.js";
import type { CheckReport } from "./anomaly.js";
import type { CheckerConfig } from "./checker.js";
import { firstRows, type HistoryRow, type OperationMix } from "./operations.js";
import { folderOf, type HistoryPlace, onDisk } from "./place.js";
import type { Programs } from "./programs.js";
import type { WorkerConfig } from "./worker.js";

/** A table under test. */
export interface TableProfile {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly partitioned: boolean;
  readonly mix: OperationMix;
}

export interface HistoryOptions {
  /** An empty folder for the journals and what killed processes leave. */
  readonly folder: string;
  /** Default a folder of it. */
  readonly place?: HistoryPlace | undefined;
  readonly profile: TableProfile;
  readonly seed: number;
  readonly processes: number;
  /** Transactions of each process. */
  readonly transactions: number;
  readonly rates: FaultRates;
  /** The probability that a process is killed at some moment of its first seconds. */
  readonly kills: number;
}

export interface HistoryResult {
  readonly report: CheckReport;
  /** Processes that were started. */
  readonly lives: number;
  readonly place: HistoryPlace;
}

const FIRST_ROWS = 200;
const FIRST_FILES = 4;
/** A process that is killed has lived this long at most. */
const LONGEST_LIFE_MS = 4_000;
const MAX_LIVES = 100;

export function isSerializable({ properties }: TableProfile): boolean {
  return properties["delta.isolationLevel"] === "Serializable";
}

/**
 * Lets processes run transactions on one table, kills some and starts them again, until all have run theirs;
 * then has the history checked.
 */
export async function runHistory(programs: Programs, options: HistoryOptions): Promise<HistoryResult> {
  const { folder, profile, seed, processes } = options;
  const place = options.place ?? onDisk(path.join(folder, "lake"));
  const journals = path.join(folder, "journals");
  await mkdir(journals);
  await mkdir(path.join(folder, "tmp"));
  const { location, version } = await makeTable(place, folder, profile, seed);
  const random = seededRandom(seed);
  const workers = Array.from({ length: processes }, (_, worker) => ({
    worker,
    random: seededRandom(random() * 2 ** 31),
  }));
  const lives = await Promise.all(workers.map((each) => runWorker(programs, options, place, journals, each)));
  const config: CheckerConfig = {
    table: location,
    journals,
    first: version,
    serializable: isSerializable(profile),
  };
  const { stdout, stderr } = await runProcess(process.execPath, [programs.checker, JSON.stringify(config)], {
    cwd: folder,
  });
  if (stdout === "") throw new Error(`the checker gave no report: ${stderr}`);
  const report: CheckReport = JSON.parse(stdout);
  return { report, lives: lives.reduce((sum, count) => sum + count, 0), place };
}

/** Runs a worker to its last transaction, however often it dies. @returns how often it was started */
async function runWorker(
  programs: Programs,
  { folder, profile, seed, processes, transactions, rates, kills }: HistoryOptions,
  place: HistoryPlace,
  journals: string,
  { worker, random }: { readonly worker: number; readonly random: () => number },
): Promise<number> {
  for (let life = 0; life < MAX_LIVES; life++) {
    const config: WorkerConfig = {
      place,
      table: "t",
      journal: path.join(journals, `${worker}.jsonl`),
      seed,
      worker,
      workers: processes,
      life,
      transactions,
      mix: profile.mix,
      rates,
      firstRows: FIRST_ROWS,
    };
    const killAfter = random() < kills ? random() * LONGEST_LIFE_MS : undefined;
    if ((await runOnce(programs.worker, config, folder, killAfter)) === "ended") return life + 1;
  }
  throw new Error(`worker ${worker} died ${MAX_LIVES} times`);
}

function runOnce(
  program: string,
  config: WorkerConfig,
  folder: string,
  killAfter: number | undefined,
): Promise<"ended" | "killed"> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, JSON.stringify(config)], {
      cwd: folder,
      env: { ...process.env, TMPDIR: path.join(folder, "tmp") },
      stdio: ["ignore", "inherit", "pipe"],
    });
    const err: Buffer[] = [];
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killAfter);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (signal === "SIGKILL") resolve("killed");
      else if (code === 0) resolve("ended");
      else reject(new Error(`a worker ended with ${code ?? signal}: ${Buffer.concat(err).toString("utf8")}`));
    });
  });
}

async function makeTable(
  place: HistoryPlace,
  folder: string,
  { properties, partitioned }: TableProfile,
  seed: number,
): Promise<{ readonly location: string; readonly version: number }> {
  const lake = await openLake(place.lake, { threads: 1, s3: place.s3 });
  try {
    const list = Object.entries(properties).map(([name, value]) => `'${name}' = '${value}'`);
    const clauses = `${partitioned ? " PARTITIONED BY (p)" : ""}${list.length > 0 ? ` TBLPROPERTIES (${list.join(", ")})` : ""}`;
    await run(lake, `CREATE TABLE t (id BIGINT, k BIGINT, v BIGINT, p BIGINT, op BIGINT)${clauses}`);
    const rows = firstRows(seed, FIRST_ROWS);
    let version = 0;
    for (let file = 0; file < FIRST_FILES; file++) {
      const part = rows.slice((file * FIRST_ROWS) / FIRST_FILES, ((file + 1) * FIRST_ROWS) / FIRST_FILES);
      const source = path.join(folder, `first-${file}.csv`);
      await writeFile(source, csv(part));
      version = Number((await lake.ingest([source], { into: "t" })).version);
    }
    return { location: folderOf(place, (await lake.table("t")).location), version };
  } finally {
    await lake.close();
  }
}

async function run(lake: Lake, statement: string): Promise<void> {
  await (await lake.sql(statement)).toArray();
}

function csv(rows: readonly HistoryRow[]): string {
  const lines = rows.map(({ id, k, v, p, op }) => [id, k, v, p, op].join(","));
  return `${["id,k,v,p,op", ...lines].join("\n")}\n`;
}
