import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalDataPath, encodeDataPath, parseDataPath } from "../../table-format/log/data-path.js";

describe("parseDataPath", () => {
  it.each([
    ["special%20p@%23h", "special p@#h"],
    ["p=a%2520b/x.parquet", "p=a%20b/x.parquet"],
    ["_2=bar+%252521/part-0.parquet", "_2=bar+%2521/part-0.parquet"],
    ["d=%C3%A9/é.parquet", "d=é/é.parquet"],
    ["./a//b/../c d.parquet", "a/c d.parquet"],
    ["ts=2020-01-01%2008%253A09/x", "ts=2020-01-01 08%3A09/x"],
  ])("reads the relative %s", (text, expected) => {
    expect(parseDataPath(text)).toEqual({ kind: "relative", path: expected });
  });

  it.each([
    ["s3a://bucket/t/a%20b.parquet", "s3", "bucket", "/t/a b.parquet"],
    ["file:///t/a%20b", "file", "", "/t/a b"],
    ["file:/t/x", "file", "", "/t/x"],
    ["/t/x%25", "file", "", "/t/x%"],
    ["abfss://c@a.dfs.core.windows.net/x", "abfss", "c@a.dfs.core.windows.net", "/x"],
  ])("reads the absolute %s", (text, scheme, authority, expected) => {
    expect(parseDataPath(text)).toEqual({ kind: "absolute", scheme, authority, path: expected });
  });

  it.each(["a%zz", "a%", "%FF", "../x", "a/../../x", "", "."])("refuses %j", (text) => {
    expect(() => parseDataPath(text)).toThrow(JSON.stringify(text));
  });
});

describe("encodeDataPath", () => {
  it.each([
    ["p=a b%20/x.parquet", "p=a%20b%2520/x.parquet"],
    ["special p@#h", "special%20p@%23h"],
    ["_2=bar+%2521/x", "_2=bar+%252521/x"],
    ["a:b/c?d", "a%3Ab/c%3Fd"],
  ])("escapes %s", (relative, expected) => expect(encodeDataPath(relative)).toBe(expected));

  it("is undone by parseDataPath", () => {
    const segment = fc
      .string({ unit: "binary", minLength: 1, maxLength: 12 })
      .filter((text) => !/^\.{1,2}$|\//.test(text));
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 3 }), (segments) => {
        const relative = segments.join("/");
        const encoded = encodeDataPath(relative);
        expect(parseDataPath(encoded)).toEqual({ kind: "relative", path: relative });
        // What java.net.URI, and so Spark, takes for a path.
        expect(encoded).toMatch(/^(?:[A-Za-z0-9\-_.!~*'()@&=+$,/]|%[0-9A-F]{2})+$/);
      }),
      { seed: 7, numRuns: 500 },
    );
  });
});

describe("canonicalDataPath", () => {
  it("is the same for every spelling of one file", () => {
    const spellings = [
      "special%20p",
      "./special p",
      "/t/special%20p",
      "file:/t/special%20p",
      "file:///t/./special%20p",
    ];
    expect(new Set(spellings.map((text) => canonicalDataPath(text, "/t"))).size).toBe(1);
    expect(canonicalDataPath("s3a://b/t/x", "s3://b/t/")).toBe("x");
  });

  it("keeps other places apart", () => {
    expect(canonicalDataPath("/tt/x", "/t")).toBe("/tt/x");
    expect(canonicalDataPath("s3://b/x")).toBe("s3://b/x");
    expect(canonicalDataPath("file:///t/x")).toBe(canonicalDataPath("/t/x"));
    expect(canonicalDataPath("/t%20u/x", "/t u")).toBe("x");
  });
});

const CONFORMANCE = path.resolve(import.meta.dirname, "../../../shared/conformance/delta");

if (!existsSync(CONFORMANCE)) console.warn(`skipped: there are no tables at ${CONFORMANCE}`);

describe.skipIf(!existsSync(CONFORMANCE))("paths that Spark wrote", () => {
  it("lead to the files on disk and are what we would write", () => {
    let seen = 0;
    for (const table of existsSync(CONFORMANCE) ? readdirSync(CONFORMANCE) : []) {
      const log = path.join(CONFORMANCE, table, "delta/_delta_log");
      const entries = readdirSync(log).filter((name) => /^\d{20}\.json$/.test(name));
      for (const line of entries.flatMap((name) =>
        readFileSync(path.join(log, name), "utf8").trim().split("\n"),
      )) {
        const add: unknown = JSON.parse(line).add?.path;
        if (typeof add !== "string") continue;
        const parsed = parseDataPath(add);
        if (parsed.kind !== "relative") continue;
        expect(encodeDataPath(parsed.path)).toBe(add);
        if (existsSync(path.join(log, "..", parsed.path))) seen += 1;
      }
    }
    expect(seen).toBeGreaterThan(50);
  });
});
