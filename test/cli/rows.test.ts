import { describe, expect, test } from "vitest";
import type { Row } from "../../engine/index.js";
import { csvField } from "../../src/cli/rows/csv.js";
import { type Column, type RowFormat, rendererFor, renderTable } from "../../src/cli/rows/index.js";
import { jsonText } from "../../src/cli/rows/json.js";
import { fitWidths } from "../../src/cli/rows/table.js";
import { styleFor } from "../../src/cli/terminal/style.js";

const PLAIN = { style: styleFor(false) };

function render(format: RowFormat, columns: readonly Column[], ...batches: readonly Row[][]): string {
  const renderer = rendererFor(format, columns, PLAIN);
  return batches.map((batch) => renderer.rows(batch)).join("") + renderer.end();
}

const COLUMNS = [
  { name: "id", type: "BIGINT" },
  { name: "name", type: "VARCHAR" },
];
const ROWS: Row[] = [
  { id: 1n, name: "a,b" },
  { id: 9007199254740993n, name: null },
];

describe("jsonText", () => {
  test.each([
    [null, "null"],
    [true, "true"],
    [0.1, "0.1"],
    [9223372036854775807n, "9223372036854775807"],
    ["12.50", '"12.50"'],
    ['a"\n', '"a\\"\\n"'],
    [Number.NaN, '"NaN"'],
    [Number.NEGATIVE_INFINITY, '"-Infinity"'],
    [new Uint8Array([255, 0]), '"/wA="'],
    [[1n, null, [2n]], "[1,null,[2]]"],
    [{ a: 1n, b: { c: null } }, '{"a":1,"b":{"c":null}}'],
    [new Map([["k", 1n]]), '{"k":1}'],
    [new Map(), "{}"],
    [new Map([[1n, "x"]]), '[[1,"x"]]'],
  ])("%o", (value, text) => {
    expect(jsonText(value)).toBe(text);
  });

  test("a view on a part of a buffer is encoded alone", () => {
    expect(jsonText(new Uint8Array([1, 2, 3, 4]).subarray(1, 2))).toBe('"Ag=="');
  });
});

describe("csv", () => {
  test.each([
    [null, ""],
    ["", '""'],
    ["plain", "plain"],
    ["a,b", '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ["two\nlines", '"two\nlines"'],
    ["cr\r", '"cr\r"'],
    [[1n, 2n], '"[1,2]"'],
    [false, "false"],
  ])("csvField(%o)", (value, field) => {
    expect(csvField(value)).toBe(field);
  });

  test("has its header once, also over many batches and over none", () => {
    expect(render("csv", COLUMNS, ROWS.slice(0, 1), ROWS.slice(1))).toBe(
      'id,name\n1,"a,b"\n9007199254740993,\n',
    );
    expect(render("csv", COLUMNS)).toBe("id,name\n");
  });
});

describe("json and jsonl", () => {
  test("the array is one JSON text over all batches", () => {
    const text = render("json", COLUMNS, ROWS.slice(0, 1), [], ROWS.slice(1));
    expect(text).toBe('[\n{"id":1,"name":"a,b"},\n{"id":9007199254740993,"name":null}\n]\n');
    expect(JSON.parse(text)).toHaveLength(2);
    expect(render("json", COLUMNS)).toBe("[]\n");
  });

  test("columns keep their order, numbers as names too", () => {
    const columns = [
      { name: "b", type: "INTEGER" },
      { name: "1", type: "INTEGER" },
    ];
    expect(render("jsonl", columns, [{ b: 1, 1: 2 }])).toBe('{"b":1,"1":2}\n');
  });
});

describe("markdown", () => {
  test("aligns numbers and escapes what would end a cell", () => {
    expect(
      render("markdown", COLUMNS, [
        { id: 1n, name: "a|b\nc\\" },
        { id: null, name: null },
      ]),
    ).toBe("| id | name |\n| ---: | --- |\n| 1 | a\\|b<br>c\\\\ |\n|  |  |\n");
  });
});

describe("table", () => {
  test("aligns by display width, numbers to the right", () => {
    const rows: Row[] = [
      { id: 1n, name: "漢字" },
      { id: 1000n, name: null },
      { id: null, name: "tab\t" },
    ];
    expect(renderTable(COLUMNS, rows, PLAIN)).toBe(
      ["   id │ name\n", "──────┼───────\n", "    1 │ 漢字\n", " 1000 │ NULL\n", " NULL │ tab\\t\n"].join(""),
    );
  });

  test("without rows it shows the columns", () => {
    expect(render("table", COLUMNS)).toBe(" id │ name\n────┼──────\n");
  });

  test("cuts cells to the terminal only when there is one", () => {
    const rows: Row[] = [{ id: 1n, name: "x".repeat(50) }];
    expect(renderTable(COLUMNS, rows, PLAIN)).toContain("x".repeat(50));
    const fitted = renderTable(COLUMNS, rows, { ...PLAIN, width: 30 });
    expect(fitted).toContain("x…");
    for (const line of fitted.split("\n")) expect(line.length).toBeLessThanOrEqual(30);
  });

  test("a row after the measured ones is printed whole", () => {
    const narrow: Row[] = Array.from({ length: 1000 }, () => ({ id: 1n, name: "x" }));
    const text = render("table", COLUMNS, narrow, [{ id: 2n, name: "much wider than the column" }]);
    expect(text.split("\n")).toHaveLength(2 + 1000 + 1 + 1);
    expect(text).toContain(" 2 │ much wider than the column\n");
  });

  test("NULL is marked on a terminal, the text NULL is not", () => {
    const look = { style: styleFor(true), width: 80 };
    const text = renderTable([{ name: "a", type: "VARCHAR" }], [{ a: null }, { a: "NULL" }], look);
    expect(text).toContain("\u001b[2mNULL\u001b[22m");
    expect(text.split("\n")[3]).toBe(" NULL");
  });

  test("fitWidths narrows the widest columns first", () => {
    expect(fitWidths([5, 40, 60], undefined)).toEqual([5, 40, 60]);
    expect(fitWidths([5, 40, 60], 200)).toEqual([5, 40, 60]);
    expect(fitWidths([5, 40, 60], 73)).toEqual([5, 30, 30]);
    expect(fitWidths([50, 50], 1)).toEqual([5, 5]);
  });
});
