import type { JsonObject } from "../../core/index.js";

/**
 * Delta's primitive types (PROTOCOL.md, "Primitive Types" and "Variant Type"), named as in a schema string.
 * `void`, which the protocol does not define, is Spark's type of columns that hold nothing but NULL.
 */
export const PRIMITIVE_TYPES = [
  "string",
  "long",
  "integer",
  "short",
  "byte",
  "float",
  "double",
  "boolean",
  "binary",
  "date",
  "timestamp",
  "timestamp_ntz",
  "variant",
  "void",
] as const;

export type PrimitiveName = (typeof PRIMITIVE_TYPES)[number];

export interface PrimitiveType {
  readonly type: PrimitiveName;
}

/** At most 38 digits, `scale` of them after the point. */
export interface DecimalType {
  readonly type: "decimal";
  readonly precision: number;
  readonly scale: number;
}

export interface StructType {
  readonly type: "struct";
  readonly fields: readonly StructField[];
}

export interface ArrayType {
  readonly type: "array";
  readonly elementType: DataType;
  readonly containsNull: boolean;
}

export interface MapType {
  readonly type: "map";
  readonly keyType: DataType;
  readonly valueType: DataType;
  readonly valueContainsNull: boolean;
}

export type DataType = PrimitiveType | DecimalType | StructType | ArrayType | MapType;

export interface StructField {
  readonly name: string;
  readonly type: DataType;
  readonly nullable: boolean;
  /** As the table's writers left it; see PROTOCOL.md, "Column Metadata". */
  readonly metadata: JsonObject;
}

/** A nullable field without metadata, which is what every new column is. */
export function newField(name: string, type: DataType): StructField {
  return { name, type, nullable: true, metadata: {} };
}

/** A type on one line for messages: `struct<a: long, b: array<decimal(10,2)>>`. */
export function typeText(type: DataType): string {
  switch (type.type) {
    case "decimal":
      return `decimal(${type.precision},${type.scale})`;
    case "struct":
      return `struct<${type.fields.map((field) => `${field.name}: ${typeText(field.type)}`).join(", ")}>`;
    case "array":
      return `array<${typeText(type.elementType)}>`;
    case "map":
      return `map<${typeText(type.keyType)}, ${typeText(type.valueType)}>`;
    default:
      return type.type;
  }
}
