import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine, quoteString } from "../../engine/index.js";
import { type DataType, engineType } from "../../table-format/schema/index.js";
import { partitionTextSql, partitionValueSql } from "../../table-format/skipping/partition-value.js";

describe("partition values", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.open({ threads: 1 });
  });
  afterAll(() => engine.close());

  /** The value that a text of the log stands for, as DuckDB prints it. */
  async function read(type: DataType, text: string | null): Promise<unknown> {
    const sql = text === null ? "CAST(NULL AS VARCHAR)" : quoteString(text);
    const query = `SELECT CAST(${partitionValueSql(type)("t")} AS VARCHAR) AS v, typeof(${partitionValueSql(type)("t")}) AS type FROM (SELECT ${sql} AS t)`;
    const [row] = await engine.withSession((session) => session.rows(query));
    expect(row?.["type"]).toBe(engineType(type));
    return row?.["v"];
  }

  /** The text for a value written as SQL. */
  async function write(type: DataType, value: string): Promise<unknown> {
    const query = `SELECT ${partitionTextSql(type)("v")} AS t FROM (SELECT CAST(${value} AS ${engineType(type)}) AS v)`;
    const [row] = await engine.withSession((session) => session.rows(query));
    return row?.["t"];
  }

  const decimal: DataType = { type: "decimal", precision: 38, scale: 10 };
  const TYPES: readonly DataType[] = [
    ...(
      [
        "string",
        "long",
        "integer",
        "short",
        "byte",
        "float",
        "double",
        "boolean",
        "binary",
        "date",
        "timestamp",
        "timestamp_ntz",
      ] as const
    ).map((type) => ({ type })),
    decimal,
  ];

  it.each(TYPES)("of type $type are NULL for NULL and for the empty string", async (type) => {
    expect(await read(type, null)).toBeNull();
    expect(await read(type, "")).toBeNull();
    expect(await write(type, "NULL")).toBeNull();
  });

  it.each<[DataType["type"], DataType, string, string]>([
    ["string", { type: "string" }, " a'b%20é ", " a'b%20é "],
    ["long", { type: "long" }, "-9223372036854775808", "-9223372036854775808"],
    ["double", { type: "double" }, "Infinity", "inf"],
    ["double", { type: "double" }, "NaN", "nan"],
    ["double", { type: "double" }, "1.0E-7", "1e-07"],
    [
      "decimal",
      decimal,
      "1234567890123456789012345678.0123456789",
      "1234567890123456789012345678.0123456789",
    ],
    ["decimal", decimal, "1E-7", "0.0000001000"],
    ["boolean", { type: "boolean" }, "true", "true"],
    ["binary", { type: "binary" }, "\u0001\u0002é", "\\x01\\x02\\xC3\\xA9"],
    ["date", { type: "date" }, "1970-01-01", "1970-01-01"],
    ["timestamp", { type: "timestamp" }, "1970-01-01 00:00:00", "1970-01-01 00:00:00+00"],
    ["timestamp", { type: "timestamp" }, "1970-01-01 00:00:00.123456", "1970-01-01 00:00:00.123456+00"],
    ["timestamp", { type: "timestamp" }, "1970-01-01T00:00:00.123456Z", "1970-01-01 00:00:00.123456+00"],
    ["timestamp", { type: "timestamp" }, "1970-01-01T00:00:00.123+02:00", "1969-12-31 22:00:00.123+00"],
    ["timestamp_ntz", { type: "timestamp_ntz" }, "2021-11-18 02:30:00.123456", "2021-11-18 02:30:00.123456"],
  ])("read %s %#", async (_, type, text, value) => {
    expect(await read(type, text)).toBe(value);
  });

  it.each<[DataType, string]>([
    [{ type: "integer" }, "1.5"],
    [{ type: "integer" }, "x"],
    [{ type: "byte" }, "128"],
    [{ type: "date" }, "2024-02-30"],
    [{ type: "boolean" }, "maybe"],
    [{ type: "timestamp" }, "yesterday"],
  ])("fail on what is not of the type: %j %s", async (type, text) => {
    await expect(read(type, text)).rejects.toThrow(text);
  });

  it.each<[DataType, string, string]>([
    [{ type: "string" }, "'a b'", "a b"],
    [{ type: "timestamp" }, "TIMESTAMPTZ '2024-01-31 10:00:00.1+02'", "2024-01-31T08:00:00.100000Z"],
    [{ type: "timestamp_ntz" }, "TIMESTAMP '2024-01-31 10:00:00'", "2024-01-31 10:00:00.000000"],
    [{ type: "double" }, "'-inf'", "-Infinity"],
    [{ type: "double" }, "'nan'", "NaN"],
    [{ type: "double" }, "0.1", "0.1"],
    [decimal, "0.1", "0.1000000000"],
    [{ type: "boolean" }, "false", "false"],
    [{ type: "binary" }, "'\\x01a'", "\u0001a"],
    [{ type: "date" }, "'2024-01-31'", "2024-01-31"],
  ])("write %j %s", async (type, value, text) => {
    expect(await write(type, value)).toBe(text);
  });

  it("write the empty string as NULL and fail on bytes that are not text", async () => {
    expect(await write({ type: "string" }, "''")).toBeNull();
    await expect(write({ type: "binary" }, "'\\xFF'")).rejects.toThrow(/UTF8/);
  });
});
