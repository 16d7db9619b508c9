import { quoteIdentifier, type ResultColumn } from "../../engine/index.js";
import { type EngineType, engineText, parseEngineType } from "../../table-format/index.js";

/**
 * The query with every variant as the text of its JSON, which is how they arrive in JavaScript and in Arrow:
 * neither has a type for them. The query itself when it has none.
 */
export function variantsAsJson(sql: string, columns: readonly ResultColumn[]): string {
  // The parser of types does not know every type of the engine's; those that it must know have this word.
  const types = columns.map(({ type }) => (type.includes("VARIANT") ? parseEngineType(type) : undefined));
  if (!types.some((type) => type !== undefined && holdsVariant(type))) return sql;
  const names = columns.map((_, index) => `c${index}`);
  const selected = columns.map(({ name }, index) => {
    const type = types[index];
    const value =
      type === undefined || !holdsVariant(type)
        ? `c${index}`
        : `CASE WHEN c${index} IS NOT NULL THEN CAST(c${index} AS ${engineText(withJson(type))}) END`;
    return `${value} AS ${quoteIdentifier(name)}`;
  });
  return `SELECT ${selected.join(", ")} FROM (${sql}\n) AS r(${names.join(", ")})`;
}

function holdsVariant(type: EngineType): boolean {
  switch (type.kind) {
    case "scalar":
      return type.name === "VARIANT";
    case "list":
      return holdsVariant(type.element);
    case "map":
      return holdsVariant(type.key) || holdsVariant(type.value);
    case "struct":
    case "union":
      return type.fields.some((field) => holdsVariant(field.type));
    default:
      return false;
  }
}

function withJson(type: EngineType): EngineType {
  switch (type.kind) {
    case "scalar":
      return type.name === "VARIANT" ? { kind: "scalar", name: "JSON" } : type;
    case "list":
      return { ...type, element: withJson(type.element) };
    case "map":
      return { ...type, key: withJson(type.key), value: withJson(type.value) };
    case "struct":
    case "union":
      return {
        ...type,
        fields: type.fields.map(({ name, type: inner }) => ({ name, type: withJson(inner) })),
      };
    default:
      return type;
  }
}
