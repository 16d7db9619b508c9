import { isJsonObject, type JsonObject, type JsonValue, parseJson } from "../../core/index.js";
import type { AvroField, AvroLeaf, AvroNames, AvroRecord, AvroType, TimestampUnit } from "./schema.js";

const PRIMITIVES = ["null", "boolean", "int", "long", "float", "double", "bytes", "string"] as const;
type Primitive = (typeof PRIMITIVES)[number];

/**
 * Parses the JSON of a schema. A logical type that is unknown, or not valid on its base type, is
 * ignored, as the specification says.
 *
 * @throws RangeError naming what is wrong; SyntaxError when the text is not JSON.
 */
export function parseAvroSchema(json: string): AvroType {
  return new SchemaParser().parse(parseJson(json), "");
}

class SchemaParser {
  /** Named types; `undefined` while their own definition is being read. */
  readonly #named = new Map<string, AvroType | undefined>();
  readonly #recursive = new Set<string>();

  parse(schema: JsonValue | undefined, namespace: string): AvroType {
    if (typeof schema === "string") return this.#reference(schema, namespace);
    if (Array.isArray(schema)) return this.#union(schema, namespace);
    if (!isJsonObject(schema)) throw new RangeError(`${JSON.stringify(schema)} is not an Avro schema`);
    switch (schema["type"]) {
      case "record":
      case "error":
        return this.#record(schema, namespace);
      case "enum":
        return this.#define(namesOf(schema, namespace), (names) => enumType(schema, names));
      case "fixed":
        return this.#define(namesOf(schema, namespace), (names) => fixedType(schema, names));
      case "array":
        return { kind: "array", items: this.parse(schema["items"], namespace) };
      case "map":
        return { kind: "map", values: this.parse(schema["values"], namespace) };
      default:
        return logicalType(this.parse(schema["type"], namespace), schema);
    }
  }

  #union(schema: readonly JsonValue[], namespace: string): AvroType {
    const branches = schema.map((branch) => this.parse(branch, namespace));
    if (branches.some((branch) => branch.kind === "union"))
      throw new RangeError("a union is directly in a union");
    return { kind: "union", branches };
  }

  #record(schema: JsonObject, namespace: string): AvroType {
    const names = namesOf(schema, namespace);
    const inner = namespaceOf(names.name);
    this.#begin(names.name);
    const built: AvroRecord = { kind: "record", ...names, fields: this.#fields(schema, inner) };
    this.#named.set(names.name, built);
    return this.#recursive.has(names.name) ? { kind: "recursive", resolve: () => built } : built;
  }

  #fields(schema: JsonObject, namespace: string): AvroField[] {
    const { fields } = schema;
    if (!Array.isArray(fields)) throw new RangeError("a record has no fields");
    const names = new Set<string>();
    return fields.map((field: JsonValue) => {
      if (!isJsonObject(field) || typeof field["name"] !== "string")
        throw new RangeError("a field has no name");
      const { name } = field;
      if (names.has(name)) throw new RangeError(`a record has two fields ${name}`);
      names.add(name);
      const type = this.parse(field["type"], namespace);
      return {
        name,
        aliases: stringsOf(field["aliases"] ?? [], "aliases"),
        type,
        fallback: field["default"],
      };
    });
  }

  #define<T extends AvroType>(names: AvroNames, build: (names: AvroNames) => T): T {
    this.#begin(names.name);
    const built = build(names);
    this.#named.set(names.name, built);
    return built;
  }

  #begin(name: string): void {
    if (this.#named.has(name)) throw new RangeError(`the Avro schema defines ${name} twice`);
    this.#named.set(name, undefined);
  }

  #reference(name: string, namespace: string): AvroType {
    if (isPrimitive(name)) return { kind: name };
    const fullName = qualified(name, namespace);
    const known = this.#named.has(fullName) ? fullName : name;
    if (!this.#named.has(known)) throw new RangeError(`the Avro schema names an unknown type ${name}`);
    const defined = this.#named.get(known);
    if (defined !== undefined && !this.#recursive.has(known)) return defined;
    this.#recursive.add(known);
    const resolve = (): AvroRecord => {
      const type = this.#named.get(known);
      if (type?.kind !== "record") throw new RangeError(`the Avro type ${name} has no end`);
      return type;
    };
    return { kind: "recursive", resolve };
  }
}

const isPrimitive = (name: string): name is Primitive => (PRIMITIVES as readonly string[]).includes(name);

const qualified = (name: string, namespace: string): string =>
  name.includes(".") || namespace === "" ? name : `${namespace}.${name}`;

const namespaceOf = (name: string): string =>
  name.includes(".") ? name.slice(0, name.lastIndexOf(".")) : "";

function namesOf(schema: JsonObject, namespace: string): AvroNames {
  const { name } = schema;
  if (typeof name !== "string") throw new RangeError(`a ${String(schema["type"])} has no name`);
  const own = schema["namespace"];
  const fullName = qualified(name, typeof own === "string" ? own : namespace);
  const aliases = stringsOf(schema["aliases"] ?? [], "aliases").map((alias) =>
    qualified(alias, namespaceOf(fullName)),
  );
  return { name: fullName, aliases };
}

function stringsOf(value: JsonValue | undefined, what: string): string[] {
  if (!Array.isArray(value)) throw new RangeError(`${what} are not a list`);
  return value.map(String);
}

function enumType(schema: JsonObject, names: AvroNames): AvroType {
  const fallback = schema["default"];
  return {
    kind: "enum",
    ...names,
    symbols: stringsOf(schema["symbols"], `the symbols of ${names.name}`),
    fallback: typeof fallback === "string" ? fallback : undefined,
  };
}

function fixedType(schema: JsonObject, names: AvroNames): AvroType {
  const size = Number(schema["size"]);
  if (!Number.isInteger(size) || size < 0) throw new RangeError("a fixed type has no size");
  return logicalType({ kind: "fixed", size, ...names }, schema);
}

function logicalType(base: AvroType, schema: JsonObject): AvroType {
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
      return logical === "decimal" ? decimalType(base, schema) : base;
    case "fixed":
      if (logical === "decimal") return decimalType(base, schema);
      if (logical === "duration" && base.size === 12) return { ...base, kind: "duration" };
      return logical === "uuid" && base.size === 16 ? { ...base, kind: "uuid-fixed" } : base;
    default:
      return base;
  }
}

function timestampUnit(text: string | undefined): TimestampUnit {
  return text === "millis" || text === "nanos" ? text : "micros";
}

function decimalType(base: AvroLeaf, schema: JsonObject): AvroType {
  const precision = Number(schema["precision"]);
  const scale = Number(schema["scale"] ?? 0);
  const valid =
    Number.isInteger(precision) &&
    Number.isInteger(scale) &&
    precision > 0 &&
    scale >= 0 &&
    scale <= precision;
  if (!valid) return base;
  if (base.kind !== "fixed") return { kind: "decimal", precision, scale };
  // Not every digit of the precision need fit: the specification ignores the logical type then.
  if (precision > maximumPrecision(base.size)) return base;
  return { kind: "decimal", precision, scale, fixed: base };
}

/** The most digits that `size` bytes hold. Avro specification 1.12, "Decimal". */
function maximumPrecision(size: number): number {
  return Math.floor(Math.log10(2) * (8 * size - 1));
}
