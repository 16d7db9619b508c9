import { isJsonObject, type JsonValue, parseJson } from "../../core/index.js";
import { quoteString, type Row, type Session, type Value } from "../../engine/index.js";
import { parseDeletionVectorDescriptor } from "../deletion-vector/index.js";
import type { AddFile, PartitionValues } from "../log/actions.js";
import { columnMappingMode, type DataType, findField, physicalName } from "../schema/index.js";
import { partitionTextSql, partitionValueSql } from "../skipping/partition-value.js";
import type { Snapshot } from "../snapshot/snapshot.js";
import type { LiveFile } from "./staged-commit.js";

/** The live files of a snapshot, in the order of their paths. */
export function liveFiles(snapshot: Snapshot, signal?: AbortSignal): Promise<LiveFile[]> {
  const mode = columnMappingMode(snapshot.metadata.configuration);
  const fields = snapshot.metadata.partitionColumns.flatMap((name) => findField(snapshot.schema, name) ?? []);
  const partitionKeys = fields.map((field) => physicalName(field, mode));
  const ours = fields.map(
    (field, index) => `${ourPartitionText(field.type, physicalName(field, mode))} AS p${index}`,
  );
  const select = [REMOVE_COLUMNS, ...ours].join(", ");
  return snapshot.withFiles(
    (files) =>
      snapshot.folder.engine.withSession(async (session) => {
        const rows = await session.rows(`SELECT ${select} FROM ${files.relation} ORDER BY path`, { signal });
        return rows.map((row) => liveFile(row, partitionKeys));
      }),
    signal,
  );
}

const REMOVE_COLUMNS = [
  "path",
  "size",
  "partition_values",
  "tags",
  "to_json(deletion_vector)::VARCHAR AS deletion_vector",
  "base_row_id",
  "default_row_commit_version",
].join(", ");

/** A live file as its `add` has it, to be added again with something else about it. */
export interface LiveAdd {
  readonly add: AddFile;
  /** Rows, deleted ones included; `undefined` where its statistics do not tell. */
  readonly numRecords: bigint | undefined;
  /** All that the SELECT gave. */
  readonly row: Row;
}

/**
 * The files of a SELECT over a file table, in its order. Statistics make them large: it is for the files that
 * an operation touches.
 *
 * @param select gives the columns of a file table, and any others
 */
export async function liveAdds(session: Session, select: string, signal?: AbortSignal): Promise<LiveAdd[]> {
  const rows = await session.rows(
    `SELECT * REPLACE (to_json(deletion_vector)::VARCHAR AS deletion_vector),
            TRY_CAST(json_extract_string(stats, '$.numRecords') AS BIGINT) AS num_records
     FROM (${select})`,
    { signal },
  );
  return rows.map((row) => {
    const { stats, clustering_provider: clusteringProvider } = row;
    return {
      add: {
        ...fileOf(row),
        modificationTime: integerOf(row["modification_time"]) ?? 0n,
        dataChange: true,
        stats: typeof stats === "string" ? stats : undefined,
        clusteringProvider: typeof clusteringProvider === "string" ? clusteringProvider : undefined,
      },
      numRecords: integerOf(row["num_records"]),
      row,
    };
  });
}

/** What `add` and `remove` have in common. */
function fileOf(row: Row): Omit<LiveFile, "partition"> {
  const deletionVector = withoutNulls(parseJson(String(row["deletion_vector"] ?? "null")));
  const tags = row["tags"];
  return {
    path: String(row["path"]),
    size: BigInt(String(row["size"])),
    partitionValues: textsOf(row["partition_values"] ?? null),
    tags: tags instanceof Map ? textsOf(tags) : undefined,
    deletionVector: deletionVector === null ? undefined : parseDeletionVectorDescriptor(deletionVector),
    baseRowId: integerOf(row["base_row_id"]),
    defaultRowCommitVersion: integerOf(row["default_row_commit_version"]),
  };
}

function liveFile(row: Row, partitionKeys: readonly string[]): LiveFile {
  return {
    ...fileOf(row),
    partition: Object.fromEntries(partitionKeys.map((key, index) => [key, textOf(row[`p${index}`] ?? null)])),
  };
}

function withoutNulls(json: JsonValue): JsonValue {
  if (!isJsonObject(json)) return json;
  return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null));
}

function textsOf(value: Value): PartitionValues {
  if (!(value instanceof Map)) return {};
  return Object.fromEntries([...value].map(([name, text]) => [String(name), textOf(text)]));
}

function textOf(value: Value): string | null {
  return value === null ? null : String(value);
}

function integerOf(value: Value | undefined): bigint | undefined {
  return value === null || value === undefined ? undefined : BigInt(String(value));
}

/** SQL for a partition value of a file table as we would spell it; one that is not of its type stays as it is. */
function ourPartitionText(type: DataType, key: string): string {
  const text = `NULLIF(partition_values[${quoteString(key)}], '')`;
  return `coalesce(TRY(${partitionTextSql(type)(partitionValueSql(type)(text))}), ${text})`;
}
