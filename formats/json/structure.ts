import { LakeError } from "../../core/index.js";

/** What the values in one place of a file's records have in common, as `json_group_structure` tells it. */
export type JsonStructure =
  | { readonly kind: "string" | "number" | "boolean" | "null" }
  /** Values of several kinds, or objects that have no key in any record. */
  | { readonly kind: "mixed" }
  | { readonly kind: "array"; readonly element: JsonStructure }
  | { readonly kind: "object"; readonly fields: readonly JsonField[] };

export interface JsonField {
  readonly name: string;
  readonly structure: JsonStructure;
}

/** Parses the JSON text that DuckDB's `json_group_structure` and `json_structure` give. */
export function parseStructure(text: string): JsonStructure {
  return structureOf(JSON.parse(text));
}

function structureOf(value: unknown): JsonStructure {
  if (typeof value === "string") return { kind: scalarKind(value) };
  if (Array.isArray(value)) return { kind: "array", element: structureOf(value[0]) };
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).map(([name, field]) => ({ name, structure: structureOf(field) }));
    return { kind: "object", fields };
  }
  throw new LakeError("internal", "json-structure", `unexpected structure ${JSON.stringify(value)}`);
}

/**
 * The structure with the keys of every object in the order in which the guides have them, and keys that
 * no guide has behind them by name. `json_group_structure` promises no order.
 *
 * @param guides Structures of single records, in the order of the file.
 */
export function inOrderOf(structure: JsonStructure, guides: readonly JsonStructure[]): JsonStructure {
  if (structure.kind === "array") {
    const elements = guides.flatMap((guide) => (guide.kind === "array" ? [guide.element] : []));
    return { kind: "array", element: inOrderOf(structure.element, elements) };
  }
  if (structure.kind !== "object") return structure;
  const guidesByName = new Map<string, JsonStructure[]>();
  for (const guide of guides) {
    if (guide.kind !== "object") continue;
    for (const { name, structure: field } of guide.fields) {
      guidesByName.set(name, [...(guidesByName.get(name) ?? []), field]);
    }
  }
  const places = new Map([...guidesByName.keys()].map((name, place) => [name, place]));
  const placeOf = ({ name }: JsonField): number => places.get(name) ?? places.size;
  const fields = structure.fields
    .map(({ name, structure: field }) => ({
      name,
      structure: inOrderOf(field, guidesByName.get(name) ?? []),
    }))
    .sort((a, b) => placeOf(a) - placeOf(b) || (a.name < b.name ? -1 : 1));
  return { kind: "object", fields };
}

function scalarKind(type: string): "string" | "number" | "boolean" | "null" | "mixed" {
  switch (type) {
    case "VARCHAR":
      return "string";
    case "UBIGINT":
    case "BIGINT":
    case "HUGEINT":
    case "DOUBLE":
      return "number";
    case "BOOLEAN":
      return "boolean";
    case "NULL":
      return "null";
    case "JSON":
      return "mixed";
    default:
      throw new LakeError("internal", "json-structure", `unexpected type ${type} in a JSON structure`);
  }
}
