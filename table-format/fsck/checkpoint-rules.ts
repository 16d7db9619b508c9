import type { Row, Session } from "../../engine/index.js";
import type { FindingCode, FindingPlace } from "./finding.js";
import type { FindingLog } from "./finding-log.js";
import { BASE, fileEvents, liveFilesSql, type ReplayRange } from "./replay-sql.js";
import { domainDifference, metadataDifference, protocolDifference } from "./state-difference.js";
import type { FoundState } from "./table-state.js";

/** A checkpoint or compaction that is loaded and beside which the commits' own account stands. */
export interface Comparison {
  /** The table of its actions. */
  readonly table: string;
  readonly state: FoundState;
  /** What the commits say. */
  readonly replayed: FoundState;
  readonly place: FindingPlace;
}

/** Compares a checkpoint with the replay of the commits up to its version (PROTOCOL.md, "Checkpoints"). */
export async function compareCheckpoint(
  session: Session,
  range: ReplayRange,
  comparison: Comparison,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { table, state, replayed, place } = comparison;
  compareStates("checkpoint-contradicts", state, replayed, place, findings);
  const live = `SELECT key, dv_id, path, size, partition_values, base_row_id FROM ${table} WHERE kind = 'add'`;
  await compareFiles(session, "checkpoint-contradicts", live, liveFilesSql(range), place, findings, signal);
}

/**
 * Compares a compaction with its commits (PROTOCOL.md, "Log Compaction Files"): what they add is in it, and
 * what they remove of older files.
 */
export async function compareCompaction(
  session: Session,
  range: ReplayRange,
  comparison: Comparison,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { table, state, replayed, place } = comparison;
  compareStates("compaction-contradicts", state, replayed, place, findings);
  // The base's actions are not the compaction's business.
  const events = `SELECT * FROM (${fileEvents(range)}) WHERE version > ${range.after}`;
  const last = `SELECT * FROM (${events}) QUALIFY row_number() OVER (PARTITION BY key, dv_id ORDER BY version DESC) = 1`;
  const own = `SELECT key, dv_id, path, size, partition_values, base_row_id FROM ${table} WHERE kind = 'add'`;
  await compareFiles(
    session,
    "compaction-contradicts",
    own,
    `SELECT * FROM (${last}) WHERE live`,
    place,
    findings,
    signal,
  );
  await findings.addRows(
    session,
    "compaction-contradicts",
    `SELECT path FROM (${last}) AS l WHERE NOT live
       AND EXISTS (FROM (${fileEvents({ after: -1n, to: range.after })}) AS o WHERE o.key = l.key AND o.dv_id IS NOT DISTINCT FROM l.dv_id)
       AND NOT EXISTS (FROM ${table} AS t WHERE t.kind = 'remove' AND t.key = l.key AND t.dv_id IS NOT DISTINCT FROM l.dv_id)`,
    (row) => ({ message: `it lacks the remove of ${row["path"]}, which its commits have`, place }),
    signal,
  );
}

function compareStates(
  code: FindingCode,
  own: FoundState,
  replayed: FoundState,
  place: FindingPlace,
  findings: FindingLog,
): void {
  const values = <T>(map: ReadonlyMap<string, { readonly value: T }>): Map<string, T> =>
    new Map([...map].map(([name, { value }]) => [name, value]));
  const isWhole = code === "checkpoint-contradicts";
  const differences = [
    sideDifference("protocol", own.protocol?.value, replayed.protocol?.value, protocolDifference),
    sideDifference("metadata", own.metadata?.value, replayed.metadata?.value, metadataDifference),
    // A compaction says of domains only what its commits change, removals included.
    isWhole ? domainDifference(values(own.domains), values(replayed.domains)) : undefined,
  ];
  for (const what of differences) {
    if (what !== undefined) findings.add(code, `${what} is not what the commits say`, place);
  }
}

function sideDifference<T>(
  what: string,
  own: T | undefined,
  replayed: T | undefined,
  difference: (a: T, b: T) => string | undefined,
): string | undefined {
  if (own === undefined && replayed === undefined) return undefined;
  if (own === undefined || replayed === undefined) return `the ${what}`;
  return difference(own, replayed);
}

/** Compares two sets of live files by their keys, and what is said of each file. */
async function compareFiles(
  session: Session,
  code: FindingCode,
  own: string,
  replayed: string,
  place: FindingPlace,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  // The empty partition value and NULL are one (PROTOCOL.md, "Partition Value Serialization").
  const values = (map: string): string =>
    `list_sort(list_transform(map_entries(${map}), lambda e: {k: e.key, v: NULLIF(e.value, '')}))`;
  await findings.addRows(
    session,
    code,
    `SELECT coalesce(c.path, r.path) AS path, c.key IS NULL AS is_missing, r.key IS NULL AS is_extra,
       c.size IS DISTINCT FROM r.size AS size_differs, c.base_row_id IS DISTINCT FROM r.base_row_id AS row_id_differs,
       coalesce(${values("c.partition_values")} IS DISTINCT FROM ${values("r.partition_values")}, false) AS values_differ
     FROM (${own}) AS c FULL JOIN (${replayed}) AS r ON c.key = r.key AND c.dv_id IS NOT DISTINCT FROM r.dv_id
     WHERE is_missing OR is_extra OR size_differs OR row_id_differs OR values_differ ORDER BY path`,
    (row) => ({ message: fileDifference(row), place }),
    signal,
  );
}

function fileDifference(row: Row): string {
  const { path } = row;
  if (row["is_missing"] === true) return `it lacks ${path}, which the commits add`;
  if (row["is_extra"] === true) return `it holds ${path}, which is not live by the commits`;
  const what = [
    ...(row["size_differs"] === true ? ["size"] : []),
    ...(row["values_differ"] === true ? ["partition values"] : []),
    ...(row["row_id_differs"] === true ? ["base row id"] : []),
  ];
  return `it has another ${what.join(", ")} of ${path} than the commits`;
}

/**
 * Checks a checkpoint or compaction by itself: the fields of its file actions, that no file is in it twice, and
 * that it is of the version that its name says.
 */
export async function checkCopyActions(
  session: Session,
  table: string,
  place: FindingPlace,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  await findings.addRows(
    session,
    "action-field",
    `SELECT kind, path, array_to_string(faults, ', ') AS what FROM ${table} WHERE len(faults) > 0 ORDER BY path`,
    (row) => ({
      message: `the ${row["kind"]} of ${JSON.stringify(row["path"] ?? null)}: ${row["what"]}`,
      place,
    }),
    signal,
  );
  await findings.addRows(
    session,
    "file-added-twice",
    `SELECT any_value(path) AS path FROM ${table} WHERE kind = 'add' AND key IS NOT NULL
     GROUP BY key, dv_id HAVING count(*) > 1 ORDER BY path`,
    (row) => ({ message: `it holds ${row["path"]} more than once`, place }),
    signal,
  );
  // PROTOCOL.md, "Checkpoint Metadata".
  await findings.addRows(
    session,
    "checkpoint-contradicts",
    `SELECT json_extract_string(json, '$.checkpointMetadata.version') AS stated FROM ${table}
     WHERE kind = 'checkpointMetadata' AND stated IS DISTINCT FROM version::VARCHAR`,
    (row) => ({ message: `its checkpointMetadata states version ${row["stated"]}`, place }),
    signal,
  );
}

/** Makes {@link BASE} out of a table of actions, or empty. */
export async function setBase(
  session: Session,
  from: string | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (from === undefined) await session.execute(`DELETE FROM ${BASE}`, { signal });
  else await session.execute(`INSERT INTO ${BASE} SELECT * FROM ${from}`, { signal });
}
