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

/** Parses the JSON text that DuckDB's `json_group_structure` gives; `undefined` when there were no records. */
export function parseStructure(text: string | null): JsonStructure | undefined {
  return text === null ? undefined : structureOf(JSON.parse(text));
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
