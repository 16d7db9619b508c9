import { describe, expect, it } from "vitest";
import { quoteString } from "../../engine/index.js";
import { strictCast } from "../../formats/inference/value-kinds.js";
import { workbench } from "./workbench.js";

const bench = workbench();

async function cast(text: string, type: "BIGINT" | "DOUBLE"): Promise<unknown> {
  const sql = `SELECT ${strictCast("t", type, true)} AS v FROM (SELECT ${quoteString(text)} AS t)`;
  const [row] = await bench.session.rows(sql);
  return row?.["v"];
}

describe("a strict cast", () => {
  const loose = [
    " 5",
    "5 ",
    "5\t",
    "5\n",
    "5\r",
    "\n5",
    "5.",
    "+5",
    "007",
    "00.5",
    "1_000",
    "1_0.5",
    "1.e2",
    "0x10",
  ];
  const noNumber = ["true", '"5"', "[5]", "null", "-", "5,5", "1e"];

  it.each([...loose, ...noNumber, "0.5", "1e3", "-0"])("makes no BIGINT of %j", async (text) => {
    await expect(cast(text, "BIGINT")).rejects.toThrow("value-does-not-fit");
  });

  it.each([...loose, ...noNumber, "-iNF", "nAn", "1e999", "1000000000000000", "-9007199254740993"])(
    "makes no DOUBLE of %j",
    async (text) => {
      await expect(cast(text, "DOUBLE")).rejects.toThrow("value-does-not-fit");
    },
  );

  it.each([
    ["0", 0],
    ["-0", -0],
    ["-0.5", -0.5],
    [".5", 0.5],
    ["1E+5", 100_000],
    ["999999999999999", 999_999_999_999_999],
    ["1e15", 1e15],
    ["1234567890123456.5", 1_234_567_890_123_456.5],
    ["nan", Number.NaN],
    ["-Infinity", Number.NEGATIVE_INFINITY],
    ["", null],
  ])("reads %j as the DOUBLE it says", async (text, value) => {
    expect(await cast(text, "DOUBLE")).toBe(value);
  });

  it.each([
    ["0", 0n],
    ["-9223372036854775808", -9_223_372_036_854_775_808n],
    ["100", 100n],
  ])("reads %j as the BIGINT it says", async (text, value) => {
    expect(await cast(text, "BIGINT")).toBe(value);
  });
});
