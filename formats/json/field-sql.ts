import { quoteIdentifier, quoteString } from "../../engine/index.js";
import { fittedText } from "../inference/fitted-text.js";
import { doesNotFit, jsonStringKindBit, jsonValueKindBit } from "../inference/value-kinds.js";
import type { FieldPlan, LeafPlan } from "./field-plan.js";

/** SQL: a field as it was read, as its planned type; fails on a value that would not survive. */
export function convertField(plan: FieldPlan, expression: string, depth = 0): string {
  switch (plan.kind) {
    case "leaf":
      return convertLeaf(plan, expression);
    case "list": {
      const variable = `v${depth}`;
      const element = convertField(plan.element, variable, depth + 1);
      return element === variable
        ? expression
        : `list_transform(${expression}, lambda ${variable}: ${element})`;
    }
    case "struct": {
      const fields = plan.fields.map(({ key, name, plan: field }) => {
        const read = `struct_extract(${expression}, ${quoteString(key)})`;
        return { key, name, read, converted: convertField(field, read, depth) };
      });
      if (fields.every(({ key, name, read, converted }) => read === converted && key === name))
        return expression;
      const packed = fields
        .map(({ name, converted }) => `${quoteIdentifier(name)} := ${converted}`)
        .join(", ");
      return `CASE WHEN ${expression} IS NOT NULL THEN struct_pack(${packed}) END`;
    }
    case "map": {
      const map = `CAST(${expression} AS MAP(VARCHAR, ${plan.value.reading}))`;
      const variable = `v${depth}`;
      const value = convertLeaf(plan.value, `${variable}.value`);
      if (value === `${variable}.value`) return map;
      const entry = `struct_pack(k := ${variable}.key, v := ${value})`;
      return `map_from_entries(list_transform(map_entries(${map}), lambda ${variable}: ${entry}))`;
    }
  }
}

function convertLeaf({ reading, type, isNull }: LeafPlan, expression: string): string {
  // The engine keeps the text of a JSON value as it is when it is cast to VARCHAR.
  const text = reading === "JSON" ? `CAST(${expression} AS VARCHAR)` : expression;
  const refused = `CASE WHEN ${text} IS NOT NULL THEN ${doesNotFit(text, isNull === true ? "NULL" : type)} END`;
  if (isNull === true) return `CAST(${refused} AS ${type})`;
  if (type === "VARCHAR") return text;
  const fitted = fittedText(text, type);
  if (fitted === undefined) return `CAST(${refused} AS ${type})`;
  if (type !== "DOUBLE" || reading !== "JSON") return `coalesce(${fitted}, ${refused})`;
  // Of the texts of JSON values only those of numbers sort before ':'.
  const value = `TRY_CAST(${text} AS DOUBLE)`;
  return `CASE WHEN ${text} < ':' AND abs(${value}) < 1e15 THEN ${value} ELSE coalesce(${fitted}, ${refused}) END`;
}

/**
 * SQL for every leaf of a plan made of probes, in the plan's order: `bit_or` of the kinds of all its
 * values, NULL when it has none.
 */
export function leafProbes(plan: FieldPlan, expression: string): string[] {
  return bitsOfLeaves(plan, expression, 0).map((bits) => `bit_or(${bits})`);
}

function bitsOfLeaves(plan: FieldPlan, expression: string, depth: number): string[] {
  const variable = `v${depth}`;
  const overList = (list: string, bits: string): string =>
    `list_aggregate(list_transform(${list}, lambda ${variable}: ${bits}), 'bit_or')`;
  switch (plan.kind) {
    case "leaf":
      return [kindBit(plan, expression)];
    case "list":
      return bitsOfLeaves(plan.element, variable, depth + 1).map((bits) => overList(expression, bits));
    case "map": {
      const values = `map_values(CAST(${expression} AS MAP(VARCHAR, ${plan.value.reading})))`;
      return [overList(values, kindBit(plan.value, variable))];
    }
    case "struct":
      return plan.fields.flatMap(({ key, plan: field }) =>
        bitsOfLeaves(field, `struct_extract(${expression}, ${quoteString(key)})`, depth),
      );
  }
}

function kindBit({ reading }: LeafPlan, expression: string): string {
  return reading === "JSON"
    ? jsonValueKindBit(`CAST(${expression} AS VARCHAR)`)
    : jsonStringKindBit(expression);
}
