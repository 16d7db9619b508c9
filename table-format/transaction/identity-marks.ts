import { isJsonObject, type JsonValue, parseJson, stringifyJson } from "../../core/index.js";
import type { Metadata } from "../log/actions.js";

/** The greatest value given out, in the metadata of an identity column (PROTOCOL.md, "Identity Columns"). */
const HIGH_WATER_MARK = "delta.identity.highWaterMark";

/** Whether two metadata are the same, but perhaps for what identity columns have given out. Pure. */
export function differsInIdentityMarksOnly(one: Metadata, other: Metadata): boolean {
  return textWithoutMarks(one) === textWithoutMarks(other);
}

function textWithoutMarks({ schemaString, partitionColumns, createdTime, ...rest }: Metadata): string {
  const schema = withoutMarks(parseJson(schemaString));
  const names = {
    ...rest,
    formatOptions: inOrder(rest.formatOptions),
    configuration: inOrder(rest.configuration),
  };
  return stringifyJson([schema, partitionColumns, createdTime ?? null, inOrder(names)]);
}

function withoutMarks(json: JsonValue): JsonValue {
  if (Array.isArray(json)) return json.map((item: JsonValue) => withoutMarks(item));
  if (!isJsonObject(json)) return json;
  const kept = Object.entries(json).filter(([name]) => name !== HIGH_WATER_MARK);
  return inOrder(Object.fromEntries(kept.map(([name, value]) => [name, withoutMarks(value ?? null)])));
}

/** Writers put the members of an object in any order. */
function inOrder<T>(object: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}
