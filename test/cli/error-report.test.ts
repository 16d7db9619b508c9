import { describe, expect, test } from "vitest";
import { LakeError } from "../../core/index.js";
import { errorJson, errorText, SqlTextError, sqlExcerpt } from "../../src/cli/error-report.js";
import { styleFor } from "../../src/cli/terminal/style.js";

const PLAIN = styleFor(false);

describe("errors", () => {
  const error = new LakeError("not-found", "table-not-found", "there is no table t", {
    context: { table: "t", version: 9007199254740993n },
    hint: "Look at the list.",
    cause: new Error("deeper"),
  });

  test("as JSON they have five fields, with every digit", () => {
    expect(errorJson(error)).toContain('"version": 9007199254740993');
    expect(JSON.parse(errorJson(error))).toMatchObject({
      error: {
        kind: "not-found",
        code: "table-not-found",
        message: "there is no table t",
        hint: "Look at the list.",
        context: { table: "t" },
      },
    });
    expect(JSON.parse(errorJson("odd"))).toMatchObject({ error: { kind: "internal", message: "odd" } });
  });

  test("as text they are a message and a hint; the causes on request", () => {
    expect(errorText(error, PLAIN, false)).toBe("error: there is no table t\nhint: Look at the list.\n");
    expect(errorText(error, PLAIN, true)).toContain("caused by: Error: deeper");
  });

  test("a SQL error shows its line with a caret", () => {
    const syntax = new LakeError("invalid-input", "sql-syntax", 'syntax error at or near "x"', {
      context: { position: 14 },
    });
    expect(errorText(new SqlTextError(syntax, "SELECT 1\nFORM x y"), PLAIN, false)).toBe(
      'error: syntax error at or near "x"\n  2 | FORM x y\n           ^\n',
    );
  });

  test("the caret stands under its character, wide and control characters before it or not", () => {
    expect(sqlExcerpt("a b", 2)).toBe("  1 | a b\n        ^\n");
    expect(sqlExcerpt("漢\tb", 2)).toBe("  1 | 漢\\tb\n          ^\n");
    expect(sqlExcerpt("ab", 99)).toBe("  1 | ab\n        ^\n");
    expect(sqlExcerpt("a\nbc\nd", 3)).toBe("  2 | bc\n       ^\n");
  });
});
