import type { Anomaly } from "./anomaly.js";
import { difference, type Effect, type State } from "./model.js";
import type { HistoryRow } from "./operations.js";
import type { Commit, LiveFile } from "./read-log.js";
import { type FileRows, liveRows } from "./read-rows.js";

/** A version as its files have it. */
export interface TableVersion {
  readonly commit: Commit;
  readonly rows: State;
  /** Rows that the commit took away and brought; those that it only wrote elsewhere are in neither. */
  readonly effect: Effect;
}

/**
 * The rows of every version, from the files that the log says are live (PROTOCOL.md, "Action Reconciliation").
 * Files that are removed though they are not there, added though they are, or missing, and rows that are there
 * twice, are anomalies.
 */
export function tableVersions(
  commits: readonly Commit[],
  files: FileRows,
  table: string,
  report: (anomaly: Anomaly) => void,
): TableVersion[] {
  const live = new Map<string, LiveFile>();
  const cache = new Map<string, readonly HistoryRow[]>();
  const rowsOf = (file: LiveFile, version: number): readonly HistoryRow[] => {
    const known = cache.get(file.key);
    if (known !== undefined) return known;
    let rows: readonly HistoryRow[] = [];
    try {
      rows = liveRows(file, files, table);
    } catch (error) {
      report({
        kind: "torn",
        message: `version ${version}: ${error instanceof Error ? error.message : error}`,
      });
    }
    cache.set(file.key, rows);
    return rows;
  };
  /** Ids of rows that were reported. */
  const twice = new Set<number>();
  let before: readonly HistoryRow[] = [];
  return commits.map((commit) => {
    const { version, adds, removes } = commit;
    for (const { key, path } of removes) {
      if (live.delete(key)) continue;
      report({
        kind: "lost",
        message: `version ${version} removes ${path}, which another commit had replaced`,
      });
    }
    const paths = new Set([...live.values()].map(({ path }) => path));
    for (const file of adds) {
      if (paths.has(file.path)) {
        report({ kind: "duplicated", message: `version ${version} adds ${file.path}, which is there` });
      }
      live.set(file.key, file);
    }
    const after = [...live.values()].flatMap((file) => rowsOf(file, version));
    const rows = new Map(after.map((row) => [row.id, row]));
    if (rows.size < after.length) {
      for (const { id } of after.filter((row) => rows.get(row.id) !== row && !twice.has(row.id))) {
        twice.add(id);
        report({ kind: "duplicated", message: `version ${version} has the row ${id} twice` });
      }
    }
    const effect = difference(before, after);
    before = after;
    return { commit, rows, effect };
  });
}
