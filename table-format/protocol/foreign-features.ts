import { isOn, type TableFeature, whenColumnHas, whenOn, whenSet, whenTypeOccurs } from "./feature.js";

/** A feature for writers that this release does not honour: its table is taken while it does not use it. */
function writerFeature(
  name: string,
  isUsed: TableFeature["isUsed"],
  requires: readonly string[] = [],
): TableFeature {
  return {
    name,
    scope: "writer",
    reads: "supported",
    writes: isUsed === undefined ? "refused" : "dormant",
    ...(isUsed === undefined ? {} : { isUsed }),
    requires,
    whenUsed: name.endsWith("-preview") ? "nothing" : "asks",
    turnedOnBy: "other writers only",
  };
}

/** A feature that changes where rows come from: neither read nor written while it is used. */
function readerFeature(
  name: string,
  isUsed: TableFeature["isUsed"],
  requires: readonly string[] = [],
): TableFeature {
  const support = isUsed === undefined ? "refused" : "dormant";
  return {
    ...writerFeature(name, isUsed, requires),
    scope: "reader-writer",
    reads: support,
    writes: support,
  };
}

/** Variant columns are read, whichever of the names a table has for them; they are not written. */
function variantFeature(name: string): TableFeature {
  return {
    ...readerFeature(name, whenTypeOccurs("variant")),
    reads: "supported",
    writes: "dormant",
    keptBecause: "only the writer that turned it on knows its data files",
  };
}

/**
 * Preview names of features, and features that this release knows by name and does not honour in full. The
 * names of previews are those of delta-spark; the rest stand in PROTOCOL.md or an RFC of that name.
 */
export const PREVIEW_AND_FOREIGN_FEATURES: readonly TableFeature[] = [
  {
    // The same rules as under the final name (delta-spark keeps supporting tables of the preview).
    name: "typeWidening-preview",
    scope: "reader-writer",
    reads: "supported",
    writes: "supported",
    isUsed: (metadata) =>
      isOn(metadata, "delta.enableTypeWidening") || whenColumnHas("delta.typeChanges")(metadata),
    requires: [],
    whenUsed: "nothing",
    keptBecause: "older versions in the log hold its traces, which readers without the feature would misread",
    turnedOnBy: "other writers only",
  },
  variantFeature("variantType"),
  variantFeature("variantType-preview"),
  { ...variantFeature("variantShredding"), whenUsed: "nothing" },
  variantFeature("variantShredding-preview"),
  writerFeature("inCommitTimestamp-preview", whenOn("delta.enableInCommitTimestamps-preview")),
  writerFeature("collations", whenColumnHas("__COLLATIONS"), ["domainMetadata"]),
  writerFeature("collations-preview", whenColumnHas("__COLLATIONS"), ["domainMetadata"]),
  {
    ...writerFeature("materializePartitionColumns", (metadata) => metadata.partitionColumns.length > 0),
    whenUsed: "nothing",
  },
  writerFeature("icebergCompatV1", whenOn("delta.enableIcebergCompatV1"), ["columnMapping"]),
  writerFeature("icebergCompatV2", whenOn("delta.enableIcebergCompatV2"), ["columnMapping"]),
  writerFeature("icebergCompatV3", whenOn("delta.enableIcebergCompatV3"), ["columnMapping", "rowTracking"]),
  writerFeature("icebergWriterCompatV1", whenOn("delta.enableIcebergWriterCompatV1"), ["icebergCompatV2"]),
  writerFeature("icebergWriterCompatV3", whenOn("delta.enableIcebergWriterCompatV3"), ["icebergCompatV3"]),
  writerFeature("redirectWriterOnly-preview", whenSet("delta.redirectWriterOnly-preview")),
  readerFeature("redirectReaderWriter-preview", whenSet("delta.redirectReaderWriter-preview")),
  writerFeature("coordinatedCommits-preview", whenSet("delta.coordinatedCommits.commitCoordinator-preview"), [
    "inCommitTimestamp",
    "vacuumProtocolCheck",
  ]),
  // Commits that the catalog has and the log has not: neither side can be told from the log alone.
  readerFeature("catalogManaged", undefined, ["inCommitTimestamp"]),
  readerFeature("catalogOwned-preview", undefined, ["inCommitTimestamp"]),
  readerFeature("geospatial", whenTypeOccurs("geo(?:metry|graphy)")),
  readerFeature("timestampNanos", whenTypeOccurs("timestamp_nanos")),
];
