import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  LakeError,
  messageOf,
  parseJson,
} from "../../core/index.js";
import { parseDeletionVectorDescriptor } from "../deletion-vector/index.js";
import type {
  Action,
  AddFile,
  ChangeFile,
  DomainMetadata,
  Metadata,
  PartitionValues,
  Protocol,
  RemoveFile,
  SetTransaction,
} from "./actions.js";

/**
 * Parses one log entry: one JSON object a line.
 *
 * @param where names the entry in errors
 * @throws LakeError `corrupt` naming the entry and the line.
 */
export function parseCommit(text: string, where: string): Action[] {
  const actions: Action[] = [];
  let line = 0;
  for (const lineText of text.split("\n")) {
    line++;
    if (lineText.trim() === "") continue;
    try {
      actions.push(parseAction(parseJson(lineText)));
    } catch (error) {
      throw new LakeError("corrupt", "log-entry", `${where}, line ${line}: ${messageOf(error)}`, {
        context: { file: where, line },
        cause: error,
      });
    }
  }
  return actions;
}

/** One action from its JSON; throws a plain error that names the field, for a caller that knows the place. */
function parseAction(json: JsonValue): Action {
  const object = asObject(json, "an action");
  let unknown: Action | undefined;
  for (const [name, value] of Object.entries(object)) {
    if (value === undefined || value === null) continue;
    switch (name) {
      case "add":
        return { kind: "add", add: parseAdd(asObject(value, name)) };
      case "remove":
        return { kind: "remove", remove: parseRemove(asObject(value, name)) };
      case "metaData":
        return { kind: "metaData", metaData: parseMetadata(value) };
      case "protocol":
        return { kind: "protocol", protocol: parseProtocol(value) };
      case "txn":
        return { kind: "txn", txn: parseTransaction(value) };
      case "cdc":
        return { kind: "cdc", cdc: parseChangeFile(asObject(value, name)) };
      case "domainMetadata":
        return { kind: "domainMetadata", domainMetadata: parseDomainMetadata(value) };
      case "commitInfo":
        return { kind: "commitInfo", commitInfo: asObject(value, name) };
      default:
        // One that we know may follow, and what we do not know must not hide it.
        unknown ??= { kind: "other", name, value };
    }
  }
  return unknown ?? { kind: "other", name: "", value: null };
}

function parseAdd(add: JsonObject): AddFile {
  return {
    path: asString(add["path"], "add.path"),
    partitionValues: asPartitionValues(add["partitionValues"], "add.partitionValues"),
    size: asBigint(add["size"], "add.size"),
    modificationTime: asBigint(add["modificationTime"], "add.modificationTime"),
    dataChange: add["dataChange"] !== false,
    stats: optional(add["stats"], "add.stats", asString),
    tags: optional(add["tags"], "add.tags", asPartitionValues),
    ...rowsOf(add, "add"),
    clusteringProvider: optional(add["clusteringProvider"], "add.clusteringProvider", asString),
  };
}

function parseRemove(remove: JsonObject): RemoveFile {
  return {
    path: asString(remove["path"], "remove.path"),
    deletionTimestamp: optional(remove["deletionTimestamp"], "remove.deletionTimestamp", asBigint) ?? 0n,
    dataChange: remove["dataChange"] !== false,
    extendedFileMetadata: true,
    partitionValues: optional(remove["partitionValues"], "remove.partitionValues", asPartitionValues) ?? {},
    size: optional(remove["size"], "remove.size", asBigint) ?? 0n,
    stats: optional(remove["stats"], "remove.stats", asString),
    tags: optional(remove["tags"], "remove.tags", asPartitionValues),
    ...rowsOf(remove, "remove"),
  };
}

/** What `add` and `remove` say alike of a file's rows. */
function rowsOf(
  file: JsonObject,
  what: string,
): Pick<AddFile, "deletionVector" | "baseRowId" | "defaultRowCommitVersion"> {
  return {
    deletionVector: optional(file["deletionVector"], `${what}.deletionVector`, parseDeletionVectorDescriptor),
    baseRowId: optional(file["baseRowId"], `${what}.baseRowId`, asBigint),
    defaultRowCommitVersion: optional(
      file["defaultRowCommitVersion"],
      `${what}.defaultRowCommitVersion`,
      asBigint,
    ),
  };
}

function parseChangeFile(cdc: JsonObject): ChangeFile {
  return {
    path: asString(cdc["path"], "cdc.path"),
    partitionValues: asPartitionValues(cdc["partitionValues"], "cdc.partitionValues"),
    size: asBigint(cdc["size"], "cdc.size"),
    dataChange: false,
    tags: optional(cdc["tags"], "cdc.tags", asPartitionValues),
  };
}

/** @throws Error naming the field that breaks the protocol. */
export function parseMetadata(json: JsonValue): Metadata {
  const value = asObject(json, "metaData");
  const format = asObject(value["format"] ?? { provider: "parquet" }, "metaData.format");
  if (value["schemaString"] === undefined || value["schemaString"] === null) {
    throw new LakeError("corrupt", "no-schema", "metaData has no schemaString");
  }
  return {
    id: asString(value["id"], "metaData.id"),
    name: optional(value["name"], "metaData.name", asString),
    description: optional(value["description"], "metaData.description", asString),
    provider: asString(format["provider"] ?? "parquet", "metaData.format.provider"),
    formatOptions: asStrings(format["options"], "metaData.format.options"),
    schemaString: asString(value["schemaString"], "metaData.schemaString"),
    partitionColumns: asStringList(value["partitionColumns"] ?? [], "metaData.partitionColumns"),
    configuration: asStrings(value["configuration"], "metaData.configuration"),
    createdTime: optional(value["createdTime"], "metaData.createdTime", asBigint),
  };
}

/** @throws Error naming the field that breaks the protocol. */
export function parseProtocol(json: JsonValue): Protocol {
  const value = asObject(json, "protocol");
  return {
    minReaderVersion: Number(asBigint(value["minReaderVersion"], "protocol.minReaderVersion")),
    minWriterVersion: Number(asBigint(value["minWriterVersion"], "protocol.minWriterVersion")),
    readerFeatures: optional(value["readerFeatures"], "protocol.readerFeatures", asStringList),
    writerFeatures: optional(value["writerFeatures"], "protocol.writerFeatures", asStringList),
  };
}

/** @throws Error naming the field that breaks the protocol. */
export function parseTransaction(json: JsonValue): SetTransaction {
  const value = asObject(json, "txn");
  return {
    appId: asString(value["appId"], "txn.appId"),
    version: asBigint(value["version"], "txn.version"),
    lastUpdated: optional(value["lastUpdated"], "txn.lastUpdated", asBigint),
  };
}

/** @throws Error naming the field that breaks the protocol. */
export function parseDomainMetadata(json: JsonValue): DomainMetadata {
  const value = asObject(json, "domainMetadata");
  return {
    domain: asString(value["domain"], "domainMetadata.domain"),
    configuration: asString(value["configuration"] ?? "", "domainMetadata.configuration"),
    removed: value["removed"] === true,
  };
}

function asObject(value: JsonValue | undefined, what: string): JsonObject {
  if (!isJsonObject(value)) throw new Error(`${what} is not an object`);
  return value;
}

function asString(value: JsonValue | undefined, what: string): string {
  if (typeof value !== "string") throw new Error(`${what} is not a string`);
  return value;
}

function asBigint(value: JsonValue | undefined, what: string): bigint {
  if (typeof value === "bigint") return value;
  if (typeof value !== "number" || !Number.isSafeInteger(value))
    throw new Error(`${what} is not a whole number`);
  return BigInt(value);
}

function asStringList(value: JsonValue | undefined, what: string): string[] {
  if (!Array.isArray(value)) throw new Error(`${what} is not a list`);
  return value.map((item: JsonValue) => asString(item, `an item of ${what}`));
}

function asStrings(value: JsonValue | undefined, what: string): Record<string, string> {
  const entries = Object.entries(asObject(value ?? {}, what));
  return Object.fromEntries(entries.map(([name, item]) => [name, asString(item, `${what}.${name}`)]));
}

function asPartitionValues(value: JsonValue | undefined, what: string): PartitionValues {
  const entries = Object.entries(asObject(value ?? {}, what));
  return Object.fromEntries(
    entries.map(([name, item]) => [
      name,
      item === null || item === undefined ? null : asString(item, `${what}.${name}`),
    ]),
  );
}

function optional<T>(
  value: JsonValue | undefined,
  what: string,
  parse: (value: JsonValue, what: string) => T,
): T | undefined {
  return value === undefined || value === null ? undefined : parse(value, what);
}
