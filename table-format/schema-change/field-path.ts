import { LakeError } from "../../core/index.js";
import { type DataType, foldCase, type StructField, type StructType, typeText } from "../schema/index.js";

/**
 * The names that lead to a column or to a part of one: fields of structs by their names, the inside of an
 * array as `element`, of a map as `key` or `value`. At least one name.
 */
export type FieldPath = readonly string[];

/** A path as SQL writes it: `a.b`, with backticks around a name that needs them. */
export function pathText(path: FieldPath): string {
  return path.map((name) => (/^\w+$/.test(name) ? name : `\`${name.replaceAll("`", "``")}\``)).join(".");
}

/** What a path leads to. */
export type PathTarget =
  | { readonly kind: "field"; readonly path: FieldPath; readonly field: StructField }
  /** The inside of an array or a map; `field` is the nearest column or field around it. */
  | {
      readonly kind: "part";
      readonly path: FieldPath;
      readonly field: StructField;
      readonly fieldPath: FieldPath;
      /** From `field` to the part: `element`, `value.key`, ... */
      readonly partPath: FieldPath;
      readonly type: DataType;
    };

/**
 * Follows a path, without regard to the case of names.
 *
 * @throws LakeError `invalid-input` `column-not-found`.
 */
export function findPath(schema: StructType, path: FieldPath): PathTarget {
  let type: DataType = schema;
  let around: { readonly field: StructField; readonly path: FieldPath } | undefined;
  let part: string[] = [];
  const seen: string[] = [];
  for (const name of path) {
    if (type.type === "struct") {
      const field: StructField | undefined = fieldNamed(type.fields, name);
      if (field === undefined) throw notFound(path, seen, type);
      seen.push(field.name);
      around = { field, path: [...seen] };
      part = [];
      type = field.type;
      continue;
    }
    const inner = partOf(type, name);
    if (inner === undefined) throw notFound(path, seen, type);
    seen.push(inner.name);
    part.push(inner.name);
    type = inner.type;
  }
  if (around === undefined) throw new LakeError("internal", "empty-path", "a path without a name");
  return part.length === 0
    ? { kind: "field", path: seen, field: around.field }
    : { kind: "part", path: seen, field: around.field, fieldPath: around.path, partPath: part, type };
}

/** Puts another field, or none, in the place of the one that a path leads to. */
export function replaceField(
  schema: StructType,
  path: FieldPath,
  replace: (field: StructField) => StructField | undefined,
): StructType {
  const name = path.at(-1) ?? "";
  return changeFields(schema, path.slice(0, -1), (fields) =>
    fields.flatMap((field) => {
      if (field !== fieldNamed(fields, name)) return [field];
      const replaced = replace(field);
      return replaced === undefined ? [] : [replaced];
    }),
  );
}

/**
 * Changes the fields of the struct that a path leads to; the empty path is the table itself.
 *
 * @throws LakeError `invalid-input` `column-not-found`, `not-a-struct`.
 */
export function changeFields(
  schema: StructType,
  path: FieldPath,
  change: (fields: readonly StructField[]) => readonly StructField[],
): StructType {
  return changeStruct(schema, path, 0, change);
}

/** The fields of the struct that a path leads to; the empty path is the table itself. */
export function fieldsAt(schema: StructType, path: FieldPath): readonly StructField[] {
  let found: readonly StructField[] = [];
  changeFields(schema, path, (fields) => {
    found = fields;
    return fields;
  });
  return found;
}

/** The field of this name, the case of which does not count. */
export function fieldNamed(fields: readonly StructField[], name: string): StructField | undefined {
  return (
    fields.find((field) => field.name === name) ??
    fields.find((field) => foldCase(field.name) === foldCase(name))
  );
}

function changeStruct(
  struct: StructType,
  path: FieldPath,
  done: number,
  change: (fields: readonly StructField[]) => readonly StructField[],
): StructType {
  const name = path[done];
  if (name === undefined) return { ...struct, fields: change(struct.fields) };
  const inside = fieldNamed(struct.fields, name);
  if (inside === undefined) throw notFound(path, path.slice(0, done), struct);
  const fields = struct.fields.map((field) =>
    field === inside ? { ...field, type: changeInType(field.type, path, done + 1, change) } : field,
  );
  return { ...struct, fields };
}

function changeInType(
  type: DataType,
  path: FieldPath,
  done: number,
  change: (fields: readonly StructField[]) => readonly StructField[],
): DataType {
  if (type.type === "struct") return changeStruct(type, path, done, change);
  const inner = partOf(type, path[done] ?? "");
  if (inner !== undefined) return inner.replace(changeInType(inner.type, path, done + 1, change));
  if (path[done] !== undefined) throw notFound(path, path.slice(0, done), type);
  throw new LakeError(
    "invalid-input",
    "not-a-struct",
    `${pathText(path)} has no fields: it is ${typeText(type)}`,
    {
      context: { column: pathText(path) },
      ...(type.type === "array" || type.type === "map"
        ? {
            hint: `Name the part of it: ${pathText([...path, type.type === "array" ? "element" : "value"])}.`,
          }
        : {}),
    },
  );
}

interface Part {
  readonly name: string;
  readonly type: DataType;
  readonly replace: (type: DataType) => DataType;
}

/** The inside of an array or a map by its name; `undefined` when the type has none of this name. */
export function partOf(type: DataType, name: string): Part | undefined {
  const folded = name.toLowerCase();
  if (type.type === "array" && folded === "element") {
    return { name: folded, type: type.elementType, replace: (elementType) => ({ ...type, elementType }) };
  }
  if (type.type === "map" && folded === "key") {
    return { name: folded, type: type.keyType, replace: (keyType) => ({ ...type, keyType }) };
  }
  if (type.type === "map" && folded === "value") {
    return { name: folded, type: type.valueType, replace: (valueType) => ({ ...type, valueType }) };
  }
  return undefined;
}

function notFound(path: FieldPath, seen: FieldPath, type: DataType): LakeError {
  const names =
    type.type === "struct"
      ? type.fields.map((field) => field.name)
      : type.type === "array"
        ? ["element"]
        : type.type === "map"
          ? ["key", "value"]
          : [];
  const where = seen.length === 0 ? "the table" : pathText(seen);
  return new LakeError("invalid-input", "column-not-found", `there is no column ${pathText(path)}`, {
    context: { column: pathText(path) },
    hint: names.length === 0 ? `${where} has no fields.` : `${where} has ${names.join(", ")}.`,
  });
}
