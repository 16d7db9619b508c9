import { isJsonObject, type JsonObject, type JsonValue } from "../../core/index.js";
import type { ColumnPath, CompareOp, Literal, Predicate } from "../skipping/predicate.js";
import { READS_EVERYTHING, type TableRead } from "./staged-commit.js";

/** The JSON of what a transaction read; {@link parseReads} takes it back. */
export function readsJson(reads: readonly TableRead[]): JsonValue {
  return reads.map(({ predicate, removals }) => ({ predicate: predicateJson(predicate), removals }));
}

/** Anything that is not understood, of a newer release perhaps, counts as a read of the whole table. */
export function parseReads(json: JsonValue | undefined): readonly TableRead[] {
  const isArray = (value: JsonValue | undefined): value is readonly JsonValue[] => Array.isArray(value);
  if (!isArray(json)) return READS_EVERYTHING;
  return json.flatMap((read): readonly TableRead[] => {
    if (!isJsonObject(read)) return READS_EVERYTHING;
    return [{ predicate: parsePredicate(read["predicate"]), removals: read["removals"] !== false }];
  });
}

function predicateJson(predicate: Predicate): JsonObject {
  switch (predicate.kind) {
    case "and":
    case "or":
      return { kind: predicate.kind, operands: predicate.operands.map(predicateJson) };
    case "not":
      return { kind: "not", operand: predicateJson(predicate.operand) };
    case "compare":
      return { ...predicate, value: { ...predicate.value } };
    case "in":
      return { ...predicate, values: predicate.values.map((value) => ({ ...value })) };
    default:
      return { ...predicate };
  }
}

function parsePredicate(json: JsonValue | undefined): Predicate {
  return predicateOf(json) ?? { kind: "unknown" };
}

function predicateOf(json: JsonValue | undefined): Predicate | undefined {
  if (!isJsonObject(json)) return undefined;
  const { kind } = json;
  switch (kind) {
    case "and":
    case "or":
      return { kind, operands: itemsOf(json["operands"]).map(parsePredicate) };
    case "not":
      return { kind, operand: parsePredicate(json["operand"]) };
    case "constant":
      return typeof json["value"] === "boolean" ? { kind, value: json["value"] } : undefined;
    case "compare": {
      const [column, op, value] = [columnOf(json), opOf(json["op"]), literalOf(json["value"])];
      return column && op && value && { kind, column, op, value };
    }
    case "in": {
      const column = columnOf(json);
      const values = itemsOf(json["values"]).map(literalOf);
      const known = values.filter((value) => value !== undefined);
      return column !== undefined && known.length === values.length
        ? { kind, column, values: known }
        : undefined;
    }
    case "is-null":
    case "is-not-null": {
      const column = columnOf(json);
      return column && { kind, column };
    }
    default:
      return undefined;
  }
}

function itemsOf(json: JsonValue | undefined): readonly JsonValue[] {
  const isArray = (value: JsonValue | undefined): value is readonly JsonValue[] => Array.isArray(value);
  return isArray(json) ? json : [null];
}

function columnOf({ column }: JsonObject): ColumnPath | undefined {
  const [first, ...rest] = itemsOf(column).map((name) => (typeof name === "string" ? name : undefined));
  const known = rest.filter((name) => name !== undefined);
  return first === undefined || known.length < rest.length ? undefined : [first, ...known];
}

const OPS: readonly CompareOp[] = ["=", "!=", "<", "<=", ">", ">="];

function opOf(json: JsonValue | undefined): CompareOp | undefined {
  return OPS.find((op) => op === json);
}

function literalOf(json: JsonValue | undefined): Literal | undefined {
  if (!isJsonObject(json)) return undefined;
  const { type, text } = json;
  return typeof type === "string" && typeof text === "string" ? { type, text } : undefined;
}
