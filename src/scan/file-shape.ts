import { LakeError } from "../../core/index.js";
import {
  type ColumnMappingMode,
  type EngineField,
  type EngineType,
  engineText,
  engineType,
  fieldId,
  parseEngineType,
  physicalSchema,
  type StructField,
  type StructType,
} from "../../table-format/index.js";

/** A type as a data file has it. `scalar` is a DuckDB type, as the engine reads the column. */
export type FileType =
  | { readonly kind: "scalar"; readonly text: string }
  | { readonly kind: "list"; readonly element: FileType }
  | { readonly kind: "map"; readonly key: FileType; readonly value: FileType }
  | { readonly kind: "struct"; readonly fields: readonly FileField[] };

export interface FileField {
  readonly name: string;
  /** Parquet's `field_id`, where the file has one. */
  readonly id: number | undefined;
  readonly type: FileType;
}

/** The columns of a data file, in its order. */
export interface FileShape {
  readonly fields: readonly FileField[];
}

/** A node of a Parquet schema; `children` are absent for a leaf. */
export interface SchemaNode {
  readonly name: string;
  readonly id: number | undefined;
  readonly isRepeated: boolean;
  readonly children: readonly SchemaNode[];
}

/** Pure: the shape of the files that a writer makes for the table as it is now. */
export function tableShape(
  schema: StructType,
  partitionColumns: readonly string[],
  mode: ColumnMappingMode,
): FileShape {
  const ids = mode === "id";
  return {
    fields: physicalSchema(schema, partitionColumns, mode).fields.map((field) => declared(field, ids)),
  };
}

function declared(field: StructField, ids: boolean): FileField {
  return { name: field.name, id: ids ? fieldId(field) : undefined, type: declaredType(field.type, ids) };
}

function declaredType(type: StructField["type"], ids: boolean): FileType {
  switch (type.type) {
    case "struct":
      return { kind: "struct", fields: type.fields.map((field) => declared(field, ids)) };
    case "array":
      return { kind: "list", element: declaredType(type.elementType, ids) };
    case "map":
      return {
        kind: "map",
        key: declaredType(type.keyType, ids),
        value: declaredType(type.valueType, ids),
      };
    default:
      return { kind: "scalar", text: engineType(type) };
  }
}

/**
 * Pure: the shape of a file out of its Parquet schema, which has the field ids, and of the columns that the
 * engine makes of it, which have the types. The engine takes a repeated group with one child for a list of
 * that child, as in lists of three levels and older ones of two (parquet-format LogicalTypes.md, "Lists").
 *
 * @param root the node of the whole schema
 */
export function fileShape(root: SchemaNode, columns: readonly EngineField[]): FileShape {
  if (root.children.length !== columns.length) {
    throw new LakeError("internal", "file-shape", "a Parquet schema and its columns do not agree");
  }
  return {
    fields: root.children.map((node, index) => {
      const type = columns[index]?.type ?? parseEngineType("NULL");
      return { name: node.name, id: node.id, type: typeOf(type, node) };
    }),
  };
}

/** `node` is `undefined` where the structure is not as expected: inside of it there are no ids. */
function typeOf(type: EngineType, node: SchemaNode | undefined): FileType {
  switch (type.kind) {
    case "list":
      return { kind: "list", element: typeOf(type.element, node && elementOf(node)) };
    case "map": {
      const [key, value] = node?.children[0]?.children ?? [];
      return { kind: "map", key: typeOf(type.key, key), value: typeOf(type.value, value) };
    }
    case "struct":
      return {
        kind: "struct",
        fields: type.fields.map((field, index) => {
          const child = node?.children.length === type.fields.length ? node.children[index] : undefined;
          return { name: child?.name ?? field.name, id: child?.id, type: typeOf(field.type, child) };
        }),
      };
    default:
      return { kind: "scalar", text: engineText(type) };
  }
}

function elementOf(node: SchemaNode): SchemaNode | undefined {
  const repeated = node.isRepeated ? node : node.children[0];
  if (repeated === undefined) return undefined;
  const [only, ...others] = repeated.children;
  return only !== undefined && others.length === 0
    ? { ...only, isRepeated: false }
    : { ...repeated, isRepeated: false };
}

/** A type of a file as SQL. */
export function fileTypeText(type: FileType): string {
  switch (type.kind) {
    case "scalar":
      return type.text;
    case "list":
      return `${fileTypeText(type.element)}[]`;
    case "map":
      return `MAP(${fileTypeText(type.key)}, ${fileTypeText(type.value)})`;
    case "struct":
      return engineText(engineTypeOf(type));
  }
}

function engineTypeOf(type: FileType): EngineType {
  switch (type.kind) {
    case "scalar":
      return { kind: "scalar", name: type.text };
    case "list":
      return { kind: "list", element: engineTypeOf(type.element), size: undefined };
    case "map":
      return { kind: "map", key: engineTypeOf(type.key), value: engineTypeOf(type.value) };
    case "struct":
      return {
        kind: "struct",
        fields: type.fields.map((field) => ({ name: field.name, type: engineTypeOf(field.type) })),
      };
  }
}
