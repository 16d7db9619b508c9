import { isJsonObject, type JsonValue, LakeError } from "../../core/index.js";
import { type DataType, type StructField, type StructType, typeText } from "../schema/index.js";
import { type FieldPath, findPath, partOf, pathText, replaceField } from "./field-path.js";

export const TYPE_CHANGES = "delta.typeChanges";

const INTEGERS: readonly string[] = ["byte", "short", "integer", "long"];
/** The digits of a decimal that hold any value of the type. */
const DIGITS: Readonly<Record<string, number>> = { byte: 10, short: 10, integer: 10, long: 20 };

/** Whether a column's type may become another one (PROTOCOL.md, "Type Widening"). */
export function canWiden(from: DataType, to: DataType): boolean {
  if (to.type === "decimal") {
    if (from.type === "decimal") {
      const [digits, scale] = [to.precision - from.precision, to.scale - from.scale];
      return digits >= scale && scale >= 0 && digits > 0;
    }
    const needed = DIGITS[from.type];
    return needed !== undefined && to.precision - to.scale >= needed;
  }
  const [rank, wider] = [INTEGERS.indexOf(from.type), INTEGERS.indexOf(to.type)];
  if (rank >= 0 && wider >= 0) return wider > rank;
  if (to.type === "double") return from.type === "float" || (rank >= 0 && from.type !== "long");
  return from.type === "date" && to.type === "timestamp_ntz";
}

/**
 * Widens the type that a path leads to and records the change in the metadata of the nearest field around
 * it (PROTOCOL.md, "Type Change Metadata").
 *
 * @throws LakeError `invalid-input` for a change that is no widening.
 */
export function widenType(schema: StructType, path: FieldPath, to: DataType): StructType {
  const target = findPath(schema, path);
  const from = target.kind === "field" ? target.field.type : target.type;
  if (!canWiden(from, to)) throw noWidening(target.path, from, to);
  const partPath = target.kind === "field" ? [] : target.partPath;
  const change = {
    fromType: typeName(from),
    toType: typeName(to),
    ...(partPath.length === 0 ? {} : { fieldPath: partPath.join(".") }),
  };
  const fieldPath = target.kind === "field" ? target.path : target.fieldPath;
  return replaceField(schema, fieldPath, (field) => ({
    ...field,
    type: replacePart(field.type, partPath, to),
    metadata: { ...field.metadata, [TYPE_CHANGES]: [...recordedChanges(field), change] },
  }));
}

function recordedChanges(field: StructField): readonly JsonValue[] {
  const changes = field.metadata[TYPE_CHANGES];
  if (changes === undefined) return [];
  if (Array.isArray(changes) && changes.every((change: JsonValue) => isJsonObject(change))) return changes;
  throw new LakeError("corrupt", "schema", `column "${field.name}" has ${TYPE_CHANGES} that are no list`, {
    context: { column: field.name },
  });
}

function replacePart(type: DataType, [name, ...rest]: FieldPath, to: DataType): DataType {
  if (name === undefined) return to;
  const part = partOf(type, name);
  return part === undefined ? type : part.replace(replacePart(part.type, rest, to));
}

/** A simple type as schema strings spell it. */
function typeName(type: DataType): string {
  return type.type === "decimal" ? `decimal(${type.precision},${type.scale})` : type.type;
}

function noWidening(path: FieldPath, from: DataType, to: DataType): LakeError {
  const nested = from.type === "struct" || from.type === "array" || from.type === "map";
  return new LakeError(
    "invalid-input",
    "type-change",
    `the type of ${pathText(path)} cannot change from ${typeText(from)} to ${typeText(to)}`,
    {
      context: { column: pathText(path), from: typeText(from), to: typeText(to) },
      hint: nested
        ? `Change the part of it that is to be wider, for example ${pathText([...path, from.type === "struct" ? (from.fields[0]?.name ?? "field") : from.type === "array" ? "element" : "value"])}.`
        : "A type only becomes a wider one: BYTE, SHORT, INT, LONG in this order, FLOAT to DOUBLE, whole numbers but LONG to DOUBLE, DECIMAL with as many digits on both sides of the point, DATE to TIMESTAMP_NTZ.",
    },
  );
}
