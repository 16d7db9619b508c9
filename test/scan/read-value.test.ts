import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Engine, type Session } from "../../engine/index.js";
import { type FileType, fileShape, fileTypeText, type SchemaNode } from "../../src/scan/file-shape.js";
import { schemaTree } from "../../src/scan/read-shapes.js";
import { readField, readValue } from "../../src/scan/read-value.js";
import { type DataType, engineType, parseEngineType, parseSchema } from "../../table-format/index.js";

let engine: Engine;
let session: Session;
beforeAll(async () => {
  engine = await Engine.open();
  session = await engine.acquire();
});
afterAll(() => engine.close());

/** A type as a schema string has it. */
function delta(type: string): DataType {
  const json = type.startsWith("{") ? type : JSON.stringify(type);
  const [field] = parseSchema(
    `{"type":"struct","fields":[{"name":"c","type":${json},"nullable":true,"metadata":{}}]}`,
  ).fields;
  if (field === undefined) throw new Error("the schema has no field");
  return field.type;
}

/** The type of a file's column that the engine reads as `text`. */
function inFile(text: string): FileType {
  const leaf: SchemaNode = { name: "c", id: undefined, isRepeated: false, children: [] };
  const shape = fileShape({ ...leaf, children: [leaf] }, [{ name: "c", type: parseEngineType(text) }]);
  const [field] = shape.fields;
  if (field === undefined) throw new Error("the shape has no field");
  return field.type;
}

async function read(value: string, from: string, to: string): Promise<unknown> {
  const target = delta(to);
  const reading = readValue("v", inFile(from), target, "none", "c");
  if ("misfit" in reading) return reading.misfit;
  const [row] = await session.rows(
    `SELECT CAST(r AS VARCHAR) AS r, typeof(r) = typeof(NULL::${engineType(target)}) AS fits
     FROM (SELECT ${reading.sql} AS r FROM (SELECT CAST(${value} AS ${from}) AS v))`,
  );
  expect(row?.["fits"]).toBe(true);
  return row?.["r"];
}

const ARRAY = (element: string): string =>
  `{"type":"array","elementType":${JSON.stringify(element)},"containsNull":true}`;
const MAP = (key: string, value: string): string =>
  `{"type":"map","keyType":${JSON.stringify(key)},"valueType":${JSON.stringify(value)},"valueContainsNull":true}`;
const STRUCT = (...fields: readonly [string, string][]): string =>
  `{"type":"struct","fields":[${fields
    .map(([name, type]) => `{"name":"${name}","type":"${type}","nullable":true,"metadata":{}}`)
    .join(",")}]}`;

describe("a value of a file", () => {
  test.each([
    ["7", "TINYINT", "long", "7"],
    ["7", "INTEGER", "short", "7"],
    ["200", "UTINYINT", "short", "200"],
    ["-7", "INTEGER", "double", "-7.0"],
    ["0.1", "FLOAT", "double", "0.10000000149011612"],
    ["7", "BIGINT", "decimal(20,0)", "7"],
    ["7", "INTEGER", "decimal(12,2)", "7.00"],
    ["1.25", "DECIMAL(5,2)", "decimal(20,4)", "1.2500"],
    ["'2024-02-29'", "DATE", "timestamp_ntz", "2024-02-29 00:00:00"],
    ["'2024-02-29 12:00:00.123456789'", "TIMESTAMP_NS", "timestamp", "2024-02-29 12:00:00.123456+00"],
    ["'2024-02-29 12:00:00.123'", "TIMESTAMP_MS", "timestamp_ntz", "2024-02-29 12:00:00.123"],
    ["'2024-02-29 12:00:00'", "TIMESTAMP", "timestamp", "2024-02-29 12:00:00+00"],
    ["'\\xC3\\xA9'", "BLOB", "string", "é"],
    ["'ab'", "VARCHAR", "binary", "ab"],
    ["'x'", "VARCHAR", "void", null],
    ["[1, NULL]", "SMALLINT[]", ARRAY("long"), "[1, NULL]"],
    ["MAP {1: 0.5}", "MAP(SMALLINT, FLOAT)", MAP("integer", "double"), "{1=0.5}"],
    [
      "{'a': 1, 'b': 'x'}",
      "STRUCT(a SMALLINT, b VARCHAR)",
      STRUCT(["a", "long"], ["b", "string"]),
      "{'a': 1, 'b': x}",
    ],
    [
      "{'b': 'x', 'a': 1}",
      "STRUCT(b VARCHAR, a SMALLINT)",
      STRUCT(["a", "long"], ["c", "date"]),
      "{'a': 1, 'c': NULL}",
    ],
    ["NULL", "STRUCT(b VARCHAR)", STRUCT(["a", "long"]), null],
    ["{'b': 'x'}", "STRUCT(b VARCHAR)", STRUCT(["a", "long"]), "{'a': NULL}"],
  ])("%s of %s is read as %s", async (value, from, to, expected) => {
    expect(await read(value, from, to)).toBe(expected);
  });

  test.each([
    ["BIGINT", "float"],
    ["BIGINT", "double"],
    ["DOUBLE", "float"],
    ["DOUBLE", "long"],
    ["VARCHAR", "integer"],
    ["BIGINT", "string"],
    ["DECIMAL(5,2)", "decimal(5,1)"],
    ["DECIMAL(5,2)", "long"],
    ["TIMESTAMP", "date"],
    ["DATE", "timestamp"],
    ["INTEGER", "date"],
    ["BIGINT[]", "long"],
    ["STRUCT(a BIGINT)", MAP("string", "long")],
    ['STRUCT(metadata BLOB, "value" BLOB, typed_value BIGINT)', "variant"],
  ])("of type %s is not taken for a %s", async (from, to) => {
    expect(await read("NULL", from, to)).toMatchObject({ path: "c", tableType: delta(to) });
  });

  test("that has no room in the table's type fails the query", async () => {
    await expect(read("300", "INTEGER", "byte")).rejects.toMatchObject({ kind: "invalid-input" });
    await expect(read("12345", "INTEGER", "decimal(4,0)")).rejects.toMatchObject({ kind: "invalid-input" });
  });

  test("tells the path of a part that does not fit", async () => {
    const element = STRUCT(["a", "long"]);
    const to = `{"type":"array","elementType":${element},"containsNull":true}`;
    expect(await read("NULL", "STRUCT(a VARCHAR)[]", to)).toMatchObject({
      path: "c.element.a",
      fileType: "VARCHAR",
    });
  });

  test("that is a variant without an annotation is read out of its two binaries", async () => {
    const value = "{'value': '\\x0C\\x05'::BLOB, 'metadata': '\\x01\\x00\\x00'::BLOB}";
    expect(await read(value, 'STRUCT("value" BLOB, metadata BLOB)', "variant")).toBe("5");
    expect(await read("NULL", 'STRUCT("value" BLOB, metadata BLOB)', "variant")).toBe(null);
  });

  test("of a column char(n) has its spaces", async () => {
    const [field] = parseSchema(
      `{"type":"struct","fields":[{"name":"c","type":"string","nullable":true,"metadata":{"__CHAR_VARCHAR_TYPE_STRING":"char(3)"}}]}`,
    ).fields;
    if (field === undefined) throw new Error("the schema has no field");
    const reading = readField("v", { name: "c", id: undefined, type: inFile("VARCHAR") }, field, "none", "c");
    if ("misfit" in reading) throw new Error("it should fit");
    const rows = await session.rows(
      `SELECT ${reading.sql} AS r FROM (VALUES (1, 'a'), (2, 'abc'), (3, NULL), (4, 'abcd')) AS x(i, v) ORDER BY i`,
    );
    expect(rows.map(({ r }) => r)).toEqual(["a  ", "abc", null, "abcd"]);
  });
});

describe("the shape of a file", () => {
  // name, id, number of children, repetition
  type Element = readonly [string, number | null, number | null, string?];
  const tree = (...elements: readonly Element[]): SchemaNode =>
    schemaTree(
      elements.map(([name, id, children, repetition = "OPTIONAL"]) => ({ name, id, children, repetition })),
    );

  test("has the ids of fields in lists of three levels, two levels and none", () => {
    const root = tree(
      ["root", null, 3, "REQUIRED"],
      ["a", 1, 1],
      ["list", null, 1, "REPEATED"],
      ["element", null, 2],
      ["list", 2, null],
      ["element", 3, null],
      ["b", 4, 1],
      ["array", null, 2, "REPEATED"],
      ["x", 5, null],
      ["y", 6, null],
      ["c", 7, 2, "REPEATED"],
      ["x", 8, null],
      ["y", 9, null],
    );
    const list = (first: string, second: string): string =>
      `STRUCT("${first}" INTEGER, "${second}" INTEGER)[]`;
    const shape = fileShape(root, [
      { name: "a", type: parseEngineType(list("list", "element")) },
      { name: "b", type: parseEngineType(list("x", "y")) },
      { name: "c", type: parseEngineType(list("x", "y")) },
    ]);
    const ids = shape.fields.map(({ id, type }) => [
      id,
      type.kind === "list" && type.element.kind === "struct"
        ? type.element.fields.map((field) => field.id)
        : [],
    ]);
    expect(ids).toEqual([
      [1, [2, 3]],
      [4, [5, 6]],
      [7, [8, 9]],
    ]);
    expect(fileTypeText(shape.fields[0]?.type ?? inFile("NULL"))).toBe(list("list", "element"));
  });

  test("has the ids of fields in maps", () => {
    const root = tree(
      ["root", null, 1, "REQUIRED"],
      ["m", 1, 1],
      ["map", null, 2, "REPEATED"],
      ["key", null, 1, "REQUIRED"],
      ["k", 2, null],
      ["value", null, 1],
      ["v", 3, null],
    );
    const shape = fileShape(root, [
      { name: "m", type: parseEngineType("MAP(STRUCT(k INTEGER), STRUCT(v INTEGER))") },
    ]);
    expect(shape.fields[0]?.type).toMatchObject({
      kind: "map",
      key: { fields: [{ name: "k", id: 2 }] },
      value: { fields: [{ name: "v", id: 3 }] },
    });
  });
});
