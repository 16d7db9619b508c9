import { describe, expect, test } from "vitest";
import {
  askedProperties,
  changedProtocol,
  checkReadable,
  checkWritable,
  hasFeature,
  knownFeatures,
  type Metadata,
  newProtocol,
  type Protocol,
  parseInterval,
  protocolFeatures,
  protocolOf,
  readerFeatures,
  settableProperties,
  upgradeProtocol,
  withoutFeature,
  writerFeatures,
} from "../../table-format/index.js";

function metadata(over: Partial<Metadata> = {}): Metadata {
  return {
    id: "m",
    name: undefined,
    description: undefined,
    provider: "parquet",
    formatOptions: {},
    schemaString: '{"type":"struct","fields":[]}',
    partitionColumns: [],
    configuration: {},
    createdTime: undefined,
    ...over,
  };
}

function legacy(minReaderVersion: number, minWriterVersion: number): Protocol {
  return { minReaderVersion, minWriterVersion, readerFeatures: undefined, writerFeatures: undefined };
}

function listed(readers: readonly string[], writers: readonly string[]): Protocol {
  return { minReaderVersion: 3, minWriterVersion: 7, readerFeatures: readers, writerFeatures: writers };
}

describe("the features of a protocol", () => {
  test("legacy versions imply theirs", () => {
    expect(writerFeatures(legacy(1, 1))).toEqual([]);
    expect(writerFeatures(legacy(1, 4))).toEqual([
      "appendOnly",
      "invariants",
      "checkConstraints",
      "changeDataFeed",
      "generatedColumns",
    ]);
    expect(readerFeatures(legacy(2, 5))).toEqual(["columnMapping"]);
    expect(writerFeatures(legacy(2, 6))).toContain("identityColumns");
    expect(hasFeature(legacy(1, 4), "columnMapping")).toBe(false);
  });

  test("a name stands once in the registry, and requires only names that stand there", () => {
    const names = knownFeatures().map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { requires } of knownFeatures()) for (const name of requires) expect(names).toContain(name);
  });

  test("readers need not know what is for writers only", () => {
    for (const { scope, reads } of knownFeatures()) if (scope === "writer") expect(reads).toBe("supported");
  });
});

describe("tables that are refused", () => {
  const none = metadata();

  test.each([
    [listed(["deletionVectors", "fromTomorrow"], ["deletionVectors", "fromTomorrow"]), "fromTomorrow"],
    [listed(["catalogManaged"], ["catalogManaged"]), "catalogManaged"],
    [listed(["catalogOwned-preview"], ["catalogOwned-preview"]), "catalogOwned-preview"],
  ])("%j is not read", (protocol, name) => {
    expect(() => checkReadable(protocol, none, "t")).toThrow(
      expect.objectContaining({ kind: "unsupported", code: "table-feature", context: { features: name } }),
    );
  });

  test("an unknown feature for writers stops writers, not readers", () => {
    const protocol = { ...legacy(1, 7), writerFeatures: ["fromTomorrow"] };
    checkReadable(protocol, none, "t");
    expect(() => checkWritable(protocol, none, "t")).toThrow(/fromTomorrow/);
  });

  test.each([
    ["icebergCompatV1", { "delta.enableIcebergCompatV1": "true" }],
    ["icebergCompatV2", { "delta.enableIcebergCompatV2": "TRUE" }],
    ["redirectWriterOnly-preview", { "delta.redirectWriterOnly-preview": "{}" }],
    ["coordinatedCommits-preview", { "delta.coordinatedCommits.commitCoordinator-preview": "x" }],
  ] as const)("%s stops writers only while the table uses it", (name, configuration) => {
    const protocol = { ...legacy(1, 7), writerFeatures: [name] };
    checkWritable(protocol, none, "t");
    expect(() => checkWritable(protocol, metadata({ configuration }), "t")).toThrow(
      expect.objectContaining({ context: { features: name } }),
    );
  });

  test("partition columns are not written into files, so materializePartitionColumns needs a table without any", () => {
    const protocol = { ...legacy(1, 7), writerFeatures: ["materializePartitionColumns"] };
    checkWritable(protocol, none, "t");
    expect(() => checkWritable(protocol, metadata({ partitionColumns: ["day"] }), "t")).toThrow(
      /materializePartitionColumns/,
    );
  });

  test.each(["variantType", "variantType-preview"])("%s is read; a variant column is not written", (name) => {
    const protocol = listed([name], [name]);
    const schemaString =
      '{"type":"struct","fields":[{"name":"v","type":"variant","nullable":true,"metadata":{}}]}';
    checkReadable(protocol, metadata({ schemaString }), "t");
    checkWritable(protocol, none, "t");
    expect(() => checkWritable(protocol, metadata({ schemaString }), "t")).toThrow(/variantType/);
  });

  test("a column that is called like a type or a rule uses nothing", () => {
    const named = (name: string): string => `{"name":"${name}","type":"long","nullable":true,"metadata":{}}`;
    const columns = ["variant", "timestamp_ntz", "CURRENT_DEFAULT", "delta.generationExpression", "geometry"];
    const schemaString = `{"type":"struct","fields":[${columns.map(named).join(",")}]}`;
    expect(newProtocol(metadata({ schemaString }), [])).toEqual({ protocol: legacy(1, 2), added: [] });
  });

  test("types and rules are found at any depth", () => {
    const field = '{"name":"a","type":"long","nullable":true,"metadata":{"CURRENT_DEFAULT":"1"}}';
    const list = `{"type":"array","elementType":"timestamp_ntz","containsNull":true}`;
    const map = `{"type":"map","keyType":"string","valueType":${list},"valueContainsNull":true}`;
    const schemaString = `{"type": "struct", "fields": [${field}, {"name":"m","type":${map},"nullable":true,"metadata":{}}]}`;
    expect(newProtocol(metadata({ schemaString }), []).added).toEqual([
      "allowColumnDefaults",
      "timestampNtz",
    ]);
  });

  test.each([
    [{ ...legacy(3, 6), readerFeatures: [] }, "writer version 7"],
    [{ ...legacy(3, 7), writerFeatures: [] }, "a list of readerFeatures"],
    [{ ...legacy(3, 7), readerFeatures: [] }, "a list of writerFeatures"],
    [{ ...legacy(1, 2), writerFeatures: ["appendOnly"] }, "no list of writerFeatures"],
    [{ ...legacy(2, 7), readerFeatures: ["columnMapping"], writerFeatures: [] }, "no list of readerFeatures"],
    [listed(["deletionVectors"], []), "not among the writer features"],
    [{ ...legacy(1, 7), writerFeatures: ["deletionVectors"] }, "not among the reader features"],
  ])("%j breaks the rules of a protocol", (protocol, message) => {
    expect(() => checkReadable(protocol, none, "t")).toThrow(
      expect.objectContaining({ kind: "corrupt", message: expect.stringContaining(message) }),
    );
  });

  test.each([
    [legacy(4, 7), "reader version 4"],
    [legacy(0, 2), "reader version 0"],
    [legacy(1, 8), "writer version 8"],
  ])("%j is a version that does not exist", (protocol, message) => {
    expect(() => checkWritable(protocol, none, "t")).toThrow(
      expect.objectContaining({ kind: "unsupported", message: expect.stringContaining(message) }),
    );
  });

  test("empty lists beside legacy versions say nothing", () => {
    checkWritable({ ...legacy(1, 2), readerFeatures: [], writerFeatures: [] }, none, "t");
  });
});

describe("upgrades", () => {
  test.each([
    [[], 1, 1],
    [["appendOnly", "invariants"], 1, 2],
    [["invariants", "appendOnly", "checkConstraints"], 1, 3],
    [writerFeatures(legacy(2, 5)), 2, 5],
    [writerFeatures(legacy(2, 6)), 2, 6],
  ])("%j needs no lists", (features, reader, writer) => {
    expect(protocolOf(features)).toEqual(legacy(reader, writer));
  });

  // As delta-spark 4.4 writes them.
  test.each([
    [["changeDataFeed"], 1, undefined],
    [["identityColumns"], 1, undefined],
    [["columnMapping"], 2, undefined],
    [["columnMapping", "rowTracking"], 2, undefined],
    [["deletionVectors", "columnMapping"], 3, ["columnMapping", "deletionVectors"]],
    [["timestampNtz"], 3, ["timestampNtz"]],
  ])("a new table with %j has reader version %i", (added, reader, readers) => {
    const { protocol } = upgradeProtocol(legacy(1, 2), added);
    expect(protocol).toMatchObject({
      minReaderVersion: reader,
      minWriterVersion: 7,
      readerFeatures: readers,
    });
    expect(protocol.writerFeatures).toEqual(expect.arrayContaining(["appendOnly", "invariants", ...added]));
  });

  test("what a legacy version implied is written out, and required features come along", () => {
    const { protocol, added } = upgradeProtocol(legacy(1, 4), ["clustering"]);
    expect(added).toEqual(["clustering", "domainMetadata"]);
    expect(protocol.writerFeatures).toEqual([
      "appendOnly",
      "changeDataFeed",
      "checkConstraints",
      "clustering",
      "domainMetadata",
      "generatedColumns",
      "invariants",
    ]);
  });

  test("a protocol that has the features stays as it is, names of others included", () => {
    const protocol = listed(["deletionVectors"], ["deletionVectors", "fromTomorrow"]);
    expect(upgradeProtocol(protocol, ["deletionVectors"])).toEqual({ protocol, added: [] });
  });

  test.each(["catalogManaged", "icebergCompatV2", "variantType", "fromTomorrow"])(
    "%s is not added",
    (name) => {
      expect(() => upgradeProtocol(legacy(1, 2), [name])).toThrow(
        expect.objectContaining({ kind: "unsupported", context: { features: name } }),
      );
    },
  );

  test("the way back gives the oldest protocol again", () => {
    const { protocol } = upgradeProtocol(legacy(1, 2), ["checkConstraints", "vacuumProtocolCheck"]);
    expect(withoutFeature(protocol, "vacuumProtocolCheck")).toEqual(legacy(1, 3));
  });

  test("metadata brings its features to a table that exists, but those that must be asked for", () => {
    const cdf = metadata({ configuration: { "delta.enableChangeDataFeed": "true" } });
    expect(changedProtocol(legacy(1, 2), metadata(), cdf, []).added).toEqual(["changeDataFeed"]);
    const ntz = metadata({
      schemaString:
        '{"type":"struct","fields":[{"name":"t","type":"timestamp_ntz","nullable":true,"metadata":{}}]}',
    });
    expect(newProtocol(ntz, []).added).toEqual(["timestampNtz"]);
    expect(() => changedProtocol(legacy(1, 2), metadata(), ntz, [])).toThrow(
      expect.objectContaining({ code: "feature-needed", context: { features: "timestampNtz" } }),
    );
    expect(changedProtocol(legacy(1, 2), metadata(), ntz, ["timestampNtz"]).added).toEqual(["timestampNtz"]);
  });

  test("what another writer left out of the protocol is not in the way of other changes", () => {
    const schemaString =
      '{"type":"struct","fields":[{"name":"a","type":"long","nullable":true,"metadata":{"CURRENT_DEFAULT":"1"}}]}';
    const before = metadata({ schemaString });
    const after = metadata({ schemaString, configuration: { "delta.enableDeletionVectors": "true" } });
    expect(changedProtocol(legacy(1, 2), before, after, []).added).toEqual(["deletionVectors"]);
  });

  test("a table with the preview's name has the feature", () => {
    const protocol = listed(["typeWidening-preview"], ["typeWidening-preview"]);
    const widening = metadata({ configuration: { "delta.enableTypeWidening": "true" } });
    expect(changedProtocol(protocol, metadata(), widening, [])).toEqual({ protocol, added: [] });
  });
});

describe("properties", () => {
  test("names of Delta's are taken in any case, words are folded, others are free", () => {
    const { configuration, features, asked } = askedProperties({
      "DELTA.appendonly": "TRUE",
      "delta.columnMapping.mode": "Name",
      "delta.feature.VacuumProtocolCheck": "supported",
      owner: "Me",
    });
    expect(configuration).toEqual({
      "delta.appendOnly": "true",
      "delta.columnMapping.mode": "name",
      owner: "Me",
    });
    expect(features).toEqual(["vacuumProtocolCheck"]);
    expect(Object.keys(asked)).toContain("delta.feature.vacuumProtocolCheck");
  });

  test("a version asks for what it implies; the greatest for nothing", () => {
    expect(askedProperties({ "delta.minWriterVersion": "3" }).features).toEqual([
      "appendOnly",
      "invariants",
      "checkConstraints",
    ]);
    expect(askedProperties({ "delta.minReaderVersion": "2" }).features).toEqual(["columnMapping"]);
    expect(askedProperties({ "delta.minWriterVersion": "7", "delta.minReaderVersion": "3" })).toMatchObject({
      features: [],
      configuration: {},
    });
  });

  test.each([
    ["delta.bogus", "1", "unknown-property"],
    ["delta.feature.bogus", "supported", "unknown-feature"],
    ["delta.feature.clustering", "yes", "property-value"],
    ["delta.minReaderVersion", "4", "property-value"],
    ["delta.minWriterVersion", "x", "property-value"],
    ["delta.constraints.c", "a > 0", "unknown-property"],
    ["delta.columnMapping.maxColumnId", "9", "reserved-property"],
    ["delta.inCommitTimestampEnablementVersion", "9", "reserved-property"],
    ["delta.appendOnly", "maybe", "property-value"],
    ["delta.columnMapping.mode", "position", "property-value"],
    ["delta.checkpointInterval", "0", "property-value"],
    ["delta.checkpointPolicy", "v3", "property-value"],
    ["delta.dataSkippingNumIndexedCols", "-2", "property-value"],
    ["delta.dataSkippingStatsColumns", "a,,b", "property-value"],
    ["delta.logRetentionDuration", "2 months", "property-value"],
    ["delta.deletedFileRetentionDuration", "soon", "property-value"],
    ["delta.enableIcebergCompatV2", "true", "property-value"],
    ["delta.isolationLevel", "SnapshotIsolation", "property-value"],
  ])("%s = %s is refused", (name, value, code) => {
    expect(() => askedProperties({ [name]: value })).toThrow(
      expect.objectContaining({ kind: "invalid-input", code, message: expect.stringContaining(name) }),
    );
  });

  test.each([
    ["delta.logRetentionDuration", "interval 30 days"],
    ["delta.checkpointInterval", "100"],
    ["delta.dataSkippingNumIndexedCols", "-1"],
    ["delta.dataSkippingStatsColumns", "a, b.c, `d e`.`f``g`"],
    ["delta.targetFileSize", "128mb"],
    ["delta.parquet.compression.codec", "ZSTD"],
    ["delta.enableIcebergCompatV2", "false"],
  ])("%s = %s is taken", (name, value) => {
    expect(askedProperties({ [name]: value }).configuration).toEqual({ [name]: value });
  });

  test("every property that may be set is Delta's", () => {
    expect(settableProperties().length).toBeGreaterThan(20);
    for (const name of settableProperties()) expect(name).toMatch(/^delta\.[a-z]/);
  });

  test.each([
    ["interval 1 week", 604_800_000],
    ["7 days", 604_800_000],
    ["INTERVAL 1 DAY 12 HOURS", 129_600_000],
    ["90 minutes", 5_400_000],
    ["1500 milliseconds", 1_500],
    ["interval 1 month", undefined],
    ["1 fortnight", undefined],
    ["week", undefined],
    ["-1 days", undefined],
    ["", undefined],
  ])("the interval %j is %s ms", (text, milliseconds) => {
    expect(parseInterval(text)).toBe(milliseconds);
  });
});

test("features of a protocol stand once", () => {
  expect(protocolFeatures(listed(["deletionVectors"], ["deletionVectors", "appendOnly"]))).toEqual([
    "deletionVectors",
    "appendOnly",
  ]);
});
