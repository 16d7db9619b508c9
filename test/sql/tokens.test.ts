import { describe, expect, test } from "vitest";
import { isLakeError } from "../../core/index.js";
import { applyEdits, utf16Offsets } from "../../src/sql/text-edits.js";
import { identifierName, lineAndColumn, stringContent, tokenize } from "../../src/sql/tokens.js";

const texts = (sql: string): string[] => tokenize(sql).map(({ text }) => text);

describe("tokenize", () => {
  test.each<[string, string[]]>([
    ["select 'it''s', E'a\\'b'", ["select", "'it''s'", ",", "E'a\\'b'"]],
    ["$$a;'b$$ $t$ $$ $t$", ["$$a;'b$$", "$t$ $$ $t$"]],
    ['"a""b" `c``d`', ['"a""b"', "`c``d`"]],
    ["a -- b\n/* /* c */ d */ e", ["a", "e"]],
    ["$1 $name ? a$b", ["$1", "$name", "?", "a$b"]],
    ["1.5e-3 .5 1_000 t.1", ["1.5e-3", ".5", "1_000", "t", ".1"]],
    [
      "t@v3 a::int x=>1 y:=2 b>=c",
      ["t", "@", "v3", "a", "::", "int", "x", "=>", "1", "y", ":=", "2", "b", ">=", "c"],
    ],
    ["größe\u00a0+ 𝄞", ["größe", "+", "𝄞"]],
    ["a(b;c)", ["a", "(", "b", ";", "c", ")"]],
  ])("%s", (sql, expected) => {
    expect(texts(sql)).toEqual(expected);
    for (const token of tokenize(sql)) expect(sql.slice(token.start, token.end)).toBe(token.text);
  });

  test("takes the quotes off", () => {
    const [quoted, backtick, string] = tokenize("\"a\"\"b\" `c``d` 'it''s'");
    expect([identifierName(quoted), identifierName(backtick), stringContent(string)]).toEqual([
      'a"b',
      "c`d",
      "it's",
    ]);
    expect(identifierName(string)).toBeUndefined();
    expect(stringContent(quoted)).toBeUndefined();
  });

  test.each([
    ["select\n 'a", "unterminated string at line 2, column 2"],
    ['select "a', "unterminated quoted identifier at line 1, column 8"],
    ["select `a", "unterminated backtick identifier at line 1, column 8"],
    ["/* a /* b */", "unterminated comment at line 1, column 1"],
    ["$x$ a $$", "unterminated dollar-quoted string at line 1, column 1"],
  ])("%j is refused", (sql, message) => {
    let caught: unknown;
    try {
      tokenize(sql);
    } catch (error) {
      caught = error;
    }
    expect(isLakeError(caught, "invalid-input") && [caught.code, caught.message]).toEqual([
      "sql-syntax",
      message,
    ]);
  });

  test("reads a literal of a million characters", () => {
    expect(tokenize(`'${"a''".repeat(333_333)}'`)).toHaveLength(1);
  });
});

test("lines and columns count from 1", () => {
  expect(lineAndColumn("a\nbc", 3)).toEqual({ line: 2, column: 2 });
  expect(lineAndColumn("a", 0)).toEqual({ line: 1, column: 1 });
});

describe("applyEdits", () => {
  const edited = applyEdits("abcdef", [
    { start: 4, end: 5, replacement: ["X", { start: 0, end: 2 }] },
    { start: 1, end: 3, replacement: [] },
    { start: 0, end: 0, replacement: ["<<"] },
  ]);

  test("replaces, inserts, deletes and copies", () => expect(edited.text).toBe("<<adXabf"));

  test("maps every offset back", () => {
    expect([...edited.text, ""].map((_, offset) => edited.mapOffset(offset))).toEqual([
      0, 0, 0, 3, 4, 0, 1, 5, 6,
    ]);
  });

  test("refuses edits that overlap", () => {
    const edits = [
      { start: 0, end: 3, replacement: [] },
      { start: 2, end: 4, replacement: [] },
    ];
    expect(() => applyEdits("abcdef", edits)).toThrow("overlap");
  });
});

test("byte offsets become UTF-16 offsets", () => {
  const text = "aü€𝄞z";
  const offsetOf = utf16Offsets(text);
  expect([0, 1, 3, 6, 10, 11].map(offsetOf)).toEqual([0, 1, 2, 3, 5, 6]);
  expect(utf16Offsets("plain")(3)).toBe(3);
});
