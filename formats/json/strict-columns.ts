import type { FittedColumn } from "../opened-source.js";
import { type FieldPlan, type LeafPlan, planNestsTooDeep } from "./field-plan.js";
import { engineType, type TargetField, type TargetType, targetTypeOf } from "./fit/target-type.js";
import { hasSpellings, type JsonColumns } from "./read-json.js";

/** The columns with the keys that their sources are: a source is a key, or the name of the column of one. */
export function withKeys(columns: readonly FittedColumn[], found: JsonColumns): readonly FittedColumn[] {
  if (found.kind === "value") return columns;
  return columns.map((column) => {
    const { source } = column;
    if (found.columns.some(({ key }) => key === source)) return column;
    const named = found.columns.find(({ name }) => name === source);
    return named === undefined ? column : { ...column, source: named.key };
  });
}

/**
 * How the engine reads columns by the types that are wanted, refusing all that does not fit; `undefined` for types
 * where its reader would change a value without notice.
 */
export function strictColumns(columns: readonly FittedColumn[], found: JsonColumns): JsonColumns | undefined {
  if (found.kind === "value" || columns.length === 0 || hasSpellings(found)) return undefined;
  const planned = columns.map(({ name, type, source }) => {
    const key = spelled(
      source,
      found.columns.map((column) => column.key),
    );
    const guide = found.columns.find((column) => column.key === key)?.plan ?? "unseen";
    return { key, name, plan: planOf(targetTypeOf(type), guide) };
  });
  const keys = new Set(planned.map(({ key }) => key));
  if (keys.size < planned.length) return undefined;
  const strict = planned.flatMap(({ key, name, plan }) => (plan === undefined ? [] : [{ key, name, plan }]));
  const isPlanned = strict.length === planned.length && !strict.some(({ plan }) => planNestsTooDeep(plan));
  return isPlanned ? { kind: "keys", columns: strict } : undefined;
}

/** A name as the records spell it. */
function spelled(name: string, keys: readonly string[]): string {
  if (keys.includes(name)) return name;
  return keys.find((key) => key.toLowerCase() === name.toLowerCase()) ?? name;
}

/** What is known of a place in the records: its plan, that no value has been seen there, or nothing. */
type Guide = FieldPlan | "unseen" | "unknown";

function planOf(type: TargetType, guide: Guide): FieldPlan | undefined {
  // A value may turn up where none has been seen; it is looked at then.
  if (guide === "unseen") return { kind: "leaf", reading: "JSON", type: engineType(type), isNull: true };
  const known = guide === "unknown" ? undefined : guide;
  switch (type.kind) {
    case "list": {
      const element = planOf(type.element, known?.kind === "list" ? known.element : "unknown");
      return element === undefined ? undefined : { kind: "list", element };
    }
    case "map": {
      const value = planOf(type.value, known?.kind === "map" ? known.value : "unknown");
      return value?.kind === "leaf" ? { kind: "map", value } : undefined;
    }
    case "struct":
      return structOf(type.fields, known);
    case "text":
      // Of a number the engine would write its own text.
      return known?.kind === "leaf" && known.isText === true ? leafOf(type) : undefined;
    default:
      return leafOf(type);
  }
}

function structOf(wanted: readonly TargetField[], known: FieldPlan | undefined): FieldPlan | undefined {
  const found = known?.kind === "struct" ? known.fields : [];
  const keys = found.map((field) => field.key);
  const otherwise = known?.kind === "struct" ? "unseen" : "unknown";
  const fields = wanted.flatMap(({ name, type }) => {
    const key = spelled(name, keys);
    const guide = found.find((field) => field.key === key)?.plan ?? otherwise;
    const plan = planOf(type, guide);
    return plan === undefined ? [] : [{ key, name, plan }];
  });
  return fields.length < wanted.length ? undefined : { kind: "struct", fields };
}

type ScalarTarget = Exclude<TargetType, { readonly kind: "list" | "map" | "struct" }>;

function leafOf(type: ScalarTarget): LeafPlan | undefined {
  const leaf = (reading: LeafPlan["reading"], text: string): LeafPlan => ({
    kind: "leaf",
    reading,
    type: text,
  });
  switch (type.kind) {
    case "text":
      return leaf("VARCHAR", "VARCHAR");
    case "whole":
    case "double":
    case "float":
    case "boolean":
      return leaf("JSON", engineType(type));
    case "date":
    case "wall-clock":
    case "instant":
      return leaf("VARCHAR", engineType(type));
    // The engine's reader takes a fraction for a double, which may hide digits from the check.
    case "decimal":
      return type.scale === 0 ? leaf("JSON", engineType(type)) : undefined;
    case "json":
    case "none":
      return undefined;
  }
}
