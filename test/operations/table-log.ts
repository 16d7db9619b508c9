import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { Lake } from "../../src/index.js";

/** An action of a log entry, as JSON. */
export type LoggedAction = { readonly [kind: string]: Record<string, unknown> };

/** The actions of the newest entry of a table's log. */
export async function lastEntry(lake: Lake, table: string): Promise<LoggedAction[]> {
  const log = path.join(fileURLToPath((await lake.table(table)).location), "_delta_log");
  const last =
    (await readdir(log))
      .filter((name) => /^\d{20}\.json$/.test(name))
      .sort()
      .at(-1) ?? "";
  const text = await readFile(path.join(log, last), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** The only action of a kind in an entry; `undefined` where there is none. */
export function only(entry: readonly LoggedAction[], kind: string): Record<string, unknown> | undefined {
  const found = entry.flatMap((action) => {
    const told = action[kind];
    return told === undefined ? [] : [told];
  });
  if (found.length > 1) throw new Error(`${found.length} actions ${kind}`);
  return found[0];
}
