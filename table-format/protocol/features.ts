import { LakeError } from "../../core/index.js";
import type { Metadata, Protocol } from "../log/actions.js";
import type { LegacyVersions } from "./feature.js";
import { findFeature, knownFeatures } from "./feature-registry.js";

/** The reader features that a protocol asks for, those included that a legacy version implies. */
export function readerFeatures(protocol: Protocol): readonly string[] {
  if (protocol.minReaderVersion >= 3) return protocol.readerFeatures ?? [];
  return impliedFeatures(({ reader }) => reader !== undefined && reader <= protocol.minReaderVersion);
}

/** The writer features that a protocol asks for, those included that a legacy version implies. */
export function writerFeatures(protocol: Protocol): readonly string[] {
  if (protocol.minWriterVersion >= 7) return protocol.writerFeatures ?? [];
  return impliedFeatures(({ writer }) => writer <= protocol.minWriterVersion);
}

/** Whether the protocol has a feature, under this very name. */
export function hasFeature(protocol: Protocol, name: string): boolean {
  return writerFeatures(protocol).includes(name) || readerFeatures(protocol).includes(name);
}

/** PROTOCOL.md, "Writer Version Requirements": each version has what the one before it had. */
function impliedFeatures(isImplied: (legacy: LegacyVersions) => boolean): string[] {
  return knownFeatures()
    .filter(({ legacy }) => legacy !== undefined && isImplied(legacy))
    .map(({ name }) => name);
}

/**
 * @throws LakeError `unsupported` naming the version or the features that stand in the way; `corrupt` for a
 *   protocol that breaks its own rules.
 */
export function checkReadable(protocol: Protocol, metadata: Metadata, where: string): void {
  if (protocol.minReaderVersion < 1 || protocol.minReaderVersion > 3) {
    throw unsupportedVersion(where, "reader", protocol.minReaderVersion);
  }
  checkProtocol(protocol, where);
  refuse(where, "reading", unmet(readerFeatures(protocol), "reads", metadata));
}

/** @throws LakeError as {@link checkReadable}. */
export function checkWritable(protocol: Protocol, metadata: Metadata, where: string): void {
  checkReadable(protocol, metadata, where);
  if (protocol.minWriterVersion < 1 || protocol.minWriterVersion > 7) {
    throw unsupportedVersion(where, "writer", protocol.minWriterVersion);
  }
  refuse(where, "writing", unmet(writerFeatures(protocol), "writes", metadata));
}

/**
 * Checks that a protocol keeps its own rules: feature lists where the versions have them and nowhere else,
 * reader version 3 only beside writer version 7, every reader feature among the writer features, and no
 * feature that readers must know among the writer features alone (PROTOCOL.md, "Table Features").
 *
 * An empty list beside a version that has none says nothing wrong and is passed over.
 *
 * @throws LakeError `corrupt`.
 */
export function checkProtocol(protocol: Protocol, where: string): void {
  const { minReaderVersion, minWriterVersion } = protocol;
  if (minReaderVersion === 3 && minWriterVersion < 7) {
    throw corrupt(where, `reader version 3 needs writer version 7, not ${minWriterVersion}`);
  }
  if (minReaderVersion === 3 && protocol.readerFeatures === undefined) {
    throw corrupt(where, "reader version 3 needs a list of readerFeatures");
  }
  if (minWriterVersion === 7 && protocol.writerFeatures === undefined) {
    throw corrupt(where, "writer version 7 needs a list of writerFeatures");
  }
  if (minReaderVersion < 3 && (protocol.readerFeatures ?? []).length > 0) {
    throw corrupt(where, `reader version ${minReaderVersion} has no list of readerFeatures`);
  }
  if (minWriterVersion < 7 && (protocol.writerFeatures ?? []).length > 0) {
    throw corrupt(where, `writer version ${minWriterVersion} has no list of writerFeatures`);
  }
  if (minWriterVersion < 7) return;
  const [readers, writers] = [readerFeatures(protocol), writerFeatures(protocol)];
  const unpaired = readers.find((name) => !writers.includes(name));
  if (unpaired !== undefined && minReaderVersion === 3) {
    throw corrupt(where, `the reader feature ${unpaired} is not among the writer features`);
  }
  const hidden = writers.find(
    (name) => findFeature(name)?.scope === "reader-writer" && !readers.includes(name),
  );
  if (hidden !== undefined) {
    throw corrupt(where, `readers must know the feature ${hidden}, and it is not among the reader features`);
  }
}

/** The features that are asked for, and neither supported nor merely named. */
function unmet(features: readonly string[], side: "reads" | "writes", metadata: Metadata): string[] {
  return features.filter((name) => {
    const feature = findFeature(name);
    switch (feature?.[side]) {
      case "supported":
        return false;
      case "dormant":
        return feature?.isUsed?.(metadata) !== false;
      default:
        return true;
    }
  });
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

function corrupt(where: string, what: string): LakeError {
  return new LakeError("corrupt", "protocol", `the protocol of ${where} breaks its rules: ${what}`);
}
