import { expect, test } from "vitest";
import { compareUtf8, objectPath } from "../../object-store/index.js";

test.each(["a", "a/b", ".a", "..a", "a b/ü", "a\\b", "%2e%2e/x", "\u{1F43B}"])(
  "%j is an object path",
  (path) => {
    expect(objectPath(path)).toBe(path);
  },
);

test.each(["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a\0", "\uD83D", "a/\uDC3Bb"])(
  "%j is none",
  (path) => {
    expect(() => objectPath(path)).toThrow(
      expect.objectContaining({ kind: "invalid-input", code: "object-path" }),
    );
  },
);

test("compareUtf8 puts astral characters last, as their bytes do", () => {
  const sorted = [
    "",
    "A",
    "a",
    "a-",
    "a/",
    "a0",
    "ab",
    "é",
    "\uD7FF",
    "\uE000",
    "\uFFFF",
    "\u{10000}",
    "\u{10FFFF}",
  ];
  expect(sorted.toReversed().sort(compareUtf8)).toEqual(sorted);
  expect(compareUtf8("a\u{1F43B}", "a\u{1F43B}")).toBe(0);
});
