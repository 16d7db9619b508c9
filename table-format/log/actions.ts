import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  LakeError,
  messageOf,
  parseJson,
  stringifyJson,
} from "../../core/index.js";

/**
 * The actions of the transaction log (PROTOCOL.md, "Actions"), as this library reads and writes them.
 */
export type Action =
  | { readonly kind: "add"; readonly add: AddFile }
  | { readonly kind: "remove"; readonly remove: RemoveFile }
  | { readonly kind: "metaData"; readonly metaData: Metadata }
  | { readonly kind: "protocol"; readonly protocol: Protocol }
  | { readonly kind: "txn"; readonly txn: SetTransaction }
  | { readonly kind: "commitInfo"; readonly commitInfo: CommitInfo }
  | { readonly kind: "domainMetadata"; readonly domainMetadata: DomainMetadata }
  /** An action that replay passes over (`cdc`, `checkpointMetadata`, `sidecar` and later ones). */
  | { readonly kind: "other"; readonly name: string; readonly value: JsonValue };

export type PartitionValues = Readonly<Record<string, string | null>>;

/** PROTOCOL.md, "Add File and Remove File". */
export interface AddFile {
  /** URI-encoded, relative to the table's folder, or absolute. */
  readonly path: string;
  readonly partitionValues: PartitionValues;
  /** Bytes. */
  readonly size: bigint;
  /** Milliseconds since the epoch. */
  readonly modificationTime: bigint;
  readonly dataChange: boolean;
  /** JSON text (PROTOCOL.md, "Per-file Statistics"). */
  readonly stats?: string | undefined;
  readonly tags?: Readonly<Record<string, string | null>> | undefined;
}

export interface RemoveFile {
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly deletionTimestamp: bigint;
  readonly dataChange: boolean;
  readonly extendedFileMetadata: true;
  readonly partitionValues: PartitionValues;
  readonly size: bigint;
}

/** PROTOCOL.md, "Change Metadata". */
export interface Metadata {
  readonly id: string;
  readonly name: string | undefined;
  readonly description: string | undefined;
  readonly provider: string;
  readonly formatOptions: Readonly<Record<string, string>>;
  /** JSON text of the schema; see schema.ts. */
  readonly schemaString: string;
  readonly partitionColumns: readonly string[];
  readonly configuration: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly createdTime: bigint | undefined;
}

/** PROTOCOL.md, "Protocol Evolution". The feature lists exist only in versions 3 (reader), 7 (writer). */
export interface Protocol {
  readonly minReaderVersion: number;
  readonly minWriterVersion: number;
  readonly readerFeatures: readonly string[] | undefined;
  readonly writerFeatures: readonly string[] | undefined;
}

/** PROTOCOL.md, "Transaction Identifiers". */
export interface SetTransaction {
  readonly appId: string;
  readonly version: bigint;
  readonly lastUpdated: bigint | undefined;
}

/** PROTOCOL.md, "Domain Metadata". */
export interface DomainMetadata {
  readonly domain: string;
  readonly configuration: string;
  readonly removed: boolean;
}

/** PROTOCOL.md, "Commit Provenance Information": free-form; these are the fields that we use. */
export type CommitInfo = JsonObject;

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
      case "domainMetadata":
        return { kind: "domainMetadata", domainMetadata: parseDomainMetadata(value) };
      case "commitInfo":
        return { kind: "commitInfo", commitInfo: asObject(value, name) };
      default:
        return { kind: "other", name, value };
    }
  }
  return { kind: "other", name: "", value: null };
}

function parseAdd(add: JsonObject): AddFile {
  if (add["deletionVector"] !== undefined && add["deletionVector"] !== null) {
    throw new LakeError("unsupported", "deletion-vectors", "the add has a deletion vector");
  }
  return {
    path: asString(add["path"], "add.path"),
    partitionValues: asPartitionValues(add["partitionValues"], "add.partitionValues"),
    size: asBigint(add["size"], "add.size"),
    modificationTime: asBigint(add["modificationTime"], "add.modificationTime"),
    dataChange: add["dataChange"] !== false,
    stats: optional(add["stats"], "add.stats", asString),
    tags: optional(add["tags"], "add.tags", asPartitionValues),
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

/** The text of a log entry: one action a line, a line feed after each. */
export function serializeCommit(actions: readonly Action[]): string {
  return actions.map((action) => `${stringifyJson(actionJson(action))}\n`).join("");
}

function actionJson(action: Action): JsonObject {
  switch (action.kind) {
    case "add":
      return { add: { ...action.add } };
    case "remove":
      return { remove: { ...action.remove } };
    case "metaData":
      return { metaData: metadataJson(action.metaData) };
    case "protocol":
      return { protocol: { ...action.protocol } };
    case "txn":
      return { txn: { ...action.txn } };
    case "domainMetadata":
      return { domainMetadata: { ...action.domainMetadata } };
    case "commitInfo":
      return { commitInfo: action.commitInfo };
    case "other":
      return { [action.name]: action.value };
  }
}

/** The JSON of a `metaData` action. */
export function metadataJson(metadata: Metadata): JsonObject {
  const { provider, formatOptions, ...rest } = metadata;
  return { ...rest, format: { provider, options: formatOptions } };
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
