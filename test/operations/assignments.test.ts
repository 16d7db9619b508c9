import { describe, expect, it } from "vitest";
import { newValueSql, planAssignments } from "../../src/operations/row-change/assignments.js";
import { newField, type Protocol, type StructField } from "../../table-format/index.js";

const PROTOCOL: Protocol = {
  minReaderVersion: 1,
  minWriterVersion: 2,
  readerFeatures: undefined,
  writerFeatures: undefined,
};
const STRUCT: StructField = newField("S", {
  type: "struct",
  fields: [
    newField("a", { type: "integer" }),
    newField("In", { type: "struct", fields: [newField("x", { type: "long" })] }),
  ],
});
const SCHEMA = { type: "struct", fields: [newField("id", { type: "long" }), STRUCT] } as const;

const plan = (...columns: readonly (readonly string[])[]) =>
  planAssignments(
    { schema: SCHEMA, protocol: PROTOCOL },
    columns.map((column) => ({ column, value: "1" })),
  ).map(({ path }) => path);

describe("planAssignments", () => {
  it("finds columns and fields whatever their case", () => {
    expect(plan(["ID"], ["s", "IN", "X"], ["s", "A"])).toEqual([["id"], ["S", "In", "x"], ["S", "a"]]);
  });

  it.each([
    [[["id"], ["ID"]]],
    [[["s"], ["s", "a"]]],
    [
      [
        ["s", "in", "x"],
        ["s", "in"],
      ],
    ],
  ])("refuses what is set twice: %j", (columns) => {
    expect(() => plan(...columns)).toThrowError(expect.objectContaining({ code: "column-set-twice" }));
  });
});

describe("newValueSql", () => {
  it("rebuilds a struct around the fields that are set", () => {
    expect(newValueSql(STRUCT, 'r."S"', [{ path: ["S", "In", "x"], sql: "m.v" }])).toBe(
      `struct_pack("a" := struct_extract(r."S", 'a'), "In" := struct_pack("x" := m.v))`,
    );
  });

  it("leaves a column alone that is not set, and replaces one that is", () => {
    expect(newValueSql(STRUCT, 'r."S"', [{ path: ["id"], sql: "m.v" }])).toBe('r."S"');
    expect(newValueSql(STRUCT, 'r."S"', [{ path: ["S"], sql: "m.v" }])).toBe("m.v");
  });
});
