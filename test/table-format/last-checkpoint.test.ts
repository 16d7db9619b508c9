import { describe, expect, it } from "vitest";
import { isJsonObject, parseJson } from "../../core/index.js";
import { canonicalText, jsonChecksum } from "../../table-format/log/json-checksum.js";
import { parseLastCheckpoint, serializeLastCheckpoint } from "../../table-format/log/last-checkpoint.js";
import { version } from "../../table-format/log/version.js";

// PROTOCOL.md, "JSON checksum", gives this sample, its canonical form and its checksum.
const SAMPLE = `{"k0":"'v 0'", "checksum": "adsaskfljadfkjadfkj", "k1":{"k2": 2, "k3": ["v3", [1, 2], {"k4": "v4", "k5": ["v5", "v6", "v7"]}]}}`;

// As delta-spark 3.1 wrote it.
const SPARK =
  '{"version":2,"size":9,"sizeInBytes":19554,"numOfAddFiles":4,"v2Checkpoint":{"path":"00000000000000000002.checkpoint.6374b053-df23-479b-b2cf-c9c550132b49.json","sizeInBytes":891,"modificationTime":1714496115810,"nonFileActions":[{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["v2Checkpoint"],"writerFeatures":["v2Checkpoint","appendOnly","invariants"]}},{"metaData":{"id":"8a390218-e4ee-4341-b6de-4920e27d3f78","format":{"provider":"parquet","options":{}},"schemaString":"{\\"type\\":\\"struct\\",\\"fields\\":[{\\"name\\":\\"id\\",\\"type\\":\\"long\\",\\"nullable\\":true,\\"metadata\\":{}}]}","partitionColumns":[],"configuration":{"delta.checkpointInterval":"2","delta.checkpointPolicy":"v2"},"createdTime":1714496114564}},{"checkpointMetadata":{"version":2}}],"sidecarFiles":[{"path":"00000000000000000002.checkpoint.0000000001.0000000002.bd1885fd-6ec0-4370-b0f5-43b5162fd4de.parquet","sizeInBytes":9367,"modificationTime":1714496115780},{"path":"00000000000000000002.checkpoint.0000000002.0000000002.0a8d73ee-aa83-49d0-9583-c99db75b89b2.parquet","sizeInBytes":9296,"modificationTime":1714496115788}]},"checksum":"d09f95a326aab562c60d415a32ddd216"}';

describe("jsonChecksum", () => {
  it("is what the protocol's sample says", () => {
    const sample = parseJson(SAMPLE);
    if (!isJsonObject(sample)) throw new Error("the sample is an object");
    const { checksum: _, ...rest } = sample;
    expect(canonicalText(rest)).toBe(
      `"k0"="%27v%200%27","k1"+"k2"=2,"k1"+"k3"+0="v3","k1"+"k3"+1+0=1,"k1"+"k3"+1+1=2,"k1"+"k3"+2+"k4"="v4","k1"+"k3"+2+"k5"+0="v5","k1"+"k3"+2+"k5"+1="v6","k1"+"k3"+2+"k5"+2="v7"`,
    );
    expect(jsonChecksum(sample)).toBe("6a92d155a59bf2eecbd4b4ec7fd1f875");
  });
});

describe("_last_checkpoint", () => {
  it("names a version where its checksum holds, as Spark writes it", () => {
    expect(parseLastCheckpoint(SPARK)).toBe(2n);
  });

  it("is no hint where its checksum does not hold", () => {
    expect(parseLastCheckpoint(SPARK.replace('"version":2', '"version":1'))).toBeUndefined();
  });

  it("needs no checksum and no field but the version", () => {
    expect(parseLastCheckpoint('{"version":7,"size":3,"parts":2}')).toBe(7n);
    expect(parseLastCheckpoint('{"version":9007199254740993}')).toBe(9_007_199_254_740_993n);
  });

  it("is no hint where it cannot be understood", () => {
    for (const text of ["", "{", "[]", "7", "{}", '{"version":"7"}', '{"version":-1}', '{"version":1.5}']) {
      expect(parseLastCheckpoint(text)).toBeUndefined();
    }
  });

  it("is written with a checksum that holds", () => {
    const text = serializeLastCheckpoint({
      version: version(3),
      size: 5n,
      sizeInBytes: 100n,
      numOfAddFiles: 2n,
      parts: 2,
    });
    const json = parseJson(text);
    expect(json).toMatchObject({ version: 3, size: 5, sizeInBytes: 100, numOfAddFiles: 2, parts: 2 });
    expect(isJsonObject(json) && json["checksum"] === jsonChecksum(json)).toBe(true);
    expect(parseLastCheckpoint(text)).toBe(3n);
  });
});
