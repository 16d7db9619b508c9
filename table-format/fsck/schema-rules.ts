import { isLakeError, messageOf } from "../../core/index.js";
import type { Metadata } from "../log/actions.js";
import {
  type ColumnMappingMode,
  checkNewSchema,
  columnMappingMode,
  type DataType,
  parseSchema,
  type StructField,
  type StructType,
} from "../schema/index.js";
import { canPartition } from "../skipping/partition-value.js";
import type { FindingPlace } from "./finding.js";
import type { FindingLog } from "./finding-log.js";

/** What the schema means for checks of data; there only when this release can read it. */
export interface CheckedSchema {
  readonly schema: StructType;
  readonly mode: ColumnMappingMode;
  /** Whether every column's name in data files is known. */
  readonly isMapped: boolean;
  /** The partition columns that the schema has. */
  readonly partitions: readonly StructField[];
}

/**
 * Checks schema, column mapping and partition columns of a metadata (PROTOCOL.md, "Schema Serialization
 * Format" and "Column Mapping"). Pure.
 */
export function checkSchema(
  metadata: Metadata,
  place: FindingPlace,
  findings: FindingLog,
): CheckedSchema | undefined {
  const schema = readSchema(metadata, place, findings);
  if (schema === undefined) return undefined;
  const mode = readMode(metadata, place, findings);
  if (mode === undefined) return undefined;
  const isMapped = mode === "none" || checkMapping(schema, metadata, place, findings);
  return { schema, mode, isMapped, partitions: checkPartitionColumns(schema, metadata, place, findings) };
}

function readSchema(metadata: Metadata, place: FindingPlace, findings: FindingLog): StructType | undefined {
  try {
    const schema = parseSchema(metadata.schemaString);
    checkNames(schema, place, findings);
    return schema;
  } catch (error) {
    if (!isLakeError(error)) throw error;
    const code = error.kind === "unsupported" ? "schema-unsupported" : "schema-broken";
    findings.add(code, messageOf(error), { ...place, column: columnOf(error.context["column"]) });
    return undefined;
  }
}

/** Two columns of one name can be told apart by no query. A table may still be without columns. */
function checkNames(schema: StructType, place: FindingPlace, findings: FindingLog): void {
  try {
    checkNewSchema(schema);
  } catch (error) {
    if (!isLakeError(error, "invalid-input")) throw error;
    if (error.code !== "schema-duplicate-column") return;
    findings.add("schema-broken", error.message, { ...place, column: columnOf(error.context["column"]) });
  }
}

function columnOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function readMode(
  metadata: Metadata,
  place: FindingPlace,
  findings: FindingLog,
): ColumnMappingMode | undefined {
  try {
    return columnMappingMode(metadata.configuration);
  } catch (error) {
    if (!isLakeError(error, "unsupported")) throw error;
    findings.add("column-mapping", error.message, place);
    return undefined;
  }
}

/** Every field, inside structs too, has an id and a physical name of its own. Gives whether all have. */
function checkMapping(
  schema: StructType,
  metadata: Metadata,
  place: FindingPlace,
  findings: FindingLog,
): boolean {
  const ids = new Map<bigint, string>();
  const highest = metadata.configuration["delta.columnMapping.maxColumnId"];
  let isWhole = true;
  const fault = (column: string, what: string): void => {
    isWhole = false;
    findings.add("column-mapping", what, { ...place, column });
  };
  const check = (struct: StructType, path: string): void => {
    const names = new Map<string, string>();
    for (const field of struct.fields) {
      const column = path === "" ? field.name : `${path}.${field.name}`;
      const id = field.metadata["delta.columnMapping.id"];
      const name = field.metadata["delta.columnMapping.physicalName"];
      if (typeof id !== "number" && typeof id !== "bigint") fault(column, "the column has no id");
      else {
        const twin = ids.get(BigInt(id));
        if (twin !== undefined) fault(column, `the column has id ${id}, as ${twin} has`);
        ids.set(BigInt(id), column);
        if (highest !== undefined && /^\d+$/.test(highest) && BigInt(id) > BigInt(highest))
          fault(column, `the column has id ${id}, and delta.columnMapping.maxColumnId is ${highest}`);
      }
      if (typeof name !== "string") fault(column, "the column has no physical name");
      else {
        const twin = names.get(name);
        if (twin !== undefined) fault(column, `the column has the physical name ${name}, as ${twin} has`);
        names.set(name, column);
      }
      for (const [inner, at] of structsOf(field.type, column)) check(inner, at);
    }
  };
  check(schema, "");
  return isWhole;
}

/** The structs right inside a type, and their paths. */
function structsOf(type: DataType, path: string): readonly (readonly [StructType, string])[] {
  switch (type.type) {
    case "struct":
      return [[type, path]];
    case "array":
      return structsOf(type.elementType, `${path}.element`);
    case "map":
      return [...structsOf(type.keyType, `${path}.key`), ...structsOf(type.valueType, `${path}.value`)];
    default:
      return [];
  }
}

function checkPartitionColumns(
  schema: StructType,
  metadata: Metadata,
  place: FindingPlace,
  findings: FindingLog,
): StructField[] {
  const found: StructField[] = [];
  for (const name of metadata.partitionColumns) {
    const field = schema.fields.find((candidate) => candidate.name === name);
    const at = { ...place, column: name };
    if (field === undefined) findings.add("partition-column", `the schema has no column ${name}`, at);
    else if (!canPartition(field.type))
      findings.add("partition-column", `a column of type ${field.type.type} cannot partition a table`, at);
    else if (found.includes(field))
      findings.add("partition-column", `${name} partitions the table twice`, at);
    else found.push(field);
  }
  return found;
}
