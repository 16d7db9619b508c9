import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine, quoteString, type Session } from "../../engine/index.js";
import { deltaTypeOfEngine, engineType, newField, type StructType } from "../../table-format/schema/index.js";
import type { ColumnPath, CompareOp, Literal, Predicate } from "../../table-format/skipping/predicate.js";
import { type SkippingTable, skippingSql } from "../../table-format/skipping/skipping.js";

const SCHEMA = ((): StructType => {
  const { type } = deltaTypeOfEngine(
    'STRUCT(n BIGINT, d DOUBLE, f FLOAT, t VARCHAR, price DECIMAL(10,2), wide DECIMAL(38,10), at TIMESTAMP WITH TIME ZONE, clock TIMESTAMP, day DATE, flag BOOLEAN, raw BLOB, l INTEGER[], s STRUCT("a.b ""c""" INTEGER), p INTEGER, q VARCHAR, bin BLOB)',
  );
  if (type.type !== "struct") throw new Error("no struct");
  return type;
})();
const TABLE: SkippingTable = { schema: SCHEMA, partitionColumns: ["p", "q", "bin"], configuration: {} };

const compare = (column: string | ColumnPath, op: CompareOp, text: string, type?: string): Predicate => {
  const path: ColumnPath = typeof column === "string" ? [column] : column;
  const field = SCHEMA.fields.find((each) => each.name.toLowerCase() === path[0].toLowerCase());
  return {
    kind: "compare",
    column: path,
    op,
    value: { type: type ?? engineType(field?.type ?? { type: "string" }), text },
  };
};
const not = (operand: Predicate): Predicate => ({ kind: "not", operand });
const and = (...operands: Predicate[]): Predicate => ({ kind: "and", operands });
const or = (...operands: Predicate[]): Predicate => ({ kind: "or", operands });
const UNKNOWN: Predicate = { kind: "unknown" };

interface FileLine {
  readonly stats?: unknown;
  readonly partition?: Readonly<Record<string, string | null>>;
}

describe("skippingSql", () => {
  let engine: Engine;
  let session: Session;
  beforeAll(async () => {
    engine = await Engine.open({ threads: 1 });
    session = await engine.acquire();
  });
  afterAll(() => {
    engine.release(session);
    engine.close();
  });

  /** Whether the file is read rather than skipped. */
  async function isRead(predicate: Predicate, file: FileLine, table = TABLE): Promise<boolean> {
    const stats =
      file.stats === undefined
        ? "NULL"
        : typeof file.stats === "string"
          ? file.stats
          : JSON.stringify(file.stats);
    const partition = Object.entries(file.partition ?? {}).map(
      ([name, value]) => `${quoteString(name)}: ${value === null ? "NULL" : quoteString(value)}`,
    );
    const [row] = await session.rows(
      `SELECT ${skippingSql(predicate, table)} AS kept FROM (SELECT MAP {${partition.join(", ")}}::MAP(VARCHAR, VARCHAR) AS partition_values, ` +
        `${file.stats === undefined ? "NULL::VARCHAR" : quoteString(stats)} AS stats)`,
    );
    const kept = row?.["kept"];
    if (typeof kept !== "boolean") throw new Error("the condition is NULL");
    return kept;
  }

  /** A file with 10 rows, 2 of them NULL unless told, and these bounds in one column. */
  const bounds = (column: string, min: unknown, max: unknown, nulls = 2): FileLine => ({
    stats: {
      numRecords: 10,
      minValues: { [column]: min },
      maxValues: { [column]: max },
      nullCount: { [column]: nulls },
    },
  });

  const FIVE_TO_SEVEN = bounds("n", 5, 7);

  it.each<[CompareOp, string, boolean]>([
    ["=", "4", false],
    ["=", "5", true],
    ["=", "7", true],
    ["=", "8", false],
    ["<", "5", false],
    ["<", "6", true],
    ["<=", "4", false],
    ["<=", "5", true],
    [">", "7", false],
    [">", "6", true],
    [">=", "8", false],
    [">=", "7", true],
    ["!=", "5", true],
    ["=", "9223372036854775808", false],
  ])("n %s %s on a file from 5 to 7: read is %s", async (op, text, read) => {
    expect(await isRead(compare("N", op, text), FIVE_TO_SEVEN)).toBe(read);
  });

  it("knows a file of one value, and one of NULLs only", async () => {
    expect(await isRead(compare("n", "!=", "5"), bounds("n", 5, 5))).toBe(false);
    const nulls = { stats: { numRecords: 10, minValues: {}, maxValues: {}, nullCount: { n: 10 } } };
    for (const op of ["=", "!=", "<", "<=", ">", ">="] as const) {
      expect(await isRead(compare("n", op, "5"), nulls)).toBe(false);
      expect(await isRead(not(compare("n", op, "5")), nulls)).toBe(false);
    }
    expect(await isRead({ kind: "is-not-null", column: ["n"] }, nulls)).toBe(false);
    expect(await isRead({ kind: "is-null", column: ["n"] }, nulls)).toBe(true);
    expect(await isRead({ kind: "is-null", column: ["n"] }, bounds("n", 5, 7, 0))).toBe(false);
    expect(await isRead({ kind: "is-not-null", column: ["n"] }, bounds("n", 5, 7, 0))).toBe(true);
  });

  it("combines what it knows with what it does not", async () => {
    const miss = compare("n", "=", "4");
    expect(await isRead(and(UNKNOWN, miss), FIVE_TO_SEVEN)).toBe(false);
    expect(await isRead(or(UNKNOWN, miss), FIVE_TO_SEVEN)).toBe(true);
    expect(await isRead(not(or(UNKNOWN, not(miss))), FIVE_TO_SEVEN)).toBe(false);
    expect(await isRead(not(UNKNOWN), FIVE_TO_SEVEN)).toBe(true);
    expect(await isRead(or(miss, compare("n", ">", "7")), FIVE_TO_SEVEN)).toBe(false);
    expect(await isRead(and(or(), UNKNOWN), FIVE_TO_SEVEN)).toBe(false);
    expect(await isRead(and(), FIVE_TO_SEVEN)).toBe(true);
    expect(await isRead({ kind: "constant", value: false }, {})).toBe(false);
  });

  it("tests lists, long ones by their range", async () => {
    const list = (from: number, count: number): Predicate => ({
      kind: "in",
      column: ["n"],
      values: Array.from(
        { length: count },
        (_, index): Literal => ({ type: "BIGINT", text: String(from + 10 * index) }),
      ),
    });
    expect(await isRead(list(4, 2), FIVE_TO_SEVEN)).toBe(false);
    expect(await isRead(list(6, 2), FIVE_TO_SEVEN)).toBe(true);
    expect(await isRead(list(8, 1_000), FIVE_TO_SEVEN)).toBe(false);
    expect(await isRead(list(4, 1_000), FIVE_TO_SEVEN)).toBe(true);
    expect(await isRead(not(list(6, 2)), bounds("n", 6, 6))).toBe(false);
    expect(await isRead(not(list(5, 2)), FIVE_TO_SEVEN)).toBe(true);
    expect(await isRead({ kind: "in", column: ["n"], values: [] }, {})).toBe(false);
    const unreadable = Array.from(
      { length: 20 },
      (_, index): Literal => ({ type: "DATE", text: index === 0 ? "2024-02-30" : "2023-01-01" }),
    );
    expect(
      await isRead(
        { kind: "in", column: ["day"], values: unreadable },
        bounds("day", "2024-01-01", "2024-03-01"),
      ),
    ).toBe(true);
  });

  it("finds fields of structs, whatever their names hold", async () => {
    const file = {
      stats: {
        numRecords: 1,
        minValues: { s: { 'a.b "c"': 5 } },
        maxValues: { s: { 'a.b "c"': 7 } },
        nullCount: { s: { 'a.b "c"': 0 } },
      },
    };
    expect(await isRead(compare(["s", 'A.B "C"'], "=", "4", "INTEGER"), file)).toBe(false);
    expect(await isRead(compare(["s", 'a.b "c"'], "=", "6", "INTEGER"), file)).toBe(true);
    expect(await isRead({ kind: "is-null", column: ["s"] }, file)).toBe(true);
  });

  it.each<[string, FileLine]>([
    ["no statistics", {}],
    ["text that is not JSON", { stats: "{" }],
    ["an empty text", { stats: "" }],
    ["JSON of another shape", { stats: [1, 2] }],
    ["no bounds", { stats: { numRecords: 10 } }],
    ["bounds that are NULL", bounds("n", null, null)],
    ["bounds of another type", bounds("n", "a", { b: 1 })],
    ["other columns only", bounds("m", 1, 2)],
  ])("reads a file with %s", async (_, file) => {
    expect(await isRead(compare("n", "=", "8"), file)).toBe(true);
    expect(await isRead(not(compare("n", ">", "8")), file)).toBe(true);
  });

  it("takes fractions as bounds of whole numbers without passing one", async () => {
    const file = bounds("n", -7.5, 7.4);
    for (const inside of ["-7", "7"]) expect(await isRead(compare("n", "=", inside), file)).toBe(true);
    for (const outside of ["-9", "9"]) expect(await isRead(compare("n", "=", outside), file)).toBe(false);
  });

  it("does not use the statistics of lists, which writers count in different ways", async () => {
    const file = { stats: { numRecords: 10, nullCount: { l: 10 } } };
    expect(await isRead({ kind: "is-not-null", column: ["l"] }, file)).toBe(true);
  });

  it("never skips for a NaN that the bounds pass over", async () => {
    const file = bounds("d", 1.5, 2.5);
    for (const op of [">", ">=", "!="] as const)
      expect(await isRead(compare("d", op, "100"), file)).toBe(true);
    for (const op of ["=", ">=", "<=", "<", "!="] as const)
      expect(await isRead(compare("d", op, "nan"), file)).toBe(true);
    expect(await isRead({ kind: "in", column: ["d"], values: [{ type: "DOUBLE", text: "NaN" }] }, file)).toBe(
      true,
    );
    expect(await isRead(compare("d", "=", "100"), file)).toBe(false);
    expect(await isRead(compare("d", "<", "1.5"), file)).toBe(false);
    expect(await isRead(compare("d", "<", "0"), bounds("d", "NaN", "NaN"))).toBe(true);
  });

  it("does not read the bounds of a FLOAT as those of the DOUBLE it became", async () => {
    const field = { ...newField("d", { type: "double" as const }), metadata: { "delta.typeChanges": [] } };
    const table: SkippingTable = { ...TABLE, schema: { type: "struct", fields: [field] } };
    const widened = compare("d", "=", "0.10000000149011612", "DOUBLE");
    expect(await isRead(widened, bounds("d", 0.1, 0.1), table)).toBe(true);
    expect(await isRead(widened, bounds("d", 0.1, 0.1))).toBe(false);
  });

  it("takes strings as cut short where they may be", async () => {
    const cut = "x".repeat(32);
    expect(await isRead(compare("t", "=", `${cut}y`), bounds("t", cut, cut))).toBe(true);
    expect(await isRead(compare("t", ">", `${cut}y`), bounds("t", cut, cut))).toBe(true);
    expect(await isRead(compare("t", "!=", cut), bounds("t", cut, cut))).toBe(true);
    expect(await isRead(compare("t", "=", "x😀z"), bounds("t", "x", "x\uFFFD"))).toBe(true);
    expect(await isRead(compare("t", "=", "y"), bounds("t", cut, `${cut}\u{10FFFF}`))).toBe(false);
    expect(await isRead(compare("t", "=", "ab"), bounds("t", "a", "a"))).toBe(false);
    expect(await isRead(compare("t", "!=", "a"), bounds("t", "a", "a"))).toBe(false);
  });

  it("takes timestamps as cut to the millisecond", async () => {
    const file = bounds("at", "2024-01-01T10:00:00.123+02:00", "2024-01-01T10:00:00.123+02:00");
    expect(await isRead(compare("at", "=", "2024-01-01 08:00:00.123999+00"), file)).toBe(true);
    expect(await isRead(compare("at", ">", "2024-01-01 08:00:00.123999+00"), file)).toBe(false);
    expect(await isRead(compare("at", "<", "2024-01-01 08:00:00.123+00"), file)).toBe(false);
    const noZone = bounds("at", "2024-01-01T10:00:00.123", "2024-01-01T10:00:00.123");
    expect(await isRead(compare("at", "=", "2025-01-01 00:00:00+00"), noZone)).toBe(true);
    const clock = bounds("clock", "2024-01-01T10:00:00.123", "2024-01-01T10:00:00.123");
    expect(await isRead(compare("clock", "<", "2024-01-01", "DATE"), clock)).toBe(false);
    expect(await isRead(compare("clock", ">", "2024-01-01", "DATE"), clock)).toBe(true);
  });

  it("tells decimals of 15 digits apart and gives longer ones a margin", async () => {
    const file = bounds("price", 12345678.91, 12345678.91);
    expect(await isRead(compare("price", "=", "12345678.90"), file)).toBe(false);
    expect(await isRead(compare("price", "!=", "12345678.91"), file)).toBe(false);
    expect(await isRead(compare("price", "=", "12345678.91"), file)).toBe(true);
    const wide = (text: string): FileLine => ({
      stats: `{"numRecords":1,"minValues":{"wide":${text}},"maxValues":{"wide":${text}},"nullCount":{"wide":0}}`,
    });
    const value = "1234567890123456789012345678.0000000001";
    expect(await isRead(compare("wide", "=", value), wide(value))).toBe(true);
    expect(await isRead(compare("wide", "<", value), wide("1234567890123456789012345677.9999999999"))).toBe(
      true,
    );
    expect(await isRead(compare("wide", "=", "1234567890123999999999999999.0"), wide(value))).toBe(false);
  });

  it("compares in the column's type only where that means the same", async () => {
    const floats = bounds("f", 0.1, 0.1);
    expect(await isRead(compare("f", "=", "5", "FLOAT"), floats)).toBe(false);
    expect(await isRead(compare("f", "=", "0.5", "DOUBLE"), floats)).toBe(false);
    expect(await isRead(compare("f", "=", "0.7", "DOUBLE"), floats)).toBe(true);
    expect(await isRead(compare("d", "=", "3", "INTEGER"), bounds("d", 1.5, 2.5))).toBe(false);
    expect(await isRead(compare("d", "=", "3.25", "DECIMAL(5,2)"), bounds("d", 1.5, 2.5))).toBe(false);
    expect(await isRead(compare("n", "=", "1.5", "DECIMAL(2,1)"), FIVE_TO_SEVEN)).toBe(true);
    expect(await isRead(compare("n", "=", "x", "VARCHAR"), FIVE_TO_SEVEN)).toBe(true);
    expect(await isRead(compare("price", "=", "1.001", "DECIMAL(4,3)"), bounds("price", 5, 7))).toBe(true);
    // As DECIMAL(5,2) the text is 1.24.
    expect(await isRead(compare("wide", "=", "1.239", "DECIMAL(5,2)"), bounds("wide", 5, 7))).toBe(true);
    expect(await isRead(compare("price", "=", "1", "INTEGER"), bounds("price", 5, 7))).toBe(false);
    expect(
      await isRead(compare("day", "=", "2024-01-01", "VARCHAR"), bounds("day", "2023-01-01", "2023-01-01")),
    ).toBe(true);
    expect(await isRead(compare("day", "=", "2024-01-01"), bounds("day", "2023-01-01", "2023-01-01"))).toBe(
      false,
    );
    expect(await isRead(compare("raw", "=", "a"), bounds("raw", "b", "b"))).toBe(true);
    expect(await isRead(compare("flag", "=", "true"), bounds("flag", false, false))).toBe(false);
    expect(await isRead(compare("nowhere", "=", "a"), FIVE_TO_SEVEN)).toBe(true);
  });

  it("is exact on partition values", async () => {
    const file = (p: string | null): FileLine => ({ partition: { p, q: "x y", bin: "é" } });
    expect(await isRead(compare("P", "=", "5"), file("5"))).toBe(true);
    expect(await isRead(compare("p", "!=", "5"), file("5"))).toBe(false);
    expect(await isRead(compare("p", "!=", "4"), file(null))).toBe(false);
    expect(await isRead(compare("p", "!=", "4"), file(""))).toBe(false);
    expect(await isRead({ kind: "is-null", column: ["p"] }, file(""))).toBe(true);
    expect(await isRead({ kind: "is-null", column: ["p"] }, file("0"))).toBe(false);
    expect(await isRead({ kind: "is-not-null", column: ["p"] }, file(null))).toBe(false);
    expect(await isRead(compare("p", "=", "4"), file("not a number"))).toBe(true);
    expect(await isRead(compare("p", "=", "4"), {})).toBe(true);
    expect(await isRead({ kind: "is-not-null", column: ["p"] }, {})).toBe(true);
    expect(
      await isRead({ kind: "in", column: ["q"], values: [{ type: "VARCHAR", text: "x y" }] }, file("1")),
    ).toBe(true);
    expect(
      await isRead({ kind: "in", column: ["q"], values: [{ type: "VARCHAR", text: "xy" }] }, file("1")),
    ).toBe(false);
    expect(await isRead(compare("bin", "=", "\\xC3\\xA9"), file("1"))).toBe(true);
    expect(await isRead(compare("bin", "=", "e"), file("1"))).toBe(false);
  });

  it("goes by physical names with column mapping", async () => {
    const mapped = (name: string, physical: string) => ({
      ...newField(name, { type: "long" as const }),
      metadata: { "delta.columnMapping.physicalName": physical },
    });
    const table: SkippingTable = {
      schema: { type: "struct", fields: [mapped("a b", "col-1"), mapped("part", "col-2")] },
      partitionColumns: ["part"],
      configuration: { "delta.columnMapping.mode": "name" },
    };
    const file = { ...bounds("col-1", 5, 7), partition: { "col-2": "9" } };
    expect(await isRead(compare("a b", "=", "4", "BIGINT"), file, table)).toBe(false);
    expect(await isRead(compare("a b", "=", "5", "BIGINT"), file, table)).toBe(true);
    expect(await isRead(compare("part", "=", "8", "BIGINT"), file, table)).toBe(false);
    expect(await isRead(compare("part", "=", "9", "BIGINT"), file, table)).toBe(true);
  });

  it("decides as the naive reading of bounds does, no worse and no better", async () => {
    const value = fc.integer({ min: 0, max: 4 });
    const leaf: fc.Arbitrary<Predicate> = fc.oneof(
      fc
        .tuple(fc.constantFrom<CompareOp>("=", "!=", "<", "<=", ">", ">="), value)
        .map(([op, text]) => compare("n", op, String(text))),
      fc.array(value, { maxLength: 2 }).map(
        (values): Predicate => ({
          kind: "in",
          column: ["n"],
          values: values.map((text) => ({ type: "BIGINT", text: String(text) })),
        }),
      ),
      fc.constantFrom<Predicate>(
        { kind: "is-null", column: ["n"] },
        { kind: "is-not-null", column: ["n"] },
        UNKNOWN,
      ),
    );
    const predicate = fc.letrec<{ node: Predicate }>((tie) => ({
      node: fc.oneof(
        { maxDepth: 3 },
        leaf,
        fc.array(tie("node"), { maxLength: 3 }).map((operands) => and(...operands)),
        fc.array(tie("node"), { maxLength: 3 }).map((operands) => or(...operands)),
        tie("node").map(not),
      ),
    })).node;
    const file = fc.record({ min: value, width: value, nulls: fc.constantFrom(0, 2, 10) });
    await fc.assert(
      fc.asyncProperty(predicate, file, async (asked, { min, width, nulls }) => {
        const summary: Summary = { min, max: min + width, nulls, rows: 10 };
        const line =
          nulls === 10
            ? { stats: { numRecords: 10, nullCount: { n: 10 } } }
            : bounds("n", min, min + width, nulls);
        expect(await isRead(asked, line)).toBe(mayPass(asked, summary));
      }),
      { seed: 2024, numRuns: 400 },
    );
  });
});

interface Summary {
  readonly min: number;
  readonly max: number;
  readonly nulls: number;
  readonly rows: number;
}

/** What bounds alone can tell: whether some row may pass; with `negated`, whether some row may fail. */
function mayPass(predicate: Predicate, file: Summary, negated = false): boolean {
  switch (predicate.kind) {
    case "unknown":
      return true;
    case "constant":
      return predicate.value !== negated;
    case "not":
      return mayPass(predicate.operand, file, !negated);
    case "and":
      return negated
        ? predicate.operands.some((each) => mayPass(each, file, true))
        : predicate.operands.every((each) => mayPass(each, file));
    case "or":
      return negated
        ? predicate.operands.every((each) => mayPass(each, file, true))
        : predicate.operands.some((each) => mayPass(each, file));
    case "is-null":
      return negated ? file.nulls < file.rows : file.nulls > 0;
    case "is-not-null":
      return negated ? file.nulls > 0 : file.nulls < file.rows;
    case "compare": {
      const literal = Number(predicate.value.text);
      const passes = (value: number): boolean => holds(value, predicate.op, literal) !== negated;
      return file.nulls < file.rows && valuesOf(file).some(passes);
    }
    case "in": {
      if (predicate.values.length === 0) return negated;
      const literals = predicate.values.map((each) => Number(each.text));
      // NOT IN is tested value by value.
      return negated
        ? file.nulls < file.rows &&
            literals.every((literal) => valuesOf(file).some((each) => each !== literal))
        : file.nulls < file.rows && literals.some((literal) => valuesOf(file).includes(literal));
    }
  }
}

function valuesOf(file: Summary): number[] {
  return Array.from({ length: file.max - file.min + 1 }, (_, index) => file.min + index);
}

function holds(value: number, op: CompareOp, literal: number): boolean {
  switch (op) {
    case "=":
      return value === literal;
    case "!=":
      return value !== literal;
    case "<":
      return value < literal;
    case "<=":
      return value <= literal;
    case ">":
      return value > literal;
    case ">=":
      return value >= literal;
  }
}
