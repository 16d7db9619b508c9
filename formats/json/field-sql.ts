import { quoteIdentifier, quoteString } from "../../engine/index.js";
import { doesNotFit, jsonStringKindBit, jsonValueKindBit, strictCast } from "../inference/value-kinds.js";
import type { FieldPlan, LeafPlan } from "./field-plan.js";

// Whole numbers are read as DOUBLE; up to here every one of them is exact (2^53 - 1).
const EXACT_IN_DOUBLE = "9007199254740991";

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
      const fields = plan.fields.map(({ name, plan: field }) => {
        const read = `struct_extract(${expression}, ${quoteString(name)})`;
        return { name, read, converted: convertField(field, read, depth) };
      });
      if (fields.every(({ read, converted }) => read === converted)) return expression;
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

function convertLeaf({ reading, type }: LeafPlan, expression: string): string {
  if (reading === "DOUBLE" && type === "BIGINT") {
    const exact = `${expression} BETWEEN -${EXACT_IN_DOUBLE} AND ${EXACT_IN_DOUBLE}`;
    return (
      `CASE WHEN ${expression} = trunc(${expression}) AND ${exact} THEN CAST(${expression} AS BIGINT) ` +
      `WHEN ${expression} IS NOT NULL THEN ${doesNotFit(expression, type)} END`
    );
  }
  if (reading === "DOUBLE") return expression;
  // The engine keeps the text of a JSON value as it is when it is cast to VARCHAR.
  return strictCast(reading === "JSON" ? `CAST(${expression} AS VARCHAR)` : expression, type, false);
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
      return plan.fields.flatMap(({ name, plan: field }) =>
        bitsOfLeaves(field, `struct_extract(${expression}, ${quoteString(name)})`, depth),
      );
  }
}

function kindBit({ reading }: LeafPlan, expression: string): string {
  return reading === "JSON"
    ? jsonValueKindBit(`CAST(${expression} AS VARCHAR)`)
    : jsonStringKindBit(expression);
}
