import { isJsonObject, type JsonValue, LakeError, parseJson, stringifyJson } from "../../core/index.js";
import type { DomainMetadata } from "../log/actions.js";
import {
  type ColumnMappingMode,
  columnMappingMode,
  type DataType,
  physicalName,
  type StructField,
  type StructType,
  typeText,
} from "../schema/index.js";
import { statisticsColumns } from "../skipping/statistics-columns.js";
import { type FieldPath, findPath, pathText } from "./field-path.js";

/** The system domain that keeps the clustering columns (PROTOCOL.md, "Clustered Table"). */
export const CLUSTERING_DOMAIN = "delta.clustering";

/** More of them are of no use, and delta-spark refuses them. */
const MAX_COLUMNS = 4;

/** What of a table decides how it may be clustered. */
export interface ClusteredTable {
  readonly schema: StructType;
  readonly partitionColumns: readonly string[];
  readonly configuration: Readonly<Record<string, string>>;
}

/**
 * The domain of a table that is clustered by these columns; none of them means that it is clustered no
 * more. It has physical names, so that it holds whatever the columns are called later.
 *
 * @throws LakeError `invalid-input` for a column that a table cannot be clustered by.
 */
export function clusteringDomain(table: ClusteredTable, columns: readonly FieldPath[]): DomainMetadata {
  const clusteringColumns = clusteringPaths(table, columns).map((path) =>
    physicalPath(table.schema, path, columnMappingMode(table.configuration)),
  );
  return {
    domain: CLUSTERING_DOMAIN,
    configuration: stringifyJson({ clusteringColumns, domainName: CLUSTERING_DOMAIN }),
    removed: false,
  };
}

/** The clustering columns that a domain has, by physical names; none without the domain. */
export function clusteringColumns(domain: DomainMetadata | undefined): readonly FieldPath[] {
  if (domain === undefined || domain.removed) return [];
  const json = parseJson(domain.configuration);
  const columns = isJsonObject(json) ? json["clusteringColumns"] : undefined;
  if (!Array.isArray(columns)) throw corruptDomain(domain);
  return columns.map((column: JsonValue) => {
    if (!Array.isArray(column)) throw corruptDomain(domain);
    return column.map((name: JsonValue) => {
      if (typeof name !== "string") throw corruptDomain(domain);
      return name;
    });
  });
}

/** A clustering column as the table calls it now; a column that is gone keeps its physical names. */
export function logicalPath(schema: StructType, physical: FieldPath, mode: ColumnMappingMode): FieldPath {
  const names: string[] = [];
  let type: DataType = schema;
  for (const name of physical) {
    const fields: readonly StructField[] = type.type === "struct" ? type.fields : [];
    const field = fields.find((candidate) => physicalName(candidate, mode) === name);
    if (field === undefined) return physical;
    names.push(field.name);
    type = field.type;
  }
  return names;
}

/** A column by its physical names. */
export function physicalPath(schema: StructType, path: FieldPath, mode: ColumnMappingMode): FieldPath {
  return path.map((_, index) => {
    const target = findPath(schema, path.slice(0, index + 1));
    return physicalName(target.field, mode);
  });
}

/** Whether a table is clustered by a column or by something inside it. */
export function isClusteredBy(
  schema: StructType,
  configuration: Readonly<Record<string, string>>,
  domain: DomainMetadata | undefined,
  path: FieldPath,
): boolean {
  const physical = physicalPath(schema, path, columnMappingMode(configuration));
  return clusteringColumns(domain).some((column) => physical.every((name, index) => name === column[index]));
}

function clusteringPaths(table: ClusteredTable, columns: readonly FieldPath[]): FieldPath[] {
  const { schema, partitionColumns, configuration } = table;
  if (columns.length > MAX_COLUMNS) {
    throw refusal(`a table is clustered by at most ${MAX_COLUMNS} columns, not by ${columns.length}`);
  }
  if (columns.length > 0 && partitionColumns.length > 0) {
    throw refusal("a table that is partitioned cannot be clustered as well");
  }
  const measured = statisticsColumns(schema, partitionColumns, configuration).map(({ path }) =>
    pathText(path),
  );
  const paths = columns.map((column) => {
    const target = findPath(schema, column);
    if (target.kind === "part" || !hasOrder(target.field.type)) {
      const type = target.kind === "part" ? target.type : target.field.type;
      throw refusal(`cannot cluster by ${pathText(target.path)}: it is ${typeText(type)}`);
    }
    if (!measured.includes(pathText(target.path))) {
      throw refusal(
        `cannot cluster by ${pathText(target.path)}: the table keeps no statistics of it`,
        "delta.dataSkippingNumIndexedCols and delta.dataSkippingStatsColumns say which columns have some.",
      );
    }
    return target.path;
  });
  if (new Set(paths.map(pathText)).size !== paths.length) {
    throw refusal("a table is clustered by a column once");
  }
  return paths;
}

/** The types whose smallest and greatest values are kept, so that files can be told apart by them. */
function hasOrder(type: DataType): boolean {
  return !["struct", "array", "map", "binary", "boolean", "variant", "void"].includes(type.type);
}

function refusal(message: string, hint?: string): LakeError {
  return new LakeError("invalid-input", "clustering-column", message, hint === undefined ? {} : { hint });
}

function corruptDomain(domain: DomainMetadata): LakeError {
  return new LakeError("corrupt", "clustering", `the domain ${CLUSTERING_DOMAIN} has no clusteringColumns`, {
    context: { configuration: domain.configuration },
  });
}
