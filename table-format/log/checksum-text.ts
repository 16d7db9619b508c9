import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  messageOf,
  parseJson,
  stringifyJson,
} from "../../core/index.js";
import type { VersionChecksum } from "./checksum.js";
import { parseDomainMetadata, parseMetadata, parseProtocol, parseTransaction } from "./parse-actions.js";
import { metadataJson } from "./serialize-actions.js";

/** The text of a `.crc` file: one JSON object. */
export function serializeChecksum(checksum: VersionChecksum): string {
  const json: JsonObject = {
    txnId: checksum.txnId,
    tableSizeBytes: checksum.tableSizeBytes,
    numFiles: checksum.numFiles,
    numDeletedRecordsOpt: checksum.numDeletedRecords,
    numDeletionVectorsOpt: checksum.numDeletionVectors,
    numMetadata: 1,
    numProtocol: 1,
    inCommitTimestampOpt: checksum.inCommitTimestamp,
    setTransactions: checksum.setTransactions?.map((txn) => ({ ...txn })),
    domainMetadata: checksum.domainMetadata?.map((domain) => ({ ...domain })),
    metadata: metadataJson(checksum.metadata),
    protocol: { ...checksum.protocol },
  };
  return stringifyJson(json);
}

/** A `.crc` file is optional, so one that cannot be understood is as good as none, and says why. */
export type ParsedChecksum =
  | { readonly status: "valid"; readonly checksum: VersionChecksum }
  | { readonly status: "broken"; readonly reason: string };

/** Parses the text of a `.crc` file; a required field that is missing or of another type breaks it. */
export function parseChecksum(text: string): ParsedChecksum {
  try {
    return { status: "valid", checksum: checksumOfJson(parseJson(text)) };
  } catch (error) {
    return { status: "broken", reason: messageOf(error) };
  }
}

function checksumOfJson(json: JsonValue): VersionChecksum {
  if (!isJsonObject(json)) throw new Error("the checksum is not an object");
  for (const name of ["numMetadata", "numProtocol"]) {
    if (required(json, name) !== 1n) throw new Error(`${name} is not 1`);
  }
  return {
    txnId: optional(json["txnId"], "txnId", text),
    tableSizeBytes: required(json, "tableSizeBytes"),
    numFiles: required(json, "numFiles"),
    inCommitTimestamp: optional(json["inCommitTimestampOpt"], "inCommitTimestampOpt", whole),
    setTransactions: optional(json["setTransactions"], "setTransactions", list(parseTransaction)),
    domainMetadata: optional(json["domainMetadata"], "domainMetadata", list(parseDomainMetadata)),
    metadata: parseMetadata(withoutNulls(json["metadata"])),
    protocol: parseProtocol(withoutNulls(json["protocol"])),
    numDeletedRecords: optional(json["numDeletedRecordsOpt"], "numDeletedRecordsOpt", whole),
    numDeletionVectors: optional(json["numDeletionVectorsOpt"], "numDeletionVectorsOpt", whole),
  };
}

function required(json: JsonObject, name: string): bigint {
  return whole(json[name] ?? null, name);
}

function whole(value: JsonValue, what: string): bigint {
  const number = wholeOf(value);
  if (number === undefined || number < 0n) throw new Error(`${what} is not a count`);
  return number;
}

function wholeOf(value: JsonValue | undefined): bigint | undefined {
  if (typeof value === "bigint") return value;
  return typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : undefined;
}

function text(value: JsonValue, what: string): string {
  if (typeof value !== "string") throw new Error(`${what} is not a string`);
  return value;
}

function list<T>(parse: (value: JsonValue) => T): (value: JsonValue, what: string) => T[] {
  return (value, what) => {
    if (!Array.isArray(value)) throw new Error(`${what} is not a list`);
    return value.map((item: JsonValue) => parse(withoutNulls(item)));
  };
}

function optional<T>(
  value: JsonValue | undefined,
  what: string,
  parse: (value: JsonValue, what: string) => T,
): T | undefined {
  return value === undefined || value === null ? undefined : parse(value, what);
}

/** Some writers spell an absent field as null. */
function withoutNulls(value: JsonValue | undefined): JsonValue {
  if (!isJsonObject(value)) return value ?? null;
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== null));
}
