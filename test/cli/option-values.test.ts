import { describe, expect, test } from "vitest";
import {
  applicationOf,
  applicationVersion,
  batchLimit,
  collectParameter,
  memoryAmount,
  nameList,
  outputFile,
  parameterValue,
  positiveInteger,
} from "../../src/cli/option-values.js";

describe("option values", () => {
  test("positiveInteger", () => {
    expect(positiveInteger("--threads")("4")).toBe(4);
    for (const wrong of ["0", "-1", "1.5", "x", "", "1e3", "99999999999999999999"]) {
      expect(() => positiveInteger("--threads")(wrong), wrong).toThrow("--threads");
    }
  });

  test("memoryAmount", () => {
    for (const right of ["4GB", "512MiB", "1.5 gb", "100B"]) expect(memoryAmount(right)).toBe(right);
    for (const wrong of ["4", "GB", "-1GB", "4G", "4GB; DROP"])
      expect(() => memoryAmount(wrong), wrong).toThrow();
  });

  test("nameList", () => {
    expect(nameList("--partition-by")("a, b")).toEqual(["a", "b"]);
    expect(() => nameList("--partition-by")("a,,b")).toThrow("--partition-by");
    expect(() => nameList("--partition-by")("")).toThrow("--partition-by");
  });

  test("applicationVersion and applicationOf", () => {
    expect(applicationVersion("20250131")).toBe(20_250_131n);
    for (const wrong of ["", "-1", "1.5", "x", "1234567890123456789"]) {
      expect(() => applicationVersion(wrong), wrong).toThrow("--app-version");
    }
    expect(applicationOf({})).toBeUndefined();
    expect(applicationOf({ appId: "a", appVersion: 3n })).toEqual({ appId: "a", version: 3n });
    for (const wrong of [{ appId: "a" }, { appVersion: 3n }, { appId: "", appVersion: 3n }]) {
      expect(() => applicationOf(wrong)).toThrow("go together");
    }
  });

  test("outputFile", () => {
    for (const right of ["a.parquet", "x/b.CSV", "c.jsonl", "d.arrow"]) expect(outputFile(right)).toBe(right);
    for (const wrong of ["a", "a.xlsx", "parquet", "a.csv.gz"])
      expect(() => outputFile(wrong), wrong).toThrow("--output");
  });

  test.each([
    ["12", 12],
    ["-1.5", -1.5],
    ["9007199254740993", 9007199254740993n],
    ["true", true],
    ["null", null],
    ['"12"', "12"],
    ["12 apples", "12 apples"],
    ["02134", "02134"],
    ["2024-01-31", "2024-01-31"],
    ["1.2.3", "1.2.3"],
    ["", ""],
    ["[1]", "[1]"],
    ["null ", "null "],
  ])("parameterValue(%j)", (text, value) => {
    expect(parameterValue(text)).toBe(value);
  });

  test("collectParameter keeps what is there and refuses a name twice", () => {
    const one = collectParameter("a=1", undefined);
    expect(collectParameter("b=x=y", one)).toEqual({ a: 1, b: "x=y" });
    expect(() => collectParameter("a=2", one)).toThrow("twice");
    expect(() => collectParameter("a", undefined)).toThrow("name=value");
    expect(() => collectParameter("1a=2", undefined)).toThrow("name=value");
  });
});

describe("--batch", () => {
  test.each([
    ["500", { files: 500 }],
    ["4GB", { bytes: 4e9 }],
    ["1 MiB", { bytes: 1024 ** 2 }],
    ["500,4gib", { files: 500, bytes: 4 * 1024 ** 3 }],
  ])("%s", (text, limit) => {
    expect(batchLimit(text)).toEqual(limit);
  });

  test.each(["", "0", "-1", "1.5", "4 parsecs", "1,"])("%j is refused", (text) => {
    expect(() => batchLimit(text)).toThrow(expect.objectContaining({ code: "cli-usage" }));
  });
});
