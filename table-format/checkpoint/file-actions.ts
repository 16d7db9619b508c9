import type { Metadata } from "../log/actions.js";
import type { StructType } from "../schema/index.js";
import { parsedStatisticsSql, statisticsForms, typedStatistics } from "./statistics-struct.js";

/**
 * SQL of one column `add`, the actions of live files as a checkpoint holds them (PROTOCOL.md, "Checkpoints"
 * and "Checkpoint Schema"), with the forms of statistics that the table asks for.
 *
 * @param files a relation with the columns of a file table
 */
export function addRowsSql(files: string, schema: StructType, metadata: Metadata): string {
  const forms = statisticsForms(metadata.configuration);
  const fields = [
    "path: path",
    "partitionValues: partition_values",
    '"size": "size"',
    "modificationTime: modification_time",
    "dataChange: false",
    ...(forms.json ? ["stats: stats"] : []),
    "tags: tags",
    "deletionVector: deletion_vector",
    "baseRowId: base_row_id",
    "defaultRowCommitVersion: default_row_commit_version",
    "clusteringProvider: clustering_provider",
  ];
  if (!forms.struct) return `SELECT {${fields.join(", ")}} AS add FROM ${files}`;
  const typed = typedStatistics(schema, metadata, "parsed_statistics");
  if (typed.partitionValues !== undefined) fields.push(`partitionValues_parsed: ${typed.partitionValues}`);
  fields.push(`stats_parsed: ${typed.statistics}`);
  return `SELECT {${fields.join(", ")}} AS add FROM (SELECT *, ${parsedStatisticsSql(schema, metadata)} AS parsed_statistics FROM ${files})`;
}

/**
 * SQL of one column `remove`, tombstones as a checkpoint holds them: without `stats` and `tags`, which only
 * commits have (PROTOCOL.md, "Checkpoints").
 *
 * @param tombstones a relation with a column `remove` as the log has it
 */
export function removeRowsSql(tombstones: string): string {
  const kept = [
    "deletionTimestamp",
    "partitionValues",
    '"size"',
    "deletionVector",
    "baseRowId",
    "defaultRowCommitVersion",
  ];
  const fields = kept.map((name) => `${name}: remove.${name}`);
  // The field says whether partition values, size and tags are there (PROTOCOL.md, "Add File and Remove File").
  const isExtended = 'remove.partitionValues IS NOT NULL AND remove."size" IS NOT NULL';
  return `SELECT {path: remove.path, dataChange: false, extendedFileMetadata: ${isExtended}, ${fields.join(", ")}} AS remove FROM ${tombstones}`;
}
