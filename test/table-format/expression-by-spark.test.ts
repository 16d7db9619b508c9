import { readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isJsonObject, type JsonObject, parseJson } from "../../core/index.js";
import { Engine, quoteString, type Session } from "../../engine/index.js";
import { compileExpression } from "../../table-format/expression/index.js";
import { deltaTypeOfEngine, type StructType, typeText } from "../../table-format/schema/index.js";

/** An expression over one column, with what Spark gives; expression-by-spark.py wrote it down. */
interface SparkCase {
  readonly expression: string;
  /** The type, as Spark names it. */
  readonly type: string;
  /** For each value of the column the result as text; null for NULL, false for an error. */
  readonly results: readonly unknown[];
}

interface SparkColumn {
  readonly name: string;
  readonly engineType: string;
  readonly values: readonly unknown[];
  readonly cases: SparkCase[];
}

/** Where we may raise an error and Spark does not: never the other way round, and never another value. */
const MAY_REFUSE =
  /^TRY_CAST\(s AS (?:double|date|timestamp|timestamp_ntz|decimal\(10,2\))\)$|^(?:lower|upper)\(s\)$/;

const SPARK_NAMES: Readonly<Record<string, string>> = {
  long: "bigint",
  integer: "int",
  short: "smallint",
  byte: "tinyint",
};

describe("Spark SQL expressions, beside Spark", () => {
  let engine: Engine;
  let session: Session;
  beforeAll(async () => {
    engine = await Engine.open({ threads: 1 });
    session = await engine.acquire();
  });
  afterAll(() => engine.close());

  describe.each(readColumns())("of a column $engineType", ({ name, engineType, values, cases }) => {
    const literals = values.map((value) => (value === null ? "NULL" : quoteString(String(value))));

    it.each(cases)("$expression", async ({ expression, type, results }) => {
      const compiled = compileExpression(expression, { columns: oneColumn(name, engineType) });
      const ours = compiled.type === undefined ? "void" : typeText(compiled.type);
      expect(SPARK_NAMES[ours] ?? ours).toBe(type);
      const text = textSql(compiled.sql, type);
      const run = async (rows: readonly string[]): Promise<unknown[]> => {
        const from = `(VALUES ${rows.map((row, index) => `(${row}, ${index})`).join(", ")}) AS t(x, n)`;
        const given = `SELECT CAST(x AS ${engineType}) AS ${name}, n FROM ${from}`;
        const found = await session.rows(`SELECT ${text} AS v FROM (${given}) ORDER BY n`);
        return found.map((row) => row["v"]);
      };
      const failing = results.flatMap((result, index) => (result === false ? [index] : []));
      for (const index of failing) await expect(run([literals[index] ?? ""])).rejects.toThrowError();
      const mayRefuse = MAY_REFUSE.test(expression);
      const passing = [...results.keys()].filter((index) => !failing.includes(index));
      // All rows at once, so that a row which fails alone would be seen to fail the others.
      const rows = passing.map((index) => literals[index] ?? "");
      const found = mayRefuse ? await oneByOne(rows, run) : await run(rows);
      for (const [at, index] of passing.entries()) {
        if (found[at] === REFUSED) continue;
        expect([values[index], comparable(found[at], type)]).toEqual([
          values[index],
          comparable(results[index], type),
        ]);
      }
    });
  });
});

const REFUSED = Symbol("refused");

/** The result of each row, or that there is none. */
async function oneByOne(
  rows: readonly string[],
  run: (rows: readonly string[]) => Promise<unknown[]>,
): Promise<unknown[]> {
  const results: unknown[] = [];
  for (const row of rows)
    results.push(
      await run([row]).then(
        ([result]) => result,
        () => REFUSED,
      ),
    );
  return results;
}

function textSql(sql: string, type: string): string {
  if (type === "binary") return `hex(${sql})`;
  if (type === "timestamp") return `CAST(CAST(${sql} AS TIMESTAMP) AS VARCHAR)`;
  return `CAST(${sql} AS VARCHAR)`;
}

/** The engines write the same number, and years before 1, in different ways. */
function comparable(text: unknown, type: string): unknown {
  if (typeof text !== "string") return text;
  if (type.startsWith("decimal")) return text.replace(/^(-?)\./, "$10.");
  if (type === "date") {
    const before = /^(\d+)(-\d+-\d+) \(BC\)$/.exec(text);
    return before === null ? text : `${String(1 - Number(before[1])).padStart(4, "0")}${before[2]}`;
  }
  if (type !== "double" && type !== "float") return text;
  const words: Readonly<Record<string, number>> = {
    inf: Number.POSITIVE_INFINITY,
    "-inf": Number.NEGATIVE_INFINITY,
    nan: Number.NaN,
  };
  return words[text.toLowerCase()] ?? Number(text);
}

function oneColumn(name: string, engineType: string): StructType {
  const { type } = deltaTypeOfEngine(`STRUCT("${name}" ${engineType})`);
  if (type.type !== "struct") throw new Error(engineType);
  return type;
}

function readColumns(): SparkColumn[] {
  const file = path.join(import.meta.dirname, "expression-by-spark.jsonl");
  const columns: SparkColumn[] = [];
  for (const line of readFileSync(file, "utf8").trimEnd().split("\n")) {
    const value = parseJson(line);
    if (!isJsonObject(value)) throw new Error(line);
    const spec = columnOf(value);
    if (spec !== undefined) columns.push(spec);
    else columns.at(-1)?.cases.push(caseOf(value));
  }
  return columns;
}

function columnOf(line: JsonObject): SparkColumn | undefined {
  const { column, engineType, values } = line;
  if (typeof column !== "string" || typeof engineType !== "string" || !Array.isArray(values))
    return undefined;
  return { name: column, engineType, values, cases: [] };
}

function caseOf(line: JsonObject): SparkCase {
  const { expression, type, results } = line;
  if (typeof expression === "string" && typeof type === "string" && Array.isArray(results)) {
    return { expression, type, results };
  }
  throw new Error(JSON.stringify(line));
}
