import {
  isJsonObject,
  isLakeError,
  type JsonObject,
  type JsonValue,
  LakeError,
  messageOf,
  parseJson,
} from "../../core/index.js";
import { quoteString, type Session } from "../../engine/index.js";
import type { ObjectStore } from "../../object-store/index.js";
import {
  type Action,
  type DomainMetadata,
  type Metadata,
  type Protocol,
  parseDomainMetadata,
  parseMetadata,
  parseProtocol,
  parseTransaction,
  type SetTransaction,
} from "../log/actions.js";
import type { LogFile } from "../log/log-path.js";
import { pathKeySql } from "../log/path-key.js";
import type { LogSegment } from "../log/segment.js";
import { withLocalFiles } from "./local-files.js";

/** What a version says about the table as a whole: everything but its files. */
export interface TableState {
  readonly protocol: Protocol;
  readonly metadata: Metadata;
  readonly transactions: ReadonlyMap<string, SetTransaction>;
  readonly domains: ReadonlyMap<string, DomainMetadata>;
}

/** A state in the making: actions applied oldest first, the latest of each key wins. */
export interface PartialState {
  readonly protocol: Protocol | undefined;
  readonly metadata: Metadata | undefined;
  readonly transactions: ReadonlyMap<string, SetTransaction>;
  readonly domains: ReadonlyMap<string, DomainMetadata>;
}

export const EMPTY_STATE: PartialState = {
  protocol: undefined,
  metadata: undefined,
  transactions: new Map(),
  domains: new Map(),
};

/** Applies the actions of one commit (PROTOCOL.md, "Action Reconciliation"); file actions are not its business. */
export function applyActions(state: PartialState, actions: readonly Action[]): PartialState {
  let { protocol, metadata, transactions, domains } = state;
  for (const action of actions) {
    if (action.kind === "protocol") protocol = action.protocol;
    else if (action.kind === "metaData") metadata = action.metaData;
    else if (action.kind === "txn") transactions = new Map(transactions).set(action.txn.appId, action.txn);
    else if (action.kind === "domainMetadata") {
      const next = new Map(domains);
      if (action.domainMetadata.removed) next.delete(action.domainMetadata.domain);
      else next.set(action.domainMetadata.domain, action.domainMetadata);
      domains = next;
    }
  }
  return { protocol, metadata, transactions, domains };
}

/** @throws LakeError `corrupt` when the log holds no protocol or no metadata. */
export function completeState(state: PartialState, where: string): TableState {
  const { protocol, metadata, transactions, domains } = state;
  if (protocol === undefined) throw missingAction(where, "protocol");
  if (metadata === undefined) throw missingAction(where, "metaData");
  return { protocol, metadata, transactions, domains };
}

function missingAction(where: string, action: string): LakeError {
  return new LakeError("corrupt", "log-incomplete", `${where}: the log holds no ${action} action`, {
    context: { action },
    hint: "Every table needs one; the log was damaged or cut off.",
  });
}

const JSON_COLUMNS = "{protocol: 'JSON', metaData: 'JSON', txn: 'JSON', domainMetadata: 'JSON'}";

const STATE_STRUCTS = {
  protocol:
    "STRUCT(minReaderVersion INTEGER, minWriterVersion INTEGER, readerFeatures VARCHAR[], writerFeatures VARCHAR[])",
  metaData:
    'STRUCT(id VARCHAR, "name" VARCHAR, description VARCHAR, format STRUCT(provider VARCHAR, "options" MAP(VARCHAR, VARCHAR)), schemaString VARCHAR, partitionColumns VARCHAR[], configuration MAP(VARCHAR, VARCHAR), createdTime BIGINT)',
  txn: 'STRUCT(appId VARCHAR, "version" BIGINT, lastUpdated BIGINT)',
  domainMetadata: 'STRUCT("domain" VARCHAR, configuration VARCHAR, removed BOOLEAN)',
};

const ADD_FIELDS =
  'path VARCHAR, partitionValues MAP(VARCHAR, VARCHAR), "size" BIGINT, modificationTime BIGINT, stats VARCHAR, tags MAP(VARCHAR, VARCHAR)';
const ADD_STRUCT = `STRUCT(${ADD_FIELDS})`;
const REMOVE_STRUCT =
  'STRUCT(path VARCHAR, deletionTimestamp BIGINT, partitionValues MAP(VARCHAR, VARCHAR), "size" BIGINT)';

/** Reads protocol, metadata, transactions and domains of a segment; file actions are passed over. */
export async function replayState(
  session: Session,
  store: ObjectStore,
  segment: LogSegment,
  where: string,
  signal?: AbortSignal,
): Promise<TableState> {
  let state = EMPTY_STATE;
  if (segment.checkpoint !== undefined) {
    const columns = Object.keys(STATE_STRUCTS);
    const rows = await readFiles(store, segment.checkpoint.files, where, signal, (files) =>
      session.rows(
        `SELECT 0 AS file_index, ${columns.map((name) => `to_json(${name}) AS ${name}`).join(", ")}
         FROM ${parquet(files, STATE_STRUCTS)} WHERE ${columns.map((name) => `${name} IS NOT NULL`).join(" OR ")}`,
        { signal },
      ),
    );
    state = applyActions(
      state,
      rows.flatMap((row) => stateActions(row, where)),
    );
  }
  if (segment.commits.length > 0) {
    const rows = await readFiles(store, segment.commits, where, signal, (files) =>
      session.rows(
        `SELECT file_index, protocol, metaData, txn, domainMetadata
         FROM ${ndjson(files, JSON_COLUMNS)}
         WHERE protocol IS NOT NULL OR metaData IS NOT NULL OR txn IS NOT NULL OR domainMetadata IS NOT NULL
         ORDER BY file_index`,
        { signal },
      ),
    );
    state = applyActions(
      state,
      rows.flatMap((row) => stateActions(row, where)),
    );
  }
  return completeState(state, where);
}

/**
 * Replays the file actions of a segment into the engine table `target`: one row a live file, with the
 * columns of {@link FILE_COLUMNS}. The engine does the work, so that a log of any size costs no heap.
 *
 * Within a checkpoint every file is unique already; a commit is newer than the checkpoint and than
 * every commit before it.
 */
export async function replayFiles(
  session: Session,
  store: ObjectStore,
  segment: LogSegment,
  target: string,
  where: string,
  signal?: AbortSignal,
): Promise<void> {
  const tail = "gl_replay_tail";
  const key = (path: string): string => pathKeySql(path, store.uri);
  await session.execute(`CREATE OR REPLACE TEMP TABLE ${tail} (${TAIL_COLUMNS})`, { signal });
  try {
    if (segment.commits.length > 0) {
      await readFiles(store, segment.commits, where, signal, (files) =>
        session.execute(
          `INSERT INTO ${tail}
           SELECT file_index, coalesce(add.path, remove.path), add IS NOT NULL, ${addColumns("add")}
           FROM ${ndjson(files, `{add: '${ADD_STRUCT}', remove: 'STRUCT(path VARCHAR)'}`)}
           WHERE add IS NOT NULL OR remove IS NOT NULL`,
          { signal },
        ),
      );
    }
    const [shape] = await session.rows(
      `SELECT count(*) = count(DISTINCT ${key("path")}) AND coalesce(bool_and(live), true) AS plain, count(*) AS files FROM ${tail}`,
      { signal },
    );
    // Adds alone, none of them twice, need no reconciliation: the common case of an appended table.
    const latest =
      shape?.["plain"] === true
        ? tail
        : `(SELECT * FROM ${tail} QUALIFY row_number() OVER (PARTITION BY ${key("path")} ORDER BY file_index DESC) = 1)`;
    await session.execute(
      `CREATE OR REPLACE TABLE ${target} AS SELECT path, ${FILE_COLUMNS} FROM ${latest} WHERE live`,
      { signal },
    );
    const { checkpoint } = segment;
    if (checkpoint === undefined) return;
    const superseded =
      shape?.["files"] === 0n ? "" : `AND ${key("add.path")} NOT IN (SELECT ${key("path")} FROM ${tail})`;
    await readFiles(store, checkpoint.files, where, signal, (files) =>
      session.execute(
        `INSERT INTO ${target} SELECT add.path, ${addColumns("add")} FROM ${parquet(files, { add: ADD_STRUCT })}
         WHERE add IS NOT NULL ${superseded}`,
        { signal },
      ),
    );
  } finally {
    await session.execute(`DROP TABLE IF EXISTS ${tail}`);
  }
}

/** The columns after `path` (URI-encoded as in the log) of a replayed file table. */
const FILE_COLUMNS = "size, modification_time, partition_values, stats, tags";
const TAIL_COLUMNS =
  "file_index UBIGINT, path VARCHAR, live BOOLEAN, size BIGINT, modification_time BIGINT, partition_values MAP(VARCHAR, VARCHAR), stats VARCHAR, tags MAP(VARCHAR, VARCHAR)";

function addColumns(add: string): string {
  return `${add}."size" AS size, ${add}.modificationTime AS modification_time, ${add}.partitionValues AS partition_values, ${add}.stats AS stats, ${add}.tags AS tags`;
}

/**
 * The tombstones that a checkpoint of the segment must carry: removes that no later add undid.
 *
 * @param root the table's folder as a URI
 */
export function tombstonesSql(
  commitFiles: readonly string[],
  checkpointFiles: readonly string[],
  root: string,
): string {
  const fromCommits =
    commitFiles.length === 0
      ? undefined
      : `SELECT file_index::BIGINT AS seq, coalesce(add.path, remove.path) AS path, add IS NOT NULL AS live, remove
         FROM ${ndjson(commitFiles, `{add: 'STRUCT(path VARCHAR)', remove: '${REMOVE_STRUCT}'}`)}
         WHERE add IS NOT NULL OR remove IS NOT NULL`;
  const fromCheckpoint =
    checkpointFiles.length === 0
      ? undefined
      : `SELECT -1::BIGINT AS seq, remove.path AS path, false AS live, remove
         FROM ${parquet(checkpointFiles, { remove: REMOVE_STRUCT })} WHERE remove IS NOT NULL`;
  const log = [fromCheckpoint, fromCommits].filter((part) => part !== undefined).join(" UNION ALL ");
  return `SELECT remove FROM (${log}) QUALIFY row_number() OVER (PARTITION BY ${pathKeySql("path", root)} ORDER BY seq DESC) = 1 AND NOT live`;
}

function ndjson(files: readonly string[], columns: string): string {
  return `read_json([${files.map(quoteString).join(", ")}], format = 'newline_delimited', columns = ${columns})`;
}

function parquet(files: readonly string[], columns: Readonly<Record<string, string>>): string {
  const schema = Object.entries(columns).map(
    ([name, type]) =>
      `${quoteString(name)}: {name: ${quoteString(name)}, type: ${quoteString(type)}, default_value: NULL}`,
  );
  return `read_parquet([${files.map(quoteString).join(", ")}], schema = MAP {${schema.join(", ")}})`;
}

/** Reads log files through the engine; what it cannot read is a damaged log. */
async function readFiles<T>(
  store: ObjectStore,
  logFiles: readonly LogFile[],
  where: string,
  signal: AbortSignal | undefined,
  read: (files: readonly string[]) => Promise<T>,
): Promise<T> {
  try {
    return await withLocalFiles(
      store,
      logFiles.map((file) => file.path),
      read,
      signal,
    );
  } catch (error) {
    if (!isLakeError(error, "invalid-input")) throw error;
    throw new LakeError(
      "corrupt",
      "log-unreadable",
      `${where}: the log cannot be read: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

function stateActions(row: Readonly<Record<string, unknown>>, where: string): Action[] {
  const actions: Action[] = [];
  const read = (name: string, parse: (json: JsonValue) => Action): void => {
    const text = row[name];
    if (typeof text !== "string") return;
    try {
      actions.push(parse(withoutNulls(parseJson(text))));
    } catch (error) {
      if (error instanceof LakeError)
        throw new LakeError(error.kind, error.code, `${where}: ${error.message}`, { cause: error });
      throw new LakeError("corrupt", "log-entry", `${where}: ${messageOf(error)}`, { cause: error });
    }
  };
  read("protocol", (json) => ({ kind: "protocol", protocol: parseProtocol(json) }));
  read("metaData", (json) => ({ kind: "metaData", metaData: parseMetadata(json) }));
  read("txn", (json) => ({ kind: "txn", txn: parseTransaction(json) }));
  read("domainMetadata", (json) => ({ kind: "domainMetadata", domainMetadata: parseDomainMetadata(json) }));
  return actions;
}

/** A Parquet checkpoint spells an absent field as NULL. */
function withoutNulls(json: JsonValue): JsonValue {
  if (!isJsonObject(json)) return json;
  const fields: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(json satisfies JsonObject)) {
    if (value !== null && value !== undefined) fields[name] = withoutNulls(value);
  }
  return fields;
}

/** The action columns of a checkpoint, for writing one. */
export const CHECKPOINT_STRUCTS = { ...STATE_STRUCTS, remove: REMOVE_STRUCT } as const;
