import { LakeError } from "../../../core/index.js";
import { quoteIdentifier, quoteString } from "../../../engine/index.js";
import {
  type FieldPath,
  findPath,
  foldCase,
  hasFeature,
  identityOf,
  type Protocol,
  pathText,
  type StructField,
  type StructType,
} from "../../../table-format/index.js";
import type { Assignment } from "../../sql/dml/row-statements.js";

/** An assignment of a statement to a column or a struct's field that the table has. */
export interface PlannedAssignment {
  /** In the table's own case. */
  readonly path: FieldPath;
  /** What the path leads to. */
  readonly field: StructField;
  /** An expression; `undefined` for the default of the column. */
  readonly value: string | undefined;
}

/** A column or field that gets a value, and SQL of it, of the type that the engine has for the field. */
export interface AssignedValue {
  readonly path: FieldPath;
  readonly sql: string;
}

/**
 * Finds the columns and fields of a SET list, without regard to the case of names. Pure.
 *
 * @throws LakeError `invalid-input` for a column that the table does not have, one that is set twice (itself, or a
 *   field of it), an identity column, the inside of an array or map, and the default of a field.
 */
export function planAssignments(
  { schema, protocol }: { readonly schema: StructType; readonly protocol: Protocol },
  set: readonly Assignment[],
): PlannedAssignment[] {
  const planned = set.map(({ column, value }): PlannedAssignment => {
    const target = findPath(schema, column);
    if (target.kind === "part") throw insideOf(target.path);
    const { path, field } = target;
    if (value === undefined && path.length > 1) throw fieldDefault(path);
    if (path.length === 1 && hasFeature(protocol, "identityColumns") && identityOf(field) !== undefined) {
      throw identitySet(path);
    }
    return { path, field, value };
  });
  for (const [index, { path }] of planned.entries()) {
    const twin = planned.slice(0, index).find((other) => overlap(path, other.path));
    if (twin !== undefined) throw setTwice(path, twin.path);
  }
  return planned;
}

/**
 * SQL of a column's new value: the assigned one, or the struct with its assigned fields replaced. A struct that is
 * NULL becomes one whose other fields are NULL, as in delta-spark. Pure.
 *
 * @param current SQL of the value that the row has
 */
export function newValueSql(field: StructField, current: string, assigned: readonly AssignedValue[]): string {
  return valueAt(field, [field.name], current, assigned);
}

function valueAt(
  field: StructField,
  path: FieldPath,
  current: string,
  assigned: readonly AssignedValue[],
): string {
  const inside = assigned.filter((value) => startsWith(value.path, path));
  const own = inside.find((value) => value.path.length === path.length);
  if (own !== undefined) return own.sql;
  if (inside.length === 0 || field.type.type !== "struct") return current;
  const members = field.type.fields.map((member) => {
    const old = `struct_extract(${current}, ${quoteString(member.name)})`;
    return `${quoteIdentifier(member.name)} := ${valueAt(member, [...path, member.name], old, inside)}`;
  });
  return `struct_pack(${members.join(", ")})`;
}

function startsWith(path: FieldPath, start: FieldPath): boolean {
  return path.length >= start.length && start.every((name, index) => same(name, path[index]));
}

function overlap(a: FieldPath, b: FieldPath): boolean {
  return startsWith(a, b) || startsWith(b, a);
}

function same(a: string, b: string | undefined): boolean {
  return b !== undefined && foldCase(a) === foldCase(b);
}

function insideOf(path: FieldPath): LakeError {
  return invalid(
    "column-inside",
    path,
    `${pathText(path)} is inside an array or a map, and cannot be set by itself`,
    "Set the whole column.",
  );
}

function fieldDefault(path: FieldPath): LakeError {
  return invalid(
    "field-default",
    path,
    `${pathText(path)} is a field of a struct, and has no default`,
    "Write NULL, or another value.",
  );
}

function identitySet(path: FieldPath): LakeError {
  return invalid(
    "identity-given",
    path,
    `${pathText(path)} is an identity column: its values cannot be changed`,
    "Leave the column out of SET.",
  );
}

function setTwice(path: FieldPath, other: FieldPath): LakeError {
  const [one, two] = [pathText(path), pathText(other)];
  return invalid(
    "column-set-twice",
    path,
    one === two ? `${one} is set twice` : `${one} and ${two} are both set, and one is part of the other`,
    "Set each column once.",
  );
}

function invalid(code: string, path: FieldPath, message: string, hint: string): LakeError {
  return new LakeError("invalid-input", code, message, { context: { column: pathText(path) }, hint });
}
