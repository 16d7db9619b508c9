import { LakeError } from "../../core/index.js";
import type { Metadata, Protocol } from "../log/actions.js";

/**
 * Table features that this release reads (PROTOCOL.md, "Valid Feature Names in Table Features").
 * Whatever is not listed is refused by name: a feature we do not know may change what rows mean.
 */
const READABLE: ReadonlySet<string> = new Set(["timestampNtz", "vacuumProtocolCheck"]);

/** Features that this release honours when it writes. */
const WRITABLE: ReadonlySet<string> = new Set(["timestampNtz", "vacuumProtocolCheck", "appendOnly"]);

/** What the legacy version numbers imply (PROTOCOL.md, "Valid Feature Names in Table Features"). */
const LEGACY_READER: Readonly<Record<number, readonly string[]>> = { 1: [], 2: ["columnMapping"] };
const LEGACY_WRITER: Readonly<Record<number, readonly string[]>> = {
  1: [],
  2: ["appendOnly", "invariants"],
  3: ["appendOnly", "invariants", "checkConstraints"],
  4: ["appendOnly", "invariants", "checkConstraints", "changeDataFeed", "generatedColumns"],
  5: ["appendOnly", "invariants", "checkConstraints", "changeDataFeed", "generatedColumns", "columnMapping"],
  6: [
    "appendOnly",
    "invariants",
    "checkConstraints",
    "changeDataFeed",
    "generatedColumns",
    "columnMapping",
    "identityColumns",
  ],
};

/** The reader features that a protocol asks for. */
export function readerFeatures(protocol: Protocol): readonly string[] {
  return LEGACY_READER[protocol.minReaderVersion] ?? protocol.readerFeatures ?? [];
}

/** The writer features that a protocol asks for, those included that a legacy version implies. */
export function writerFeatures(protocol: Protocol): readonly string[] {
  return LEGACY_WRITER[protocol.minWriterVersion] ?? protocol.writerFeatures ?? [];
}

/**
 * Features that a table may name without using: they ask for nothing until its metadata turns them on.
 * Each entry tells from the metadata whether it does.
 */
const DORMANT_UNLESS: Readonly<Record<string, (metadata: Metadata) => boolean>> = {
  invariants: (metadata) => metadata.schemaString.includes('"delta.invariants"'),
  checkConstraints: (metadata) =>
    Object.keys(metadata.configuration).some((key) => key.startsWith("delta.constraints.")),
  changeDataFeed: (metadata) => metadata.configuration["delta.enableChangeDataFeed"] === "true",
  generatedColumns: (metadata) => metadata.schemaString.includes('"delta.generationExpression"'),
  columnMapping: (metadata) => (metadata.configuration["delta.columnMapping.mode"] ?? "none") !== "none",
  identityColumns: (metadata) => metadata.schemaString.includes('"delta.identity.'),
};

/** @throws LakeError `unsupported` naming the version or the features that stand in the way. */
export function checkReadable(protocol: Protocol, metadata: Metadata, where: string): void {
  if (protocol.minReaderVersion < 1 || protocol.minReaderVersion > 3) {
    throw unsupportedVersion(where, "reader", protocol.minReaderVersion);
  }
  refuse(where, "reading", unmet(readerFeatures(protocol), READABLE, metadata));
}

/** @throws LakeError `unsupported` naming the version or the features that stand in the way. */
export function checkWritable(protocol: Protocol, metadata: Metadata, where: string): void {
  checkReadable(protocol, metadata, where);
  if (protocol.minWriterVersion < 1 || protocol.minWriterVersion > 7) {
    throw unsupportedVersion(where, "writer", protocol.minWriterVersion);
  }
  refuse(where, "writing", unmet(writerFeatures(protocol), WRITABLE, metadata));
}

/** The features that are asked for, not supported, and not merely named. */
function unmet(features: readonly string[], supported: ReadonlySet<string>, metadata: Metadata): string[] {
  return features.filter(
    (feature) => !supported.has(feature) && DORMANT_UNLESS[feature]?.(metadata) !== false,
  );
}

function refuse(where: string, doing: string, features: readonly string[]): void {
  if (features.length === 0) return;
  const names = [...new Set(features)].sort().join(", ");
  throw new LakeError(
    "unsupported",
    "table-feature",
    `${doing} ${where} needs ${features.length === 1 ? "the table feature" : "the table features"} ${names}, which this release does not support`,
    { context: { features: names } },
  );
}

function unsupportedVersion(where: string, side: "reader" | "writer", version: number): LakeError {
  return new LakeError(
    "unsupported",
    "protocol-version",
    `${where} needs ${side} version ${version} of the Delta protocol`,
    {
      context: { version },
      hint: `This release knows ${side} versions 1 to ${side === "reader" ? 3 : 7}.`,
    },
  );
}
