import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  LakeError,
  messageOf,
  parseJson,
  stringifyJson,
} from "../../core/index.js";
import {
  type DataType,
  PRIMITIVE_TYPES,
  type PrimitiveName,
  type StructField,
  type StructType,
} from "./types.js";

// Types that Delta tables may hold and this release does not read.
const KNOWN_BUT_UNSUPPORTED = /^(interval|geometry|geography)\b|^struct<>$/;

// Names of Spark's for types that have another one in the protocol. The lengths are a matter of writers.
const OTHER_NAMES: readonly (readonly [RegExp, PrimitiveName])[] = [
  [/^(var)?char\(\s*\d+\s*\)$/, "string"],
  [/^null$/, "void"],
];

/**
 * Reads the `schemaString` of a `metaData` action (PROTOCOL.md, "Schema Serialization Format").
 *
 * @throws LakeError `corrupt` when it is not a schema, naming the field; `unsupported` for a type that
 * this release does not know, naming the field and the type.
 */
export function parseSchema(schemaString: string): StructType {
  let value: JsonValue;
  try {
    value = parseJson(schemaString);
  } catch (error) {
    throw new LakeError("corrupt", "schema", `the table's schema is not JSON: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const type = parseType(value, "");
  if (type.type !== "struct") throw corrupt("", `is ${type.type}, not a struct`);
  return type;
}

/** Writes a schema in the form that {@link parseSchema} reads. */
export function serializeSchema(schema: StructType): string {
  return stringifyJson(typeJson(schema));
}

function parseType(value: JsonValue | undefined, path: string): DataType {
  if (typeof value === "string") return parseTypeName(value, path);
  if (!isJsonObject(value)) throw corrupt(path, "has no type");
  switch (value["type"]) {
    case "struct":
      return parseStruct(value, path);
    case "array":
      return {
        type: "array",
        elementType: parseType(value["elementType"], child(path, "element")),
        containsNull: parseBoolean(value, "containsNull", path),
      };
    case "map":
      return {
        type: "map",
        keyType: parseType(value["keyType"], child(path, "key")),
        valueType: parseType(value["valueType"], child(path, "value")),
        valueContainsNull: parseBoolean(value, "valueContainsNull", path),
      };
    default:
      if (typeof value["type"] !== "string") throw corrupt(path, "has no type");
      throw unsupported(path, value["type"]);
  }
}

function parseStruct(struct: JsonObject, path: string): StructType {
  const fields = struct["fields"];
  if (!Array.isArray(fields)) throw corrupt(path, "is a struct without fields");
  // Neither Parquet nor the engine has one.
  if (fields.length === 0 && path !== "") throw unsupported(path, "struct<>");
  return { type: "struct", fields: fields.map((field: JsonValue, index) => parseField(field, path, index)) };
}

function parseField(value: JsonValue, path: string, index: number): StructField {
  const name = isJsonObject(value) ? value["name"] : undefined;
  if (!isJsonObject(value) || typeof name !== "string")
    throw corrupt(path, `has no name for its field ${index + 1}`);
  const here = child(path, name);
  const metadata = value["metadata"] ?? {};
  if (!isJsonObject(metadata)) throw corrupt(here, "has metadata that is not a JSON object");
  return {
    name,
    type: parseType(value["type"], here),
    nullable: parseBoolean(value, "nullable", here),
    metadata,
  };
}

function parseBoolean(object: JsonObject, key: string, path: string): boolean {
  const value = object[key];
  if (typeof value !== "boolean") throw corrupt(path, `has no true or false for "${key}"`);
  return value;
}

function parseTypeName(name: string, path: string): DataType {
  if (isPrimitive(name)) return { type: name };
  const other = OTHER_NAMES.find(([pattern]) => pattern.test(name));
  if (other !== undefined) return { type: other[1] };
  if (name === "decimal") return { type: "decimal", precision: 10, scale: 0 };
  const decimal = /^decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)$/.exec(name);
  if (decimal === null) throw unsupported(path, name);
  const [precision, scale] = [Number(decimal[1]), Number(decimal[2])];
  if (precision < 1 || precision > 38 || scale > precision)
    throw corrupt(path, `has the impossible type ${name}`);
  return { type: "decimal", precision, scale };
}

function isPrimitive(name: string): name is PrimitiveName {
  return PRIMITIVE_TYPES.some((primitive) => primitive === name);
}

function typeJson(type: DataType): JsonValue {
  switch (type.type) {
    case "decimal":
      return `decimal(${type.precision},${type.scale})`;
    case "struct":
      return {
        type: "struct",
        fields: type.fields.map((field) => ({
          name: field.name,
          type: typeJson(field.type),
          nullable: field.nullable,
          metadata: field.metadata,
        })),
      };
    case "array":
      return { type: "array", elementType: typeJson(type.elementType), containsNull: type.containsNull };
    case "map":
      return {
        type: "map",
        keyType: typeJson(type.keyType),
        valueType: typeJson(type.valueType),
        valueContainsNull: type.valueContainsNull,
      };
    default:
      return type.type;
  }
}

function child(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function subject(path: string): string {
  return path === "" ? "the table's schema" : `column "${path}" of the table's schema`;
}

function corrupt(path: string, what: string): LakeError {
  return new LakeError("corrupt", "schema", `${subject(path)} ${what}`, { context: { column: path } });
}

function unsupported(path: string, type: string): LakeError {
  const known = KNOWN_BUT_UNSUPPORTED.test(type);
  return new LakeError(
    "unsupported",
    "schema-type",
    `${subject(path)} has type "${type}", which this release ${known ? "does not read" : "does not know"}`,
    { context: { column: path, type } },
  );
}
