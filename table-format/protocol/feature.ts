import type { Metadata } from "../log/actions.js";

/** Which versions before table features imply a feature (PROTOCOL.md, "Writer Version Requirements"). */
export interface LegacyVersions {
  /** `undefined` for a feature that concerns writers only. */
  readonly reader: 2 | undefined;
  readonly writer: 2 | 3 | 4 | 5 | 6;
}

/**
 * What this release does with a table that names a feature.
 * `supported`: what the feature asks for is done. `dormant`: the table is taken as long as its metadata
 * does not use the feature. `refused`: the table is refused by the feature's name.
 */
export type FeatureSupport = "supported" | "dormant" | "refused";

/** One table feature (PROTOCOL.md, "Valid Feature Names in Table Features", and the accepted RFCs). */
export interface TableFeature {
  readonly name: string;
  /** Whether readers must know it too, or writers only. */
  readonly scope: "reader-writer" | "writer";
  readonly legacy?: LegacyVersions;
  /** Of a feature for writers only: always `supported`, since readers need not know it. */
  readonly reads: FeatureSupport;
  readonly writes: FeatureSupport;
  /** Whether the metadata uses the feature. Without it a table that names the feature uses it. */
  readonly isUsed?: (metadata: Metadata) => boolean;
  /** Features that a table with this one must have as well. */
  readonly requires: readonly string[];
  /**
   * What metadata that uses the feature brings to a table without it. `joins`: the feature, in the same
   * commit. `asks`: a new table gets the feature; one that exists must be given it by
   * `delta.feature.<name>` first. `nothing`: such metadata is another feature's as well.
   */
  readonly whenUsed: "joins" | "asks" | "nothing";
  /** Why `DROP FEATURE` refuses it; `undefined` when a table that does not use it may lose it. */
  readonly keptBecause?: string;
  /** How a person turns it on, for the documentation. */
  readonly turnedOnBy: string;
}

/** Whether a property has the value `true`, in any case. */
export function isOn(metadata: Metadata, property: string): boolean {
  return metadata.configuration[property]?.toLowerCase() === "true";
}

/** A predicate for {@link TableFeature.isUsed}: the property is `true`. */
export function whenOn(property: string): (metadata: Metadata) => boolean {
  return (metadata) => isOn(metadata, property);
}

/** A predicate for {@link TableFeature.isUsed}: the property is there. */
export function whenSet(property: string): (metadata: Metadata) => boolean {
  return (metadata) => metadata.configuration[property] !== undefined;
}

/**
 * A predicate for {@link TableFeature.isUsed}: a column has metadata under this key. It looks at the text of
 * the schema, so an object of the same form inside other metadata counts too, which errs on the safe side.
 */
export function whenColumnHas(key: string): (metadata: Metadata) => boolean {
  const pattern = new RegExp(`"${key.replaceAll(".", "\\.")}"\\s*:`);
  return (metadata) => pattern.test(metadata.schemaString);
}

/** A predicate for {@link TableFeature.isUsed}: a type whose name begins so occurs, at any depth. */
export function whenTypeOccurs(type: string): (metadata: Metadata) => boolean {
  const pattern = new RegExp(`"(?:type|elementType|keyType|valueType)"\\s*:\\s*"${type}`);
  return (metadata) => pattern.test(metadata.schemaString);
}
