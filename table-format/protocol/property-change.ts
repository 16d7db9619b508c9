import { LakeError } from "../../core/index.js";
import { findFeatureIgnoringCase } from "./feature-registry.js";
import { readerFeatures, writerFeatures } from "./features.js";
import { propertyRule } from "./property-registry.js";
import type { Configuration } from "./table-properties.js";

/** Properties as people give them, sorted out. */
export interface AskedProperties {
  /** What goes into the table's configuration, names as Delta spells them. */
  readonly configuration: Configuration;
  /** Features asked for by name, or implied by a protocol version that was asked for. */
  readonly features: readonly string[];
  /** Everything that was asked for, names as Delta spells them, for the history. */
  readonly asked: Configuration;
}

/**
 * Checks properties and sorts them out: those of the table, and those that ask for features and go into its
 * protocol. Names of Delta's properties are taken in any case; names without `delta.` in front are free.
 *
 * @throws LakeError `invalid-input` naming the property that does not exist, is not to be set, or has an
 *   impossible value.
 */
export function askedProperties(properties: Configuration): AskedProperties {
  const configuration: Record<string, string> = {};
  const asked: Record<string, string> = {};
  const features: string[] = [];
  for (const [given, value] of Object.entries(properties)) {
    const property = sorted(given, value);
    asked[property.name] = value;
    if (property.kind === "table") configuration[property.name] = property.value;
    else features.push(...property.features);
  }
  return { configuration, features: [...new Set(features)], asked };
}

/** The configuration without these properties, and which of them it did not have. */
export function withoutProperties(
  configuration: Configuration,
  names: readonly string[],
): {
  readonly configuration: Configuration;
  readonly removed: readonly string[];
  readonly absent: readonly string[];
} {
  const left = { ...configuration };
  const removed: string[] = [];
  const absent: string[] = [];
  for (const given of names) {
    // What another writer set under a name that is not in the registry may go all the same.
    const isForeign = left[given] !== undefined && propertyRule(given) === undefined && !isConstraint(given);
    const name = isDeltas(given) && !isForeign ? settableName(given) : given;
    if (left[name] === undefined) absent.push(name);
    else removed.push(name);
    delete left[name];
  }
  return { configuration: left, removed, absent };
}

type Sorted =
  | { readonly kind: "table"; readonly name: string; readonly value: string }
  | { readonly kind: "protocol"; readonly name: string; readonly features: readonly string[] };

const FEATURE_PREFIX = "delta.feature.";
const VERSION_LIMIT: Readonly<Record<string, number>> = { minReaderVersion: 3, minWriterVersion: 7 };

function sorted(given: string, value: string): Sorted {
  if (!isDeltas(given)) return { kind: "table", name: given, value };
  if (given.toLowerCase().startsWith(FEATURE_PREFIX)) return askedFeature(given, value);
  const version = Object.keys(VERSION_LIMIT).find(
    (name) => given.toLowerCase() === `delta.${name.toLowerCase()}`,
  );
  if (version !== undefined) return askedVersion(version, value);
  const name = settableName(given);
  const rule = propertyRule(name);
  if (rule?.accepts(value) !== true) {
    throw badValue(name, value, rule?.allowed ?? "absent");
  }
  return { kind: "table", name, value: rule.folds === true ? value.toLowerCase() : value };
}

/** `delta.feature.<name>` = `supported` (PROTOCOL.md has no such property; delta-spark's spelling). */
function askedFeature(given: string, value: string): Sorted {
  const feature = findFeatureIgnoringCase(given.slice(FEATURE_PREFIX.length));
  if (feature === undefined) {
    throw new LakeError(
      "invalid-input",
      "unknown-feature",
      `${given} names no table feature that this release knows`,
      { context: { property: given }, hint: "docs/delta.md has the table of all features." },
    );
  }
  const name = `${FEATURE_PREFIX}${feature.name}`;
  if (!/^(?:supported|enabled)$/i.test(value)) throw badValue(name, value, "supported");
  return { kind: "protocol", name, features: [feature.name] };
}

/** A version asks for what it implies; the greatest ones for nothing, because they list features by name. */
function askedVersion(version: string, value: string): Sorted {
  const limit = VERSION_LIMIT[version] ?? 0;
  const number = /^\d$/.test(value) ? Number(value) : 0;
  if (number < 1 || number > limit) throw badValue(`delta.${version}`, value, `1 to ${limit}`);
  const none = {
    minReaderVersion: 1,
    minWriterVersion: 1,
    readerFeatures: undefined,
    writerFeatures: undefined,
  };
  const features =
    version === "minReaderVersion"
      ? readerFeatures({ ...none, minReaderVersion: number })
      : writerFeatures({ ...none, minWriterVersion: number });
  return { kind: "protocol", name: `delta.${version}`, features };
}

function settableName(given: string): string {
  const rule = propertyRule(given);
  if (rule === undefined) {
    throw new LakeError(
      "invalid-input",
      "unknown-property",
      isConstraint(given) ? `${given} is not set as a property` : `there is no table property ${given}`,
      {
        context: { property: given },
        hint: isConstraint(given)
          ? "Use ALTER TABLE ... ADD CONSTRAINT or DROP CONSTRAINT."
          : "Names that begin with delta. are Delta's own; choose another name for a property of yours.",
      },
    );
  }
  if (rule.refusedBecause !== undefined) {
    throw new LakeError(
      "invalid-input",
      "reserved-property",
      `${rule.name} is not set by hand: ${rule.refusedBecause}`,
      { context: { property: rule.name } },
    );
  }
  return rule.name;
}

function isConstraint(name: string): boolean {
  return name.toLowerCase().startsWith("delta.constraints.");
}

function isDeltas(name: string): boolean {
  return name.toLowerCase().startsWith("delta.");
}

function badValue(name: string, value: string, allowed: string): LakeError {
  return new LakeError(
    "invalid-input",
    "property-value",
    `${name} cannot be ${JSON.stringify(value)}: it must be ${allowed}`,
    { context: { property: name, value } },
  );
}
