import { expect, test } from "vitest";
import {
  parseStaged,
  type SharedCommit,
  serializeStaged,
} from "../../table-format/transaction/staged-file.js";

const FULL: SharedCommit = {
  operation: "TRANSACTION",
  operationParameters: { statements: '["UPDATE","DELETE"]' },
  operationMetrics: { numAddedFiles: "2" },
  engineInfo: "test",
  provenance: { grizzlyTransaction: "x" },
  protocol: { minReaderVersion: 3, minWriterVersion: 7, readerFeatures: ["f"], writerFeatures: ["f", "g"] },
  metadata: {
    id: "m",
    name: undefined,
    description: "what for",
    provider: "parquet",
    formatOptions: {},
    schemaString: '{"type":"struct","fields":[]}',
    partitionColumns: ["p"],
    configuration: { "delta.appendOnly": "false" },
    createdTime: 2n ** 60n,
  },
  domains: [{ domain: "d", configuration: "{}", removed: false }],
  transactions: [{ appId: "job", version: 2n ** 61n, lastUpdated: 5n }],
  adds: [
    {
      path: "a%20b.parquet",
      partitionValues: { p: null },
      size: 2n ** 55n,
      modificationTime: 7n,
      dataChange: true,
      stats: '{"numRecords":3}',
      tags: { t: "1" },
      deletionVector: {
        storageType: "u",
        pathOrInlineDv: "ab^-aqEH.-t@S}K{vb[*k^",
        offset: 4,
        sizeInBytes: 40,
        cardinality: 6n,
      },
      baseRowId: 9n,
      defaultRowCommitVersion: 3n,
      clusteringProvider: "liquid",
    },
  ],
  replaces: {
    kind: "files",
    files: [
      {
        path: "gone.parquet",
        size: 12n,
        partitionValues: { p: "1" },
        tags: undefined,
        deletionVector: undefined,
        baseRowId: 0n,
        defaultRowCommitVersion: 1n,
        partition: {},
      },
    ],
  },
  changes: [
    {
      path: "_change_data/c.parquet",
      partitionValues: { p: "1" },
      size: 3n,
      dataChange: false,
      tags: undefined,
    },
  ],
  reads: [
    {
      removals: false,
      predicate: {
        kind: "and",
        operands: [
          {
            kind: "compare",
            column: ["s", "f"],
            op: ">=",
            value: { type: "DECIMAL(38,0)", text: "99999999999999999999" },
          },
          { kind: "not", operand: { kind: "in", column: ["p"], values: [{ type: "VARCHAR", text: "x" }] } },
          {
            kind: "or",
            operands: [
              { kind: "is-null", column: ["a"] },
              { kind: "is-not-null", column: ["a"] },
            ],
          },
          { kind: "unknown" },
        ],
      },
    },
    { removals: true, predicate: { kind: "constant", value: true } },
  ],
  dataChange: undefined,
};

const BARE: SharedCommit = {
  operation: "WRITE",
  operationParameters: {},
  operationMetrics: {},
  engineInfo: "test",
  provenance: undefined,
  protocol: undefined,
  metadata: undefined,
  domains: [],
  transactions: [],
  adds: [],
  replaces: { kind: "none" },
  changes: [],
  reads: [],
  dataChange: false,
};

test.each([
  ["everything", FULL],
  ["nothing", BARE],
])("a staged commit of %s reads back as it was", (_, staged) => {
  const again = parseStaged(serializeStaged(staged), "f");
  const { replaces } = again;
  const files =
    replaces.kind === "files"
      ? replaces.files.map(
          ({
            path,
            partition,
            size,
            partitionValues,
            tags,
            deletionVector,
            baseRowId,
            defaultRowCommitVersion,
          }) => ({
            path,
            partition,
            size,
            partitionValues,
            tags,
            deletionVector,
            baseRowId,
            defaultRowCommitVersion,
          }),
        )
      : [];
  expect({ ...again, replaces: files.length === 0 ? replaces : { kind: "files", files } }).toEqual(staged);
});

test("what is not understood of a predicate may be any row, and what is not understood of the reads is all", () => {
  const [info = "", ...rest] = serializeStaged(FULL).split("\n");
  const withReads = (reads: string): SharedCommit =>
    parseStaged([info.replace(/"reads":\[.*\]/, `"reads":${reads}`), ...rest].join("\n"), "f");
  expect(withReads('[{"predicate":{"kind":"like","column":["a"]},"removals":false}]').reads).toEqual([
    { predicate: { kind: "unknown" }, removals: false },
  ]);
  expect(
    withReads(
      '[{"predicate":{"kind":"not","operand":{"kind":"compare","column":[],"op":"=","value":{"type":"INT","text":"1"}}}}]',
    ).reads,
  ).toEqual([{ predicate: { kind: "not", operand: { kind: "unknown" } }, removals: true }]);
  for (const reads of ['"all"', "[1]"]) {
    expect(withReads(reads).reads).toEqual([
      { predicate: { kind: "constant", value: true }, removals: true },
    ]);
  }
});

test("an entry of a log is no staged commit", () => {
  expect(() => parseStaged('{"commitInfo":{"operation":"WRITE"}}\n', "f")).toThrow(
    "f does not say how it is to be committed",
  );
});
