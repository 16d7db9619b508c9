import { LakeError } from "../../core/index.js";
import type { DataType, StructField, StructType } from "./types.js";

/** How logical columns map to physical ones (`delta.columnMapping.mode`; PROTOCOL.md, "Column Mapping"). */
export type ColumnMappingMode = "none" | "name" | "id";

/**
 * The table's column mapping mode.
 *
 * @throws LakeError `unsupported` for a mode that the protocol does not have.
 */
export function columnMappingMode(configuration: Readonly<Record<string, string>>): ColumnMappingMode {
  const mode = configuration["delta.columnMapping.mode"]?.toLowerCase() ?? "none";
  if (mode === "none" || mode === "name" || mode === "id") return mode;
  throw new LakeError(
    "unsupported",
    "column-mapping-mode",
    `the table uses the unknown column mapping mode "${mode}"`,
    {
      context: { mode },
    },
  );
}

/**
 * The name that data files, statistics and partition values use for a field: its name, or with column
 * mapping its physical name (PROTOCOL.md, "Writer Requirements for Column Mapping").
 *
 * @throws LakeError `corrupt` when column mapping is on and the field has no physical name.
 */
export function physicalName(field: StructField, mode: ColumnMappingMode): string {
  if (mode === "none") return field.name;
  const name = field.metadata["delta.columnMapping.physicalName"];
  if (typeof name === "string") return name;
  throw new LakeError(
    "corrupt",
    "schema",
    `column "${field.name}" has no physical name, which column mapping needs`,
    {
      context: { column: field.name },
    },
  );
}

/**
 * The length of a column that Spark knows as `char(n)`, which is a string to the protocol: its values are as
 * if spaces filled them up to that length, whether files have the spaces or not. Spark keeps the type in the
 * field's metadata.
 */
export function charLength(field: StructField): number | undefined {
  const text = field.metadata["__CHAR_VARCHAR_TYPE_STRING"];
  const length = typeof text === "string" ? /^char\((\d+)\)$/.exec(text)?.[1] : undefined;
  return length === undefined || field.type.type !== "string" ? undefined : Number(length);
}

/** The most characters that a `char(n)` or `varchar(n)` column takes; see {@link charLength}. */
export function maximumLength(field: StructField): number | undefined {
  const text = field.metadata["__CHAR_VARCHAR_TYPE_STRING"];
  const length = typeof text === "string" ? /^(?:var)?char\((\d+)\)$/.exec(text)?.[1] : undefined;
  return length === undefined || field.type.type !== "string" ? undefined : Number(length);
}

/**
 * The Parquet field id of a field where columns are mapped by id (PROTOCOL.md, "Reader Requirements for
 * Column Mapping").
 *
 * @throws LakeError `corrupt` when the field has none.
 */
export function fieldId(field: StructField): number {
  const id = Number(field.metadata["delta.columnMapping.id"]);
  if (Number.isSafeInteger(id)) return id;
  throw new LakeError("corrupt", "schema", `column "${field.name}" has no id, which column mapping needs`, {
    context: { column: field.name },
  });
}

/** The field called `name`, ignoring case as Delta does (PROTOCOL.md, "Schema Serialization Format"). */
export function findField(struct: StructType, name: string): StructField | undefined {
  const folded = foldCase(name);
  return (
    struct.fields.find((field) => field.name === name) ??
    struct.fields.find((field) => foldCase(field.name) === folded)
  );
}

/** What two column names have in common when they differ in case only. */
export function foldCase(name: string): string {
  return name.toLowerCase();
}

/**
 * Checks a schema that a table is about to get: at least one column, no empty name, no two names that
 * differ in case only, no struct without fields, at every level.
 *
 * @throws LakeError `invalid-input` naming the column.
 */
export function checkNewSchema(schema: StructType): void {
  checkStruct(schema, "");
}

// What delta-spark refuses as "invalid characters" in a table without column mapping.
const SPARK_REFUSES = /[ ,;{}()\n\t=]/;

/**
 * Columns, as dotted paths, whose names hold one of ` ,;{}()=`, tab or line feed. delta-spark refuses those
 * in a table without column mapping, in `SchemaUtils.checkSchemaFieldNames`, which it calls when a table is
 * created or its metadata changes. The protocol has no such rule.
 */
export function namesSparkRefuses(schema: StructType): string[] {
  return schema.fields.flatMap((field) => refusedIn(field.name, field.name, field.type));
}

function refusedIn(path: string, name: string, type: DataType): string[] {
  return [
    ...(SPARK_REFUSES.test(name) ? [path] : []),
    ...nestedFields(type).flatMap((field) => refusedIn(`${path}.${field.name}`, field.name, field.type)),
  ];
}

function nestedFields(type: DataType): readonly StructField[] {
  switch (type.type) {
    case "struct":
      return type.fields;
    case "array":
      return nestedFields(type.elementType);
    case "map":
      return [...nestedFields(type.keyType), ...nestedFields(type.valueType)];
    default:
      return [];
  }
}

function checkStruct(struct: StructType, path: string): void {
  if (struct.fields.length === 0) {
    const what =
      path === "" ? "a table needs at least one column" : `column "${path}" is a struct without fields`;
    throw new LakeError("invalid-input", "schema-empty-struct", what, {
      context: { column: path },
      hint: "Parquet cannot store a struct without fields: leave the column out or give it a field.",
    });
  }
  const seen = new Map<string, string>();
  for (const field of struct.fields) {
    const here = path === "" ? field.name : `${path}.${field.name}`;
    if (field.name === "") {
      throw new LakeError(
        "invalid-input",
        "schema-empty-name",
        `a column ${path === "" ? "" : `in "${path}" `}has an empty name`,
        {
          context: { column: path },
          hint: "Give every column a name.",
        },
      );
    }
    const twin = seen.get(foldCase(field.name));
    if (twin !== undefined) {
      throw new LakeError(
        "invalid-input",
        "schema-duplicate-column",
        `columns "${twin}" and "${field.name}" differ in case only`,
        {
          context: { column: here },
          hint: "Column names of a Delta table are unique whatever their case: rename one of them.",
        },
      );
    }
    seen.set(foldCase(field.name), field.name);
    checkType(field.type, here);
  }
}

function checkType(type: DataType, path: string): void {
  if (type.type === "struct") checkStruct(type, path);
  if (type.type === "array") checkType(type.elementType, `${path}.element`);
  if (type.type === "map") {
    checkType(type.keyType, `${path}.key`);
    checkType(type.valueType, `${path}.value`);
  }
}
