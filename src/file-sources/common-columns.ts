import type { SourceColumn } from "../../formats/index.js";
import { type EngineType, engineText, foldCase, parseEngineType } from "../../table-format/index.js";
import { commonType, isNullType, isText, TEXT } from "./common-type.js";

/** A column with its type parsed. */
export interface TypedColumn {
  readonly name: string;
  readonly type: EngineType;
}

/** Pure: the columns of a source. An enumeration is text, for its values differ from file to file. */
export function typedColumns(columns: readonly SourceColumn[]): TypedColumn[] {
  return columns.map(({ name, type }) => {
    const parsed = parseEngineType(type);
    return { name, type: parsed.kind === "enum" ? TEXT : parsed };
  });
}

/** Pure: the columns of all sources by name, in the order in which they first come, each with its common type. */
export function commonColumns(sources: readonly (readonly TypedColumn[])[]): TypedColumn[] {
  const found = new Map<string, TypedColumn>();
  for (const { name, type } of sources.flat()) {
    const known = found.get(foldCase(name));
    found.set(
      foldCase(name),
      known === undefined ? { name, type } : { name: known.name, type: commonType(known.type, type) },
    );
  }
  return [...found.values()].map(({ name, type }) => ({ name, type: withoutNullTypes(type) }));
}

/** What holds no value anywhere is text. */
function withoutNullTypes(type: EngineType): EngineType {
  if (isNullType(type)) return TEXT;
  switch (type.kind) {
    case "struct":
      return {
        kind: "struct",
        fields: type.fields.map((field) => ({ name: field.name, type: withoutNullTypes(field.type) })),
      };
    case "list":
      return { ...type, element: withoutNullTypes(type.element) };
    case "map":
      return { kind: "map", key: withoutNullTypes(type.key), value: withoutNullTypes(type.value) };
    default:
      return type;
  }
}

/** A place of values inside a column: the fields that lead to it. */
export interface TextPlace {
  readonly path: readonly string[];
  readonly isList: boolean;
}

/**
 * Pure: the places of a source that are text where another source has another type. Should they hold no value at all,
 * which makes them text as well, they need not make text of the others.
 */
export function contestedTexts(
  columns: readonly TypedColumn[],
  sources: readonly (readonly TypedColumn[])[],
): TextPlace[] {
  return columns.flatMap(({ name, type }) => contestedIn([name], type, sources));
}

function contestedIn(
  path: readonly string[],
  type: EngineType,
  sources: readonly (readonly TypedColumn[])[],
): TextPlace[] {
  if (type.kind === "struct") {
    return type.fields.flatMap((field) => contestedIn([...path, field.name], field.type, sources));
  }
  const isList = type.kind === "list" && isText(type.element);
  if (!isList && !isText(type)) return [];
  const others = sources.flatMap((columns) => typeAt(columns, path) ?? []);
  return others.some((other) => engineText(other) !== engineText(type)) ? [{ path, isList }] : [];
}

function typeAt(
  columns: readonly TypedColumn[],
  [first, ...rest]: readonly string[],
): EngineType | undefined {
  const found = columns.find(({ name }) => foldCase(name) === foldCase(first ?? ""));
  if (found === undefined || rest.length === 0) return found?.type;
  return found.type.kind === "struct" ? typeAt(found.type.fields, rest) : undefined;
}

/** Pure: the columns with the type of NULL at a place that holds no value. */
export function withoutValuesAt(columns: readonly TypedColumn[], { path, isList }: TextPlace): TypedColumn[] {
  const [first, ...rest] = path;
  return columns.map((column) => {
    const { name, type } = column;
    if (name !== first) return column;
    if (rest.length > 0 && type.kind === "struct") {
      return { name, type: { kind: "struct", fields: withoutValuesAt(type.fields, { path: rest, isList }) } };
    }
    const none: EngineType = { kind: "scalar", name: "NULL" };
    return { name, type: isList && type.kind === "list" ? { ...type, element: none } : none };
  });
}
