import { LakeError } from "../../core/index.js";
import { quoteIdentifier, quoteString, type Session } from "../../engine/index.js";
import { type ObjectPath, type ObjectStore, objectPath } from "../../object-store/index.js";
import type { CheckpointFiles } from "../log/checkpoint-files.js";
import { canonicalDataPath } from "../log/data-path.js";
import { SIDECAR_FOLDER, sidecarPath } from "../log/log-path.js";
import { pathKeySql } from "../log/path-key.js";
import { parseEngineType } from "../schema/engine-type-text.js";
import { byPath, withLocalFiles } from "../snapshot/local-files.js";
import { ACTION_KINDS } from "./action-sql.js";
import type { FindingLog } from "./finding-log.js";
import { loadLines } from "./load-commits.js";
import { fileList, makeActionTable, readLogLines } from "./log-text.js";
import { OBJECTS } from "./table-listing.js";

/**
 * Loads the actions of one checkpoint of any kind, sidecars included, into a table of actions (PROTOCOL.md,
 * "Checkpoints", "V2 Spec"). All of them get the checkpoint's version.
 *
 * @throws LakeError when a file of it is missing or cannot be read.
 */
export async function loadCheckpoint(
  session: Session,
  store: ObjectStore,
  checkpoint: CheckpointFiles,
  table: string,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  await makeActionTable(session, table, signal);
  const [first] = checkpoint.files;
  if (first.kind === "v2-checkpoint" && first.format === "json") {
    await loadJsonFile(session, store, first, table, findings, signal);
  } else {
    const paths = checkpoint.files.map(({ path }) => path);
    await loadParquet(session, store, paths, checkpoint.version, table, ACTION_KINDS, signal);
  }
  const sidecars = await sidecarsOf(session, store, table, signal);
  if (sidecars.length === 0) return;
  await loadParquet(session, store, sidecars, checkpoint.version, table, ["add", "remove"], signal);
}

/** A checkpoint whose sidecars are gone is told apart from one that is broken itself. */
export function unreadableCode(error: LakeError): "sidecar-missing" | "checkpoint-unreadable" {
  return error.code === "sidecar-missing" ? "sidecar-missing" : "checkpoint-unreadable";
}

/**
 * Loads a log file of JSON lines, all or nothing.
 *
 * @throws LakeError `corrupt` when a line of it is broken.
 */
export async function loadJsonFile(
  session: Session,
  store: ObjectStore,
  file: { readonly path: ObjectPath; readonly version: bigint; readonly size: number },
  table: string,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  const bad = new Set<bigint>();
  await readLogLines(
    store,
    [file],
    async (lines) => {
      const found = await loadLines(session, store, lines, table, () => file.path, findings, signal);
      for (const version of found) bad.add(version);
    },
    (_file, error) => {
      throw error;
    },
    signal,
  );
  if (bad.size > 0) throw new LakeError("corrupt", "log-entry", "it has lines that are no JSON object");
}

async function sidecarsOf(
  session: Session,
  store: ObjectStore,
  table: string,
  signal: AbortSignal | undefined,
): Promise<ObjectPath[]> {
  const rows = await session.rows(
    `SELECT s.name AS path, wanted, o.size AS size, o.path IS NOT NULL AS is_there FROM (
       SELECT json_extract_string(json, '$.sidecar.path') AS name, TRY_CAST(json_extract_string(json, '$.sidecar.sizeInBytes') AS BIGINT) AS wanted
       FROM ${table} WHERE kind = 'sidecar'
     ) AS s LEFT JOIN ${OBJECTS} AS o ON o.path = ${quoteString(`${SIDECAR_FOLDER}/`)} || regexp_replace(url_decode(s.name), '^.*/', '')`,
    { signal },
  );
  return rows.map((row) => {
    const name = canonicalDataPath(String(row["path"]), store.uri).replace(/^.*\//, "");
    const broken = (what: string): LakeError =>
      new LakeError("corrupt", "sidecar-missing", `its sidecar ${name} ${what}`, {
        context: { file: sidecarPath(name) },
      });
    if (row["is_there"] !== true) throw broken("is missing");
    if (row["wanted"] !== row["size"]) {
      throw broken(`has ${row["size"]} bytes, and the checkpoint says ${row["wanted"]}`);
    }
    return objectPath(sidecarPath(name));
  });
}

async function loadParquet(
  session: Session,
  store: ObjectStore,
  paths: readonly ObjectPath[],
  version: bigint,
  table: string,
  kinds: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  await withLocalFiles(
    { store },
    byPath(paths),
    async (files) => {
      const reader = `read_parquet(${fileList(files)}, union_by_name = true, hive_partitioning = false)`;
      const columns = await session.rows(`DESCRIBE FROM ${reader}`, { signal });
      const types = new Map(columns.map((row) => [String(row["column_name"]), String(row["column_type"])]));
      for (const kind of kinds) {
        const type = types.get(kind);
        if (type === undefined) continue;
        const select =
          kind === "add" || kind === "remove"
            ? fileActions(reader, kind, type, version, store.uri)
            : `SELECT ${version} AS version, NULL AS line, ${quoteString(kind)} AS kind,
                 json_object(${quoteString(kind)}, to_json(${quoteIdentifier(kind)}))::VARCHAR AS json
               FROM ${reader} WHERE ${quoteIdentifier(kind)} IS NOT NULL`;
        await session.execute(`INSERT INTO ${table} BY NAME ${select}`, { signal });
      }
    },
    signal,
  );
}

/** The file actions of a checkpoint as rows of a table of actions; a field that the files lack is NULL. */
function fileActions(
  reader: string,
  kind: "add" | "remove",
  type: string,
  version: bigint,
  root: string,
): string {
  const parsed = parseEngineType(type);
  const there = new Set(parsed.kind === "struct" ? parsed.fields.map((field) => field.name) : []);
  const field = (name: string, as: string): string =>
    there.has(name) ? `TRY_CAST(${kind}.${quoteIdentifier(name)} AS ${as})` : `NULL::${as}`;
  const vector = there.has("deletionVector") ? `${kind}.deletionVector` : "NULL";
  const offset = /deletionVector.*offset/.test(type) ? `'@' || (${vector}."offset")` : "NULL";
  const id = there.has("deletionVector")
    ? `CASE WHEN ${vector} IS NOT NULL THEN concat(${vector}.storageType, ${vector}.pathOrInlineDv, ${offset}) END`
    : "NULL";
  const stats = there.has("stats_parsed")
    ? `coalesce(${field("stats", "VARCHAR")}, to_json(${kind}.stats_parsed)::VARCHAR)`
    : field("stats", "VARCHAR");
  const missing = (name: string): string =>
    `CASE WHEN ${field(name, "VARCHAR")} IS NULL THEN '${name} is missing' END`;
  const required = kind === "add" ? ["path", "size", "modificationTime"] : ["path"];
  const faults = required.map((name) => missing(name));
  if (kind === "add" && !there.has("partitionValues")) faults.push("'partitionValues is missing'");
  return `SELECT ${version} AS version, NULL AS line, ${quoteString(kind)} AS kind, ${kind === "add"} AS live,
      ${field("path", "VARCHAR")} AS path, ${pathKeySql(`(${field("path", "VARCHAR")})`, root)} AS key,
      ${id} AS dv_id, to_json(${vector})::VARCHAR AS dv,
      ${field("size", "BIGINT")} AS size, ${field("partitionValues", "MAP(VARCHAR, VARCHAR)")} AS partition_values,
      ${stats} AS stats, to_json(${field("tags", "MAP(VARCHAR, VARCHAR)")})::VARCHAR AS tags, ${field("baseRowId", "BIGINT")} AS base_row_id,
      ${field("defaultRowCommitVersion", "BIGINT")} AS default_row_commit_version,
      ${field("dataChange", "BOOLEAN")} AS data_change,
      list_filter([${faults.join(", ")}], lambda fault: fault IS NOT NULL) AS faults
    FROM ${reader} WHERE ${kind} IS NOT NULL`;
}
