import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import type { Engine } from "../../engine/index.js";
import { quoteString } from "../../engine/index.js";
import { ROOT } from "../support/grizzly.js";

/** Tables that other systems wrote, beside the checkout; its README.md tells how they are laid out. */
export const CONFORMANCE = path.join(ROOT, "../shared/conformance");

/** The folders under `delta/` or `errors/`; `undefined` where the data is not there. */
export async function conformanceTables(kind: "delta" | "errors"): Promise<string[] | undefined> {
  const folder = path.join(CONFORMANCE, kind);
  return existsSync(folder) ? (await readdir(folder)).sort() : undefined;
}

/** Table features that this release reads (docs/compatibility: what it does not read, it refuses by name). */
const FEATURES_READ = new Set(["timestampNtz", "vacuumProtocolCheck"]);

interface TableDemands {
  readonly protocol: {
    readonly minReaderVersion: number;
    readonly readerFeatures?: readonly string[] | null;
  };
  readonly configuration: Readonly<Record<string, string>>;
}

/**
 * The features that a reader must know and this release does not, told from the newest protocol and metadata
 * of the log, which this function finds by plain means of its own.
 */
export async function unreadFeatures(engine: Engine, table: string): Promise<string[]> {
  const { protocol, configuration } = await demands(engine, path.join(table, "_delta_log"));
  const asked = protocol.minReaderVersion >= 3 ? (protocol.readerFeatures ?? []) : [];
  const mapped = (configuration["delta.columnMapping.mode"] ?? "none") !== "none";
  const legacy = protocol.minReaderVersion === 2 && mapped ? ["columnMapping"] : [];
  const dormant = (feature: string): boolean => feature === "columnMapping" && !mapped;
  return [...asked, ...legacy].filter((feature) => !FEATURES_READ.has(feature) && !dormant(feature));
}

async function demands(engine: Engine, log: string): Promise<TableDemands> {
  const actions = await logActions(engine, log);
  const protocol = actions.findLast((action) => action.protocol)?.protocol;
  const metaData = actions.findLast((action) => action.metaData)?.metaData;
  if (!protocol || !metaData) throw new Error(`${log} has no protocol or no metadata`);
  return { protocol, configuration: metaData.configuration ?? {} };
}

interface LogLine {
  readonly protocol?: TableDemands["protocol"] | null;
  readonly metaData?: { readonly configuration?: Readonly<Record<string, string>> | null } | null;
}

/** Oldest first: of a Parquet checkpoint, then of the commits. A commit that a checkpoint holds comes twice, in order. */
async function logActions(engine: Engine, log: string): Promise<LogLine[]> {
  const names = (await readdir(log)).sort();
  const checkpoints = names.filter((name) => /^\d{20}\.checkpoint.*\.parquet$/.test(name));
  const actions: LogLine[] = [];
  for (const name of checkpoints) {
    const source = `read_parquet(${quoteString(path.join(log, name))})`;
    const rows = await engine.withSession((session) =>
      session.rows(
        `SELECT CAST(to_json({protocol: protocol, metaData: {configuration: metaData.configuration}}) AS VARCHAR) AS line
         FROM ${source} WHERE protocol IS NOT NULL OR metaData IS NOT NULL`,
      ),
    );
    for (const row of rows) actions.push(JSON.parse(String(row["line"])));
  }
  for (const name of names.filter((name) => /^\d{20}\.json$/.test(name))) {
    const text = await readFile(path.join(log, name), "utf8");
    for (const line of text.split("\n").filter((line) => line.trim() !== "")) actions.push(JSON.parse(line));
  }
  return actions;
}

/** How two relations, SQL that can follow FROM, differ: in their columns' types, or in rows that one lacks. */
export async function differences(engine: Engine, ours: string, theirs: string): Promise<string[]> {
  return engine.withSession(async (session) => {
    const shape = async (relation: string): Promise<string[]> =>
      (await session.rows(`DESCRIBE FROM ${relation}`)).map(
        (row) => `${row["column_name"]} ${row["column_type"]}`,
      );
    const [ourShape, theirShape] = [await shape(ours), await shape(theirs)];
    if (ourShape.join() !== theirShape.join()) {
      return [`columns: ${ourShape.join(", ")} instead of ${theirShape.join(", ")}`];
    }
    const rows = async (left: string, right: string): Promise<string[]> =>
      (
        await session.rows(
          `SELECT CAST(r AS VARCHAR) AS r FROM (FROM ${left} EXCEPT ALL FROM ${right}) AS r LIMIT 5`,
        )
      ).map((row) => String(row["r"]));
    const tooMany = await rows(ours, theirs);
    const missing = await rows(theirs, ours);
    return [...tooMany.map((row) => `too many: ${row}`), ...missing.map((row) => `missing: ${row}`)];
  });
}
