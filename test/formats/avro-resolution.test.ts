import { describe, expect, it } from "vitest";
import { discoverSources, openSource } from "../../formats/index.js";
import { container, record } from "./avro-container.js";
import { columnsOf, workbench } from "./workbench.js";

const bench = workbench();

/** The columns and rows of a file of these rows, read in the reader's schema. */
async function resolved(writer: object, rows: readonly unknown[], reader: unknown) {
  const path = bench.write("resolved.avro", container(writer, [rows]));
  const [file] = await discoverSources([path]);
  if (file === undefined) throw new Error("the file is not found");
  const options = { avroSchema: JSON.stringify(reader) };
  const [source] = await openSource(bench.session, file, options);
  if (source === undefined) throw new Error("the file holds no source");
  try {
    const relation = await source.relation();
    const read = await bench.session.rows(relation.sql);
    await relation.dispose();
    return { columns: columnsOf(source), rows: read };
  } finally {
    await source.dispose();
  }
}

/** The values of a single field that the writer and the reader type each in their way. */
async function values(writer: unknown, reader: unknown, ...written: readonly unknown[]): Promise<unknown[]> {
  const { columns, rows } = await resolved(
    record({ name: "v", type: writer }),
    written.map((v) => ({ v })),
    record({ name: "v", type: reader }),
  );
  return [columns[0], ...rows.map((row) => row["v"])];
}

const color = (symbols: readonly string[], more = {}): object => ({
  type: "enum",
  name: "Color",
  symbols,
  ...more,
});
const fixed = (name: string, size: number, more = {}): object => ({ type: "fixed", name, size, ...more });
const timestamp = (unit: string): object => ({ type: "long", logicalType: `timestamp-${unit}` });
const decimal = (precision: number, scale: number): object => ({
  type: "bytes",
  logicalType: "decimal",
  precision,
  scale,
});

describe("Avro schema resolution", () => {
  it.each([
    ["int to long", "int", "long", [-7], ["v BIGINT", -7n]],
    ["int to float", "int", "float", [7], ["v FLOAT", 7]],
    ["int to double", "int", "double", [-2147483648], ["v DOUBLE", -2147483648]],
    ["long to float", "long", "float", [16777217n], ["v FLOAT", 16777216]],
    ["long to double", "long", "double", [-(2n ** 63n), 9n], ["v DOUBLE", -(2 ** 63), 9]],
    ["float to double", "float", "double", [0.5], ["v DOUBLE", 0.5]],
    ["string to bytes", "string", "bytes", ["é"], ["v BLOB", Buffer.from("é")]],
    ["bytes to string", "bytes", "string", [Buffer.from("é")], ["v VARCHAR", "é"]],
    ["a type to itself", "long", "long", [5n], ["v BIGINT", 5n]],
    ["a number to a date", "int", { type: "int", logicalType: "date" }, [1], ["v DATE", "1970-01-02"]],
    ["a date to a number", { type: "int", logicalType: "date" }, "long", [1], ["v BIGINT", 1n]],
    [
      "milliseconds to microseconds, the same instant",
      timestamp("millis"),
      timestamp("micros"),
      [1500n],
      ["v TIMESTAMP WITH TIME ZONE", "1970-01-01T00:00:01.5Z"],
    ],
    [
      "items of an array",
      { type: "array", items: "int" },
      { type: "array", items: "long" },
      [[1, 2]],
      ["v BIGINT[]", [1n, 2n]],
    ],
    [
      "values of a map",
      { type: "map", values: "float" },
      { type: "map", values: "double" },
      [{ a: 1.5 }],
      ["v MAP(VARCHAR, DOUBLE)", new Map([["a", 1.5]])],
    ],
    [
      "a fixed type of an alias",
      fixed("Old", 2),
      fixed("New", 2, { aliases: ["Old"] }),
      [Buffer.from("ab")],
      ["v BLOB", Buffer.from("ab")],
    ],
    [
      "symbols in another order",
      color(["A", "B"]),
      color(["B", "A", "C"]),
      ["A", "B"],
      ["v VARCHAR", "A", "B"],
    ],
    [
      "symbols with a default",
      color(["A", "B"]),
      color(["A", "X"], { default: "X" }),
      ["B", "A"],
      ["v VARCHAR", "X", "A"],
    ],
    ["a type to a union", "int", ["null", "long"], [3], ["v BIGINT", 3n]],
    [
      "a type to the branch that is the same",
      "int",
      ["double", "int", "string"],
      [3],
      [
        "v STRUCT(member0 DOUBLE, member1 INTEGER, member2 VARCHAR)",
        { member0: null, member1: 3, member2: null },
      ],
    ],
    ["a union to its branch", ["null", "int"], "long", [{ int: 3 }], ["v BIGINT", 3n]],
    [
      "a union to a union in another order",
      ["int", "null", "string"],
      ["string", "long", "null"],
      [{ int: 1 }, null, { string: "s" }],
      [
        "v STRUCT(member0 VARCHAR, member1 BIGINT)",
        { member0: null, member1: 1n },
        null,
        { member0: "s", member1: null },
      ],
    ],
    ["a decimal to its bytes", decimal(4, 2), "bytes", [Buffer.from([1])], ["v BLOB", Buffer.from([1])]],
  ] as const)("reads %s", async (_name, writer, reader, written, expected) => {
    expect(await values(writer, reader, ...written)).toEqual(expected);
  });

  it.each([
    ["a long as an int", "long", "int", "long cannot be read as int"],
    ["a string as a number", "string", "double", "string cannot be read as double"],
    ["a fixed type of another size", fixed("F", 2), fixed("F", 3), "fixed F"],
    ["a fixed type of another name", fixed("F", 2), fixed("G", 2), "alias"],
    ["an enum of another name", color(["A"]), { ...color(["A"]), name: "Colour" }, "alias"],
    ["a decimal of another scale", decimal(4, 2), decimal(4, 1), "decimal(4, 2)"],
    [
      "an instant as a wall clock",
      timestamp("micros"),
      { type: "long", logicalType: "local-timestamp-micros" },
      "timestamp-micros",
    ],
    [
      "a time as a date",
      { type: "int", logicalType: "time-millis" },
      { type: "int", logicalType: "date" },
      "time-millis",
    ],
    ["a union with no branch for it", "boolean", ["null", "string"], "boolean"],
    ["a union whose branches all do not fit", ["null", "string"], "int", "null cannot be read as int"],
    ["items", { type: "array", items: "string" }, { type: "array", items: "int" }, "v[]"],
  ] as const)("refuses %s and names the field", async (_name, writer, reader, message) => {
    const refused = values(writer, reader);
    await expect(refused).rejects.toMatchObject({
      kind: "invalid-input",
      code: "avro-resolution",
      context: { file: bench.path("resolved.avro"), column: expect.stringMatching(/^v/) },
    });
    await expect(refused).rejects.toThrow(message);
  });

  it("refuses a value whose branch or symbol the reader lacks, only when there is one", async () => {
    expect(await values(["null", "int"], "int", { int: 1 })).toEqual(["v INTEGER", 1]);
    await expect(values(["null", "int"], "int", { int: 1 }, null)).rejects.toMatchObject({
      kind: "invalid-input",
      message: expect.stringContaining("field v: null cannot be read as int"),
    });
    expect(await values(color(["A", "B"]), color(["A"]), "A")).toEqual(["v VARCHAR", "A"]);
    await expect(values(color(["A", "B"]), color(["A"]), "A", "B")).rejects.toMatchObject({
      kind: "invalid-input",
      message: expect.stringContaining("no symbol B"),
    });
  });

  it("takes the reader's fields in the reader's order, by name or alias, and passes over the others", async () => {
    const inner = (name: string, ...fields: readonly object[]): object => ({ type: "record", name, fields });
    const writer = record(
      { name: "a", type: "int" },
      { name: "list", type: { type: "array", items: ["null", "string"] } },
      { name: "map", type: { type: "map", values: fixed("F", 3) } },
      { name: "in", type: inner("In", { name: "x", type: "double" }, { name: "y", type: "string" }) },
      { name: "self", type: ["null", "R"] },
      { name: "z", type: "boolean" },
    );
    const row = {
      a: 1,
      list: [null, { string: "skipped" }],
      map: { k: Buffer.from("abc") },
      in: { x: 0.5, y: "y" },
      self: null,
      z: true,
    };
    const rows = [row, { ...row, a: 2, self: { R: row }, z: false }];
    const reader = record(
      { name: "z", type: "boolean" },
      { name: "in", type: inner("In", { name: "why", aliases: ["y"], type: "string" }) },
      { name: "first", aliases: ["nothing", "a"], type: "long" },
    );
    expect(await resolved(writer, rows, reader)).toEqual({
      columns: ["z BOOLEAN", "in STRUCT(why VARCHAR)", "first BIGINT"],
      rows: [
        { z: true, in: { why: "y" }, first: 1n },
        { z: false, in: { why: "y" }, first: 2n },
      ],
    });
  });

  it("fills in defaults of every type", async () => {
    const defaults: readonly (readonly [unknown, unknown, unknown])[] = [
      ["null", null, null],
      ["boolean", true, true],
      ["int", -5, -5],
      ["float", 0.5, 0.5],
      ["double", 1, 1],
      ["bytes", "\u00ff\u0001", Buffer.from([255, 1])],
      ["string", "é", "é"],
      [fixed("F", 2), "ab", Buffer.from("ab")],
      [color(["A", "B"]), "B", "B"],
      [{ type: "array", items: "int" }, [1, 2], [1, 2]],
      [{ type: "array", items: "int" }, [], []],
      [{ type: "map", values: "long" }, { a: 7 }, new Map([["a", 7n]])],
      [["null", "string"], null, null],
      [["null", "string"], "text", "text"],
      [
        {
          type: "record",
          name: "In",
          fields: [
            { name: "x", type: "int" },
            { name: "y", type: "int", default: 9 },
          ],
        },
        { x: 4 },
        { x: 4, y: 9 },
      ],
      [{ type: "int", logicalType: "date" }, 1, "1970-01-02"],
      [decimal(4, 2), "\u0001", "0.01"],
    ];
    const fields = defaults.map(([type, value], index) => ({ name: `f${index}`, type, default: value }));
    const { rows } = await resolved(record(), [{}, {}], record(...fields));
    const expected = Object.fromEntries(defaults.map(([, , value], index) => [`f${index}`, value]));
    expect(rows).toEqual([expected, expected]);
  });

  it("keeps every digit of a default", async () => {
    const reader = `{"type":"record","name":"R","fields":[{"name":"v","type":"long","default":9007199254740993}]}`;
    const path = bench.write("digits.avro", container(record(), [[{}]]));
    const [file] = await discoverSources([path]);
    const [source] = file === undefined ? [] : await openSource(bench.session, file, { avroSchema: reader });
    const relation = await source?.relation();
    expect(await bench.session.rows(relation?.sql ?? "")).toEqual([{ v: 9007199254740993n }]);
    await relation?.dispose();
  });

  it("refuses a field that neither the data nor a default has, and a default of another type", async () => {
    await expect(resolved(record(), [], record({ name: "v", type: "int" }))).rejects.toMatchObject({
      code: "avro-resolution",
      context: { column: "v" },
    });
    const wrong = record({ name: "v", type: "int", default: "5" });
    await expect(resolved(record(), [], wrong)).rejects.toMatchObject({
      code: "avro-resolution",
      context: { column: "v" },
    });
    await expect(resolved(record(), [], { type: "mystery" })).rejects.toMatchObject({
      kind: "invalid-input",
      code: "avro-schema",
    });
  });

  it("reads times within types that hold themselves in the reader's unit", async () => {
    const tree = (unit: string): object =>
      record({ name: "at", type: timestamp(unit) }, { name: "next", type: ["null", "R"] });
    const rows = [{ at: 0n, next: { R: { at: -1_500_001n, next: null } } }];
    const { rows: read } = await resolved(tree("micros"), rows, tree("millis"));
    expect(read).toEqual([{ at: "1970-01-01T00:00:00Z", next: '{"at":-1501,"next":null}' }]);
  });

  it("resolves types that hold themselves", async () => {
    const tree = (value: string, ...more: readonly object[]): object =>
      record({ name: "v", type: value }, { name: "next", type: ["null", "R"] }, ...more);
    const rows = [{ v: 1, next: { R: { v: 2, next: null } } }];
    const reader = tree("long", { name: "added", type: "string", default: "new" });
    expect((await resolved(tree("int"), rows, reader)).rows).toEqual([
      { v: 1n, next: '{"v":2,"next":null,"added":"new"}', added: "new" },
    ]);
  });
});
