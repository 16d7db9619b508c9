import { LakeError } from "../../core/index.js";
import {
  checkNewSchema,
  type DataType,
  foldCase,
  type StructField,
  type StructType,
} from "../schema/index.js";
import {
  changeFields,
  type FieldPath,
  fieldNamed,
  fieldsAt,
  findPath,
  pathText,
  replaceField,
} from "./field-path.js";

/** Where a column stands among its neighbours. */
export type ColumnPosition = { readonly kind: "first" } | { readonly kind: "after"; readonly name: string };

/** A column, or a field of a struct, that a table is to get. */
export interface AddedColumn {
  /** The last name is the new one. */
  readonly path: FieldPath;
  readonly type: DataType;
  readonly comment?: string | undefined;
  /** Default: the last. */
  readonly position?: ColumnPosition | undefined;
}

/**
 * Adds columns, one after the other, so that a position may name one that came before.
 *
 * @throws LakeError `already-exists` for a name that is taken; `invalid-input` as `checkNewSchema`.
 */
export function addColumns(schema: StructType, columns: readonly AddedColumn[]): StructType {
  const added = columns.reduce((before, column) => addColumn(before, column), schema);
  checkNewSchema(added);
  return added;
}

function addColumn(schema: StructType, { path, type, comment, position }: AddedColumn): StructType {
  const name = path.at(-1) ?? "";
  const field: StructField = {
    name,
    type,
    nullable: true,
    metadata: comment === undefined ? {} : { comment },
  };
  return changeFields(schema, path.slice(0, -1), (fields) => {
    const taken = fieldNamed(fields, name);
    if (taken !== undefined) throw nameTaken(path, taken.name);
    return placed(fields, field, position, path);
  });
}

/**
 * Gives a column another name.
 *
 * @throws LakeError `already-exists`, `invalid-input`.
 */
export function renameColumn(schema: StructType, path: FieldPath, name: string): StructType {
  const target = requireField(schema, path, "rename");
  const parent = path.slice(0, -1);
  const taken = fieldNamed(
    fieldsAt(schema, parent).filter((field) => field !== target),
    name,
  );
  if (taken !== undefined) throw nameTaken([...parent, name], taken.name);
  const renamed = replaceField(schema, path, (field) => ({ ...field, name }));
  checkNewSchema(renamed);
  return renamed;
}

/** Takes a column away. @throws LakeError `invalid-input` for the last column of a table or a struct. */
export function dropColumn(schema: StructType, path: FieldPath): StructType {
  requireField(schema, path, "drop");
  const parent = path.slice(0, -1);
  if (fieldsAt(schema, parent).length === 1) {
    const where = parent.length === 0 ? "the table" : pathText(parent);
    throw new LakeError(
      "invalid-input",
      "last-column",
      `cannot drop ${pathText(path)}: it is the only column of ${where}`,
      { context: { column: pathText(path) } },
    );
  }
  return replaceField(schema, path, () => undefined);
}

/** Puts a column at another place among its neighbours. */
export function moveColumn(schema: StructType, path: FieldPath, position: ColumnPosition): StructType {
  const moved = requireField(schema, path, "move");
  return changeFields(schema, path.slice(0, -1), (fields) =>
    placed(
      fields.filter((field) => field !== moved),
      moved,
      position,
      path,
    ),
  );
}

/** Sets what a column's metadata says under a key; `undefined` takes the key away. */
export function setColumnMetadata(
  schema: StructType,
  path: FieldPath,
  key: string,
  value: string | undefined,
): StructType {
  requireField(schema, path, "change");
  return replaceField(schema, path, (field) => {
    const { [key]: _, ...rest } = field.metadata;
    return { ...field, metadata: value === undefined ? rest : { ...rest, [key]: value } };
  });
}

/** Says whether a column may hold NULL. */
export function setNullable(schema: StructType, path: FieldPath, nullable: boolean): StructType {
  requireField(schema, path, "change");
  return replaceField(schema, path, (field) => ({ ...field, nullable }));
}

/** The column or field of a struct at a path. @throws LakeError `invalid-input` for a part of an array or a map. */
export function requireField(schema: StructType, path: FieldPath, doing: string): StructField {
  const target = findPath(schema, path);
  if (target.kind === "field") return target.field;
  throw new LakeError(
    "invalid-input",
    "not-a-column",
    `cannot ${doing} ${pathText(path)}: it is the inside of ${pathText(target.fieldPath)}, which has no name of its own`,
    { context: { column: pathText(path) } },
  );
}

function placed(
  fields: readonly StructField[],
  field: StructField,
  position: ColumnPosition | undefined,
  path: FieldPath,
): readonly StructField[] {
  if (position === undefined) return [...fields, field];
  if (position.kind === "first") return [field, ...fields];
  const neighbour = fields.findIndex((other) => foldCase(other.name) === foldCase(position.name));
  if (neighbour < 0) {
    throw new LakeError(
      "invalid-input",
      "column-not-found",
      `cannot put ${pathText(path)} after ${pathText([position.name])}: there is no such column beside it`,
      {
        context: { column: position.name },
        hint: `There are ${fields.map(({ name }) => name).join(", ")}.`,
      },
    );
  }
  return fields.toSpliced(neighbour + 1, 0, field);
}

function nameTaken(path: FieldPath, by: string): LakeError {
  return new LakeError(
    "already-exists",
    "column-exists",
    `cannot call a column ${pathText(path)}: there is a column ${by} already`,
    { context: { column: pathText(path) } },
  );
}
