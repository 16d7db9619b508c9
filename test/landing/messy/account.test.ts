import { describe, expect, it } from "vitest";
import type { Row } from "../../../engine/index.js";
import { account } from "./account.js";
import { cutCsv, cutJsonArray, cutJsonLines } from "./cut-records.js";
import { isSameNumber, isSameValue } from "./same-value.js";

// The accounting of messy.test.ts itself: it notices whatever is lost, changed or made up.

const FILE = Buffer.from(
  '\ufeff{"n": 1, "a": 1.5, "s": {"x": "q", "y": [1]}}\r\n\n{"n": 2, "a": "?", "z": 1}\n{"n": 3,',
);
const records = cutJsonLines(FILE);
const rescued = (more: object): string => JSON.stringify({ file: "f", ...more });
const GOOD: readonly Row[] = [
  { n: 1n, a: 1.5, s: { x: "q", y: [1n] }, _rescued_data: null },
  { n: 2n, a: null, s: null, _rescued_data: rescued({ line: 3, values: { a: "?", z: 1 } }) },
  { n: null, a: null, s: null, _rescued_data: rescued({ line: 4, record: '{"n": 3,', reason: "it ends" }) },
];
const problemsOf = (rows: readonly Row[]): readonly string[] => account("f", records, rows).problems;

describe("the accounting", () => {
  it("has no problem with rows that hold everything", () => {
    expect(account("f", records, GOOD)).toEqual({
      records: 3,
      inColumns: 1,
      partlyRescued: 1,
      rescuedWhole: 1,
      rescued: [2, 3],
      readable: [],
      problems: [],
    });
  });

  it.each<[what: string, row: number, change: Row]>([
    ["a value that changed", 0, { a: 1.25 }],
    ["a value that became NULL", 0, { a: null }],
    ["an item that changed", 0, { s: { x: "q", y: [2n] } }],
    ["an item that is gone", 0, { s: { x: "q", y: [] } }],
    ["a field that is gone", 0, { s: { x: "q", y: null } }],
    ["a field that was never there", 0, { s: { x: "q", y: [1n], w: 3n } }],
    ["a struct that became NULL", 0, { s: null }],
    ["a value that was never there", 1, { s: { x: "q", y: null } }],
    ["a rescued value that changed", 1, { _rescued_data: rescued({ line: 3, values: { a: "!", z: 1 } }) }],
    ["a rescued value that is gone", 1, { _rescued_data: rescued({ line: 3, values: { a: "?" } }) }],
    ["a rescued value too many", 1, { _rescued_data: rescued({ line: 3, values: { a: "?", z: 1, y: 2 } }) }],
    ["another line", 1, { _rescued_data: rescued({ line: 2, values: { a: "?", z: 1 } }) }],
    ["another file", 1, { _rescued_data: '{"file": "g", "line": 3, "values": {"a": "?", "z": 1}}' }],
    [
      "a record that was cut",
      2,
      { _rescued_data: rescued({ line: 4, record: '{"n": 3', reason: "it ends" }) },
    ],
    ["a record without a reason", 2, { _rescued_data: rescued({ line: 4, record: '{"n": 3,' }) }],
    ["a record in columns as well", 2, { n: 3n }],
    ["rescued data that are none", 2, { _rescued_data: "{" }],
  ])("notices %s", (_, at, change) => {
    const rows = GOOD.map((row, index) => (index === at ? { ...row, ...change } : row));
    expect(problemsOf(rows)).not.toEqual([]);
  });

  it("notices rows that are gone, that are there twice, and that come from nowhere", () => {
    for (const at of [0, 1, 2]) expect(problemsOf(GOOD.toSpliced(at, 1))).not.toEqual([]);
    for (const row of GOOD) expect(problemsOf([...GOOD, row])).not.toEqual([]);
    expect(problemsOf([...GOOD, { n: 9n, a: null, s: null, _rescued_data: null }])).not.toEqual([]);
  });

  it("cuts the elements of an array, with their lines", () => {
    const cut = cutJsonArray(Buffer.from('\ufeff[\r\n{"n": 1},\n\n {"n":\n2} , 7]\n'));
    expect(cut.map(({ line, bytes, content }) => [line, bytes.toString(), content === undefined])).toEqual([
      [2, '{"n": 1}', false],
      [4, '{"n":\n2}', false],
      [5, "7", true],
    ]);
  });

  it("cuts the records of CSV, with their lines", () => {
    const text = '\ufeffn,a\r\n1,"x ""y""\n,z"\n2\r\n3,b,c\n4,"d"e\n5,"open\n';
    const cut = cutCsv(Buffer.concat([Buffer.from(text)]));
    expect(
      cut.map(({ line, content }) => [line, content?.kind === "csv" ? content.fields : undefined]),
    ).toEqual([
      [
        2,
        [
          ["n", "1"],
          ["a", 'x "y"\n,z'],
        ],
      ],
      [4, [["n", "2"]]],
      [
        5,
        [
          ["n", "3"],
          ["a", "b"],
          ["column3", "c"],
        ],
      ],
      [6, undefined],
      [7, undefined],
    ]);
  });

  it("takes numbers for the same only if every digit is", () => {
    expect(isSameNumber("-1250.00", "-1.25e3")).toBe(true);
    expect(isSameNumber("9007199254740993", "9007199254740992")).toBe(false);
    expect(isSameNumber("", "0")).toBe(false);
    const number = (text: string, value: number): boolean => isSameValue({ kind: "number", text }, value);
    expect([
      number("0.1", 0.1),
      number("9007199254740993", 9007199254740992),
      number("1e400", Infinity),
    ]).toEqual([true, false, false]);
  });
});
