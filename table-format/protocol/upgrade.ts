import { LakeError } from "../../core/index.js";
import type { Metadata, Protocol } from "../log/actions.js";
import type { TableFeature } from "./feature.js";
import { findFeature, knownFeatures } from "./feature-registry.js";
import { readerFeatures, writerFeatures } from "./features.js";

/** A protocol and what it has that the one before it had not. */
export interface ProtocolChange {
  readonly protocol: Protocol;
  /** Names, in order; empty when nothing changed. */
  readonly added: readonly string[];
}

/**
 * The versions that imply features and nothing more, oldest first (PROTOCOL.md, "Writer Version
 * Requirements"; reader version 2 is what column mapping needs).
 */
const LEGACY_VERSIONS: readonly (readonly [reader: number, writer: number])[] = [
  [1, 1],
  [1, 2],
  [1, 3],
  [1, 4],
  [2, 5],
  [2, 6],
];

/** What every new table has, as delta-spark makes them: reader version 1, writer version 2. */
export const NEW_TABLE_FEATURES: readonly string[] = ["appendOnly", "invariants"];

/** Every feature of a protocol, reader or writer, each once. */
export function protocolFeatures(protocol: Protocol): readonly string[] {
  return [...new Set([...writerFeatures(protocol), ...readerFeatures(protocol)])];
}

/**
 * The oldest protocol that has exactly these features: legacy versions when they imply this very set, else
 * writer version 7 with a list, and reader version 1 when no reader needs to know any of them, 2 when column
 * mapping is the only one, 3 with a list of its own otherwise (PROTOCOL.md, "Table Features").
 */
export function protocolOf(features: Iterable<string>): Protocol {
  const names = [...new Set(features)].sort();
  for (const [minReaderVersion, minWriterVersion] of LEGACY_VERSIONS) {
    const legacy = {
      minReaderVersion,
      minWriterVersion,
      readerFeatures: undefined,
      writerFeatures: undefined,
    };
    if (protocolFeatures(legacy).toSorted().join() === names.join()) return legacy;
  }
  const forReaders = names.filter((name) => findFeature(name)?.scope === "reader-writer");
  const onlyMapping = forReaders.every((name) => name === "columnMapping");
  return {
    minReaderVersion: forReaders.length === 0 ? 1 : onlyMapping ? 2 : 3,
    minWriterVersion: 7,
    readerFeatures: forReaders.length === 0 || onlyMapping ? undefined : forReaders,
    writerFeatures: names,
  };
}

/**
 * Adds features, and those that they require, to a protocol. One that has them all stays as it is, lists and
 * versions included.
 *
 * @throws LakeError `unsupported` for a feature that this release does not write.
 */
export function upgradeProtocol(protocol: Protocol, features: readonly string[]): ProtocolChange {
  const present = new Set(protocolFeatures(protocol));
  const added = withRequired(features).filter((name) => !present.has(name));
  if (added.length === 0) return { protocol, added };
  for (const name of added) checkWeWrite(name);
  return { protocol: protocolOf([...present, ...added]), added: added.toSorted() };
}

/** The protocol without a feature that it has. */
export function withoutFeature(protocol: Protocol, feature: string): Protocol {
  return protocolOf(protocolFeatures(protocol).filter((name) => name !== feature));
}

/** The features that a metadata uses and a protocol lacks, under this name and as a preview. */
export function missingFeatures(metadata: Metadata, protocol: Protocol): readonly TableFeature[] {
  const present = new Set(protocolFeatures(protocol));
  return knownFeatures().filter(
    ({ name, isUsed, whenUsed }) =>
      whenUsed !== "nothing" &&
      isUsed?.(metadata) === true &&
      !present.has(name) &&
      !present.has(`${name}-preview`),
  );
}

/** Features and, before each, what it requires. */
function withRequired(features: readonly string[]): string[] {
  const all = features.flatMap((name) => [...withRequired(findFeature(name)?.requires ?? []), name]);
  return [...new Set(all)];
}

function checkWeWrite(name: string): void {
  const feature = findFeature(name);
  if (feature?.reads === "supported" && feature.writes === "supported") return;
  throw new LakeError(
    "unsupported",
    "table-feature",
    feature === undefined
      ? `there is no table feature ${name} in this release`
      : `this release does not write tables with the feature ${name}`,
    { context: { features: name } },
  );
}
