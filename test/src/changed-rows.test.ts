import { describe, expect, test } from "vitest";
import { insertOf, mergeOf, updateOf } from "../../src/changed-rows.js";

describe("what callers say, as statements say it", () => {
  test("parameters are counted in the order of the members", () => {
    expect(
      updateOf({ set: { a: "?", "s.f": " Default ", b: "$3 + ?" }, where: "c = ? AND '?' = d" }),
    ).toEqual({
      alias: undefined,
      set: [
        { column: ["a"], value: "$1" },
        { column: ["s", "f"], value: undefined },
        { column: ["b"], value: "$3 + $4" },
      ],
      where: "c = $5 AND '?' = d",
    });
    expect(insertOf({ query: "SELECT ?", columns: ["a", '"b c"'], replaceWhere: "a = ?" })).toEqual({
      query: "SELECT $1",
      columns: [["a"], ["b c"]],
      byName: false,
      mode: { kind: "replace-where", condition: "a = $2" },
    });
  });

  test("clauses of a merge keep their order", () => {
    expect(
      mergeOf({
        source: "(SELECT ? AS k)",
        sourceAlias: "s",
        on: "t.k = s.k + ?",
        whenMatched: [{ if: "s.gone = ?", delete: true }, { update: { a: "?" } }, { update: "all" }],
        whenNotMatched: [{ if: "s.a", insert: { k: "s.k", a: "DEFAULT" } }, { insert: "all" }],
        whenNotMatchedBySource: [{ if: "t.a", update: { a: "t.a + ?" } }, { delete: true }],
        schema: "merge",
      }),
    ).toEqual({
      alias: undefined,
      source: "(SELECT $1 AS k)",
      sourceAlias: "s",
      on: "t.k = s.k + $2",
      clauses: [
        { when: "matched", condition: "s.gone = $3", action: { kind: "delete" } },
        {
          when: "matched",
          condition: undefined,
          action: { kind: "update", set: [{ column: ["a"], value: "$4" }] },
        },
        { when: "matched", condition: undefined, action: { kind: "update", set: "all" } },
        {
          when: "not-matched",
          condition: "s.a",
          action: {
            kind: "insert",
            values: [
              { column: ["k"], value: "s.k" },
              { column: ["a"], value: undefined },
            ],
          },
        },
        { when: "not-matched", condition: undefined, action: { kind: "insert", values: "all" } },
        {
          when: "not-matched-by-source",
          condition: "t.a",
          action: { kind: "update", set: [{ column: ["a"], value: "t.a + $5" }] },
        },
        { when: "not-matched-by-source", condition: undefined, action: { kind: "delete" } },
      ],
      evolve: true,
    });
  });

  test("rows are replaced all or by a condition, not both", () => {
    expect(() => insertOf({ query: "SELECT 1", mode: "overwrite", replaceWhere: "a = 1" })).toThrow(
      expect.objectContaining({ kind: "invalid-input", code: "insert-mode" }),
    );
    expect(() => updateOf({ set: { "a b": "1" } })).toThrow(expect.objectContaining({ code: "sql-syntax" }));
  });
});
