import { describe, expect, it } from "vitest";
import type { Row } from "../../engine/index.js";
import type { FittedColumn, Misfits, OpenedSource, RelationOptions } from "../../formats/index.js";
import { discoverSources, openSource } from "../../formats/index.js";
import { WHOLE_FILE_BYTES } from "../../formats/jsonl/line-sample.js";
import { workbench } from "./workbench.js";

const bench = workbench();

const column = (name: string, type: string, source = name): FittedColumn => ({ name, type, source });

async function opened(
  name: string,
  content: string | Uint8Array,
  misfits: Misfits = "rescue",
): Promise<OpenedSource> {
  const [file] = await discoverSources([bench.write(name, content)]);
  if (file === undefined) throw new Error(`no file ${name}`);
  const [source] = await openSource(bench.session, { ...file, uri: `raw/${name}` }, { misfits });
  if (source === undefined) throw new Error(`no source in ${name}`);
  return source;
}

/** The rows of a source as an ingest reads them: what fails is read anew until the failure is told. */
async function rowsOf(
  source: OpenedSource,
  columns: readonly FittedColumn[],
  misfits: Misfits,
  options: RelationOptions = {},
): Promise<Row[]> {
  for (let current = source; ; ) {
    try {
      if (current.fitted === undefined) throw new Error("a JSON source is fitted");
      const relation = await current.fitted(columns, misfits, options);
      try {
        return await bench.session.rows(relation.sql);
      } finally {
        await relation.dispose();
      }
    } catch (failure) {
      current = await current.reopen(failure);
    }
  }
}

async function rescued(
  name: string,
  content: string | Uint8Array,
  columns: readonly FittedColumn[],
): Promise<Row[]> {
  const source = await opened(name, content);
  const rows = await rowsOf(source, columns, "rescue");
  await source.dispose();
  return rows.map(({ gl_rescued, ...row }) =>
    gl_rescued === null ? row : { ...row, rescued: JSON.parse(String(gl_rescued)) },
  );
}

describe("a JSON value in a column's type", () => {
  const NO = Symbol("does not fit");
  const cases: readonly (readonly [type: string, json: string, value: unknown])[] = [
    ["TINYINT", "127", 127],
    ["TINYINT", "128", NO],
    ["SMALLINT", "-32768", -32768],
    ["INTEGER", "2147483648", NO],
    ["BIGINT", "9223372036854775807", 9223372036854775807n],
    ["BIGINT", "9223372036854775808", NO],
    ["BIGINT", "5.0", 5n],
    ["BIGINT", "12e2", 1200n],
    ["BIGINT", "5.00000000000000000000001", NO],
    ["BIGINT", "-0", 0n],
    ["BIGINT", '"5"', NO],
    ["BIGINT", "true", NO],
    ["BIGINT", "[5]", NO],
    ["DECIMAL(5,2)", "999.99", "999.99"],
    ["DECIMAL(5,2)", "1000", NO],
    ["DECIMAL(5,2)", "1.2300", "1.23"],
    ["DECIMAL(5,2)", "1.234", NO],
    ["DECIMAL(5,2)", "1.23000000000000000001", NO],
    ["DECIMAL(5,2)", "1.5e1", "15.00"],
    ["DECIMAL(5,2)", '"1.5"', NO],
    ["DECIMAL(30,5)", "1234567890123456789012345.12345", "1234567890123456789012345.12345"],
    ["DECIMAL(30,10)", "-0.0000000001", "-0.0000000001"],
    ["DECIMAL(38,0)", "99999999999999999999999999999999999999", "99999999999999999999999999999999999999"],
    ["DECIMAL(38,0)", "1e38", NO],
    ["DOUBLE", "0.1", 0.1],
    ["DOUBLE", "7", 7],
    ["DOUBLE", "9007199254740993", NO],
    ["DOUBLE", "9007199254740992", 9007199254740992],
    ["DOUBLE", "1e999", NO],
    ["DOUBLE", "NaN", Number.NaN],
    ["DOUBLE", "-Infinity", Number.NEGATIVE_INFINITY],
    ["DOUBLE", '"0.1"', NO],
    ["DOUBLE", "false", NO],
    ["FLOAT", "0.5", 0.5],
    ["FLOAT", "0.1", Math.fround(0.1)],
    ["FLOAT", "0.123456789", NO],
    ["FLOAT", "16777217", NO],
    ["BOOLEAN", "true", true],
    ["BOOLEAN", '"true"', NO],
    ["BOOLEAN", "1", NO],
    ["VARCHAR", '"x\\u0041\\n"', "xA\n"],
    ["VARCHAR", '"\\u0000"', "\u0000"],
    ["VARCHAR", "1.10", "1.10"],
    ["VARCHAR", "-0", "-0"],
    ["VARCHAR", "123456789012345678901234567890.5", "123456789012345678901234567890.5"],
    ["VARCHAR", "false", "false"],
    ["VARCHAR", '{"k": [1, 1.10]}', '{"k": [1, 1.10]}'],
    ["DATE", '"2024-02-29"', "2024-02-29"],
    ["DATE", '"2023-02-29"', NO],
    ["DATE", '"2024/2/9"', "2024-02-09"],
    ["DATE", '"05.01.2024"', NO],
    ["DATE", "20240105", NO],
    ["TIMESTAMP", '"2024-01-05 10:00"', "2024-01-05 10:00:00"],
    ["TIMESTAMP", '"2024-01-05T10:00:00.123456"', "2024-01-05 10:00:00.123456"],
    ["TIMESTAMP", '"2024-01-05"', "2024-01-05 00:00:00"],
    ["TIMESTAMP", '"2024-01-05T10:00:00Z"', NO],
    ["TIMESTAMP", '"2024-01-05T25:00:00"', NO],
    ["TIMESTAMP", '"2024-01-05T10:00:00.1234567"', NO],
    ["TIMESTAMP WITH TIME ZONE", '"2024-01-05T10:00:00+02:00"', "2024-01-05T08:00:00Z"],
    ["TIMESTAMP WITH TIME ZONE", '"2024-01-05 10:00:00"', "2024-01-05T10:00:00Z"],
    ["TIMESTAMP WITH TIME ZONE", '"now"', NO],
    ["BLOB", '"x"', NO],
    ["BIGINT[]", "[1,null,2]", [1n, null, 2n]],
    ["BIGINT[]", '[1,"2"]', NO],
    ["BIGINT[]", "1", NO],
    ['STRUCT("n" INTEGER, "t" DATE)', '{"T":"2024-01-05","n":1}', { n: 1, t: "2024-01-05" }],
    ['STRUCT("n" INTEGER)', "[1]", NO],
    ['STRUCT("n" INTEGER)[]', '[{"n":1},{}]', [{ n: 1 }, { n: null }]],
    ['STRUCT("n" INTEGER)[]', '[{"n":1},{"z":1}]', NO],
    [
      "MAP(VARCHAR, BIGINT)",
      '{"a":1,"b":null}',
      new Map([
        ["a", 1n],
        ["b", null],
      ]),
    ],
    ["MAP(VARCHAR, VARCHAR)", '{"a":"x"}', new Map([["a", "x"]])],
    ["MAP(VARCHAR, BIGINT)", '{"a":"x"}', NO],
    ["MAP(BIGINT, BIGINT)", '{"1":1}', NO],
    ["BIGINT", "null", null],
  ];

  it.each(cases)("%s from %s", async (type, json, value) => {
    const content = `{"v":${json}}\n`;
    const columns = [column("v", type)];
    const [row] = await rescued("value.jsonl", content, columns);
    const strict = async (): Promise<Row[]> =>
      rowsOf(await opened("value.jsonl", content, "refuse"), columns, "refuse");
    if (value === NO) {
      expect(row?.["v"]).toBeNull();
      expect(row?.["rescued"]).toMatchObject({ file: "raw/value.jsonl", line: 1 });
      const text = await rowsOf(await opened("value.jsonl", content), columns, "rescue");
      expect(String(text[0]?.["gl_rescued"])).toBe(
        `{"file":"raw/value.jsonl","line":1,"values":{"v":${json}}}`,
      );
      await expect(strict()).rejects.toMatchObject({
        kind: "invalid-input",
        code: "value-does-not-fit",
        context: { file: "raw/value.jsonl", line: 1, column: 6 },
      });
    } else {
      expect(row).toEqual({ v: value });
      expect(await strict()).toEqual([{ v: value }]);
    }
  });
});

describe("what a column does not hold", () => {
  const columns = [column("id", "BIGINT"), column("o", 'STRUCT("a" STRUCT("b" DATE), "c" BIGINT)')];

  it("keeps unknown fields and misfits by their path, as they were written", async () => {
    const content =
      '{"id":1,"o":{"a":{"b":"never","z": [1, 2.50]},"c":3},"new":{"x":1e2}}\n\r\n{"ID":2,"o":5}\n';
    expect(await rescued("paths.jsonl", content, columns)).toEqual([
      {
        id: 1n,
        o: { a: { b: null }, c: 3n },
        rescued: {
          file: "raw/paths.jsonl",
          line: 1,
          values: { "o.a.b": "never", "o.a.z": [1, 2.5], new: { x: 100 } },
        },
      },
      { id: 2n, o: null, rescued: { file: "raw/paths.jsonl", line: 3, values: { o: 5 } } },
    ]);
    const [row] = await rowsOf(await opened("paths.jsonl", content), columns, "rescue");
    expect(row?.["gl_rescued"]).toContain('"o.a.z":[1, 2.50],"new":{"x":1e2}');
  });

  it("keeps records that cannot be read, with the reason", async () => {
    const lines: readonly (readonly [bytes: string, reason: string])[] = [
      ['{"id":oops}', "expected a value"],
      ['{"id":1', "expected ',' or '}'"],
      ['{"id":1} {"id":2}', "expected the end of the line"],
      ["[1]", "the record is no object"],
      ['{"id":1,"id":1}', 'the key "id" occurs twice in an object'],
      ['{"x":1,"x":2}', 'two fields are called "x"'],
      ['{"id":"a\0b"}', "a control character stands in a string"],
      ['{"id":"\\ud800"}', "half of a surrogate pair stands alone"],
      ['{"id":01}', "a number begins with a zero"],
    ];
    const content = `{"id":0}\n${lines.map(([line]) => line).join("\n")}\n{"id":9}`;
    const rows = await rescued("broken.jsonl", content, columns);
    expect(rows[0]).toEqual({ id: 0n, o: null });
    expect(rows.slice(1, -1)).toEqual(
      lines.map(([record, reason], index) => {
        return { id: null, o: null, rescued: { file: "raw/broken.jsonl", line: index + 2, record, reason } };
      }),
    );
    expect(rows.at(-1)).toEqual({ id: 9n, o: null });
  });

  it("keeps the bytes of what is no text", async () => {
    const bytes = Buffer.from('{"id":"caf\xe9"}', "latin1");
    const rows = await rescued("latin1.jsonl", Buffer.concat([Buffer.from('{"id":1}\n'), bytes]), columns);
    expect(rows[1]?.["rescued"]).toEqual({
      file: "raw/latin1.jsonl",
      line: 2,
      recordBase64: bytes.toString("base64"),
      reason: "the text is not UTF-8",
    });
  });

  it("takes of two spellings of a key the exact one", async () => {
    const rows = await rescued("case.jsonl", '{"ID":1,"id":2}\n{"Id":3}\n{"Id":4,"ID":5}\n', [
      column("id", "BIGINT"),
    ]);
    const place = { file: "raw/case.jsonl" };
    expect(rows).toEqual([
      { id: 2n, rescued: { ...place, line: 1, values: { ID: 1 } } },
      { id: 3n },
      { id: null, rescued: { ...place, line: 3, values: { Id: 4, ID: 5 } } },
    ]);
  });

  it("opens a file in which no record can be read", async () => {
    const rows = await rescued("none.jsonl", "{oops\n{oops\n", columns);
    expect(rows.map((row) => row["rescued"])).toMatchObject([{ record: "{oops" }, { record: "{oops" }]);
  });

  it("finds columns and types in the records that can be read", async () => {
    const source = await opened("some.jsonl", '{"a":1}\n{"a":2,"b":"2024-01-05"\n{"a":0.5}\n5\n');
    expect(source.columns).toEqual([{ name: "a", type: "DOUBLE" }]);
    await source.dispose();
  });

  it("begins with a byte order mark and is not all UTF-8", async () => {
    const content = Buffer.from('\xef\xbb\xbf{"id":1}\r\n{"id":"\xff"}\r\n{"id":3}\r\n', "latin1");
    const rows = await rescued("mark.jsonl", content, columns);
    expect(rows.map((row) => row["id"])).toEqual([1n, null, 3n]);
    expect(rows[1]?.["rescued"]).toMatchObject({ line: 2, reason: "the text is not UTF-8" });
  });

  it("refuses by file, line and column", async () => {
    const content = '{"id":1}\n{"id":2,"more":1}\n';
    const source = await opened("more.jsonl", content, "refuse");
    await expect(rowsOf(source, columns, "refuse")).rejects.toMatchObject({
      message: "raw/more.jsonl, line 2, column 16: more is a field that no column has",
      context: { file: "raw/more.jsonl", line: 2, column: 16, offset: 24 },
    });
  });
});

describe("records that are not lines", () => {
  it("are rescued one by one where an array can be cut", async () => {
    const content = '[\n {"id": 1},\n {"id":\n"x"}, 7, {"id":2,"id":3},\n]';
    expect(await rescued("array.json", content, [column("id", "BIGINT")])).toEqual([
      { id: 1n },
      { id: null, rescued: { file: "raw/array.json", row: 2, values: { id: "x" } } },
      {
        id: null,
        rescued: { file: "raw/array.json", row: 3, record: "7", reason: "the record is no object" },
      },
      {
        id: null,
        rescued: {
          file: "raw/array.json",
          row: 4,
          record: '{"id":2,"id":3}',
          reason: 'the key "id" occurs twice in an object',
        },
      },
    ]);
  });

  it.each([
    ["a document", '{"id":\n1}{"id":2}\n{"id":"x"}'],
    ["an array in pieces", `[${Array.from({ length: 3 }, (_, at) => `{"id":${at < 2 ? at + 1 : '"x"'}}`)}]`],
  ])("are read from %s", async (_, content) => {
    const rows = await rescued("values.json", content, [column("id", "BIGINT")]);
    expect(rows.map((row) => row["id"])).toEqual([1n, 2n, null]);
  });

  it("are refused where an array is broken", async () => {
    await expect(opened("cut.json", '[{"id":1},\n{"id":2')).rejects.toMatchObject({
      code: "broken-json",
      context: { file: "raw/cut.json", line: 2 },
    });
  });

  it("come whole from beyond a window", async () => {
    const filler = "f".repeat(1_500_000);
    const records = Array.from({ length: 9 }, (_, id) => `{"id":${id},"s":"${filler}"}`);
    const columns = [column("id", "BIGINT"), column("s", "VARCHAR")];
    for (const [name, content] of [
      ["large.json", `[${records.join(",\n")}]`],
      ["large.jsonl", records.join("\n")],
    ] as const) {
      const rows = await rescued(name, content, columns);
      expect(rows.map(({ id, s }) => [id, String(s).length])).toEqual(
        records.map((_, id) => [BigInt(id), filler.length]),
      );
    }
  });
});

describe("what is asked for beside the columns", () => {
  it("is the row's number and file", async () => {
    const content = '{"id":1}\nbroken\n{"id":3}\n';
    const options = { numbered: true, withFile: true };
    const file = `file://${bench.path("extras.jsonl")}`;
    const slow = await rowsOf(
      await opened("extras.jsonl", content),
      [column("id", "BIGINT")],
      "rescue",
      options,
    );
    expect(slow.map(({ gl_rescued: _, ...row }) => row)).toEqual([
      { id: 1n, gl_row: 1n, gl_file: file },
      { id: null, gl_row: 2n, gl_file: file },
      { id: 3n, gl_row: 3n, gl_file: file },
    ]);
    const source = await opened("extras.jsonl", '{"id":1}\n{"id":2}\n');
    expect(await rowsOf(source, [column("id", "BIGINT")], "refuse", options)).toEqual([
      { id: 1n, gl_row: 1n, gl_file: file },
      { id: 2n, gl_row: 2n, gl_file: file },
    ]);
  });
});

describe("what no sample shows", () => {
  const filler = "f".repeat(1000);
  const count = Math.ceil((WHOLE_FILE_BYTES * 1.5) / 1020);
  const place = Math.trunc((256 * 1024 + 150 * 1024) / 1020);
  it.each([
    ["a text among numbers", "1", '"5"', "VARCHAR", "5"],
    ["a boolean among numbers", "1", "true", "VARCHAR", "true"],
    ["a text among fractions", "0.5", '"7"', "VARCHAR", "7"],
    ["a text among booleans", "true", '"true"', "VARCHAR", "true"],
    ["a number among nulls", "null", "7", "BIGINT", 7n],
  ])("keeps %s as it was", async (_, usual, odd, type, value) => {
    const records = Array.from(
      { length: count },
      (_entry, at) => `{"n":${at === place ? odd : usual},"f":"${filler}"}`,
    );
    bench.write("late.jsonl", `${records.join("\n")}\n`);
    const { source, rows } = await bench.read("late.jsonl");
    expect(source.columns[0]).toEqual({ name: "n", type });
    expect(rows[place]?.["n"]).toEqual(value);
  });

  it("keeps every digit of numbers among texts", async () => {
    bench.write("digits.jsonl", '{"v":"x"}\n{"v":1.10}\n{"v":0.12345678901234567890}\n');
    const { rows } = await bench.read("digits.jsonl");
    expect(rows).toEqual([{ v: "x" }, { v: "1.10" }, { v: "0.12345678901234567890" }]);

    bench.write("nested.jsonl", '{"v":"x"}\n{"v":{"k": 0.12345678901234567890}}\n{"v":1.10}\n{"v":null}\n');
    const nested = await bench.read("nested.jsonl");
    expect(nested.rows).toEqual([
      { v: '"x"' },
      { v: '{"k": 0.12345678901234567890}' },
      { v: "1.10" },
      { v: null },
    ]);
  });
});
