import { describe, expect, test } from "vitest";
import { type ErrorKind, LakeError } from "../../core/index.js";
import { exitCodeOf } from "../../src/cli/exit-code.js";

describe("exitCodeOf", () => {
  const cases: readonly (readonly [ErrorKind, string, number])[] = [
    ["internal", "x", 1],
    ["unavailable", "x", 1],
    ["invalid-input", "x", 2],
    ["already-exists", "x", 2],
    ["not-found", "x", 3],
    ["conflict", "x", 4],
    ["corrupt", "x", 5],
    ["unsupported", "reader-feature", 5],
    ["unsupported", "engine-not-implemented", 2],
    ["unsupported", "sql-statement", 2],
    ["cancelled", "x", 130],
  ];
  test.each(cases)("%s with code %s is %i", (kind, code, expected) => {
    expect(exitCodeOf(new LakeError(kind, code, "m"))).toBe(expected);
  });
});
