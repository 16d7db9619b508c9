import { describe, expect, it } from "vitest";
import { quoteString } from "../../engine/index.js";
import { fittedText, strictText } from "../../formats/inference/fitted-text.js";
import { workbench } from "./workbench.js";

const bench = workbench();

/** The value as the engine writes it, with its type. */
async function fitted(text: string, type: string): Promise<unknown> {
  const sql = fittedText("t", type) ?? "NULL";
  const [row] = await bench.session.rows(
    `SELECT CAST(v AS VARCHAR) AS v, typeof(v) AS type FROM (SELECT ${sql} AS v FROM (SELECT ${quoteString(text)} AS t))`,
  );
  if (row?.["v"] !== null) expect(row?.["type"]).toBe(type);
  return row?.["v"];
}

async function strict(text: string, type: string): Promise<unknown> {
  const [row] = await bench.session.rows(
    `SELECT CAST(${strictText("t", type)} AS VARCHAR) AS v FROM (SELECT ${quoteString(text)} AS t)`,
  );
  return row?.["v"];
}

describe("a text that fits", () => {
  it.each([
    ["127", "TINYINT", "127"],
    ["-32768", "SMALLINT", "-32768"],
    ["2147483647", "INTEGER", "2147483647"],
    ["-9223372036854775808", "BIGINT", "-9223372036854775808"],
    ["12.5", "DECIMAL(5,2)", "12.50"],
    ["12.50000", "DECIMAL(5,2)", "12.50"],
    [".25", "DECIMAL(5,2)", "0.25"],
    ["-999", "DECIMAL(5,2)", "-999.00"],
    ["7.000", "DECIMAL(3,0)", "7"],
    ["12345678901234567890123456789.123456789", "DECIMAL(38,9)", "12345678901234567890123456789.123456789"],
    ["0.1", "FLOAT", "0.1"],
    ["16777216", "FLOAT", "16777216.0"],
    ["1e20", "FLOAT", "1e+20"],
    ["-Infinity", "FLOAT", "-inf"],
    ["0.1", "DOUBLE", "0.1"],
    ["9007199254740994", "DOUBLE", "9007199254740994.0"],
    ["1e22", "DOUBLE", "1e+22"],
    ["nan", "DOUBLE", "nan"],
    ["TRUE", "BOOLEAN", "true"],
    ["2024/1/5", "DATE", "2024-01-05"],
    ["2024-01-05", "TIMESTAMP", "2024-01-05 00:00:00"],
    ["2024/01/05 10:00", "TIMESTAMP", "2024-01-05 10:00:00"],
    ["2024-01-05T10:00:00+02:00", "TIMESTAMP WITH TIME ZONE", "2024-01-05 08:00:00+00"],
    ["2024-01-05 10:00:00.5", "TIMESTAMP WITH TIME ZONE", "2024-01-05 10:00:00.5+00"],
    ["2024-01-05", "TIMESTAMP WITH TIME ZONE", "2024-01-05 00:00:00+00"],
    ["00501", "VARCHAR", "00501"],
    ["", "VARCHAR", ""],
  ])("%s as %s", async (text, type, value) => {
    expect(await fitted(text, type)).toBe(value);
    expect(await strict(text, type)).toBe(value);
  });
});

describe("a text that does not fit", () => {
  it.each([
    ["128", "TINYINT"],
    ["1.0", "INTEGER"],
    ["007", "BIGINT"],
    ["+5", "BIGINT"],
    [" 5", "BIGINT"],
    ["1e3", "BIGINT"],
    ["9223372036854775808", "BIGINT"],
    ["12.505", "DECIMAL(5,2)"],
    ["1000", "DECIMAL(5,2)"],
    ["1e2", "DECIMAL(5,2)"],
    ["1.", "DECIMAL(5,2)"],
    ["-", "DECIMAL(5,2)"],
    [".", "DECIMAL(5,0)"],
    ["nan", "DECIMAL(5,2)"],
    ["0.123456789", "FLOAT"],
    ["16777217", "FLOAT"],
    ["100000000000000000000", "FLOAT"],
    ["1e39", "FLOAT"],
    ["9007199254740993", "DOUBLE"],
    ["100000000000000000000000", "DOUBLE"],
    ["1e999", "DOUBLE"],
    ["yes", "BOOLEAN"],
    ["1", "BOOLEAN"],
    ["2024-02-30", "DATE"],
    ["2024-01-05 00:00:00", "DATE"],
    ["05/01/2024", "DATE"],
    ["2024-01-05T10:00:00Z", "TIMESTAMP"],
    ["2024-01-05 10:00:00.1234567", "TIMESTAMP"],
    ["2024-02-30", "TIMESTAMP"],
    ["2024-02-30T10:00:00Z", "TIMESTAMP WITH TIME ZONE"],
    ["noon", "TIMESTAMP WITH TIME ZONE"],
    ["abc", "BLOB"],
    ["[1]", "INTEGER[]"],
  ])("%s as %s", async (text, type) => {
    expect(await fitted(text, type)).toBeNull();
    await expect(strict(text, type)).rejects.toThrow(`value-does-not-fit: ${text} is not ${type}`);
  });

  it.each(["TINYINT", "DECIMAL(5,2)", "DOUBLE", "DATE", "TIMESTAMP WITH TIME ZONE", "BLOB"])(
    "an empty one is no %s, and is not told",
    async (type) => {
      expect(await fitted("", type)).toBeNull();
      expect(await strict("", type)).toBeNull();
    },
  );
});
