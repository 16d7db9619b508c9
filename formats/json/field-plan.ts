import { quoteIdentifier } from "../../engine/index.js";
import { type KindSet, type ScalarType, scalarTypeOf } from "../inference/value-kinds.js";
import { type Inside, nestsTooDeep } from "./nesting.js";
import type { JsonStructure } from "./structure.js";

/**
 * The type that `read_json` is to read a leaf as. Others lose something: read as a number, the text "5" and `true`
 * are numbers, and a fraction is rounded to a BIGINT; a date would be guessed. Read as JSON, a text keeps its quotes.
 */
export type LeafReading = "VARCHAR" | "JSON";

export interface LeafPlan {
  readonly kind: "leaf";
  readonly reading: LeafReading;
  /** A DuckDB type of a single value, as SQL text. */
  readonly type: string;
  /** Whether any value but null is one too many: where none has been seen, none has told a type. */
  readonly isNull?: boolean | undefined;
  /** Whether every value that has been seen is a JSON string. */
  readonly isText?: boolean | undefined;
  /** Whether fractions are among its values, of which the engine's text may lack digits. */
  readonly losesDigits?: boolean | undefined;
}

/** How one field of the records is read and what type it gets. */
export type FieldPlan =
  | LeafPlan
  | { readonly kind: "list"; readonly element: FieldPlan }
  | {
      readonly kind: "struct";
      /** `key` in the records, `name` in the type. */
      readonly fields: readonly { readonly key: string; readonly name: string; readonly plan: FieldPlan }[];
    }
  /** Read as JSON text and cast. */
  | { readonly kind: "map"; readonly value: LeafPlan };

/**
 * An object whose records use more keys than this, all with scalar values, is a MAP: its keys are
 * data. DuckDB draws the line at the same number, but also calls sparse objects maps; here an object
 * with fewer keys is always a STRUCT. The record itself is never a map.
 */
export const MAP_KEYS = 200;

/** Every leaf in the order of a walk over the structure; the same walk asks for kinds and makes plans. */
export type LeafVisitor<T> = (structure: LeafStructure, path: string) => T;
export type LeafStructure =
  | Exclude<JsonStructure, { kind: "array" | "object" }>
  /** The values of a map. */
  | { readonly kind: "map-value" }
  /** A list or an object that nests too deep for a type. */
  | { readonly kind: "deep" };

/** The plan for a structure, its leaves decided by `leaf`. */
export function planField(structure: JsonStructure, path: string, leaf: LeafVisitor<LeafPlan>): FieldPlan {
  // What nests too deep in a list inside an object is no reason to keep the object as text.
  const inside = structure.kind === "object" ? objectsInside : insideStructure;
  if (nestsTooDeep(structure, inside)) return leaf({ kind: "deep" }, path);
  if (structure.kind === "array") {
    return { kind: "list", element: planField(structure.element, `${path}[]`, leaf) };
  }
  if (structure.kind !== "object") return leaf(structure, path);
  const { fields } = structure;
  if (fields.length > MAP_KEYS && fields.every((field) => isScalar(field.structure))) {
    return { kind: "map", value: leaf({ kind: "map-value" }, `${path}{}`) };
  }
  // A STRUCT cannot hold two names that differ in case only, nor an empty one.
  const distinct = new Set(fields.map((field) => field.name.toLowerCase()));
  if (distinct.size < fields.length || distinct.has("")) return leaf({ kind: "mixed" }, path);
  return {
    kind: "struct",
    fields: fields.map(({ name, structure: inner }) => ({
      key: name,
      name,
      plan: planField(inner, `${path}.${name}`, leaf),
    })),
  };
}

function insideStructure(structure: JsonStructure): Inside<JsonStructure> {
  if (structure.kind === "array") return { values: [structure.element], isRepeated: true };
  const fields = structure.kind === "object" ? structure.fields : [];
  return { values: fields.map((field) => field.structure), isRepeated: false };
}

const objectsInside = (structure: JsonStructure): Inside<JsonStructure> =>
  structure.kind === "array" ? { values: [], isRepeated: false } : insideStructure(structure);

/** As {@link nestsTooDeep}, of a plan. */
export const planNestsTooDeep = (plan: FieldPlan): boolean =>
  nestsTooDeep(plan, (inner): Inside<FieldPlan> => {
    switch (inner.kind) {
      case "leaf":
        return { values: [], isRepeated: false };
      case "list":
        return { values: [inner.element], isRepeated: true };
      case "map":
        return { values: [inner.value], isRepeated: true };
      case "struct":
        return { values: inner.fields.map((field) => field.plan), isRepeated: false };
    }
  });

const isScalar = (structure: JsonStructure): boolean =>
  structure.kind !== "array" && structure.kind !== "object";

/** How leaves are read while their kinds are still to be found: as text that keeps every digit. */
export function probeLeaf(structure: LeafStructure): LeafPlan {
  const asText = structure.kind === "string" || structure.kind === "boolean" || structure.kind === "null";
  return { kind: "leaf", reading: asText ? "VARCHAR" : "JSON", type: "VARCHAR" };
}

/**
 * The plan of a leaf whose values are of the kinds, and what to tell about it.
 *
 * @param exact Whether these are the kinds of all its values.
 */
export function decideLeaf(
  structure: LeafStructure,
  kinds: KindSet,
  exact: boolean,
): { readonly plan: LeafPlan; readonly note: string | undefined } {
  const leaf = (reading: LeafReading, type: ScalarType, note?: string): ReturnType<typeof decideLeaf> => {
    const losesDigits = type === "VARCHAR" && reading === "VARCHAR" && kinds.has("fraction");
    const isText = structure.kind === "string";
    return { plan: { kind: "leaf", reading, type, isText, losesDigits }, note };
  };
  if (kinds.isEmpty) {
    const note = "holds no value but null; its type is VARCHAR";
    return { plan: { kind: "leaf", reading: "VARCHAR", type: "VARCHAR", isNull: !exact }, note };
  }
  const type = scalarTypeOf(kinds);
  const mixture = `holds ${kinds.describe()}; kept as text`;
  switch (structure.kind) {
    case "boolean":
      return leaf("JSON", "BOOLEAN");
    case "string":
      return leaf(
        "VARCHAR",
        type,
        type === "VARCHAR" && !kinds.isWithin("text") && !hasPlainText(kinds) ? mixture : undefined,
      );
    case "number":
      if (type === "DECIMAL(38,0)") {
        return leaf("JSON", type, "holds whole numbers beyond 64 bits; its type is DECIMAL(38,0)");
      }
      return type === "BIGINT" || type === "DOUBLE"
        ? leaf("JSON", type)
        : leaf("VARCHAR", "VARCHAR", mixture);
    case "map-value":
      if (type === "BIGINT" && !kinds.has("wide")) return leaf("JSON", type);
      if (type === "DOUBLE") return leaf("JSON", type);
      return leaf(kinds.has("nested") ? "JSON" : "VARCHAR", "VARCHAR");
    case "deep":
      return leaf("JSON", "VARCHAR", "nests too deep for a type; kept as JSON text");
    case "null":
    case "mixed":
      return kinds.has("nested")
        ? leaf("JSON", "VARCHAR", `holds ${kinds.describe()}; kept as JSON text`)
        : leaf("VARCHAR", "VARCHAR", mixture);
  }
}

/** Text among which dates occur is text; two kinds of dates without other text deserve a note. */
const hasPlainText = (kinds: KindSet): boolean => kinds.has("text");

/** The DuckDB type of a planned field. */
export function typeOfPlan(plan: FieldPlan): string {
  switch (plan.kind) {
    case "leaf":
      return plan.type;
    case "list":
      return `${typeOfPlan(plan.element)}[]`;
    case "map":
      return `MAP(VARCHAR, ${plan.value.type})`;
    case "struct":
      return `STRUCT(${plan.fields.map(({ name, plan: field }) => `${quoteIdentifier(name)} ${typeOfPlan(field)}`).join(", ")})`;
  }
}

/**
 * Two JSON texts from which `read_json` infers exactly the planned reading: "x" is a VARCHAR, a number beside a
 * string JSON.
 */
export function exemplars(plan: FieldPlan): readonly [string, string] {
  switch (plan.kind) {
    case "leaf":
      return plan.reading === "VARCHAR" ? ['"x"', '"x"'] : ["1", '"x"'];
    case "map":
      return ["1", '"x"'];
    case "list": {
      const [one, other] = exemplars(plan.element);
      return [`[${one}]`, `[${other}]`];
    }
    case "struct":
      return exemplarObjects(plan.fields.map(({ key, plan: field }) => [key, field]));
  }
}

/** As {@link exemplars}, of an object. Made as text: a JavaScript object would put keys like "1962" first. */
export function exemplarObjects(
  fields: readonly (readonly [key: string, plan: FieldPlan])[],
): readonly [string, string] {
  const pairs = fields.map(([key, plan]) => ({ key: JSON.stringify(key), pair: exemplars(plan) }));
  const object = (index: 0 | 1): string =>
    `{${pairs.map(({ key, pair }) => `${key}:${pair[index]}`).join(",")}}`;
  return [object(0), object(1)];
}

/** Whether any leaf of a plan is as asked. */
export function hasLeaf(plan: FieldPlan, isAsked: (leaf: LeafPlan) => boolean): boolean {
  switch (plan.kind) {
    case "leaf":
      return isAsked(plan);
    case "list":
      return hasLeaf(plan.element, isAsked);
    case "map":
      return isAsked(plan.value);
    case "struct":
      return plan.fields.some((field) => hasLeaf(field.plan, isAsked));
  }
}
