import { LakeError } from "../../core/index.js";
import type { Metadata, Protocol } from "../log/actions.js";
import { type DataType, type StructType, serializeSchema } from "../schema/index.js";
import {
  missingFeatures,
  NEW_TABLE_FEATURES,
  type ProtocolChange,
  protocolOf,
  upgradeProtocol,
} from "./upgrade.js";

/**
 * The protocol of a new table: the oldest that its columns allow, so that every reader there is opens it.
 * Only `timestamp_ntz` asks for more (PROTOCOL.md, "Timestamp without timezone (TimestampNtz)").
 */
export function protocolFor(schema: StructType): Protocol {
  const metadata: Metadata = {
    id: "",
    name: undefined,
    description: undefined,
    provider: "parquet",
    formatOptions: {},
    schemaString: serializeSchema(schema),
    partitionColumns: [],
    configuration: {},
    createdTime: undefined,
  };
  return newProtocol(metadata, []).protocol;
}

/**
 * The protocol of a new table: what its columns and properties use, and what was asked for by name. A new
 * table without any of that has reader version 1 and writer version 2.
 *
 * @throws LakeError `unsupported` for a feature that this release does not write.
 */
export function newProtocol(metadata: Metadata, asked: readonly string[]): ProtocolChange {
  const base = protocolOf(NEW_TABLE_FEATURES);
  const used = missingFeatures(metadata, base).map(({ name }) => name);
  return upgradeProtocol(base, [...used, ...asked]);
}

/**
 * The protocol of a table whose metadata changes. Features that the new metadata uses join it, those that
 * may (`whenUsed`); the others must be asked for, unless the metadata used them before: what another writer
 * left out is not made worse.
 *
 * @param asked features of `delta.feature.<name>` and the like
 * @throws LakeError `invalid-input` `feature-needed` for a feature that must be asked for; `unsupported` for
 *   one that this release does not write.
 */
export function changedProtocol(
  protocol: Protocol,
  before: Metadata,
  after: Metadata,
  asked: readonly string[],
): ProtocolChange {
  const used = missingFeatures(after, protocol).filter(
    ({ whenUsed, isUsed }) => whenUsed === "joins" || isUsed?.(before) !== true,
  );
  const missing = used.find(({ name, whenUsed }) => whenUsed === "asks" && !asked.includes(name));
  if (missing !== undefined && missing.writes === "supported") throw featureNeeded(missing.name);
  return upgradeProtocol(protocol, [...used.map(({ name }) => name), ...asked]);
}

function featureNeeded(name: string): LakeError {
  return new LakeError(
    "invalid-input",
    "feature-needed",
    `this change needs the table feature ${name}, which the table does not have`,
    {
      context: { features: name },
      hint: `Turn it on first: ALTER TABLE ... SET TBLPROPERTIES ('delta.feature.${name}' = 'supported'). Programs that do not know the feature then no longer open the table.`,
    },
  );
}

/** Whether the type, at any depth, is a timestamp without a time zone. */
export function usesTimestampNtz(type: DataType): boolean {
  switch (type.type) {
    case "struct":
      return type.fields.some((field) => usesTimestampNtz(field.type));
    case "array":
      return usesTimestampNtz(type.elementType);
    case "map":
      return usesTimestampNtz(type.keyType) || usesTimestampNtz(type.valueType);
    default:
      return type.type === "timestamp_ntz";
  }
}
