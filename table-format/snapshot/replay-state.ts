import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  LakeError,
  messageOf,
  parseJson,
} from "../../core/index.js";
import type { Row, Session } from "../../engine/index.js";
import type { Action } from "../log/actions.js";
import type { CheckpointFiles } from "../log/checkpoint-files.js";
import { parseDomainMetadata, parseMetadata, parseProtocol, parseTransaction } from "../log/parse-actions.js";
import type { Version } from "../log/version.js";
import { byFormat, CHECKPOINT_ONLY_STRUCTS, ndjsonSql, parquetSql, STATE_STRUCTS } from "./action-columns.js";
import type { LocalSegment } from "./local-segment.js";
import { readingCheckpoint, readingCommits } from "./log-damage.js";
import { applyActions, completeState, EMPTY_STATE, type PartialState, type TableState } from "./state.js";

/** A state that is known without the log before it. */
export interface StateBase {
  readonly version: Version;
  readonly state: PartialState;
}

/**
 * Reads protocol, metadata, transactions and domains of a segment; file actions are passed over.
 *
 * @param base where to begin, instead of at the checkpoint
 */
export async function replayState(
  session: Session,
  local: LocalSegment,
  where: string,
  base?: StateBase,
  signal?: AbortSignal,
): Promise<TableState> {
  const { checkpoint, commits } = local.segment;
  let state = base?.state ?? EMPTY_STATE;
  if (base === undefined && checkpoint !== undefined) {
    state = await readingCheckpoint(checkpoint, where, () =>
      checkpointState(session, checkpoint, local.checkpoint, where, signal),
    );
  }
  const from = base === undefined ? 0 : commits.findIndex((file) => file.version > base.version);
  if (from < 0 || commits.length === 0) return completeState(state, where);
  const rows = await readingCommits(where, () => commitRows(session, local.commits.slice(from), signal));
  return completeState(
    applyActions(
      state,
      rows.flatMap((row) => actionsOf(row, where)),
    ),
    where,
  );
}

const STATE_COLUMNS = Object.keys(STATE_STRUCTS);
const AS_JSON = Object.fromEntries(STATE_COLUMNS.map((name) => [name, "JSON"]));
const ANY_STATE = STATE_COLUMNS.map((name) => `${name} IS NOT NULL`).join(" OR ");

function commitRows(
  session: Session,
  files: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Row[]> {
  const columns = { ...AS_JSON, commitInfo: "STRUCT(inCommitTimestamp JSON)" };
  // Of all the commitInfo there is, only that of the version itself belongs to its state.
  return session.rows(
    `SELECT file_index, ${STATE_COLUMNS.join(", ")}, CASE WHEN file_index = ${files.length - 1} THEN to_json(commitInfo) END AS commitInfo
     FROM ${ndjsonSql(files, columns)}
     WHERE ${ANY_STATE} OR (commitInfo IS NOT NULL AND file_index = ${files.length - 1})
     ORDER BY file_index`,
    { signal },
  );
}

/** @throws LakeError `corrupt` for a checkpoint that is not whole, or is of another version than its name says. */
async function checkpointState(
  session: Session,
  checkpoint: CheckpointFiles,
  files: readonly string[],
  where: string,
  signal: AbortSignal | undefined,
): Promise<PartialState> {
  const { json, parquet } = byFormat(files);
  const { checkpointMetadata } = CHECKPOINT_ONLY_STRUCTS;
  const columns = [...STATE_COLUMNS, "checkpointMetadata"];
  const relation =
    parquet.length > 0
      ? parquetSql(parquet, { ...STATE_STRUCTS, checkpointMetadata })
      : ndjsonSql(json, { ...AS_JSON, checkpointMetadata });
  const rows = await session.rows(
    `SELECT ${columns.map((name) => `to_json(${name}) AS ${name}`).join(", ")}
     FROM ${relation} WHERE ${ANY_STATE} OR checkpointMetadata IS NOT NULL`,
    { signal },
  );
  checkVersion(checkpoint, rows, where);
  const state = applyActions(
    EMPTY_STATE,
    rows.flatMap((row) => actionsOf(row, where)),
  );
  completeState(state, where);
  return state;
}

/** PROTOCOL.md, "V2 Spec": a checkpoint named by a UUID says of which version it is. */
function checkVersion(checkpoint: CheckpointFiles, rows: readonly Row[], where: string): void {
  if (checkpoint.files[0].kind !== "v2-checkpoint") return;
  const found = rows.flatMap(({ checkpointMetadata }) => {
    const json = typeof checkpointMetadata === "string" ? parseJson(checkpointMetadata) : null;
    return isJsonObject(json) ? [json["version"]] : [];
  });
  if (found.length === 1 && String(found[0]) === String(checkpoint.version)) return;
  const said =
    found.length === 0 ? "has no checkpointMetadata" : `says that it is of version ${found.join()}`;
  throw new LakeError("corrupt", "checkpoint-version", `${where}: ${checkpoint.files[0].path} ${said}`, {
    context: { file: checkpoint.files[0].path, version: checkpoint.version },
  });
}

const PARSERS: Readonly<Record<string, (json: JsonValue) => Action>> = {
  protocol: (json) => ({ kind: "protocol", protocol: parseProtocol(json) }),
  metaData: (json) => ({ kind: "metaData", metaData: parseMetadata(json) }),
  txn: (json) => ({ kind: "txn", txn: parseTransaction(json) }),
  domainMetadata: (json) => ({ kind: "domainMetadata", domainMetadata: parseDomainMetadata(json) }),
  commitInfo: (json) => ({ kind: "commitInfo", commitInfo: isJsonObject(json) ? json : {} }),
};

function actionsOf(row: Row, where: string): Action[] {
  return Object.entries(PARSERS).flatMap(([name, parse]) => {
    const text = row[name];
    if (typeof text !== "string") return [];
    try {
      return [parse(withoutNulls(parseJson(text)))];
    } catch (error) {
      if (error instanceof LakeError)
        throw new LakeError(error.kind, error.code, `${where}: ${error.message}`, { cause: error });
      throw new LakeError("corrupt", "log-entry", `${where}: ${messageOf(error)}`, { cause: error });
    }
  });
}

/** What one line of a commit says of the table as a whole; throws a plain error for what is no such action. */
export function stateActionsOf(line: JsonObject): Action[] {
  return Object.entries(PARSERS).flatMap(([name, parse]) => {
    const json = line[name];
    return json === undefined || json === null ? [] : [parse(withoutNulls(json))];
  });
}

/** A Parquet checkpoint spells an absent field as NULL. */
function withoutNulls(json: JsonValue): JsonValue {
  if (!isJsonObject(json)) return json;
  const fields: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(json)) {
    if (value !== null && value !== undefined) fields[name] = withoutNulls(value);
  }
  return fields;
}
