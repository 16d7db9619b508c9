import { stringifyJson } from "../../core/index.js";
import { quoteIdentifier, quoteString } from "../../engine/index.js";
import type { Metadata } from "../log/actions.js";
import {
  columnMappingMode,
  type DataType,
  engineType,
  findField,
  physicalName,
  type StructType,
} from "../schema/index.js";
import { partitionValueSql } from "../skipping/partition-value.js";
import { type LeafColumn, statisticsColumns } from "../skipping/statistics-columns.js";

/** Which forms of statistics a checkpoint holds (PROTOCOL.md, "Checkpoints": the two table properties). */
export interface StatisticsForms {
  readonly json: boolean;
  readonly struct: boolean;
}

export function statisticsForms(configuration: Readonly<Record<string, string>>): StatisticsForms {
  return {
    json: configuration["delta.checkpoint.writeStatsAsJson"]?.toLowerCase() !== "false",
    struct: configuration["delta.checkpoint.writeStatsAsStruct"]?.toLowerCase() === "true",
  };
}

/** SQL for the typed fields of an `add`, from the columns `partition_values` and `stats` of a relation of files. */
export interface TypedStatistics {
  /** `partitionValues_parsed`; `undefined` for a table without partitions, which may omit it. */
  readonly partitionValues: string | undefined;
  /** `stats_parsed`. */
  readonly statistics: string;
}

/**
 * The typed form of statistics and partition values (PROTOCOL.md, "Checkpoint Schema"), under the physical
 * names. A statistic that is not of its column's type is left out: NULL says nothing of a file. A partition
 * value that is not of its column's type fails the query, as NULL would say something else.
 *
 * @param parsed the relation's column that holds what {@link parsedStatisticsSql} gives
 */
export function typedStatistics(schema: StructType, metadata: Metadata, parsed: string): TypedStatistics {
  const { partitionColumns, configuration } = metadata;
  const mode = columnMappingMode(configuration);
  const partitions = partitionColumns.flatMap((name) => {
    const field = findField(schema, name);
    if (field === undefined) return [];
    const key = physicalName(field, mode);
    const text = `partition_values[${quoteString(key)}]`;
    return [`${quoteString(key)}: ${partitionValueSql(field.type)(text)}`];
  });
  const { bounds, counts } = trees(schema, metadata);
  const fields = [
    `'numRecords': ${parsed}.numRecords`,
    `'tightBounds': ${parsed}.tightBounds`,
    ...["minValues", "maxValues"].map((side) => boundsField(side, bounds, parsed)),
    counts.size === 0 ? undefined : `'nullCount': ${parsed}.nullCount`,
  ].filter((field) => field !== undefined);
  return {
    partitionValues: partitions.length === 0 ? undefined : `{${partitions.join(", ")}}`,
    statistics: `CASE WHEN ${parsed} IS NOT NULL THEN {${fields.join(", ")}} END`,
  };
}

/** SQL that parses the column `stats` once: counts as numbers, bounds as the text that JSON spells them with. */
export function parsedStatisticsSql(schema: StructType, metadata: Metadata): string {
  const { bounds, counts } = trees(schema, metadata);
  const structure = {
    numRecords: "BIGINT",
    tightBounds: "BOOLEAN",
    ...(bounds.size === 0
      ? {}
      : { minValues: shape(bounds, "VARCHAR"), maxValues: shape(bounds, "VARCHAR") }),
    ...(counts.size === 0 ? {} : { nullCount: shape(counts, "BIGINT") }),
  };
  return `CASE WHEN json_valid(stats) THEN from_json(stats::JSON, ${quoteString(stringifyJson(structure))}) END`;
}

/** Leaf columns by physical name, nested as in the schema. */
type Tree = Map<string, Tree | DataType>;

function trees(schema: StructType, metadata: Metadata): { readonly bounds: Tree; readonly counts: Tree } {
  const leaves = statisticsColumns(schema, metadata.partitionColumns, metadata.configuration);
  return { bounds: treeOf(leaves.filter((leaf) => hasBounds(leaf.type))), counts: treeOf(leaves) };
}

function treeOf(leaves: readonly LeafColumn[]): Tree {
  const root: Tree = new Map();
  for (const { physicalPath, type } of leaves) {
    let place = root;
    for (const name of physicalPath.slice(0, -1)) {
      const next = place.get(name);
      const child: Tree = next instanceof Map ? next : new Map();
      place.set(name, child);
      place = child;
    }
    place.set(physicalPath.at(-1) ?? "", type);
  }
  return root;
}

/** The types that delta-spark keeps least and greatest values of. */
function hasBounds(type: DataType): boolean {
  switch (type.type) {
    case "byte":
    case "short":
    case "integer":
    case "long":
    case "float":
    case "double":
    case "decimal":
    case "date":
    case "timestamp":
    case "timestamp_ntz":
    case "string":
      return true;
    default:
      return false;
  }
}

function shape(tree: Tree, leaf: string): Record<string, unknown> {
  return Object.fromEntries(
    [...tree].map(([name, child]) => [name, child instanceof Map ? shape(child, leaf) : leaf]),
  );
}

function boundsField(side: string, bounds: Tree, parsed: string): string | undefined {
  return bounds.size === 0 ? undefined : `'${side}': ${typedTree(bounds, `${parsed}.${side}`)}`;
}

function typedTree(tree: Tree, at: string): string {
  const fields = [...tree].map(([name, child]) => {
    const here = `${at}.${quoteIdentifier(name)}`;
    const value = child instanceof Map ? typedTree(child, here) : boundSql(child, here);
    return `${quoteString(name)}: ${value}`;
  });
  return `{${fields.join(", ")}}`;
}

/**
 * A bound from the text that the engine gives of a JSON value. It reads fractions as doubles, which hold 15
 * digits, so of a decimal only what has no more is known to be exact.
 */
function boundSql(type: DataType, text: string): string {
  const typed = `TRY_CAST(${text} AS ${engineType(type)})`;
  if (type.type !== "decimal") return typed;
  const isExact = `regexp_full_match(${text}, '-?[0-9]+') OR (regexp_full_match(${text}, '-?[0-9]+[.][0-9]+') AND length(regexp_replace(${text}, '[-.]', '', 'g')) <= 15)`;
  return `CASE WHEN ${isExact} THEN ${typed} END`;
}
