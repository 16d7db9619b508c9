import { writeFile } from "node:fs/promises";
import path from "node:path";
import { Engine } from "../../engine/index.js";
import { LocalStore } from "../../object-store/index.js";
import { DeltaTable, version, writeCheckpoint } from "../../table-format/index.js";
import { commitPath } from "../../table-format/log/log-path.js";
import { sharedFolder } from "./temporary-folder.js";

export const COMMITS = 10_000;
export const CHECKPOINT = 9_990;
export const NEWEST = COMMITS - 1;
/** So many files take seconds to write on a busy machine. */
export const LONG_LOG_TIMEOUT_MS = 120_000;

const FIRST = [
  { protocol: { minReaderVersion: 1, minWriterVersion: 2 } },
  {
    metaData: {
      id: "table-id",
      format: { provider: "parquet", options: {} },
      schemaString: '{"type":"struct","fields":[{"name":"a","type":"long","nullable":true,"metadata":{}}]}',
      partitionColumns: [],
      configuration: {},
    },
  },
];

/** A table of {@link COMMITS} commits, each of which adds a file, with a checkpoint near their end. */
export interface LongLog {
  readonly engine: Engine;
  readonly local: LocalStore;
  remove(): Promise<void>;
}

/** The name of a file of the log. */
export const logName = (n: number, rest: string): string => `${String(n).padStart(20, "0")}.${rest}`;

/** The entry of a commit. */
export function commitText(n: number): string {
  const add = { path: `${n}.parquet`, partitionValues: {}, size: 1, modificationTime: n, dataChange: true };
  const actions = [...(n === 0 ? FIRST : []), { add }];
  return actions.map((action) => `${JSON.stringify(action)}\n`).join("");
}

/** Its owner removes it. */
export async function longLog(): Promise<LongLog> {
  const folder = await sharedFolder();
  const engine = await Engine.open();
  const local = new LocalStore(folder.path);
  await local.putIfAbsent(commitPath(version(0)), Buffer.from(commitText(0)));
  const log = path.join(folder.path, "_delta_log");
  for (let n = 1; n < COMMITS; n += 500) {
    const batch = Array.from({ length: Math.min(500, COMMITS - n) }, (_, index) => n + index);
    await Promise.all(batch.map((m) => writeFile(path.join(log, logName(m, "json")), commitText(m))));
  }
  const table = new DeltaTable({ store: local, engine });
  await writeCheckpoint(await table.snapshot({ version: version(CHECKPOINT) }), 0);
  await table.release();
  return {
    engine,
    local,
    remove: async () => {
      await engine.close();
      await folder.remove();
    },
  };
}
