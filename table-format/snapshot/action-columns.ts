import { quoteString } from "../../engine/index.js";

// The engine's types of the log's actions (PROTOCOL.md, "Checkpoint Schema"), and SQL that reads them.

/** The actions that describe the table as a whole. */
export const STATE_STRUCTS = {
  protocol:
    "STRUCT(minReaderVersion INTEGER, minWriterVersion INTEGER, readerFeatures VARCHAR[], writerFeatures VARCHAR[])",
  metaData:
    'STRUCT(id VARCHAR, "name" VARCHAR, description VARCHAR, format STRUCT(provider VARCHAR, "options" MAP(VARCHAR, VARCHAR)), schemaString VARCHAR, partitionColumns VARCHAR[], configuration MAP(VARCHAR, VARCHAR), createdTime BIGINT)',
  txn: 'STRUCT(appId VARCHAR, "version" BIGINT, lastUpdated BIGINT)',
  domainMetadata: 'STRUCT("domain" VARCHAR, configuration VARCHAR, removed BOOLEAN)',
} as const;

/** The actions that only checkpoints have (PROTOCOL.md, "V2 Spec"). */
export const CHECKPOINT_ONLY_STRUCTS = {
  checkpointMetadata: 'STRUCT("version" BIGINT)',
  sidecar: "STRUCT(path VARCHAR, sizeInBytes BIGINT, modificationTime BIGINT)",
} as const;

export const DELETION_VECTOR_STRUCT =
  'STRUCT(storageType VARCHAR, pathOrInlineDv VARCHAR, "offset" INTEGER, sizeInBytes INTEGER, cardinality BIGINT)';

const ADD_FIELDS = `path VARCHAR, partitionValues MAP(VARCHAR, VARCHAR), "size" BIGINT, modificationTime BIGINT, stats VARCHAR, tags MAP(VARCHAR, VARCHAR), deletionVector ${DELETION_VECTOR_STRUCT}, baseRowId BIGINT, defaultRowCommitVersion BIGINT, clusteringProvider VARCHAR`;

/** @param statistics the type of `stats_parsed`, for a checkpoint that has it */
export function addStruct(statistics?: string): string {
  return `STRUCT(${ADD_FIELDS}${statistics === undefined ? "" : `, stats_parsed ${statistics}`})`;
}

export const REMOVE_STRUCT = `STRUCT(path VARCHAR, deletionTimestamp BIGINT, dataChange BOOLEAN, extendedFileMetadata BOOLEAN, partitionValues MAP(VARCHAR, VARCHAR), "size" BIGINT, stats VARCHAR, tags MAP(VARCHAR, VARCHAR), deletionVector ${DELETION_VECTOR_STRUCT}, baseRowId BIGINT, defaultRowCommitVersion BIGINT)`;

/** Enough of a file action to tell which logical file it speaks of. */
export const FILE_KEY_STRUCT =
  'STRUCT(path VARCHAR, deletionVector STRUCT(storageType VARCHAR, pathOrInlineDv VARCHAR, "offset" INTEGER))';

/** The columns after `path` (URI-encoded as in the log) of a file table. */
export const FILE_COLUMNS = {
  size: "BIGINT",
  modification_time: "BIGINT",
  partition_values: "MAP(VARCHAR, VARCHAR)",
  stats: "VARCHAR",
  tags: "MAP(VARCHAR, VARCHAR)",
  deletion_vector: DELETION_VECTOR_STRUCT,
  base_row_id: "BIGINT",
  default_row_commit_version: "BIGINT",
  clustering_provider: "VARCHAR",
} as const;

/**
 * The columns of a file table, `path` first, out of an `add`.
 *
 * @param stats SQL of the statistics' text
 * @param path SQL of the path
 * @param has the fields of the struct, where it has not all of them; the others are NULL
 */
export function addColumnsSql(
  add: string,
  stats = `${add}.stats`,
  path = `${add}.path`,
  has?: ReadonlySet<string>,
): string {
  const field = (name: string, column: keyof typeof FILE_COLUMNS): string =>
    has === undefined || has.has(name)
      ? `${add}."${name}" AS ${column}`
      : `NULL::${FILE_COLUMNS[column]} AS ${column}`;
  return [
    `${path} AS path`,
    field("size", "size"),
    field("modificationTime", "modification_time"),
    field("partitionValues", "partition_values"),
    `${stats} AS stats`,
    field("tags", "tags"),
    field("deletionVector", "deletion_vector"),
    field("baseRowId", "base_row_id"),
    field("defaultRowCommitVersion", "default_row_commit_version"),
    field("clusteringProvider", "clustering_provider"),
  ].join(", ");
}

/**
 * SQL of `uniqueId`, which tells one data file with different deletion vectors apart; "" without one
 * (PROTOCOL.md, "Derived Fields").
 *
 * @param vector SQL of the struct
 */
export function deletionVectorIdSql(vector: string): string {
  return `coalesce(${vector}.storageType || ${vector}.pathOrInlineDv || coalesce('@' || CAST(${vector}."offset" AS VARCHAR), ''), '')`;
}

/**
 * A relation over files of one JSON action a line, with `file_index`, the place of the file in the list.
 *
 * @param columns the actions to read and their types; every other one is passed over
 */
export function ndjsonSql(files: readonly string[], columns: Readonly<Record<string, string>>): string {
  const types = Object.entries(columns).map(([name, type]) => `${name}: ${quoteString(type)}`);
  return `read_json([${files.map(quoteString).join(", ")}], format = 'newline_delimited', columns = {${types.join(", ")}})`;
}

/** A relation over Parquet files of actions; an action or a field that a file lacks is NULL. */
export function parquetSql(files: readonly string[], columns: Readonly<Record<string, string>>): string {
  const schema = Object.entries(columns).map(
    ([name, type]) =>
      `${quoteString(name)}: {name: ${quoteString(name)}, type: ${quoteString(type)}, default_value: NULL}`,
  );
  return `read_parquet([${files.map(quoteString).join(", ")}], schema = MAP {${schema.join(", ")}})`;
}

/** A relation over the files of a checkpoint, some of them Parquet and some JSON. */
export function checkpointSql(files: readonly string[], columns: Readonly<Record<string, string>>): string {
  const { json, parquet } = byFormat(files);
  const names = Object.keys(columns).join(", ");
  const parts = [
    ...(parquet.length === 0 ? [] : [parquetSql(parquet, columns)]),
    ...(json.length === 0 ? [] : [ndjsonSql(json, columns)]),
  ];
  return `(${parts.map((part) => `SELECT ${names} FROM ${part}`).join(" UNION ALL ")})`;
}

/** Told by the names, which are the log's own. */
export function byFormat(files: readonly string[]): {
  readonly json: readonly string[];
  readonly parquet: readonly string[];
} {
  return {
    json: files.filter((file) => file.endsWith(".json")),
    parquet: files.filter((file) => !file.endsWith(".json")),
  };
}
