import { isOn, type TableFeature, whenColumnHas, whenOn, whenTypeOccurs } from "./feature.js";
import { PREVIEW_AND_FOREIGN_FEATURES } from "./foreign-features.js";
import { RAW_FILES } from "./raw-files-feature.js";

/** Reasons why a feature stays once a table has it; they end the sentence "cannot be dropped: ...". */
const TRACES_IN_LOG =
  "older versions in the log hold its traces, which readers without the feature would misread";
const EVERYONE_HONOURS_IT = "every writer honours it and the table gains nothing";

/** The features that this release honours, when it reads and when it writes. */
const OWN_FEATURES: readonly TableFeature[] = [
  {
    name: "appendOnly",
    scope: "writer",
    legacy: { reader: undefined, writer: 2 },
    reads: "supported",
    writes: "supported",
    isUsed: whenOn("delta.appendOnly"),
    requires: [],
    whenUsed: "joins",
    keptBecause: EVERYONE_HONOURS_IT,
    turnedOnBy: "`delta.appendOnly` = `true`",
  },
  {
    name: "invariants",
    scope: "writer",
    legacy: { reader: undefined, writer: 2 },
    reads: "supported",
    writes: "supported",
    isUsed: whenColumnHas("delta.invariants"),
    requires: [],
    whenUsed: "joins",
    keptBecause: EVERYONE_HONOURS_IT,
    turnedOnBy: "every new table has it",
  },
  {
    name: "checkConstraints",
    scope: "writer",
    legacy: { reader: undefined, writer: 3 },
    reads: "supported",
    writes: "supported",
    isUsed: (metadata) =>
      Object.keys(metadata.configuration).some((key) => key.toLowerCase().startsWith("delta.constraints.")),
    requires: [],
    whenUsed: "joins",
    turnedOnBy: "`ADD CONSTRAINT name CHECK (...)`",
  },
  {
    name: "changeDataFeed",
    scope: "writer",
    legacy: { reader: undefined, writer: 4 },
    reads: "supported",
    writes: "supported",
    isUsed: whenOn("delta.enableChangeDataFeed"),
    requires: [],
    whenUsed: "joins",
    turnedOnBy: "`delta.enableChangeDataFeed` = `true`",
  },
  {
    name: "generatedColumns",
    scope: "writer",
    legacy: { reader: undefined, writer: 4 },
    reads: "supported",
    writes: "supported",
    isUsed: whenColumnHas("delta.generationExpression"),
    requires: [],
    whenUsed: "joins",
    turnedOnBy: "`GENERATED ALWAYS AS (...)` in `CREATE TABLE`",
  },
  {
    name: "columnMapping",
    scope: "reader-writer",
    legacy: { reader: 2, writer: 5 },
    reads: "supported",
    writes: "supported",
    isUsed: (metadata) =>
      (metadata.configuration["delta.columnMapping.mode"] ?? "none").toLowerCase() !== "none",
    requires: [],
    whenUsed: "joins",
    keptBecause: "the data files have physical names, and only a rewrite gives them the names of the table",
    turnedOnBy: "`delta.columnMapping.mode` = `name`, or `id` on a new table",
  },
  {
    name: "identityColumns",
    scope: "writer",
    legacy: { reader: undefined, writer: 6 },
    reads: "supported",
    writes: "supported",
    isUsed: whenColumnHas("delta.identity.start"),
    requires: [],
    whenUsed: "joins",
    turnedOnBy: "`GENERATED ... AS IDENTITY` in `CREATE TABLE`",
  },
  {
    name: "allowColumnDefaults",
    scope: "writer",
    reads: "supported",
    writes: "supported",
    isUsed: whenColumnHas("CURRENT_DEFAULT"),
    requires: [],
    whenUsed: "asks",
    turnedOnBy: "`DEFAULT` in `CREATE TABLE`; `delta.feature.allowColumnDefaults` = `supported`",
  },
  {
    name: "deletionVectors",
    scope: "reader-writer",
    reads: "supported",
    writes: "supported",
    isUsed: whenOn("delta.enableDeletionVectors"),
    requires: [],
    whenUsed: "joins",
    keptBecause: TRACES_IN_LOG,
    turnedOnBy: "`delta.enableDeletionVectors` = `true`",
  },
  {
    name: "domainMetadata",
    scope: "writer",
    reads: "supported",
    writes: "supported",
    requires: [],
    whenUsed: "joins",
    keptBecause: "the domains of other writers would be lost",
    turnedOnBy: "clustering and row tracking bring it; `delta.feature.domainMetadata` = `supported`",
  },
  {
    name: "rowTracking",
    scope: "writer",
    reads: "supported",
    writes: "supported",
    isUsed: whenOn("delta.enableRowTracking"),
    requires: ["domainMetadata"],
    whenUsed: "joins",
    keptBecause: "row ids that were given out would be given out again",
    turnedOnBy: "`delta.enableRowTracking` = `true`",
  },
  {
    name: "timestampNtz",
    scope: "reader-writer",
    reads: "supported",
    writes: "supported",
    isUsed: whenTypeOccurs("timestamp_ntz"),
    requires: [],
    whenUsed: "asks",
    keptBecause: TRACES_IN_LOG,
    turnedOnBy: "a `TIMESTAMP_NTZ` column of a new table; `delta.feature.timestampNtz` = `supported`",
  },
  {
    name: "v2Checkpoint",
    scope: "reader-writer",
    reads: "supported",
    writes: "supported",
    isUsed: (metadata) => metadata.configuration["delta.checkpointPolicy"]?.toLowerCase() === "v2",
    requires: [],
    whenUsed: "joins",
    keptBecause: TRACES_IN_LOG,
    turnedOnBy: "`delta.checkpointPolicy` = `v2`",
  },
  {
    name: "vacuumProtocolCheck",
    scope: "reader-writer",
    reads: "supported",
    writes: "supported",
    requires: [],
    whenUsed: "asks",
    turnedOnBy: "`delta.feature.vacuumProtocolCheck` = `supported`",
  },
  {
    name: "inCommitTimestamp",
    scope: "writer",
    reads: "supported",
    writes: "supported",
    isUsed: whenOn("delta.enableInCommitTimestamps"),
    requires: [],
    whenUsed: "joins",
    turnedOnBy: "`delta.enableInCommitTimestamps` = `true`",
  },
  {
    name: "typeWidening",
    scope: "reader-writer",
    reads: "supported",
    writes: "supported",
    isUsed: (metadata) =>
      isOn(metadata, "delta.enableTypeWidening") || whenColumnHas("delta.typeChanges")(metadata),
    requires: [],
    whenUsed: "joins",
    keptBecause: TRACES_IN_LOG,
    turnedOnBy: "`delta.enableTypeWidening` = `true`",
  },
  {
    name: "clustering",
    scope: "writer",
    reads: "supported",
    writes: "supported",
    requires: ["domainMetadata"],
    whenUsed: "asks",
    turnedOnBy: "`CLUSTER BY (...)` in `CREATE TABLE` or `ALTER TABLE`",
  },
  {
    name: "checkpointProtection",
    scope: "writer",
    reads: "supported",
    // A clean-up of ours goes past the protected version in one go or not at all, and writes no checkpoint
    // on the way (RFC "Checkpoint Protection", "Writer Requirements").
    writes: "supported",
    requires: [],
    whenUsed: "asks",
    keptBecause: "the history that it protects is still in the log",
    turnedOnBy: "other writers' `DROP FEATURE` brings it",
  },
  RAW_FILES,
];

const FEATURES: ReadonlyMap<string, TableFeature> = new Map(
  [...OWN_FEATURES, ...PREVIEW_AND_FOREIGN_FEATURES].map((feature) => [feature.name, feature]),
);

/** Every feature that this release knows by name, supported or not. */
export function knownFeatures(): readonly TableFeature[] {
  return [...FEATURES.values()];
}

/** The feature of this very name; `undefined` for one that this release has never heard of. */
export function findFeature(name: string): TableFeature | undefined {
  return FEATURES.get(name);
}

/** The feature of this name in any case, as people write it in `delta.feature.<name>`. */
export function findFeatureIgnoringCase(name: string): TableFeature | undefined {
  const folded = name.toLowerCase();
  return FEATURES.get(name) ?? knownFeatures().find((feature) => feature.name.toLowerCase() === folded);
}
