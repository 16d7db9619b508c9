import { LakeError } from "../../core/index.js";
import { findFeature, findFeatureIgnoringCase } from "../protocol/feature-registry.js";
import { protocolFeatures } from "../protocol/upgrade.js";
import type { Alteration, AlteredParts, TableState } from "./alteration.js";
import { CLUSTERING_DOMAIN } from "./clustering.js";
import { withEffects } from "./property-effects.js";

/** Properties that turn a feature on and go with it. */
const SWITCHES: Readonly<Record<string, string>> = {
  changeDataFeed: "delta.enableChangeDataFeed",
  inCommitTimestamp: "delta.enableInCommitTimestamps",
};

/** What keeps a feature in use, and how to end that. */
const WAYS_OUT: Readonly<Record<string, string>> = {
  checkConstraints: "Drop the table's constraints first: ALTER TABLE ... DROP CONSTRAINT.",
  allowColumnDefaults: "Drop the defaults first: ALTER TABLE ... ALTER COLUMN ... DROP DEFAULT.",
  generatedColumns: "Drop the generated columns first.",
  identityColumns: "Drop the identity columns first.",
};

/**
 * DROP FEATURE: the only way to an older protocol. A feature goes when its property or domain can go with
 * it in the same commit and no older version in the log needs it; the others are refused with the reason.
 *
 * @throws LakeError `not-found` for a feature that the table does not have; `unsupported`, `invalid-input`
 *   for one that must stay.
 */
export function planDroppedFeature(
  { schema, metadata, protocol, domains }: TableState,
  { feature: given }: Alteration & { kind: "drop-feature" },
  newUuid: () => string,
): AlteredParts {
  const name = findFeatureIgnoringCase(given)?.name ?? given;
  const present = protocolFeatures(protocol);
  if (!present.includes(name)) {
    throw new LakeError("not-found", "feature-not-found", `the table does not have the feature ${name}`, {
      context: { features: name },
      hint: `It has ${present.join(", ")}.`,
    });
  }
  const feature = findFeature(name);
  if (feature === undefined || feature.keptBecause !== undefined) {
    const why = feature?.keptBecause ?? "this release does not know it";
    throw new LakeError("unsupported", "drop-feature", `the feature ${name} cannot be dropped: ${why}`, {
      context: { features: name },
    });
  }
  const dependent = present.find((other) => findFeature(other)?.requires.includes(name) === true);
  if (dependent !== undefined) {
    throw new LakeError("invalid-input", "drop-feature", `the feature ${dependent} needs ${name}`, {
      context: { features: name },
    });
  }
  const { [SWITCHES[name] ?? ""]: _, ...without } = metadata.configuration;
  const parts = withEffects(schema, metadata.configuration, without, newUuid);
  if (feature.isUsed?.({ ...metadata, configuration: parts.configuration }) === true) {
    const way = WAYS_OUT[name];
    throw new LakeError("invalid-input", "feature-in-use", `the table uses the feature ${name}`, {
      context: { features: name },
      ...(way === undefined ? {} : { hint: way }),
    });
  }
  const clustering = name === "clustering" ? domains.get(CLUSTERING_DOMAIN) : undefined;
  return {
    ...parts,
    ...(clustering === undefined ? {} : { domains: [{ ...clustering, removed: true }] }),
    dropped: name,
    operation: "DROP FEATURE",
    parameters: { featureName: name, truncateHistory: false },
  };
}
