import type { JsonValue } from "../../core/index.js";

/** An Avro schema with its names resolved. Avro specification 1.12, "Schema Declaration". */
export type AvroType =
  | AvroLeaf
  | AvroEnum
  | { readonly kind: "array"; readonly items: AvroType }
  | { readonly kind: "map"; readonly values: AvroType }
  | AvroUnion
  | AvroRecord
  /** A type that holds itself; looked up when values are read. */
  | AvroRecursive;

/** A type without parts. */
export type AvroLeaf =
  | { readonly kind: "null" | "boolean" | "int" | "long" | "float" | "double" | "bytes" | "string" }
  | ({ readonly kind: "fixed"; readonly size: number } & AvroNames)
  | { readonly kind: "date" | "time-millis" | "time-micros" | "uuid" }
  /** An instant, or with `local` a wall clock. */
  | { readonly kind: "timestamp"; readonly unit: TimestampUnit; readonly local: boolean }
  /** Big-endian two's complement. */
  | {
      readonly kind: "decimal";
      readonly precision: number;
      readonly scale: number;
      /** The `fixed` type it is on; on `bytes` absent. */
      readonly fixed?: { readonly size: number } & AvroNames;
    }
  /** Three little-endian unsigned 32-bit numbers: months, days, milliseconds. */
  | ({ readonly kind: "duration"; readonly size: number } & AvroNames)
  /** A uuid on a `fixed` of 16 bytes. */
  | ({ readonly kind: "uuid-fixed"; readonly size: number } & AvroNames);

export type TimestampUnit = "millis" | "micros" | "nanos";

/** What a named type is called. */
export interface AvroNames {
  /** With its namespace. */
  readonly name: string;
  /** Other names, with their namespaces, that a writer may have called it. */
  readonly aliases: readonly string[];
}

export interface AvroEnum extends AvroNames {
  readonly kind: "enum";
  readonly symbols: readonly string[];
  /** The symbol that stands for those of a writer that are not among `symbols`. */
  readonly fallback: string | undefined;
}

export interface AvroUnion {
  readonly kind: "union";
  readonly branches: readonly AvroType[];
}

export interface AvroRecord extends AvroNames {
  readonly kind: "record";
  readonly fields: readonly AvroField[];
}

export interface AvroRecursive {
  readonly kind: "recursive";
  readonly resolve: () => AvroRecord;
}

export interface AvroField {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly type: AvroType;
  /** The default as JSON; undefined where there is none. */
  readonly fallback: JsonValue | undefined;
}

/** A record's fields are columns; any other schema is one column. */
export function fieldsOf(schema: AvroType): readonly { readonly name: string; readonly type: AvroType }[] {
  const type = unwrapped(schema);
  return type.kind === "record" && type.fields.length > 0 ? type.fields : [{ name: "value", type }];
}

/** The type itself, where it is one that holds itself. */
export function unwrapped(type: AvroType): Exclude<AvroType, AvroRecursive> {
  return type.kind === "recursive" ? type.resolve() : type;
}

/** A type as a message names it. */
export function typeName(type: AvroType): string {
  switch (type.kind) {
    case "recursive":
      return typeName(type.resolve());
    case "record":
    case "enum":
    case "fixed":
    case "duration":
    case "uuid-fixed":
      return `${type.kind} ${type.name}`;
    case "union":
      return `[${type.branches.map(typeName).join(", ")}]`;
    case "array":
      return `array of ${typeName(type.items)}`;
    case "map":
      return `map of ${typeName(type.values)}`;
    case "decimal":
      return `decimal(${type.precision}, ${type.scale})`;
    case "timestamp":
      return `${type.local ? "local-" : ""}timestamp-${type.unit}`;
    default:
      return type.kind;
  }
}
