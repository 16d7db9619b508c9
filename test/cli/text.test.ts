import { describe, expect, test } from "vitest";
import { displayWidth, escapeControls, padEnd, padStart, truncate } from "../../src/cli/terminal/text.js";

describe("text on a terminal", () => {
  test.each([
    ["abc", 3],
    ["", 0],
    ["漢字", 4],
    ["ｆｕｌｌ", 8],
    ["한글", 4],
    ["é", 1],
    ["e\u0301", 1],
    ["🐻", 2],
    ["👩‍🚀", 2],
    ["❤️", 2],
    ["ü€√", 3],
    ["\u200b", 0],
  ])("displayWidth(%j) is %i", (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });

  test("escapeControls leaves nothing that moves a cursor or reorders text", () => {
    expect(escapeControls("a\nb\t\u001b[31m\u202e\u0000\u009b")).toBe(
      "a\\nb\\t\\u001b[31m\\u202e\\u0000\\u009b",
    );
  });

  test("truncate cuts at whole characters and marks the cut", () => {
    expect(truncate("abcdef", 6)).toBe("abcdef");
    expect(truncate("abcdef", 5)).toBe("abcd…");
    expect(truncate("漢字漢字", 5)).toBe("漢字…");
    expect(truncate("漢字漢字", 4)).toBe("漢…");
  });

  test("padding counts columns, not characters", () => {
    expect(padEnd("漢", 4)).toBe("漢  ");
    expect(padStart("漢", 4)).toBe("  漢");
    expect(padEnd("abcdef", 4)).toBe("abcdef");
  });
});
