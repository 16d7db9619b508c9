import { describe, expect, it } from "vitest";
import { Engine } from "../../engine/index.js";
import { keysOf } from "../../src/operations/merge/match-candidates.js";
import { comparesExactly, type KeyScope } from "../../src/operations/merge/match-keys.js";
import { newField, type StructType } from "../../table-format/index.js";

const table: StructType = {
  type: "struct",
  fields: [
    newField("id", { type: "long" }),
    newField("Part", { type: "string" }),
    newField("own", { type: "long" }),
    newField("st", { type: "struct", fields: [newField("a b", { type: "integer" })] }),
  ],
};

const scope: KeyScope = {
  names: { target: "t", source: "s" },
  table,
  source: ["id", "part", "other", "s s"].map((name) => ({ name, type: "BIGINT" })),
};

describe("the keys of a condition", () => {
  it.each<[string, readonly (readonly [string, string])[]]>([
    ["t.id = s.id", [["id", "s.id"]]],
    [
      "s.id = T.ID AND (t.part = S.part)",
      [
        ["id", "s.id"],
        ["Part", "S.part"],
      ],
    ],
    ["own = other", [["own", "other"]]],
    ["t.id /* = */ = s.id -- = s.other", [["id", "s.id"]]],
    ["t.part = lower(s.part) || 'and = x' AND t.own > 3", [["Part", "lower(s.part) || 'and = x'"]]],
    ["t.own = (s.id + 1) * 2 AND s.id BETWEEN 1 AND 2", [["own", "(s.id + 1) * 2"]]],
    ["s.id BETWEEN 1 AND 2 AND s.other::BIGINT = t.id", [["id", "s.other::BIGINT"]]],
    ['t.st."a b" = s."s s"', [["st.a b", 's."s s"']]],
    [
      "CAST(s.id AS BIGINT) = t.id AND t.own = other",
      [
        ["id", "CAST(s.id AS BIGINT)"],
        ["own", "other"],
      ],
    ],
    // Either side could be meant, or neither side alone decides.
    ["id = s.id", []],
    ["t.id = s.id + t.own", []],
    ["t.id = 5", []],
    ["t.id + 1 = s.id", []],
    // It need not be TRUE.
    ["t.id = s.id OR t.own = s.other", []],
    ["NOT (t.id = s.id)", []],
    ["(t.id = s.id) IS NOT TRUE", []],
    ["t.id = s.id = true", []],
    // Its value is not that of the row alone.
    ["t.id = s.id + random()", []],
    ["t.id = (SELECT max(s.id))", []],
    ["t.id = s.id + $1", []],
    ["t.id IS NOT DISTINCT FROM s.id", []],
    ["t.id = CASE WHEN s.id = 1 AND true THEN 1 END", []],
    ["t.id = ", []],
  ])("%s", async (on, expected) => {
    const engine = await Engine.open({ threads: 1 });
    try {
      const keys = await engine.withSession((session) => keysOf(session, scope, on));
      expect(keys.map(({ column, expression }) => [column.join("."), expression.text])).toEqual(expected);
    } finally {
      await engine.close();
    }
  });

  it("are compared as they are only within a family of types", () => {
    expect(comparesExactly({ type: "integer" }, "UBIGINT")).toBe(true);
    expect(comparesExactly({ type: "decimal", precision: 10, scale: 2 }, "DECIMAL(38,10)")).toBe(true);
    expect(comparesExactly({ type: "timestamp" }, "TIMESTAMP WITH TIME ZONE")).toBe(true);
    expect(comparesExactly({ type: "integer" }, "VARCHAR")).toBe(false);
    expect(comparesExactly({ type: "integer" }, "DOUBLE")).toBe(false);
    expect(comparesExactly({ type: "string" }, "INTEGER")).toBe(false);
    expect(comparesExactly({ type: "timestamp" }, "TIMESTAMP")).toBe(false);
    expect(comparesExactly({ type: "float" }, "DOUBLE")).toBe(false);
  });
});
