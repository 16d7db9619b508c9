import { describe, expect, it } from "vitest";
import { sniffDialect, splitRecords } from "../../formats/csv/dialect.js";
import { hasHeader } from "../../formats/csv/header.js";
import { columnsOf, workbench } from "./workbench.js";

const bench = workbench();

describe("CSV types", () => {
  it("gives each kind of value its type", async () => {
    bench.write(
      "kinds.csv",
      [
        "i,wide,huge,d,b,s,day,wall,instant,zip,empty",
        '1,9223372036854775807,99999999999999999999,0.5,true,"a,""b""",2024-01-05,2024-01-05 10:00:00.5,2024-01-05T10:00:00+02:00,00501,',
        '-2,-1,-1,1e3,FALSE,"two\nlines",2024/12/31,2024/01/05 10:00,2024-01-05 10:00:00Z,10001,',
        ",,,nan,,,,,,,",
      ].join("\n"),
    );
    const { source, rows } = await bench.read("kinds.csv");
    expect(columnsOf(source)).toEqual([
      "i BIGINT",
      "wide BIGINT",
      "huge DECIMAL(38,0)",
      "d DOUBLE",
      "b BOOLEAN",
      "s VARCHAR",
      "day DATE",
      "wall TIMESTAMP",
      "instant TIMESTAMP WITH TIME ZONE",
      "zip VARCHAR",
      "empty VARCHAR",
    ]);
    expect(rows[0]).toEqual({
      i: 1n,
      wide: 9223372036854775807n,
      huge: "99999999999999999999",
      d: 0.5,
      b: true,
      s: 'a,"b"',
      day: "2024-01-05",
      wall: "2024-01-05 10:00:00.5",
      instant: "2024-01-05T08:00:00Z",
      zip: "00501",
      empty: null,
    });
    expect(rows[1]).toMatchObject({
      d: 1000,
      b: false,
      s: "two\nlines",
      day: "2024-12-31",
      wall: "2024-01-05 10:00:00",
      instant: "2024-01-05T10:00:00Z",
    });
    expect(rows[2]).toMatchObject({ i: null, d: Number.NaN, s: null, day: null });
  });

  it.each([
    ["leading zeros", ["1", "007"]],
    ["a leading zero before a fraction", ["1.5", "00.5"]],
    ["a plus sign", ["1", "+5"]],
    ["hexadecimal", ["1", "0x10"]],
    ["underscores", ["1", "1_000"]],
    ["days that could be months", ["01/02/2024", "02/01/2024"]],
    ["two kinds of timestamps", ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00"]],
    ["days that do not exist", ["2024-02-30", "2024-02-28"]],
    ["numbers beyond a double", ["1e400", "1.5"]],
    ["nanoseconds", ["2024-01-01 00:00:00.123456789"]],
    ["digits that a double cannot hold", ["0.5", "12345678901234567"]],
    ["a missing-value word", ["1", "NA"]],
    ["yes and no", ["yes", "no"]],
  ])("keeps %s as text", async (_what, values) => {
    bench.write("text.csv", `v,x\n${values.map((value) => `${value},1`).join("\n")}\n`);
    const { source, rows } = await bench.read("text.csv");
    expect(columnsOf(source)).toEqual(["v VARCHAR", "x BIGINT"]);
    expect(rows.map((row) => row["v"])).toEqual(values);
  });

  it("tells a quoted empty text from nothing, and takes it for nothing among numbers", async () => {
    bench.write("empty.csv", 's,n\n"",1\n,""\n"x",3\n');
    expect((await bench.read("empty.csv")).rows).toEqual([
      { s: "", n: 1n },
      { s: null, n: null },
      { s: "x", n: 3n },
    ]);
  });

  it("meets a value of another type where no sample was taken: nothing is lost", async () => {
    const filler = "f".repeat(160);
    const values = Array.from({ length: 60_000 }, (_, index) => String(index + 1));
    values[55_000] = "00501";
    bench.write("late.csv", `n,f\n${values.map((value) => `${value},${filler}`).join("\n")}\n`);
    expect((await bench.open("late.csv")).columns[0]?.type).toBe("BIGINT");
    const { source, rows } = await bench.read("late.csv");
    expect(source.columns[0]?.type).toBe("VARCHAR");
    expect(rows.map((row) => row["n"])).toEqual(values);
  });
});

describe("CSV shapes", () => {
  it.each([
    ["tab.tsv", "a\tb\n1\tx\n"],
    ["semicolon.csv", "a;b\n1;x\n"],
    ["bar.txt", "a|b\n1|x\n"],
    ["windows.csv", "\ufeffa,b\r\n1,x\r\n"],
    ["mac.csv", "a,b\r1,x\r"],
    ["backslash.csv", 'a,b\n"1","x"\n'],
  ])("reads %s", async (name, content) => {
    bench.write(name, content);
    expect((await bench.read(name)).rows).toEqual([{ a: 1n, b: "x" }]);
  });

  it("reads UTF-16", async () => {
    bench.write("utf16.csv", Buffer.from("\ufeffa,b\n1,é\n", "utf16le"));
    const { source, rows } = await bench.read("utf16.csv");
    expect(rows).toEqual([{ a: 1n, b: "é" }]);
    expect(source.notes[0]).toBe("the text was utf-16le");
  });

  it.each([["a,b\r\n1,2\n3,4\r\n"], ["a,b\n1,2\r\n3,4\n"], ["a,b\n1,2\r3,4\n"]])(
    "reads %j, whose lines end in several ways",
    async (content) => {
      bench.write("ends.csv", content);
      expect((await bench.read("ends.csv")).rows).toEqual([
        { a: 1n, b: 2n },
        { a: 3n, b: 4n },
      ]);
    },
  );

  it("reads a file whose lines end in another way where no sample was taken", async () => {
    const lines = Array.from({ length: 60_000 }, (_, index) => `${index},${"f".repeat(100)}`);
    bench.write(
      "late-ends.csv",
      `n,f\n${lines.slice(0, 50_000).join("\n")}\r\n${lines.slice(50_000).join("\r\n")}`,
    );
    const { source, rows } = await bench.read("late-ends.csv");
    expect(columnsOf(source)).toEqual(["n BIGINT", "f VARCHAR"]);
    expect(rows.map((row) => Number(row["n"]))).toEqual(lines.map((_, index) => index));
    const opened = await bench.open("late-ends.csv");
    const columns = [
      { name: "n", type: "INTEGER", source: "n" },
      { name: "f", type: "VARCHAR", source: "f" },
    ];
    const first = await opened.fitted?.(columns, "refuse");
    const failure = await bench.session.execute(first?.sql ?? "").catch((error: unknown) => error);
    const again = await opened.reopen(failure);
    const relation = await again.fitted?.(columns, "refuse");
    expect(await bench.session.rows(`SELECT count(*) AS rows, max(n) AS n FROM (${relation?.sql})`)).toEqual([
      { rows: 60_000n, n: 59_999 },
    ]);
    await relation?.dispose();
    await again.dispose();
  });

  it("reads a record that is too long for the engine", async () => {
    const long = "x".repeat(5_000_000);
    bench.write("long-record.csv", `n,t\n1,${long}\n2,"${long}"\n`);
    const { rows } = await bench.read("long-record.csv");
    expect(rows.map((row) => [row["n"], String(row["t"]).length])).toEqual([
      [1n, 5_000_000],
      [2n, 5_000_000],
    ]);
  });

  it("numbers columns that have no name, or one that is taken", async () => {
    bench.write("names.csv", "a,,A\n1,2,3\n");
    expect((await bench.read("names.csv")).rows).toEqual([{ a: 1n, column2: 2n, A_1: 3n }]);
    bench.write("bare.csv", "1,x\n2,y\n");
    expect((await bench.read("bare.csv")).rows).toEqual([
      { column1: 1n, column2: "x" },
      { column1: 2n, column2: "y" },
    ]);
  });

  it("reads a file with a header and no rows", async () => {
    bench.write("header.csv", "a,b\n");
    const { source, rows } = await bench.read("header.csv");
    expect(columnsOf(source)).toEqual(["a VARCHAR", "b VARCHAR"]);
    expect(rows).toEqual([]);
  });

  it.each([
    ["short.csv", "a,b\n1,x\n2\n3,z\n", 3, "the record has 1 fields where 2 are expected"],
    ["long.csv", "a,b\n1,x\n2,y,extra\n3,z\n", 3, "the record has 3 fields where 2 are expected"],
    ["unclosed.csv", 'a,b\n1,x\n2,"y\n3,z\n', 3, "quote"],
    ["escape.csv", 'a,b\n"x\\"","y"\n1,"2\\', 3, "a quote is not closed"],
    ["latin1.csv", Buffer.from("a,b\n1,x\n2,caf\xe9\n", "latin1"), 3, "UTF-8"],
  ])("refuses %s with the line", async (name, content, line, what) => {
    const file = bench.write(name, content);
    const failure = bench.read(name);
    await expect(failure).rejects.toMatchObject({
      kind: "invalid-input",
      code: "broken-csv",
      context: { file, line },
    });
    await expect(failure).rejects.toThrow(what);
  });
});

describe("the dialect", () => {
  it("is not taken in by delimiters inside quotes, nor by ragged records", () => {
    expect(sniffDialect('a;b\n"1,2,3";x\n"4,5,6";y\n', true).delimiter).toBe(";");
    expect(sniffDialect("a,b\n1,x\n2\n3,z\n", true).delimiter).toBe(",");
    expect(sniffDialect('a,b\n"say \\"x, y\\"",1\n', true).escape).toBe("\\");
  });

  it("leaves out the last record of a text that goes on", () => {
    const dialect = sniffDialect("a,b\n1,2", false);
    expect(splitRecords("a,b\n1,2", dialect, false, 10)).toEqual([["a", "b"]]);
    expect(splitRecords("a,b\n1,2", dialect, true, 10)).toEqual([
      ["a", "b"],
      ["1", "2"],
    ]);
  });

  it("knows a header", () => {
    expect(
      hasHeader([
        ["a", "b"],
        ["1", "2"],
      ]),
    ).toBe(true);
    expect(
      hasHeader([
        ["name", "place"],
        ["x", "y"],
      ]),
    ).toBe(true);
    expect(
      hasHeader([
        ["1", "x"],
        ["2", "y"],
      ]),
    ).toBe(false);
    expect(
      hasHeader([
        ["country", "1990"],
        ["1", "2"],
      ]),
    ).toBe(true);
    expect(hasHeader([["a"], ["b"]])).toBe(true);
  });
});
