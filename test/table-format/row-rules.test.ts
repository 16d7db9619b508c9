import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isLakeError, type JsonObject, newUuid } from "../../core/index.js";
import { Engine, quoteIdentifier, type Row, type Session } from "../../engine/index.js";
import { writeParquet } from "../../formats/index.js";
import type { Protocol } from "../../table-format/index.js";
import {
  checkedSelect,
  constraintsOf,
  identityOf,
  numberedColumns,
  type RowRules,
  type RowRulesRequest,
  rowRulesFor,
  rowsSelect,
  sourceSchema,
  violationOf,
  withHighWaterMarks,
} from "../../table-format/row-rules/index.js";
import {
  type DataType,
  deltaTypeOfEngine,
  newField,
  parseSchema,
  planColumns,
  type StructField,
  type StructType,
  serializeSchema,
} from "../../table-format/schema/index.js";

const ALL_FEATURES: Protocol = {
  minReaderVersion: 3,
  minWriterVersion: 7,
  readerFeatures: [],
  writerFeatures: [
    "invariants",
    "checkConstraints",
    "generatedColumns",
    "allowColumnDefaults",
    "identityColumns",
  ],
};

/** A field, its type as DuckDB writes it. */
function field(name: string, type: string, metadata: JsonObject = {}, nullable = true): StructField {
  return { ...newField(name, deltaTypeOfEngine(type).type), metadata, nullable };
}

function struct(...fields: readonly StructField[]): StructType {
  return { type: "struct", fields };
}

const invariant = (expression: string): JsonObject => ({
  "delta.invariants": JSON.stringify({ expression: { expression } }),
});
const generated = (expression: string): JsonObject => ({ "delta.generationExpression": expression });
const byDefault = (expression: string): JsonObject => ({ CURRENT_DEFAULT: expression });
const identity = (start: number | bigint, step: number | bigint, more: JsonObject = {}): JsonObject => ({
  "delta.identity.start": start,
  "delta.identity.step": step,
  "delta.identity.allowExplicitInsert": false,
  ...more,
});

function rulesFor(
  schema: StructType,
  given: readonly string[],
  more: Partial<RowRulesRequest> = {},
): RowRules {
  return rowRulesFor({
    schema,
    configuration: {},
    protocol: ALL_FEATURES,
    given,
    marker: newUuid(),
    ...more,
  });
}

describe("row rules", () => {
  let engine: Engine;
  let folder: string;
  beforeAll(async () => {
    engine = await Engine.open({ threads: 2 });
    folder = await mkdtemp(join(tmpdir(), "row-rules-"));
  });
  afterAll(async () => {
    await engine.close();
    await rm(folder, { recursive: true });
  });

  /** The SELECT of a write of `SELECT ${source}`, as a landing makes it. */
  async function selectOf(
    session: Session,
    rules: RowRules,
    source: string,
    rowsBefore?: bigint,
  ): Promise<string> {
    const columns = await session.columns(`SELECT ${source}`);
    const plan = planColumns(sourceSchema(rules), columns, "strict");
    return rowsSelect(rules, { from: `(SELECT ${source}) AS source`, source: plan.columns, rowsBefore });
  }

  async function write(rules: RowRules, source: string, rowsBefore?: bigint): Promise<Row[]> {
    return engine.withSession(async (session) => {
      const select = await selectOf(session, rules, source, rowsBefore);
      try {
        return await session.rows(select);
      } catch (error) {
        throw violationOf(error, rules.marker) ?? error;
      }
    });
  }

  async function violation(rules: RowRules, source: string): Promise<unknown> {
    try {
      await write(rules, source);
    } catch (error) {
      return error;
    }
    throw new Error("nothing was violated");
  }

  describe("constraints", () => {
    const schema = struct(field("qty", "INTEGER"), field("Price", "DECIMAL(10,2)"), field("note", "VARCHAR"));
    const configuration = { "delta.constraints.positive": "qty > 0 AND price / 1D < 100" };
    const given = ["qty", "PRICE", "note"];

    it("lets rows pass that keep them", async () => {
      const rules = rulesFor(schema, given, { configuration });
      expect(await write(rules, "1 AS qty, 2.5::DECIMAL(10,2) AS price, NULL::VARCHAR AS note")).toEqual([
        { qty: 1, Price: "2.50", note: null },
      ]);
    });

    it("names the constraint, its expression and the row's values", async () => {
      const rules = rulesFor(schema, given, { configuration });
      const error = await violation(rules, "-1 AS qty, 2.5::DECIMAL(10,2) AS price, 'x' AS note");
      expect(error).toMatchObject({
        kind: "invalid-input",
        code: "constraint",
        context: { constraint: "positive", kind: "check", expression: "qty > 0 AND price / 1D < 100" },
      });
      expect(String(error)).toContain("qty = -1, Price = 2.50");
    });

    it("holds NULL for a violation (PROTOCOL.md, CHECK Constraints)", async () => {
      const rules = rulesFor(schema, given, { configuration });
      const error = await violation(rules, "NULL AS qty, 2.5::DECIMAL(10,2) AS price, 'x' AS note");
      expect(String(error)).toContain("qty = NULL");
    });

    it("finds the one row of many, and writes nothing", async () => {
      const rules = rulesFor(schema, given, { configuration });
      const source =
        "if(r = 199999, 0, r % 9 + 1)::INTEGER AS qty, 1::DECIMAL(10,2) AS price, '' AS note FROM range(200000) t(r)";
      await engine.withSession(async (session) => {
        const select = await selectOf(session, rules, source);
        const directory = join(folder, "none");
        const failure = await writeParquet(session, { select, directory }).then(
          () => undefined,
          (error: unknown) => violationOf(error, rules.marker),
        );
        expect(failure).toMatchObject({ code: "constraint", context: { constraint: "positive" } });
        const left = await session.rows(`SELECT count(*) AS n FROM glob('${directory}/*')`);
        expect(left).toEqual([{ n: 0n }]);
      });
    });

    it("keeps texts of rows and expressions what they are", async () => {
      const text = 'it\'s "quoted" \\ {"facts":1} %\n€';
      const nasty = struct(field("a \"b\" 'c'", "VARCHAR"));
      const rules = rulesFor(nasty, ["a \"b\" 'c'"], {
        configuration: { "delta.constraints.o'clock": "`a \"b\" 'c'` = 'it\\'s \"x\"'" },
      });
      const source = `'${text.replaceAll("'", "''")}' AS ${quoteIdentifier("a \"b\" 'c'")}`;
      const error = await violation(rules, source);
      expect(error).toMatchObject({ context: { constraint: "o'clock" } });
      expect(String(error)).toContain(text);
    });

    it("is not fooled by a row that looks like a violation", async () => {
      const rules = rulesFor(struct(field("s", "VARCHAR")), ["s"]);
      const other = violationOf(new Error(`${newUuid()}{"facts":{},"row":{}}`), rules.marker);
      expect(other).toBeUndefined();
    });

    it("tells of a condition that a row has no value for", async () => {
      const rules = rulesFor(schema, given, { configuration: { "delta.constraints.share": "1 / qty < 1" } });
      const error = await violation(rules, "0 AS qty, 2.5::DECIMAL(10,2) AS price, 'x' AS note");
      expect(error).toMatchObject({ code: "constraint", context: { constraint: "share" } });
      expect(String(error)).toContain("division by zero");
    });

    it("does not evaluate for a row what Spark does not", async () => {
      const rules = rulesFor(struct(field("a", "INTEGER"), field("b", "VARCHAR")), ["a", "b"], {
        configuration: { "delta.constraints.c": "a <> 0 AND 10 / a > 1 OR a = 0 AND CAST(b AS INT) > 0" },
      });
      const rows = await write(
        rules,
        "r::INTEGER % 3 AS a, if(r % 3 = 0, '5', 'x') AS b FROM range(3000) t(r)",
      );
      expect(rows).toHaveLength(3000);
    });

    it("checks invariants of columns and of nested fields", async () => {
      const inner: DataType = struct(field("y", "INTEGER", invariant("s.y < 3")));
      const nested = struct(field("x", "INTEGER", invariant("x > 3")), { ...newField("s", inner) });
      const rules = rulesFor(nested, ["x", "s"]);
      expect(await write(rules, "4 AS x, {'y': 2} AS s")).toHaveLength(1);
      expect(await violation(rules, "3 AS x, {'y': 2} AS s")).toMatchObject({
        context: { kind: "invariant", constraint: "x" },
      });
      expect(await violation(rules, "NULL AS x, {'y': 2} AS s")).toMatchObject({
        context: { constraint: "x" },
      });
      expect(await violation(rules, "4 AS x, {'y': 3} AS s")).toMatchObject({
        context: { constraint: "s.y" },
      });
    });

    it("refuses an invariant inside an array, and one that is no JSON", () => {
      const inner = struct(field("y", "INTEGER", invariant("y < 3")));
      const array = struct(newField("l", { type: "array", elementType: inner, containsNull: true }));
      expect(() => constraintsOf(array, {})).toThrowError(/l\.element\.y/);
      const broken = struct(field("x", "INTEGER", { "delta.invariants": "{" }));
      expect(attempt(() => constraintsOf(broken, {}))).toSatisfy((error) => isLakeError(error, "corrupt"));
    });

    it("names the rule that it cannot evaluate or that does not fit", () => {
      const of = (expression: string): unknown =>
        attempt(() => constraintsOf(schema, { "delta.constraints.odd": expression }));
      expect(of("my_udf(qty) > 0")).toMatchObject({ kind: "unsupported", code: "expression" });
      expect(String(of("my_udf(qty) > 0"))).toMatch(/CHECK constraint odd .*my_udf/);
      expect(of("nope > 0")).toMatchObject({ kind: "invalid-input", code: "expression-column" });
      expect(of("qty + 1")).toMatchObject({ kind: "invalid-input", code: "expression-type" });
    });

    it("checks the length of char and varchar columns", async () => {
      const of = (type: string): JsonObject => ({ __CHAR_VARCHAR_TYPE_STRING: type });
      const short = struct(field("c", "VARCHAR", of("char(2)")), field("v", "VARCHAR", of("varchar(3)")));
      const rules = rulesFor(short, ["c", "v"]);
      expect(await write(rules, "'a' AS c, 'éé😀' AS v")).toHaveLength(1);
      expect(await write(rules, "NULL::VARCHAR AS c, '' AS v")).toHaveLength(1);
      expect(await violation(rules, "'abc' AS c, 'a' AS v")).toMatchObject({
        message: "a row breaks the length of column c (at most 2 characters): c = abc",
        context: { kind: "length", constraint: "c" },
      });
      expect(await violation(rules, "'a' AS c, 'abcd' AS v")).toMatchObject({
        context: { kind: "length", constraint: "v" },
      });
    });

    it("checks NOT NULL at every level", async () => {
      const point = struct(field("a", "INTEGER", {}, false), field("b", "INTEGER"));
      const schemas = struct(
        field("k", "INTEGER", {}, false),
        newField("s", point),
        newField("l", { type: "array", elementType: point, containsNull: false }),
        newField("m", {
          type: "map",
          keyType: { type: "string" },
          valueType: { type: "array", elementType: { type: "integer" }, containsNull: false },
          valueContainsNull: true,
        }),
      );
      const rules = rulesFor(schemas, ["k", "s", "l", "m"]);
      const row = (k: string, s: string, l: string, m: string): string =>
        `${k}::INTEGER AS k, ${s}::STRUCT(a INTEGER, b INTEGER) AS s, ${l}::STRUCT(a INTEGER, b INTEGER)[] AS l, ${m}::MAP(VARCHAR, INTEGER[]) AS m`;
      const good = [
        "1",
        "{'a': 1, 'b': NULL}",
        "[{'a': 1, 'b': NULL}]",
        "MAP {'x': [1], 'y': NULL}",
      ] as const;
      expect(await write(rules, row(...good))).toHaveLength(1);
      expect(await write(rules, row("1", good[1], "NULL", "NULL"))).toHaveLength(1);
      const broken: readonly (readonly [string, string])[] = [
        ["k", row("NULL", good[1], good[2], good[3])],
        ["s.a", row("1", "{'a': NULL, 'b': 1}", good[2], good[3])],
        ["s.a", row("1", "NULL", good[2], good[3])],
        ["l.element", row("1", good[1], "[{'a': 1, 'b': 1}, NULL]", good[3])],
        ["l.element.a", row("1", good[1], "[{'a': 1, 'b': 1}, {'a': NULL, 'b': 1}]", good[3])],
        ["m.value.element", row("1", good[1], good[2], "MAP {'x': [1], 'y': [NULL]}")],
      ];
      for (const [constraint, source] of broken) {
        expect(await violation(rules, source)).toMatchObject({ context: { kind: "not-null", constraint } });
      }
      expect(attempt(() => rulesFor(schemas, ["s", "l", "m"]))).toMatchObject({ code: "column-missing" });
    });

    it("leaves a SELECT alone that has nothing to be checked for", () => {
      expect(checkedSelect("SELECT 1", [], newUuid())).toBe("SELECT 1");
    });
  });

  describe("generated columns", () => {
    const schema = struct(
      field("ts", "TIMESTAMP WITH TIME ZONE"),
      field("day", "DATE", generated("CAST(ts AS DATE)")),
      field("n", "INTEGER"),
    );

    it("are computed when the rows do not bring them", async () => {
      const rules = rulesFor(schema, ["TS"]);
      expect(rules.columns.map(({ kind }) => kind)).toEqual(["source", "generated", "null"]);
      expect(await write(rules, "TIMESTAMPTZ '2024-02-29 23:00:00+00' AS ts")).toEqual([
        { ts: "2024-02-29T23:00:00Z", day: "2024-02-29", n: null },
      ]);
    });

    it("are compared NULL-safe when they do", async () => {
      const rules = rulesFor(schema, ["ts", "day"]);
      expect(await write(rules, "NULL::TIMESTAMPTZ AS ts, NULL::DATE AS day")).toHaveLength(1);
      const error = await violation(
        rules,
        "TIMESTAMPTZ '2024-02-29 23:00:00+00' AS ts, DATE '2024-03-01' AS day",
      );
      expect(error).toMatchObject({ context: { kind: "generated", constraint: "day" } });
      expect(String(error)).toContain("day = 2024-03-01, ts = 2024-02-29 23:00:00+00");
      expect(await violation(rules, "TIMESTAMPTZ '2024-02-29' AS ts, NULL::DATE AS day")).toMatchObject({
        context: { constraint: "day" },
      });
    });

    it("are computed of columns that the rows lack too, and checked by constraints", async () => {
      const chained = struct(
        field("a", "INTEGER", byDefault("41")),
        field("b", "BIGINT", generated("CAST(a + 1 AS BIGINT)")),
      );
      const rules = rulesFor(chained, [], { configuration: { "delta.constraints.c": "b = 42" } });
      expect(rules.columns.map(({ kind }) => kind)).toEqual(["default", "generated"]);
      const select = rowsSelect(rules, { from: "range(2)", source: [] });
      expect(await engine.withSession((session) => session.rows(select))).toEqual([
        { a: 41, b: 42n },
        { a: 41, b: 42n },
      ]);
    });

    it("may not name each other", () => {
      const both = struct(field("a", "INTEGER", generated("b + 1")), field("b", "INTEGER", generated("1")));
      expect(attempt(() => rulesFor(both, []))).toMatchObject({ code: "expression-column" });
    });

    it("are plain columns where the protocol has not the feature", () => {
      const old: Protocol = {
        minReaderVersion: 1,
        minWriterVersion: 2,
        readerFeatures: undefined,
        writerFeatures: undefined,
      };
      const rules = rulesFor(schema, ["ts", "day"], { protocol: old });
      expect(rules.columns.map(({ kind }) => kind)).toEqual(["source", "source", "null"]);
      expect(rules.constraints).toEqual([]);
    });

    it("are refused inside a struct, as defaults and identities are", () => {
      for (const metadata of [generated("1"), byDefault("1"), identity(1, 1)]) {
        const nested = struct(newField("s", struct(field("x", "BIGINT", metadata))));
        expect(attempt(() => rulesFor(nested, ["s"]))).toMatchObject({
          kind: "unsupported",
          context: { column: "s.x" },
        });
      }
    });
  });

  describe("defaults", () => {
    const schema = struct(
      field("a", "INTEGER"),
      field("b", "VARCHAR", byDefault("'new'")),
      field("at", "TIMESTAMP WITH TIME ZONE", byDefault("current_timestamp()")),
      field("c", "BIGINT", byDefault("7"), false),
    );
    const now = Date.UTC(2024, 0, 2);

    it("stand in for columns that the rows do not bring", async () => {
      const rules = rulesFor(schema, ["a"], { now });
      expect(await write(rules, "1 AS a")).toEqual([{ a: 1, b: "new", at: "2024-01-02T00:00:00Z", c: 7n }]);
    });

    it("do not stand in for a NULL that is given (PROTOCOL.md, Default Columns)", async () => {
      const rules = rulesFor(schema, ["a", "b", "c"], { now });
      expect(await write(rules, "1 AS a, NULL::VARCHAR AS b, 8 AS c")).toMatchObject([{ b: null, c: 8n }]);
    });

    it("name no columns, and count only with the feature", () => {
      const bad = struct(field("a", "INTEGER"), field("b", "INTEGER", byDefault("a + 1")));
      expect(attempt(() => rulesFor(bad, ["a"]))).toMatchObject({ code: "expression-column" });
      const without = { ...ALL_FEATURES, writerFeatures: ["invariants"] };
      const columns = rulesFor(bad, ["a"], { protocol: without }).columns;
      expect(columns.map(({ kind }) => kind)).toEqual(["source", "null"]);
    });
  });

  describe("identity columns", () => {
    const schema = (metadata: JsonObject): StructType =>
      struct(field("id", "BIGINT", metadata), field("v", "INTEGER"));
    const ids = async (metadata: JsonObject, rows: number, rowsBefore?: bigint): Promise<unknown[]> => {
      const rules = rulesFor(schema(metadata), ["v"]);
      const source = `r::INTEGER AS v FROM range(${rows}) t(r)`;
      return (await write(rules, source, rowsBefore)).map((row) => row["id"]);
    };

    it.each<[string, JsonObject, bigint[]]>([
      ["start where nothing was made yet", identity(5, 10), [5n, 15n, 25n]],
      ["count down", identity(0, -2), [0n, -2n, -4n]],
      ["go on after the mark", identity(1, 1, { "delta.identity.highWaterMark": 7 }), [8n, 9n, 10n]],
      ["go on below it", identity(0, -2, { "delta.identity.highWaterMark": -4 }), [-6n, -8n, -10n]],
      ["return to their steps", identity(1, 10, { "delta.identity.highWaterMark": 15 }), [21n, 31n, 41n]],
      [
        "return to their steps below",
        identity(0, -10, { "delta.identity.highWaterMark": -15 }),
        [-20n, -30n, -40n],
      ],
      [
        "never begin before the start",
        identity(100, 10, { "delta.identity.highWaterMark": 15 }),
        [100n, 110n, 120n],
      ],
      [
        "reach the greatest long",
        identity(9223372036854775805n, 1),
        [9223372036854775805n, 9223372036854775806n, 9223372036854775807n],
      ],
      [
        "reach the least long",
        identity(-9223372036854775806n, -1),
        [-9223372036854775806n, -9223372036854775807n, -9223372036854775808n],
      ],
    ])("%s", async (_what, metadata, expected) => {
      expect(await ids(metadata, 3)).toEqual(expected);
    });

    it("go on from one source to the next", async () => {
      expect(await ids(identity(1, 2), 2, 3n)).toEqual([7n, 9n]);
    });

    it("end with an error when no long is left", async () => {
      const rules = rulesFor(schema(identity(9223372036854775806n, 1)), ["v"]);
      expect(await violation(rules, "r::INTEGER AS v FROM range(3) t(r)")).toMatchObject({
        kind: "invalid-input",
        code: "identity-exhausted",
      });
      await expect(
        ids(identity(1, 1, { "delta.identity.highWaterMark": 9223372036854775807n }), 1),
      ).rejects.toMatchObject({
        code: "identity-exhausted",
      });
    });

    it("are unique over many rows of a parallel scan", async () => {
      const rules = rulesFor(schema(identity(1, 3)), ["v"]);
      const [row] = await engine.withSession(async (session) => {
        const select = await selectOf(session, rules, "(r % 7)::INTEGER AS v FROM range(500000) t(r)");
        return session.rows(
          `SELECT count(DISTINCT id) AS n, min(id) AS low, max(id) AS high FROM (${select})`,
        );
      });
      expect(row).toEqual({ n: 500000n, low: 1n, high: 1499998n });
    });

    it("may be given only where that is allowed, and kept always", async () => {
      const always = schema(identity(1, 1));
      expect(attempt(() => rulesFor(always, ["ID", "v"]))).toMatchObject({ code: "identity-given" });
      const kept = rulesFor(always, ["v"], { kept: ["id"] });
      expect(await write(kept, "77::BIGINT AS id, 1 AS v")).toEqual([{ id: 77n, v: 1 }]);
      const allowed = rulesFor(schema(identity(1, 1, { "delta.identity.allowExplicitInsert": true })), [
        "id",
        "v",
      ]);
      expect(numberedColumns(allowed)).toEqual([]);
      expect(await write(allowed, "77::BIGINT AS id, 1 AS v")).toEqual([{ id: 77n, v: 1 }]);
    });

    it("leave their mark in the schema, with all its digits", () => {
      const before = parseSchema(serializeSchema(schema(identity(9007199254740993n, -10))));
      const rules = rulesFor(before, ["v"]);
      expect(withHighWaterMarks(before, numberedColumns(rules), 0n)).toBe(before);
      const after = withHighWaterMarks(before, numberedColumns(rules), 5n);
      const read = parseSchema(serializeSchema(after)).fields[0];
      expect(read && identityOf(read)).toEqual({
        name: "id",
        start: 9007199254740993n,
        step: -10n,
        highWaterMark: 9007199254740953n,
        allowExplicitInsert: false,
      });
    });

    it("that make no sense are damage", () => {
      for (const metadata of [identity(1, 0), { "delta.identity.start": 1 }, identity(1.5, 1)]) {
        expect(attempt(() => rulesFor(schema(metadata), ["v"]))).toMatchObject({ kind: "corrupt" });
      }
      const wrong = struct(field("id", "INTEGER", identity(1, 1)));
      expect(attempt(() => rulesFor(wrong, []))).toMatchObject({ kind: "corrupt" });
    });
  });
});

function attempt(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}
