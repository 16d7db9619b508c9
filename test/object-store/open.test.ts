import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { openStore } from "../../object-store/index.js";

test.each([
  ["lake", pathToFileURL(resolve("lake")).href],
  ["./a b/%20#?", pathToFileURL(resolve("a b/%20#?")).href],
  ["/data/lake", pathToFileURL(resolve("/data/lake")).href],
  ["file:///data/my%20lake", "file:///data/my%20lake"],
  ["file:/data/lake", "file:///data/lake"],
  ["FILE:///data/lake/", "file:///data/lake"],
  ["file:name", pathToFileURL(resolve("file:name")).href],
  ["s3://bucket/lake/", "s3://bucket/lake"],
  ["S3A://bucket/lake", "s3://bucket/lake"],
])("%s opens %s", (location, uri) => {
  expect(openStore(location).uri).toBe(uri);
});

test.each(["gs://b", "abfss://c@a/x", "hdfs://n/x"])("%s is not supported", (location) => {
  const refused = { kind: "unsupported", code: "store-scheme", hint: expect.any(String) };
  expect(() => openStore(location)).toThrow(expect.objectContaining(refused));
});

test.each(["", "file:///data/a#b", "file:///data/a?b", "file:///a%2Fb", "file://host/share"])(
  "%j is malformed",
  (location) => {
    const refused = { kind: "invalid-input", code: "store-uri" };
    expect(() => openStore(location)).toThrow(expect.objectContaining(refused));
  },
);
