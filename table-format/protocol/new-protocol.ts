import type { Protocol } from "../log/actions.js";
import type { DataType, StructType } from "../schema/index.js";

/**
 * The protocol of a new table: the oldest that its columns allow, so that every reader there is opens it.
 * Only `timestamp_ntz` asks for more (PROTOCOL.md, "Timestamp without timezone (TimestampNtz)").
 */
export function protocolFor(schema: StructType): Protocol {
  if (!usesTimestampNtz(schema)) {
    return { minReaderVersion: 1, minWriterVersion: 2, readerFeatures: undefined, writerFeatures: undefined };
  }
  return {
    minReaderVersion: 3,
    minWriterVersion: 7,
    readerFeatures: ["timestampNtz"],
    writerFeatures: ["timestampNtz"],
  };
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
