import { isJsonObject, type JsonValue, parseJson, stringifyJson } from "../../core/index.js";
import type { DomainMetadata, Metadata, Protocol } from "../log/actions.js";

/** What two protocols differ in, as a phrase; `undefined` when they ask for the same. Order does not count. */
export function protocolDifference(a: Protocol, b: Protocol): string | undefined {
  const text = (protocol: Protocol): string =>
    stringifyJson([
      protocol.minReaderVersion,
      protocol.minWriterVersion,
      [...(protocol.readerFeatures ?? [])].sort(),
      [...(protocol.writerFeatures ?? [])].sort(),
    ]);
  return text(a) === text(b) ? undefined : "the protocol";
}

/** What two metadata differ in, as a phrase; `undefined` when they describe the same table. */
export function metadataDifference(a: Metadata, b: Metadata): string | undefined {
  const differing = [
    ["the table's id", a.id === b.id],
    ["the schema", canonicalJson(a.schemaString) === canonicalJson(b.schemaString)],
    ["the partition columns", stringifyJson(a.partitionColumns) === stringifyJson(b.partitionColumns)],
    ["the properties", canonical(a.configuration) === canonical(b.configuration)],
  ].flatMap(([what, isSame]) => (isSame === true ? [] : [String(what)]));
  return differing.length === 0 ? undefined : differing.join(", ");
}

/** Domains that one side has and the other has not, or with another configuration. */
export function domainDifference(
  a: ReadonlyMap<string, DomainMetadata>,
  b: ReadonlyMap<string, DomainMetadata>,
): string | undefined {
  const names = [...new Set([...a.keys(), ...b.keys()])].filter(
    (name) => a.get(name)?.configuration !== b.get(name)?.configuration,
  );
  return names.length === 0 ? undefined : `the domain metadata of ${names.sort().join(", ")}`;
}

/** Writers order the members of JSON objects as they like. */
function canonicalJson(text: string): string {
  try {
    return canonical(parseJson(text));
  } catch {
    // What is no JSON is compared as it is; that it is none is another check's finding.
    return text;
  }
}

function canonical(value: JsonValue): string {
  return stringifyJson(sorted(value));
}

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map((item: JsonValue) => sorted(item));
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).map(([name, item]): [string, JsonValue] => [
    name,
    sorted(item ?? null),
  ]);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}
