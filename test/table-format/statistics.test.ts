import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../engine/index.js";
import {
  type DataType,
  deltaTypeOfEngine,
  newField,
  type StructType,
} from "../../table-format/schema/index.js";
import {
  type StatisticsTable,
  statisticsJson,
  type WriterColumnStatistics,
} from "../../table-format/skipping/statistics.js";
import { statisticsColumns } from "../../table-format/skipping/statistics-columns.js";

function tableOf(
  schema: StructType,
  configuration: Record<string, string> = {},
  partitionColumns: string[] = [],
): StatisticsTable {
  return { schema, partitionColumns, configuration };
}

function structOf(text: string): StructType {
  const { type } = deltaTypeOfEngine(`STRUCT(${text})`);
  if (type.type !== "struct") throw new Error(text);
  return type;
}

/** The bounds of a lone column `c` as JSON text: `[min, max]`, each undefined when left out. */
function boundsJson(type: DataType, column: Partial<WriterColumnStatistics>): (string | undefined)[] {
  const table = tableOf({ type: "struct", fields: [newField("c", type)] });
  const json = statisticsJson({ rowCount: 9n, columns: [{ path: ["c"], nullCount: 0n, ...column }] }, table);
  return ["minValues", "maxValues"].map(
    (side) => new RegExp(`"${side}":\\{(?:"c":(.*?))?\\}`).exec(json)?.[1],
  );
}

describe("statisticsJson", () => {
  it("mirrors the schema, structs included", () => {
    const columns = [
      { path: ["n"], nullCount: 1n, min: "-5", max: "9007199254740993" },
      { path: ['s "x"', "a.b"], nullCount: 0n, min: "é", max: "é" },
      { path: ["l", "element"], nullCount: 7n, min: "1", max: "2" },
      { path: ["m", "key"], nullCount: 0n, min: "a", max: "b" },
      { path: ["gone"], nullCount: 3n },
      { path: ["p"], nullCount: 0n, min: "1", max: "1" },
      { path: ["flag"], nullCount: 0n, min: "0", max: "1" },
      { path: ["raw"], nullCount: 2n, min: "AA", max: "FF" },
    ];
    const schema = structOf(
      'n BIGINT, "s ""x""" STRUCT("a.b" VARCHAR), l INTEGER[], m MAP(VARCHAR, INTEGER), gone DATE, p INTEGER, flag BOOLEAN, raw BLOB, unwritten INTEGER',
    );
    expect(statisticsJson({ rowCount: 3n, columns }, tableOf(schema, {}, ["P"]))).toBe(
      '{"numRecords":3,"minValues":{"n":-5,"s \\"x\\"":{"a.b":"é"}},"maxValues":{"n":9007199254740993,"s \\"x\\"":{"a.b":"é"}},' +
        '"nullCount":{"n":1,"s \\"x\\"":{"a.b":0},"gone":3,"flag":0,"raw":2}}',
    );
  });

  it("has no bounds for a column that is all NULL", () => {
    expect(boundsJson({ type: "long" }, { nullCount: 9n, min: "0", max: "0" })).toEqual([
      undefined,
      undefined,
    ]);
  });

  it("uses physical names with column mapping", () => {
    const field = {
      ...newField("c", { type: "long" }),
      metadata: { "delta.columnMapping.physicalName": "col-1" },
    };
    const table = tableOf({ type: "struct", fields: [field] }, { "delta.columnMapping.mode": "name" });
    expect(
      statisticsJson(
        { rowCount: 1n, columns: [{ path: ["col-1"], nullCount: 0n, min: "1", max: "1" }] },
        table,
      ),
    ).toBe('{"numRecords":1,"minValues":{"col-1":1},"maxValues":{"col-1":1},"nullCount":{"col-1":0}}');
  });

  it.each<[DataType, string, string, (string | undefined)[]]>([
    [
      { type: "long" },
      "-9223372036854775808",
      "9223372036854775807",
      ["-9223372036854775808", "9223372036854775807"],
    ],
    [
      { type: "decimal", precision: 38, scale: 10 },
      "-0.0000000001",
      "1234567890123456789012345678.0000000001",
      ["-0.0000000001", "1234567890123456789012345678.0000000001"],
    ],
    [{ type: "double" }, "-inf", "1e+20", [undefined, "1e+20"]],
    [{ type: "float" }, "-0.0", "inf", ["-0.0", undefined]],
    [{ type: "date" }, "1970-01-01", "2024-02-29", ['"1970-01-01"', '"2024-02-29"']],
    [{ type: "date" }, "0044-03-15 (BC)", "12024-02-29", [undefined, undefined]],
    [
      { type: "timestamp" },
      "2024-01-31 10:00:00.123999+00",
      "2024-01-31 10:00:00.123001+00",
      ['"2024-01-31T10:00:00.123Z"', '"2024-01-31T10:00:00.124Z"'],
    ],
    [
      { type: "timestamp" },
      "1969-12-31 23:59:59.999999+00",
      "1969-12-31 23:59:59.999999+00",
      ['"1969-12-31T23:59:59.999Z"', '"1970-01-01T00:00:00.000Z"'],
    ],
    [
      { type: "timestamp" },
      "0001-01-01 00:00:00+00",
      "9999-12-31 23:59:59.9999+00",
      ['"0001-01-01T00:00:00.000Z"', undefined],
    ],
    [{ type: "timestamp" }, "2024-01-31 10:00:00", "2024-01-31 10:00:00+02", [undefined, undefined]],
    [
      { type: "timestamp_ntz" },
      "2024-01-31 10:00:00",
      "2024-01-31 10:00:00.5",
      ['"2024-01-31T10:00:00.000"', '"2024-01-31T10:00:00.500"'],
    ],
    [{ type: "timestamp_ntz" }, "2024-01-31 10:00:00+00", "infinity", [undefined, undefined]],
    [{ type: "string" }, "", 'a"\n', ['""', '"a\\"\\n"']],
    [
      { type: "string" },
      `x${"a".repeat(40)}`,
      `x${"b".repeat(40)}`,
      [JSON.stringify(`x${"a".repeat(32)}`), JSON.stringify(`x${"b".repeat(32)}\u{10FFFF}`)],
    ],
    // What begins alike is told as far as it is alike, and one value as a whole.
    [
      { type: "string" },
      "x".repeat(90),
      "x".repeat(90),
      ["x".repeat(90), "x".repeat(90)].map((text) => JSON.stringify(text)) as [string, string],
    ],
    [
      { type: "string" },
      "😀".repeat(32),
      "😀".repeat(32),
      [JSON.stringify("😀".repeat(32)), JSON.stringify("😀".repeat(32))],
    ],
  ])("writes the bounds of %j from %j to %j", (type, min, max, expected) => {
    expect(boundsJson(type, { min, max, hasNan: false })).toEqual(expected);
  });

  it("leaves the bounds of floats out unless the writer says there is no NaN", () => {
    expect(boundsJson({ type: "double" }, { min: "1.0", max: "2.0", hasNan: true })).toEqual([
      undefined,
      undefined,
    ]);
    expect(boundsJson({ type: "double" }, { min: "1.0", max: "2.0" })).toEqual([undefined, undefined]);
  });

  it("never makes string bounds tighter than the data", () => {
    const text = fc.string({
      unit: fc.constantFrom("a", "z", "é", "\uFFFD", "\uFFFF", "😀", "\u{10FFFF}"),
      minLength: 28,
      maxLength: 40,
    });
    const alikeText = fc.string({ unit: fc.constantFrom("a", "😀", "\u{10FFFF}"), maxLength: 50 });
    const order = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
    fc.assert(
      fc.property(alikeText, text, text, (alike, one, other) => {
        const [least = "", greatest = ""] = [alike + one, alike + other].toSorted(order);
        const [min = "", max = ""] = boundsJson({ type: "string" }, { min: least, max: greatest }).map(
          (json) => String(JSON.parse(json ?? '""')),
        );
        expect(order(min, least)).toBeLessThanOrEqual(0);
        expect(order(max, greatest)).toBeGreaterThanOrEqual(0);
        const [a, b] = [[...least], [...greatest]];
        const parting = a.findIndex((character, index) => character !== b[index]);
        expect([...min].length).toBeLessThanOrEqual(32 + (parting === -1 ? a.length : parting));
      }),
      { seed: 32, numRuns: 2_000 },
    );
  });
});

describe("statisticsColumns", () => {
  const wide = structOf(Array.from({ length: 40 }, (_, index) => `c${index} INTEGER`).join(", "));
  const names = (
    schema: StructType,
    configuration: Record<string, string>,
    partitions: string[] = [],
  ): string[] => statisticsColumns(schema, partitions, configuration).map((leaf) => leaf.path.join("/"));

  it.each<[Record<string, string>, number]>([
    [{}, 32],
    [{ "delta.dataSkippingNumIndexedCols": "3" }, 3],
    [{ "delta.dataSkippingNumIndexedCols": "0" }, 0],
    [{ "delta.dataSkippingNumIndexedCols": "-1" }, 40],
    [{ "delta.dataSkippingNumIndexedCols": "many" }, 32],
  ])("with %j are the first %i", (configuration, count) => {
    expect(names(wide, configuration)).toHaveLength(count);
  });

  it("count leaves, and no partition columns", () => {
    const schema = structOf(
      "p INTEGER, s STRUCT(a INTEGER, b STRUCT(c INTEGER, d INTEGER)), l INTEGER[], z INTEGER",
    );
    expect(names(schema, { "delta.dataSkippingNumIndexedCols": "4" }, ["P"])).toEqual([
      "s/a",
      "s/b/c",
      "s/b/d",
      "l",
    ]);
  });

  it("are those that the table names", () => {
    const schema = structOf(
      's STRUCT(a INTEGER, "b, c" STRUCT(d INTEGER, e INTEGER)), "x.y" INTEGER, z INTEGER',
    );
    const named = (list: string): string[] =>
      names(schema, { "delta.dataSkippingStatsColumns": list, "delta.dataSkippingNumIndexedCols": "0" });
    expect(named("z, S.`b, c`, `x.y`")).toEqual(["s/b, c/d", "s/b, c/e", "x.y", "z"]);
    expect(named("s")).toEqual(["s/a", "s/b, c/d", "s/b, c/e"]);
    expect(named("")).toEqual([]);
    expect(named("x.y")).toEqual([]);
    expect(named("z,,")).toEqual([]);
  });
});

describe("the text of the engine's casts", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.open({ threads: 1 });
  });
  afterAll(() => engine.close());

  it("is what statisticsJson reads", async () => {
    const [row] = await engine.withSession((session) =>
      session.rows(
        "SELECT CAST(TIMESTAMPTZ '2024-01-31 10:00:00.123456+00' AS VARCHAR) AS instant, CAST(TIMESTAMP '2024-01-31 10:00:00' AS VARCHAR) AS clock, CAST(1e20::DOUBLE AS VARCHAR) AS number, CAST(-0.5::DECIMAL(5,2) AS VARCHAR) AS decimal, CAST(DATE '2024-01-31' AS VARCHAR) AS day",
      ),
    );
    const text = (name: string): string => String(row?.[name]);
    expect(boundsJson({ type: "timestamp" }, { min: text("instant") })[0]).toBe('"2024-01-31T10:00:00.123Z"');
    expect(boundsJson({ type: "timestamp_ntz" }, { min: text("clock") })[0]).toBe(
      '"2024-01-31T10:00:00.000"',
    );
    expect(boundsJson({ type: "double" }, { min: text("number"), hasNan: false })[0]).toBe("1e+20");
    expect(boundsJson({ type: "decimal", precision: 5, scale: 2 }, { min: text("decimal") })[0]).toBe(
      "-0.50",
    );
    expect(boundsJson({ type: "date" }, { min: text("day") })[0]).toBe('"2024-01-31"');
  });
});
