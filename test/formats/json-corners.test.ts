import { describe, expect, it } from "vitest";
import { WHOLE_FILE_BYTES } from "../../formats/jsonl/line-sample.js";
import { columnsOf, workbench } from "./workbench.js";

const bench = workbench();

const lists = (depth: number): string => `${"[".repeat(depth)}1${"]".repeat(depth)}`;
const objects = (depth: number): string => `${'{"k":'.repeat(depth)}1${"}".repeat(depth)}`;

describe("values inside values", () => {
  it.each([
    ["8 lists", lists(8), "BIGINT[][][][][][][][]"],
    ["9 lists", lists(9), "VARCHAR"],
    ["200 lists", lists(200), "VARCHAR"],
    ["24 objects", objects(24), `${'STRUCT("k" '.repeat(24)}BIGINT${")".repeat(24)}`],
    ["25 objects", objects(25), "VARCHAR"],
    ["200 objects", objects(200), "VARCHAR"],
    ["lists in 9 objects", '[{"k":'.repeat(9) + "1.50".concat("}]".repeat(9)), "VARCHAR"],
  ])("get a type, or are JSON text: %s", async (name, value, type) => {
    const file = `${name.replaceAll(" ", "-")}.jsonl`;
    bench.write(file, `{"b": 1, "a": ${value}}\n{"b": 2}\n`);
    const { source, rows } = await bench.read(file);
    expect(columnsOf(source)).toEqual(["b BIGINT", `a ${type}`]);
    expect(rows.map(({ b }) => b)).toEqual([1n, 2n]);
    expect(source.notes).toEqual(
      type === "VARCHAR" ? ["a nests too deep for a type; kept as JSON text"] : [],
    );
    if (type === "VARCHAR") expect(rows.map(({ a }) => a)).toEqual([value, null]);
  });

  it("keep the types of what is beside the field that nests too deep", async () => {
    bench.write("beside.jsonl", `{"s": {"n": 1, "deep": ${lists(30)}, "d": "2024-01-31"}}\n`);
    const { source, rows } = await bench.read("beside.jsonl");
    expect(columnsOf(source)).toEqual(['s STRUCT("n" BIGINT, "deep" VARCHAR, "d" DATE)']);
    expect(rows).toEqual([{ s: { n: 1n, deep: lists(30), d: "2024-01-31" } }]);
  });

  it("are read in the type that is asked for, however many lists it has", async () => {
    bench.write("asked.jsonl", `{"a": ${lists(12)}}\n`);
    const source = await bench.open("asked.jsonl");
    const type = `BIGINT${"[]".repeat(12)}`;
    const relation = await source.fitted?.([{ name: "a", type, source: "a" }], "refuse");
    const [row] = await bench.session.rows(relation?.sql ?? "");
    await relation?.dispose();
    await source.dispose();
    expect(JSON.stringify(row, (_, value) => (typeof value === "bigint" ? Number(value) : value))).toBe(
      `{"a":${lists(12)}}`,
    );
  });

  // The engine goes into values by recursion, and would take the process with it.
  const filler = `{"b": 2, "f": "${"[{".repeat(500)}"}\n`;
  const many = filler.repeat(Math.ceil((WHOLE_FILE_BYTES * 1.5) / filler.length));
  const half = filler.repeat(Math.ceil((WHOLE_FILE_BYTES * 0.75) / filler.length));
  const cases = [2000, 100_000].flatMap((depth) =>
    [lists(depth), objects(depth)].flatMap((value) => [
      { name: `${depth}-small.jsonl`, before: "", after: '{"b": 3}\n', value },
      { name: `${depth}-late.jsonl`, before: many, after: "", value },
      { name: `${depth}-hidden.jsonl`, before: half, after: half, value },
    ]),
  );
  it.each(cases)("are refused with file and line where no one means it: $name", async (deep) => {
    const { name, before, after, value } = deep;
    const file = bench.write(name, `${before}{"b": 1, "a": ${value}}\n${after}`);
    const line = before.split("\n").length;
    await expect(bench.read(name)).rejects.toMatchObject({
      kind: "invalid-input",
      code: "broken-json",
      message: expect.stringContaining(`line ${line}`),
      context: { file, line },
    });
  });

  it("are refused in an array and in a document too", async () => {
    for (const [name, text, line] of [
      ["deep-array.json", `[{"b": 1},\n{"a": ${objects(100_000)}}]`, 2],
      ["deep-document.json", `{"b": 1,\n"a": ${lists(100_000)}}`, 2],
    ] as const) {
      const file = bench.write(name, text);
      await expect(bench.read(name)).rejects.toMatchObject({ code: "broken-json", context: { file, line } });
    }
  });
});

describe("a record that only the engine refuses", () => {
  it.each([
    ["half.jsonl", '{"a": "\\ud800"}\n{"a": "x"}\n', { line: 1, column: 9 }],
    ["half-late.jsonl", '{"a": "x"}\n\n{"b": "\\udc00"}\n', { line: 3, column: 9 }],
    ["half.json", '[{"a": "x"},\n{"a": "\\ud800"}]', { line: 2, column: 9 }],
    ["twice-late.jsonl", '{"a": "x"}\n\n{"b": 1, "b": 2}\n', { line: 3, column: 10 }],
  ])("is named by its place: %s", async (name, text, place) => {
    const file = bench.write(name, text);
    await expect(bench.read(name)).rejects.toMatchObject({
      kind: "invalid-input",
      code: "broken-json",
      message: expect.stringContaining(`line ${place.line}`),
      context: { file, ...place },
    });
  });
});

describe("keys that differ in case only", () => {
  it.each([
    [
      "are one column where no record has both",
      '{"Origin": "USA", "n": 1}\n{"ORIGIN": "x", "n": 2}\n{"oRIGIN": null}\n',
      ["Origin VARCHAR", "n BIGINT"],
      [
        { Origin: "USA", n: 1n },
        { Origin: "x", n: 2n },
        { Origin: null, n: null },
      ],
    ],
    [
      "have the type of all their values",
      '{"a": 1.10, "b/c~": 1, "d": null}\n{"A": "x", "B/c~": 0.5, "D": "2024-01-31"}\n',
      ["a VARCHAR", "b/c~ DOUBLE", "d DATE"],
      [
        { a: "1.10", "b/c~": 1, d: null },
        { a: "x", "b/c~": 0.5, d: "2024-01-31" },
      ],
    ],
    [
      "are two where one record has both",
      '{"a": 1}\n{"A": 2}\n{"a": 3, "A": 4}\n',
      ["a BIGINT", "A_1 BIGINT"],
      [
        { a: 1n, A_1: null },
        { a: null, A_1: 2n },
        { a: 3n, A_1: 4n },
      ],
    ],
    [
      "are two where they hold objects",
      '{"s": {"k": 1}}\n{"S": {"k": 2}}\n',
      ['s STRUCT("k" BIGINT)', 'S_1 STRUCT("k" BIGINT)'],
      [
        { s: { k: 1n }, S_1: null },
        { s: null, S_1: { k: 2n } },
      ],
    ],
  ])("%s", async (name, text, columns, expected) => {
    const file = `${name.replaceAll(" ", "-")}.jsonl`;
    bench.write(file, text);
    const { source, rows } = await bench.read(file);
    expect(columnsOf(source)).toEqual(columns);
    expect(rows).toEqual(expected);
  });

  it("are one column where the second spelling comes late, and two where a late record has both", async () => {
    const count = Math.ceil((WHOLE_FILE_BYTES * 1.5) / 1020);
    const place = Math.trunc((256 * 1024 + 150 * 1024) / 1020);
    const filler = "f".repeat(1000);
    const read = async (name: string, odd: string): ReturnType<typeof bench.read> => {
      const records = Array.from({ length: count }, (_, at) => `{"n":${at},"f":"${filler}"}`);
      records[place] = odd;
      bench.write(name, `${records.join("\n")}\n`);
      return bench.read(name);
    };
    const one = await read("late-spelling.jsonl", `{"N":-1,"f":"x"}`);
    expect(columnsOf(one.source)).toEqual(["n BIGINT", "f VARCHAR"]);
    expect(one.rows[place]).toEqual({ n: -1n, f: "x" });
    const both = await read("late-both.jsonl", `{"n":-1,"N":-2,"f":"x"}`);
    expect(columnsOf(both.source)).toEqual(["n BIGINT", "f VARCHAR", "N_1 BIGINT"]);
    expect(both.rows[place]).toEqual({ n: -1n, N_1: -2n, f: "x" });
  });
});
