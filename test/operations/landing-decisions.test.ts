import { describe, expect, test } from "vitest";
import { type BatchReport, emptyBatch, totalReport } from "../../src/operations/landing/ingest-report.js";
import { landingColumns } from "../../src/operations/landing/landing-columns.js";
import { readingsOf } from "../../src/operations/landing/landing-source.js";
import { misfitError, nextReading } from "../../src/operations/landing/misfit.js";
import { schemaChanges } from "../../src/operations/landing/schema-changes.js";
import { parseSchema, type StructType } from "../../table-format/index.js";

function schemaOf(fields: Readonly<Record<string, unknown>>): StructType {
  const list = Object.entries(fields).map(([name, type]) => ({ name, type, nullable: true, metadata: {} }));
  return parseSchema(JSON.stringify({ type: "struct", fields: list }));
}

describe("how a source is read again", () => {
  const rescues = { rescues: true, grows: false };
  const refuses = { rescues: false, grows: false };
  test.each([
    // The reading that failed, whether the values are texts, how often it was reopened, the policy, what follows.
    ["inferred", true, 0, refuses, "fitted"],
    ["inferred", true, 0, { rescues: false, grows: true }, "reopen"],
    ["inferred", true, 0, { rescues: true, grows: true }, "reopen"],
    ["inferred", true, 3, { rescues: false, grows: true }, "fitted"],
    ["fitted", true, 0, refuses, "reopen"],
    ["fitted", true, 1, refuses, "refuse"],
    ["fitted", true, 0, rescues, "rescue"],
    ["inferred", false, 0, refuses, "reopen"],
    ["inferred", false, 0, rescues, "rescue"],
    ["inferred", false, 1, refuses, "refuse"],
    ["rescue", true, 0, rescues, "refuse"],
    ["rescue", false, 0, rescues, "refuse"],
  ] as const)("%s, of text %s, reopened %d, %o: %s", (reading, isText, reopened, policy, expected) => {
    const next = nextReading(reading, { isText, reopened }, policy);
    expect(next.kind === "reading" ? next.reading : next.kind).toBe(expected);
  });

  test.each([
    ["inferred", true, true, ["inferred", "fitted", "rescue"]],
    ["inferred", true, false, ["inferred", "fitted"]],
    ["inferred", false, true, ["inferred", "rescue"]],
    ["fitted", true, true, ["fitted", "rescue"]],
    ["rescue", false, true, ["rescue"]],
  ] as const)("from %s on, of text %s, rescuing %s: %j", (reading, isText, rescuesAsked, expected) => {
    expect(readingsOf({ reading, isText }, rescuesAsked)).toEqual(expected);
  });
});

test("schema changes are sentences, nested ones too", () => {
  const struct = (fields: Readonly<Record<string, string>>): unknown => ({
    type: "struct",
    fields: Object.entries(fields).map(([name, type]) => ({ name, type, nullable: true, metadata: {} })),
  });
  const before = schemaOf({ a: "integer", s: struct({ x: "integer" }), gone: "date" });
  const after = schemaOf({ a: "long", s: struct({ x: "integer", y: "string" }), b: "double" });
  expect(schemaChanges(before, after)).toEqual([
    "type changed: a from integer to long",
    "column added: s.y string",
    "column added: b double",
    "column dropped: gone",
  ]);
  expect(schemaChanges(undefined, after)).toEqual([]);
  expect(schemaChanges(before, before)).toEqual([]);
});

describe("the columns that landing fills", () => {
  const both = schemaOf({ _rescued_data: "string", _source_file: "string" });
  const others = schemaOf({ _rescued_data: "long", _source_file: "long" });
  test.each([
    [undefined, {}, { rescue: false, sourceFile: false }],
    [undefined, { rescue: true }, { rescue: true, sourceFile: false }],
    [both, {}, { rescue: true, sourceFile: true }],
    [both, { rescue: false }, { rescue: false, sourceFile: true }],
    [others, {}, { rescue: false, sourceFile: false }],
  ] as const)("%#", (schema, asked, expected) => {
    expect(landingColumns(schema, { sourceColumn: false, ...asked })).toEqual(expected);
  });

  test("are strings, or nothing that can be asked for", () => {
    const code = expect.objectContaining({ code: "landing-column" });
    expect(() => landingColumns(others, { rescue: true, sourceColumn: false })).toThrow(code);
    expect(() => landingColumns(others, { sourceColumn: true })).toThrow(code);
  });
});

test.each([
  [
    '{"file":"a.csv","line":3,"values":{"n":"x"}}',
    "value-does-not-fit",
    'a.csv, line 3: column "n": "x" is not BIGINT',
  ],
  [
    '{"file":"a.parquet","row":3,"values":{"s.x":99999999999999999999}}',
    "value-does-not-fit",
    "99999999999999999999",
  ],
  ['{"file":"a.jsonl","line":3,"values":{"m":1}}', "column-unknown", 'the table has no column "m"'],
  ['{"file":"a.jsonl","line":3,"record":"{","reason":"why"}', "record-unreadable", "cannot be read: why"],
])("a misfit %s is told as %s", (rescued, code, message) => {
  const inner = { type: "struct", fields: [{ name: "x", type: "integer", nullable: true, metadata: {} }] };
  const error = misfitError("a", schemaOf({ n: "long", s: inner }), rescued);
  expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
  expect(error.hint).toContain("--rescue");
});

test("the report of several commits is their sum", () => {
  const nothing = emptyBatch("t", 4n, { unchanged: ["c"], touched: ["d"] });
  const batch = (more: Partial<BatchReport>): BatchReport => ({ ...nothing, committed: true, ...more });
  const report = totalReport("t", 1n, { unchanged: ["a", "b"], touched: [] }, [
    batch({ version: 2n, created: true, rows: 2n, changes: ["x"], rescued: { rows: 1n, records: 1n } }),
    batch({ version: 3n, rows: 5n, changes: ["y"], rowsReplaced: 7n }),
    nothing,
  ]);
  expect(report).toMatchObject({
    version: 4n,
    created: true,
    commits: 2,
    rows: 7n,
    rowsReplaced: 7n,
    rescued: { rows: 1n, records: 1n },
    sourceFiles: { unchanged: 5, touched: 3 },
    passedOver: ["a", "b", "c", "d", "c", "d", "c", "d"],
    changes: ["x", "y"],
  });
});
