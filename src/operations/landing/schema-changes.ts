import { type DataType, findField, type StructType, typeText } from "../../../table-format/index.js";

/**
 * What a landing changed of a table's columns, one sentence each. Pure.
 *
 * @param before the table's schema; `undefined` for a new table, of which there is nothing to tell
 */
export function schemaChanges(before: StructType | undefined, after: StructType): string[] {
  return before === undefined ? [] : structChanges(before, after, "");
}

function structChanges(before: StructType, after: StructType, parent: string): string[] {
  const gone = before.fields.filter((field) => findField(after, field.name) === undefined);
  return [
    ...after.fields.flatMap((field) => {
      const path = `${parent}${field.name}`;
      const old = findField(before, field.name);
      return old === undefined
        ? [`column added: ${path} ${typeText(field.type)}`]
        : typeChanges(old.type, field.type, path);
    }),
    ...gone.map((field) => `column dropped: ${parent}${field.name}`),
  ];
}

function typeChanges(before: DataType, after: DataType, path: string): string[] {
  if (before.type === "struct" && after.type === "struct") return structChanges(before, after, `${path}.`);
  if (before.type === "array" && after.type === "array") {
    return typeChanges(before.elementType, after.elementType, `${path}.element`);
  }
  if (before.type === "map" && after.type === "map") {
    return [
      ...typeChanges(before.keyType, after.keyType, `${path}.key`),
      ...typeChanges(before.valueType, after.valueType, `${path}.value`),
    ];
  }
  const [from, to] = [typeText(before), typeText(after)];
  return from === to ? [] : [`type changed: ${path} from ${from} to ${to}`];
}
