import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quoteString, type Row } from "../../engine/index.js";
import { CsvCutter, type FieldSpans, unescaped } from "../../formats/csv/csv-cutter.js";
import type { Dialect } from "../../formats/csv/dialect.js";
import { openCsv } from "../../formats/csv/open-csv.js";
import type { FittedColumn, RecordSource } from "../../formats/opened-source.js";
import { workbench } from "./workbench.js";

const SEED = 20_261_121;
const bench = workbench();

function opened(name: string, content: string | Uint8Array): Promise<RecordSource> {
  const localPath = bench.write(name, content);
  const size = Buffer.byteLength(content);
  const file = { uri: `raw/${name}`, localPath, size, modificationTime: 0, identity: undefined };
  return openCsv(
    bench.session,
    { file, sizeBytes: size, compression: "none", whole: false, misfits: "rescue", notes: [] },
    undefined,
  );
}

const column = (name: string, type: string, source = name): FittedColumn => ({ name, type, source });

async function fitted(
  source: RecordSource,
  columns: readonly FittedColumn[],
  misfits: "refuse" | "rescue",
): Promise<Row[]> {
  const relation = await source.fitted?.(columns, misfits);
  if (relation === undefined) throw new Error("a CSV source is fitted");
  try {
    return await bench.session.rows(relation.sql);
  } finally {
    await relation.dispose();
  }
}

/** The rows with what is rescued parsed. */
async function rescued(
  name: string,
  content: string | Uint8Array,
  columns: readonly FittedColumn[],
): Promise<Row[]> {
  const rows = await fitted(await opened(name, content), columns, "rescue");
  return rows.map(({ gl_rescued, ...row }) =>
    gl_rescued === null ? row : { ...row, gl_rescued: JSON.parse(String(gl_rescued)) },
  );
}

describe("a CSV source that is fitted", () => {
  const columns = [column("Year", "INTEGER", "year"), column("name", "VARCHAR"), column("gone", "DATE")];

  it("takes the types that are asked for", async () => {
    const source = await opened("good.csv", "name,YEAR\na,1999\n,\n");
    for (const misfits of ["refuse", "rescue"] as const) {
      const rows = await fitted(source, columns, misfits);
      expect(rows).toMatchObject([
        { Year: 1999, name: "a", gone: null },
        { Year: null, name: null, gone: null },
      ]);
    }
  });

  it("numbers its rows", async () => {
    const source = await opened(
      "numbered.csv",
      `n\n${Array.from({ length: 20_000 }, (_, n) => n).join("\n")}\n`,
    );
    const columns = [column("n", "INTEGER")];
    for (const relation of [
      await source.relation({ numbered: true }),
      await source.fitted?.(columns, "refuse", { numbered: true }),
      await source.fitted?.(columns, "rescue", { numbered: true }),
    ]) {
      const rows = await bench.session.rows(
        `SELECT count(*) AS rows, count(*) FILTER (gl_row = n + 1) AS same FROM (${relation?.sql})`,
      );
      expect(rows).toEqual([{ rows: 20_000n, same: 20_000n }]);
      await relation?.dispose();
    }
  });

  it("refuses a value with line and column", async () => {
    const source = await opened("bad.csv", 'name,year\n"two\nlines",1\nb,19xx\n');
    const failure = await fitted(source, columns, "refuse").catch((error: unknown) => error);
    await expect(source.reopen(failure)).rejects.toMatchObject({
      kind: "invalid-input",
      code: "value-does-not-fit",
      message: 'raw/bad.csv, line 4: column "year": "19xx" is not INTEGER',
      context: { file: "raw/bad.csv", line: 4, column: "year" },
    });
  });

  it("refuses a column that nobody asks for", async () => {
    const source = await opened("more.csv", "name,year,more\na,1,x\n");
    const failure = await source.fitted?.(columns, "refuse").catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "column-unknown", context: { column: "more" } });
    await expect(source.reopen(failure)).rejects.toBe(failure);
  });

  it("rescues what does not fit", async () => {
    const rows = await rescued(
      "rescue.csv",
      'year,name,more\n19xx,a,\n2000,"b ""x""",y\n"",c,""\n3000000000,,\n',
      columns,
    );
    expect(rows).toEqual([
      {
        Year: null,
        name: "a",
        gone: null,
        gl_rescued: { file: "raw/rescue.csv", line: 2, values: { year: "19xx" } },
      },
      {
        Year: 2000,
        name: 'b "x"',
        gone: null,
        gl_rescued: { file: "raw/rescue.csv", line: 3, values: { more: "y" } },
      },
      {
        Year: null,
        name: "c",
        gone: null,
        gl_rescued: { file: "raw/rescue.csv", line: 4, values: { more: "" } },
      },
      {
        Year: null,
        name: null,
        gone: null,
        gl_rescued: { file: "raw/rescue.csv", line: 5, values: { year: "3000000000" } },
      },
    ]);
  });

  it("rescues records of another width, and lines that are none", async () => {
    const content = Buffer.concat([
      Buffer.from('\ufeffyear,name,column4\r\n1,a,b\r\n2\r\n3,c,d,e,"f,\r\n"\r\n\r\n4,"x"y,z\r\n5,'),
      Buffer.from("caf\xe9,\r\n", "latin1"),
      Buffer.from('6,"say ""hi""\r\nthere",\r\n7,"\0",z\r\n8,"never closed\r\n9,i,j'),
    ]);
    const all = [column("year", "BIGINT"), column("name", "VARCHAR"), column("column4", "VARCHAR")];
    const told = (line: number, more: object): object => ({
      gl_rescued: { file: "raw/broken.csv", line, ...more },
    });
    const nothing = { year: null, name: null, column4: null };
    expect(await rescued("broken.csv", content, all)).toEqual([
      { year: 1n, name: "a", column4: "b" },
      {
        year: 2n,
        name: null,
        column4: null,
        ...told(3, { values: {}, reason: "the record has 1 fields where 3 are expected" }),
      },
      {
        year: 3n,
        name: "c",
        column4: "d",
        ...told(4, {
          values: { column4_1: "e", column5: "f,\r\n" },
          reason: "the record has 5 fields where 3 are expected",
        }),
      },
      { ...nothing, ...told(7, { record: '4,"x"y,z', reason: "text follows a closing quote" }) },
      { ...nothing, ...told(8, { recordBase64: "NSxjYWbpLA==", reason: "the record is not UTF-8" }) },
      { year: 6n, name: 'say "hi"\r\nthere', column4: null },
      { year: 7n, name: "\0", column4: "z" },
      { ...nothing, ...told(12, { record: '8,"never closed', reason: "a quote is not closed" }) },
      { year: 9n, name: "i", column4: "j" },
    ]);
  });

  it("is opened though the engine refuses it, with types of what can be read", async () => {
    const source = await opened("types.csv", 'n,d,s\n1,0.5,x\n2,"1"5,y\n3\n4,1e3,\n');
    expect(source.columns).toEqual([
      { name: "n", type: "BIGINT" },
      { name: "d", type: "DOUBLE" },
      { name: "s", type: "VARCHAR" },
    ]);
    const failure = await source.relation().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "broken-csv", context: { line: 3 } });
    await expect(source.reopen(failure)).rejects.toBe(failure);
  });

  it("rescues a text that does not even begin with a record", async () => {
    const rows = await rescued("quote.csv", `"never closed ${"x".repeat(300_000)}\n5\n`, [
      column("column1", "INTEGER"),
    ]);
    expect(rows).toMatchObject([
      { column1: null, gl_rescued: { line: 1, reason: "a quote is not closed" } },
      { column1: 5 },
    ]);
  });
});

describe("a large CSV file that is rescued", () => {
  const filler = "f".repeat(120);
  const lines = Array.from({ length: 40_000 }, (_, index) =>
    Buffer.from(`${index},"x ${index}",${filler}\n`),
  );
  lines[30_000] = Buffer.from([0x31, 0x2c, 0xff, 0x2c, 0x0a]);
  lines[35_000] = Buffer.from(`00501,"${"long ".repeat(300_000)}\r\n",\n`);
  lines[39_998] = Buffer.from("8,a\n");
  const content = Buffer.concat([Buffer.from("n,s,filler\n"), ...lines]);

  it("is cut across the pieces it is read in, and its types come from all of it", async () => {
    const source = await opened("large.csv", content);
    expect(source.columns[0]?.type).toBe("BIGINT");
    const failure = await bench.session
      .execute((await source.relation()).sql)
      .catch((error: unknown) => error);
    const reopened = await source.reopen(failure);
    expect(reopened.columns[0]?.type).toBe("VARCHAR");

    const columns = [column("n", "BIGINT"), column("s", "VARCHAR"), column("filler", "VARCHAR")];
    const relation = await source.fitted?.(columns, "rescue");
    const sql = relation?.sql ?? "";
    const [counts] = await bench.session.rows(
      `SELECT count(*) AS rows, sum(n) AS n, sum(length(s)) AS s, sum(length(filler)) AS filler FROM (${sql})`,
    );
    const whole = lines.map((_, index) => index).filter((index) => ![30_000, 35_000, 39_998].includes(index));
    expect(counts).toEqual({
      rows: 40_000n,
      n: BigInt(whole.reduce((sum, index) => sum + index, 8)),
      s: BigInt(whole.reduce((sum, index) => sum + 2 + String(index).length, 5 * 300_000 + 2 + 1)),
      filler: BigInt(whole.length * 120),
    });
    const told = await bench.session.rows(
      `SELECT gl_rescued AS t FROM (${sql}) WHERE gl_rescued IS NOT NULL`,
    );
    expect(told.map(({ t }) => JSON.parse(String(t)))).toEqual([
      {
        file: "raw/large.csv",
        line: 30_002,
        recordBase64: lines[30_000]?.subarray(0, -1).toString("base64"),
        reason: "the record is not UTF-8",
      },
      { file: "raw/large.csv", line: 35_002, values: { n: "00501" } },
      {
        file: "raw/large.csv",
        line: 40_001,
        values: {},
        reason: "the record has 2 fields where 3 are expected",
      },
    ]);
    await relation?.dispose();
  });
});

describe("random CSV", () => {
  /** A record that was planted: its text, and what must become of it. */
  interface Planted {
    readonly text: Buffer;
    readonly row: Row;
    readonly values?: Readonly<Record<string, string>>;
    readonly reason?: string;
    readonly whole?: boolean;
  }
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  const written = fc.boolean();
  const word = fc.string({
    unit: fc.constantFrom("a", "é", ",", '"', "\n", " ", "😀", "\0"),
    minLength: 1,
    maxLength: 6,
  });
  const plain = fc.string({ unit: fc.constantFrom("a", "é", " ", "b"), minLength: 1, maxLength: 6 });

  const good = fc
    .record({ n: fc.option(fc.bigInt(-(2n ** 31n), 2n ** 31n - 1n)), s: fc.option(word), q: written })
    .map(
      ({ n, s, q }): Planted => ({
        text: Buffer.from(`${n === null ? "" : q ? quoted(String(n)) : n},${s === null ? "" : quoted(s)},`),
        row: { n: n === null ? null : Number(n), s, d: null },
      }),
    );
  const misfit = fc
    .record({
      n: fc.constantFrom("007", "1.5", "2147483648", " 1", "x"),
      d: fc.constantFrom("2024-02-30", "soon"),
      s: plain,
    })
    .map(
      ({ n, d, s }): Planted => ({
        text: Buffer.from(`${n},${s},${quoted(d)}`),
        row: { n: null, s, d: null },
        values: { n, d },
      }),
    );
  const short = fc.integer({ min: 0, max: 9 }).map(
    (n): Planted => ({
      text: Buffer.from(`${n}`),
      row: { n, s: null, d: null },
      values: {},
      reason: "the record has 1 fields where 3 are expected",
    }),
  );
  const long = word.map(
    (extra): Planted => ({
      text: Buffer.from(`1,a,2024-01-05,${quoted(extra)}`),
      row: { n: 1, s: "a", d: "2024-01-05" },
      values: { column4: extra },
      reason: "the record has 4 fields where 3 are expected",
    }),
  );
  const nothing: Row = { n: null, s: null, d: null };
  const stray = plain.map(
    (text): Planted => ({
      text: Buffer.from(`1,"${text}"x,`),
      row: nothing,
      whole: true,
      reason: "text follows a closing quote",
    }),
  );
  const bytes = fc.constantFrom(0x80, 0xe9, 0xff).map(
    (byte): Planted => ({
      text: Buffer.from([0x31, 0x2c, byte, 0x2c]),
      row: nothing,
      whole: true,
      reason: "the record is not UTF-8",
    }),
  );
  const planted = fc.oneof({ weight: 6, arbitrary: good }, misfit, short, long, stray, bytes);
  const columns = [column("n", "INTEGER"), column("s", "VARCHAR"), column("d", "DATE")];

  it("accounts for every record", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ record: planted, blank: fc.nat(5), newline: fc.constantFrom("\n", "\r\n") }), {
          minLength: 1,
          maxLength: 40,
        }),
        fc.boolean(),
        async (records, hasMark) => {
          const parts: Buffer[] = [Buffer.from(`${hasMark ? "\ufeff" : ""}n,s,d\n`)];
          const expected: Row[] = [];
          let line = 2;
          for (const { record, blank, newline } of records) {
            if (blank === 0) {
              parts.push(Buffer.from(newline));
              line++;
            }
            const { text, row, values, reason, whole } = record;
            parts.push(text, Buffer.from(newline));
            const isText = Buffer.from(text.toString()).equals(text);
            const told = {
              file: "raw/random.csv",
              line,
              ...(values === undefined ? {} : { values }),
              ...(whole !== true
                ? {}
                : isText
                  ? { record: text.toString() }
                  : { recordBase64: text.toString("base64") }),
              ...(reason === undefined ? {} : { reason }),
            };
            expected.push(values === undefined && whole !== true ? row : { ...row, gl_rescued: told });
            line += text.toString("latin1").split("\n").length;
          }
          const content = Buffer.concat(parts);
          expect(await rescued("random.csv", content, columns)).toEqual(expected);
        },
      ),
      { seed: SEED, numRuns: 60 },
    );
  });

  const DIALECTS: readonly Dialect[] = [
    { delimiter: ",", quote: '"', escape: '"' },
    { delimiter: ";", quote: '"', escape: "\\" },
  ];

  it.each(DIALECTS)("is cut as the engine cuts it, where the engine can: %o", async (dialect) => {
    const text = fc.string({
      unit: fc.constantFrom("a", dialect.delimiter, '"', "\n", " ", "\\", "é"),
      maxLength: 24,
    });
    let read = 0;
    await fc.assert(
      fc.asyncProperty(text, async (body) => {
        // A backslash at the end of an open quote is dropped by the engine, which then closes the quote.
        if (dialect.escape === "\\" && body.endsWith("\\")) return;
        const content = `x${dialect.delimiter}y\n${body}`;
        const path = bench.write("engine.csv", content);
        const rows = await bench.session
          .rows(
            `SELECT c0, c1 FROM read_csv(${quoteString(path)}, auto_detect = false, strict_mode = true, ` +
              `delim = '${dialect.delimiter}', quote = '"', escape = '${dialect.escape}', header = false, ` +
              "columns = {'c0': 'VARCHAR', 'c1': 'VARCHAR'}, allow_quoted_nulls = false, nullstr = '')",
          )
          .catch(() => undefined);
        if (rows === undefined) return;
        read++;
        expect(cutAtOnce(content, dialect)).toEqual(rows.map((row) => [row["c0"], row["c1"]]));
      }),
      { seed: SEED, numRuns: 300 },
    );
    expect(read).toBeGreaterThan(30);
  });

  /** The fields of the records, bare empty ones NULL; lines that are none as `[line]`. */
  function cutAtOnce(content: string, dialect: Dialect): (string | null)[][] {
    const { visitor, records } = collector(dialect);
    const bytes = Buffer.from(content);
    expect(new CsvCutter(dialect, visitor).cut(bytes, true)).toBe(bytes.length);
    return records
      .filter(({ fields }) => fields.length > 1 || fields[0] !== null)
      .map(({ fields }) =>
        fields.length > 2 && fields.slice(2).every((field) => field === null) ? fields.slice(0, 2) : fields,
      );
  }

  function collector(dialect: Dialect) {
    const records: { readonly line: number; readonly fields: (string | null)[] }[] = [];
    const visitor = {
      record: (line: number, bytes: Uint8Array, _start: number, _end: number, spans: FieldSpans) => {
        const fields = Array.from({ length: spans.count }, (_, field) => {
          const [start, end] = [spans.starts[field] ?? 0, spans.ends[field] ?? 0];
          if (spans.isEmpty(field)) return null;
          const text =
            spans.forms[field] === 2
              ? unescaped(bytes, start, end, dialect.escape)
              : bytes.subarray(start, end);
          return Buffer.from(text).toString();
        });
        records.push({ line, fields });
      },
      broken: (line: number, bytes: Uint8Array, start: number, end: number) => {
        records.push({ line, fields: [Buffer.from(bytes.subarray(start, end)).toString()] });
      },
    };
    return { visitor, records };
  }

  it("is cut alike, however its bytes arrive", () => {
    const text = fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r", " ", "\\"), maxLength: 60 });
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (content, steps) => {
        for (const dialect of [
          { ...DIALECTS[0], delimiter: "," },
          { delimiter: ",", quote: '"', escape: "\\" },
        ] as const) {
          const whole = collector(dialect as Dialect);
          new CsvCutter(dialect as Dialect, whole.visitor).cut(Buffer.from(content), true);
          const pieces = collector(dialect as Dialect);
          const cutter = new CsvCutter(dialect as Dialect, pieces.visitor);
          let held: Uint8Array = Buffer.alloc(0);
          for (let at = 0, step = 0; at < content.length; step++) {
            const length = steps[step % steps.length] ?? 1;
            held = Buffer.concat([held, Buffer.from(content.slice(at, at + length))]);
            held = held.subarray(cutter.cut(held, false));
            at += length;
          }
          cutter.cut(held, true);
          expect(pieces.records).toEqual(whole.records);
        }
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });
});
