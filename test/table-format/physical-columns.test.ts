import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../engine/index.js";
import { columnIds, type DataType, physicalValueSql, type StructField } from "../../table-format/index.js";

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.open();
});
afterAll(() => engine.close());

function mapped(name: string, id: number, type: DataType): StructField {
  const metadata = { "delta.columnMapping.id": id, "delta.columnMapping.physicalName": `col-${id}` };
  return { name, type, nullable: true, metadata };
}

const point: DataType = {
  type: "struct",
  fields: [mapped("x", 2, { type: "long" }), mapped("y y", 3, { type: "string" })],
};
const column = mapped("s", 1, {
  type: "struct",
  fields: [
    mapped("p", 4, point),
    mapped("l", 5, { type: "array", elementType: point, containsNull: true }),
    mapped("m", 6, { type: "map", keyType: { type: "string" }, valueType: point, valueContainsNull: true }),
    mapped("plain", 7, { type: "array", elementType: { type: "long" }, containsNull: true }),
  ],
});

describe("physicalValueSql", () => {
  it("renames at every depth and keeps NULL what it is", async () => {
    const logical = `{p: {x: 1, "y y": 'a'}, l: [{x: 2, "y y": NULL}, NULL], m: MAP{'k': {x: 3, "y y": 'c'}}, plain: [1]}`;
    const values = `(VALUES (${logical}), (NULL), ({p: NULL, l: NULL, m: NULL, plain: NULL})) AS t(s)`;
    const rows = await engine.withSession((session) =>
      session.rows(
        `SELECT to_json(${physicalValueSql("s", column.type, "name")})::VARCHAR AS json FROM ${values}`,
      ),
    );
    expect(rows.map((row) => row["json"])).toEqual([
      '{"col-4":{"col-2":1,"col-3":"a"},"col-5":[{"col-2":2,"col-3":null},null],"col-6":{"k":{"col-2":3,"col-3":"c"}},"col-7":[1]}',
      null,
      '{"col-4":null,"col-5":null,"col-6":null,"col-7":null}',
    ]);
  });

  it("leaves out what files do not hold", async () => {
    const nothing = mapped("n", 9, { type: "void" });
    const type: DataType = { type: "struct", fields: [mapped("x", 2, { type: "long" }), nothing] };
    const sql = physicalValueSql("s", type, "none");
    const rows = await engine.withSession((session) =>
      session.rows(`SELECT to_json(${sql})::VARCHAR AS json FROM (SELECT {x: 1, n: NULL::INTEGER} AS s)`),
    );
    expect(rows).toEqual([{ json: '{"x":1}' }]);
    expect(columnIds([mapped("s", 1, type), nothing], "id")).toEqual(
      new Map([["col-1", { id: 1, members: new Map([["col-2", { id: 2 }]]) }]]),
    );
  });

  it("leaves a value alone whose names are those of data files", () => {
    expect(physicalValueSql("s", column.type, "none")).toBe("s");
  });
});

describe("columnIds", () => {
  it("gives ids to fields, none to elements, keys and values", () => {
    const ids = columnIds([column], "id")?.get("col-1");
    expect(ids?.id).toBe(1);
    expect(ids?.members?.get("col-5")).toEqual({
      id: 5,
      members: new Map([
        [
          "element",
          {
            members: new Map([
              ["col-2", { id: 2 }],
              ["col-3", { id: 3 }],
            ]),
          },
        ],
      ]),
    });
    expect(ids?.members?.get("col-7")).toEqual({ id: 7 });
    expect(columnIds([column], "none")).toBeUndefined();
  });

  it("refuses a field without an id by its name", () => {
    const bare = {
      ...mapped("b", 1, { type: "long" }),
      metadata: { "delta.columnMapping.physicalName": "b" },
    };
    expect(() => columnIds([bare], "name")).toThrow(/"b" has no id/);
  });
});
