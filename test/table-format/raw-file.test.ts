import { describe, expect, test } from "vitest";
import {
  isInPlace,
  newField,
  parseDecoding,
  RAW_FILES_FEATURE,
  type RawDecoding,
  rawFileOf,
  rawFileTags,
  readerFeatures,
  serializeDecoding,
  upgradeProtocol,
  withoutFeature,
  writerFeatures,
} from "../../table-format/index.js";

const DECODING: RawDecoding = {
  mapping: "id",
  misfits: "rescue",
  uri: "raw/a.avro",
  readerSchema: undefined,
  columns: [
    {
      kind: "field",
      source: "Id",
      field: {
        ...newField("id", { type: "long" }),
        metadata: { "delta.columnMapping.id": 1n, "delta.columnMapping.physicalName": "col-1" },
      },
    },
    {
      kind: "field",
      source: "place",
      field: newField("place", {
        type: "struct",
        fields: [
          newField("city", { type: "string" }),
          newField("at", { type: "decimal", precision: 20, scale: 3 }),
        ],
      }),
    },
    { kind: "rescued-data", field: newField("_rescued_data", { type: "string" }) },
    {
      kind: "source-file",
      sourceFile: "file:///raw/a.avro",
      field: newField("_source_file", { type: "string" }),
    },
  ],
};

const HASH = "0123456789abcdef0123456789abcdef";

describe("the decoding of a raw file", () => {
  test("is read as it was written", () => {
    const text = serializeDecoding(DECODING);
    expect(serializeDecoding(parseDecoding(text, "a.avro"))).toBe(text);
    expect(parseDecoding(text, "a.avro").columns.map(({ kind }) => kind)).toEqual([
      "field",
      "field",
      "rescued-data",
      "source-file",
    ]);
  });

  test("keeps of a column's metadata what its name in data files is", () => {
    const commented = newField("id", { type: "long" });
    const field = { ...commented, metadata: { comment: "x".repeat(1000), "delta.columnMapping.id": 7n } };
    const text = serializeDecoding({ ...DECODING, columns: [{ kind: "field", source: "id", field }] });
    expect(text).not.toContain("xxx");
    const [column] = parseDecoding(text, "a.avro").columns;
    expect(Number(column?.field.metadata["delta.columnMapping.id"])).toBe(7);
  });

  const broken: readonly (readonly [text: string, what: string])[] = [
    ["{", "is not JSON"],
    ["[]", "is not a JSON object"],
    ['{"version":1}', "column mapping"],
    ['{"version":1,"mapping":"none"}', "misfits"],
    ['{"version":1,"mapping":"none","misfits":"refuse"}', '"uri"'],
    ['{"version":1,"mapping":"none","misfits":"refuse","uri":"a"}', '"columns"'],
    ['{"version":1,"mapping":"none","misfits":"refuse","uri":"a","columns":[1]}', "column 1"],
    [
      '{"version":1,"mapping":"none","misfits":"refuse","uri":"a","columns":[{"source":"a"}]}',
      "no type for column 1",
    ],
    [
      '{"version":1,"mapping":"none","misfits":"refuse","uri":"a","columns":[{"field":{"name":"a","type":"long","nullable":true,"metadata":{}}}]}',
      "where the values of column 1 come from",
    ],
  ];
  for (const [text, what] of broken) {
    test(`is refused with what is wrong: ${what}`, () => {
      expect(() => parseDecoding(text, "a.avro")).toThrow(
        expect.objectContaining({
          kind: "corrupt",
          code: "raw-file-decoding",
          message: expect.stringContaining(what),
          context: { file: "a.avro" },
        }),
      );
    });
  }

  test("of a later release is not guessed at", () => {
    expect(() => parseDecoding('{"version":2}', "a.avro")).toThrow(
      expect.objectContaining({ kind: "unsupported", code: "raw-file-decoding" }),
    );
  });
});

describe("the tags of an add", () => {
  test("tell a raw file from a Parquet file", () => {
    expect(rawFileOf("a.parquet", undefined)).toBeUndefined();
    expect(rawFileOf("a.parquet", { "grizzly.fileSchema": "x" })).toBeUndefined();
    const tags = rawFileTags({ format: "avro", decoding: DECODING, contentHash: HASH }, { inPlace: true });
    expect(rawFileOf("a.avro", tags)).toMatchObject({ format: "avro", contentHash: HASH });
    expect(isInPlace(tags)).toBe(true);
    expect(isInPlace({ "grizzly.format": "avro" })).toBe(false);
  });

  test("are refused where they name another format or do not say all", () => {
    const tags = rawFileTags({ format: "jsonl", decoding: DECODING, contentHash: HASH }, { inPlace: false });
    expect(() => rawFileOf("a.orc", { ...tags, "grizzly.format": "orc" })).toThrow(
      expect.objectContaining({ kind: "unsupported", message: expect.stringContaining("orc") }),
    );
    for (const tag of ["grizzly.decoding", "grizzly.contentHash"]) {
      expect(() => rawFileOf("a.jsonl", { ...tags, [tag]: null })).toThrow(
        expect.objectContaining({ kind: "corrupt", message: expect.stringContaining(tag) }),
      );
    }
  });
});

test("the feature is one that readers must know, and goes without a trace", () => {
  const plain = {
    minReaderVersion: 1,
    minWriterVersion: 2,
    readerFeatures: undefined,
    writerFeatures: undefined,
  };
  const { protocol, added } = upgradeProtocol(plain, [RAW_FILES_FEATURE]);
  expect(added).toEqual([RAW_FILES_FEATURE]);
  expect(protocol).toMatchObject({ minReaderVersion: 3, minWriterVersion: 7 });
  expect(readerFeatures(protocol)).toContain(RAW_FILES_FEATURE);
  expect(writerFeatures(protocol)).toContain(RAW_FILES_FEATURE);
  expect(withoutFeature(protocol, RAW_FILES_FEATURE)).toEqual(plain);
});
