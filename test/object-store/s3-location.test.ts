import { describe, expect, test } from "vitest";
import { openStore } from "../../object-store/index.js";
import { parseS3Uri, s3Key, s3Uri } from "../../object-store/s3/s3-location.js";

test.each([
  ["s3://bucket", "s3://bucket", "x"],
  ["s3://bucket/", "s3://bucket", "x"],
  ["s3://bucket/a/b", "s3://bucket/a/b", "a/b/x"],
  ["s3://bucket/a/b/", "s3://bucket/a/b", "a/b/x"],
  ["s3a://bucket/a", "s3://bucket/a", "a/x"],
  ["s3n://bucket/a", "s3://bucket/a", "a/x"],
  ["S3://my.old_Bucket/a", "s3://my.old_Bucket/a", "a/x"],
  ["s3://bucket/a b/p=1", "s3://bucket/a%20b/p=1", "a b/p=1/x"],
  ["s3://bucket/a%20b/%3F%23%25", "s3://bucket/a%20b/%3F%23%25", "a b/?#%/x"],
  ["s3://bucket/\u{1F43B}", "s3://bucket/%F0%9F%90%BB", "\u{1F43B}/x"],
])("%s is %s, and its keys are like %s", (text, uri, key) => {
  const location = parseS3Uri(text);
  expect(s3Uri(location)).toBe(uri);
  expect(s3Key(location, "x")).toBe(key);
  expect(parseS3Uri(uri)).toEqual(location);
  expect(openStore(text).uri).toBe(uri);
});

describe("refused", () => {
  test.each([
    "s3://",
    "s3:///prefix",
    "s3://b",
    "s3://-bucket/x",
    "s3://bucket/a//b",
    "s3://bucket//b//",
    "s3://bucket/a/../b",
    "s3://bucket/.",
    "s3://bucket/%2e%2e/b",
    "s3://bucket/100%",
    "s3://bucket/%FF",
    "s3://bucket/a?versionId=1",
    "s3://bucket?region=x",
    "s3://bucket/a#b",
    "s3://bucket:9000/a",
    "s3:bucket/a",
  ])("%s", (text) => {
    expect(() => parseS3Uri(text)).toThrow(
      expect.objectContaining({ kind: "invalid-input", code: "store-uri", hint: expect.any(String) }),
    );
  });

  test("keys in a location, without repeating them", () => {
    const opening = (): unknown => openStore("s3://AKIASOMEBODY:hush/hush@bucket/a");
    expect(opening).toThrow(expect.objectContaining({ kind: "invalid-input", code: "store-uri" }));
    expect(opening).not.toThrow(/AKIASOMEBODY|hush/);
    const plain = (): unknown => openStore("s3://AKIASOMEBODY:hush@bucket/a");
    expect(plain).toThrow(expect.objectContaining({ kind: "invalid-input", code: "store-uri" }));
    expect(plain).not.toThrow(/AKIASOMEBODY|hush/);
  });
});
