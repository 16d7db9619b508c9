import {
  type ColumnMappingMode,
  columnMappingMode,
  type DataType,
  foldCase,
  physicalName,
  type StructType,
} from "../schema/index.js";

/** A column, or a field inside structs, that is not a struct itself. */
export interface LeafColumn {
  /** Names as the schema spells them. */
  readonly path: readonly string[];
  /** Names as data files and statistics spell them; other than `path` only with column mapping. */
  readonly physicalPath: readonly string[];
  readonly type: Exclude<DataType, StructType>;
}

const DEFAULT_INDEXED_COLUMNS = 32;

/**
 * The leaf columns whose statistics a writer collects, in the schema's order: those that
 * `delta.dataSkippingStatsColumns` names, else the first `delta.dataSkippingNumIndexedCols` (32; -1 for
 * all), partition columns not counted. A property that cannot be understood counts as absent: statistics
 * are optional, whichever columns they cover.
 */
export function statisticsColumns(
  schema: StructType,
  partitionColumns: readonly string[],
  configuration: Readonly<Record<string, string>>,
): LeafColumn[] {
  const partitions = new Set(partitionColumns.map(foldCase));
  const data: StructType = {
    type: "struct",
    fields: schema.fields.filter((field) => !partitions.has(foldCase(field.name))),
  };
  const leaves = leafColumns(data, columnMappingMode(configuration));
  const named = parseColumnList(configuration["delta.dataSkippingStatsColumns"]);
  if (named !== undefined)
    return leaves.filter((leaf) => named.some((prefix) => isPrefix(prefix, leaf.path)));
  const limit = configuration["delta.dataSkippingNumIndexedCols"]?.trim();
  if (limit === "-1") return leaves;
  return leaves.slice(
    0,
    limit !== undefined && /^\d+$/.test(limit) ? Number(limit) : DEFAULT_INDEXED_COLUMNS,
  );
}

/** Every leaf column of a schema, in its order. */
export function leafColumns(schema: StructType, mode: ColumnMappingMode): LeafColumn[] {
  return leavesOf(schema, mode, [], []);
}

function leavesOf(
  struct: StructType,
  mode: ColumnMappingMode,
  path: readonly string[],
  physicalPath: readonly string[],
): LeafColumn[] {
  return struct.fields.flatMap((field) => {
    const here = [...path, field.name];
    const physical = [...physicalPath, physicalName(field, mode)];
    return field.type.type === "struct"
      ? leavesOf(field.type, mode, here, physical)
      : [{ path: here, physicalPath: physical, type: field.type }];
  });
}

function isPrefix(prefix: readonly string[], path: readonly string[]): boolean {
  return prefix.every((name, index) => name === foldCase(path[index] ?? ""));
}

/**
 * Parses a list such as ``a, b.c, `d e`.f`` into folded paths; `undefined` when it is absent or is no such
 * list.
 */
function parseColumnList(text: string | undefined): string[][] | undefined {
  if (text === undefined) return undefined;
  if (text.trim() === "") return [];
  const part = /\s*(?:`((?:[^`]|``)+)`|([^`.,\s]+))\s*([.,]|$)/y;
  const paths: string[][] = [];
  let path: string[] = [];
  for (;;) {
    const match = part.exec(text);
    if (match === null) return undefined;
    path.push(foldCase(match[1]?.replaceAll("``", "`") ?? match[2] ?? ""));
    if (match[3] === ".") continue;
    paths.push(path);
    path = [];
    if (match[3] === "") return paths;
  }
}
