/** An Avro schema with its names resolved. Avro specification 1.12, "Schema Declaration". */
export type AvroType =
  | { readonly kind: "null" | "boolean" | "int" | "long" | "float" | "double" | "bytes" | "string" }
  | { readonly kind: "fixed"; readonly size: number }
  | { readonly kind: "enum"; readonly symbols: readonly string[] }
  | { readonly kind: "array"; readonly items: AvroType }
  | { readonly kind: "map"; readonly values: AvroType }
  | { readonly kind: "union"; readonly branches: readonly AvroType[] }
  | { readonly kind: "record"; readonly fields: readonly AvroField[] }
  | { readonly kind: "date" | "time-millis" | "time-micros" | "uuid" | "duration" }
  /** An instant, or with `local` a wall clock. */
  | { readonly kind: "timestamp"; readonly unit: TimestampUnit; readonly local: boolean }
  /** Big-endian two's complement, on `bytes` or on a `fixed` of `size` bytes. */
  | {
      readonly kind: "decimal";
      readonly precision: number;
      readonly scale: number;
      readonly size: number | undefined;
    }
  /** A uuid on a `fixed` of 16 bytes. */
  | { readonly kind: "uuid-fixed" }
  /** A type that holds itself; looked up when values are read. */
  | { readonly kind: "recursive"; readonly resolve: () => AvroType };

export type TimestampUnit = "millis" | "micros" | "nanos";

export interface AvroField {
  readonly name: string;
  readonly type: AvroType;
}

const PRIMITIVES = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"] as const;
type Primitive = (typeof PRIMITIVES)[number];

/**
 * Parses the JSON of a schema. A logical type that is unknown, or not valid on its base type, is
 * ignored, as the specification says.
 *
 * @throws RangeError naming what is wrong.
 */
export function parseAvroSchema(json: string): AvroType {
  return new SchemaParser().parse(JSON.parse(json), "");
}

class SchemaParser {
  /** Named types; `undefined` while their own definition is being read. */
  readonly #named = new Map<string, AvroType | undefined>();
  readonly #recursive = new Set<string>();

  parse(schema: unknown, namespace: string): AvroType {
    if (typeof schema === "string") return this.#reference(schema, namespace);
    if (Array.isArray(schema)) {
      return { kind: "union", branches: schema.map((branch: unknown) => this.parse(branch, namespace)) };
    }
    if (!isObject(schema)) throw new RangeError(`${JSON.stringify(schema)} is not an Avro schema`);
    const { type } = schema;
    switch (type) {
      case "record":
      case "error":
        return this.#define(schema, namespace, (inner) => ({
          kind: "record",
          fields: this.#fields(schema, inner),
        }));
      case "enum":
        return this.#define(schema, namespace, () => ({
          kind: "enum",
          symbols: stringsOf(schema["symbols"]),
        }));
      case "fixed":
        return this.#define(schema, namespace, () => fixedType(schema));
      case "array":
        return { kind: "array", items: this.parse(schema["items"], namespace) };
      case "map":
        return { kind: "map", values: this.parse(schema["values"], namespace) };
      default:
        return logicalType(this.parse(type, namespace), schema);
    }
  }

  #fields(schema: JsonSchema, namespace: string): AvroField[] {
    const { fields } = schema;
    if (!Array.isArray(fields)) throw new RangeError("a record has no fields");
    return fields.map((field: unknown) => {
      if (!isObject(field) || typeof field["name"] !== "string") throw new RangeError("a field has no name");
      return { name: field["name"], type: this.parse(field["type"], namespace) };
    });
  }

  #define(schema: JsonSchema, namespace: string, build: (namespace: string) => AvroType): AvroType {
    const name = String(schema["name"] ?? "");
    const own = typeof schema["namespace"] === "string" ? schema["namespace"] : namespace;
    const fullName = name.includes(".") || own === "" ? name : `${own}.${name}`;
    this.#named.set(fullName, undefined);
    const built = build(fullName.includes(".") ? fullName.slice(0, fullName.lastIndexOf(".")) : "");
    this.#named.set(fullName, built);
    if (!this.#recursive.has(fullName)) return built;
    return { kind: "recursive", resolve: () => built };
  }

  #reference(name: string, namespace: string): AvroType {
    if (isPrimitive(name)) return { kind: name };
    const fullName = name.includes(".") || namespace === "" ? name : `${namespace}.${name}`;
    const known = this.#named.has(fullName) ? fullName : name;
    if (!this.#named.has(known)) throw new RangeError(`the Avro schema names an unknown type ${name}`);
    const defined = this.#named.get(known);
    if (defined !== undefined)
      return this.#recursive.has(known) ? { kind: "recursive", resolve: () => defined } : defined;
    this.#recursive.add(known);
    const resolve = (): AvroType => {
      const type = this.#named.get(known);
      if (type === undefined) throw new RangeError(`the Avro type ${name} has no end`);
      return type;
    };
    return { kind: "recursive", resolve };
  }
}

type JsonSchema = { readonly [key: string]: unknown };

const isObject = (value: unknown): value is JsonSchema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isPrimitive = (name: string): name is Primitive => (PRIMITIVES as readonly string[]).includes(name);

function stringsOf(value: unknown): string[] {
  if (!Array.isArray(value)) throw new RangeError("an enum has no symbols");
  return value.map(String);
}

function fixedType(schema: JsonSchema): AvroType {
  const size = Number(schema["size"]);
  if (!Number.isInteger(size) || size < 0) throw new RangeError("a fixed type has no size");
  return logicalType({ kind: "fixed", size }, schema);
}

function logicalType(base: AvroType, schema: JsonSchema): AvroType {
  const logical = schema["logicalType"];
  const timestamp = /^(local-)?timestamp-(millis|micros|nanos)$/.exec(
    typeof logical === "string" ? logical : "",
  );
  switch (base.kind) {
    case "int":
      return logical === "date" || logical === "time-millis" ? { kind: logical } : base;
    case "long":
      if (logical === "time-micros") return { kind: logical };
      if (timestamp === null) return base;
      return { kind: "timestamp", unit: timestampUnit(timestamp[2]), local: timestamp[1] !== undefined };
    case "string":
      return logical === "uuid" ? { kind: "uuid" } : base;
    case "bytes":
      return logical === "decimal" ? decimalType(base, schema, undefined) : base;
    case "fixed":
      if (logical === "decimal") return decimalType(base, schema, base.size);
      if (logical === "duration" && base.size === 12) return { kind: "duration" };
      return logical === "uuid" && base.size === 16 ? { kind: "uuid-fixed" } : base;
    default:
      return base;
  }
}

function timestampUnit(text: string | undefined): TimestampUnit {
  return text === "millis" || text === "nanos" ? text : "micros";
}

function decimalType(base: AvroType, schema: JsonSchema, size: number | undefined): AvroType {
  const precision = Number(schema["precision"]);
  const scale = Number(schema["scale"] ?? 0);
  const valid =
    Number.isInteger(precision) &&
    Number.isInteger(scale) &&
    precision > 0 &&
    scale >= 0 &&
    scale <= precision;
  return valid ? { kind: "decimal", precision, scale, size } : base;
}
