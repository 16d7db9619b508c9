import { describe, expect, it } from "vitest";
import { WHOLE_FILE_BYTES } from "../../formats/jsonl/line-sample.js";
import { columnsOf, workbench } from "./workbench.js";

const bench = workbench();
const lines = (...records: readonly unknown[]): string =>
  records.map((record) => (typeof record === "string" ? record : JSON.stringify(record))).join("\n");

describe("JSONL types", () => {
  it("gives each kind of value its type", async () => {
    bench.write(
      "kinds.jsonl",
      lines(
        '{"i":1,"wide":9223372036854775807,"huge":99999999999999999999,"d":0.5,"b":true,"s":"x","day":"2024-01-05","wall":"2024-01-05 10:00:00.123456","instant":"2024-01-05T10:00:00+02:00","n":null,"time":"10:00:00","zip":"00501"}',
        '{"i":-2,"wide":-9223372036854775808,"huge":-1,"d":1e300,"b":false,"s":"","day":"2024-12-31","wall":"2024-01-05T10:00:00","instant":"2024-01-05T10:00:00.5Z","n":null,"time":"25:00","zip":"10001"}',
      ),
    );
    const { source, rows } = await bench.read("kinds.jsonl");
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
      "n VARCHAR",
      "time VARCHAR",
      "zip VARCHAR",
    ]);
    expect(rows).toEqual([
      {
        i: 1n,
        wide: 9223372036854775807n,
        huge: "99999999999999999999",
        d: 0.5,
        b: true,
        s: "x",
        day: "2024-01-05",
        wall: "2024-01-05 10:00:00.123456",
        instant: "2024-01-05T08:00:00Z",
        n: null,
        time: "10:00:00",
        zip: "00501",
      },
      {
        i: -2n,
        wide: -9223372036854775808n,
        huge: "-1",
        d: 1e300,
        b: false,
        s: "",
        day: "2024-12-31",
        wall: "2024-01-05 10:00:00",
        instant: "2024-01-05T10:00:00.5Z",
        n: null,
        time: "25:00",
        zip: "10001",
      },
    ]);
  });

  it("keeps mixtures as text and says so", async () => {
    bench.write(
      "mixed.jsonl",
      lines(
        { id: 1, zone: "2024-01-01T00:00:00Z", any: "x" },
        { id: "a", zone: "2024-01-01T00:00:00", any: { k: [1] } },
      ),
    );
    const { source, rows } = await bench.read("mixed.jsonl");
    expect(columnsOf(source)).toEqual(["id VARCHAR", "zone VARCHAR", "any VARCHAR"]);
    expect(rows).toEqual([
      { id: "1", zone: "2024-01-01T00:00:00Z", any: '"x"' },
      { id: "a", zone: "2024-01-01T00:00:00", any: '{"k":[1]}' },
    ]);
    expect(source.notes).toEqual([
      "id holds whole numbers, strings; kept as text",
      "zone holds timestamps without a zone, timestamps with a zone; kept as text",
      "any holds objects or arrays, strings; kept as JSON text",
    ]);
  });

  it("types structs, lists and maps down to their leaves", async () => {
    const manyKeys = Object.fromEntries(Array.from({ length: 201 }, (_, index) => [`k${index}`, index]));
    bench.write(
      "nested.jsonl",
      lines(
        { s: { at: "2024-01-01T00:00:00Z", n: 1 }, l: [1, 2], ls: [{ d: "2024-01-01" }, null], m: manyKeys },
        { s: null, l: null, ls: [], m: { k0: 7 } },
        { s: { n: 2 }, l: [null], ls: null, m: null },
      ),
    );
    const { source, rows } = await bench.read("nested.jsonl");
    expect(columnsOf(source)).toEqual([
      's STRUCT("at" TIMESTAMP WITH TIME ZONE, "n" BIGINT)',
      "l BIGINT[]",
      'ls STRUCT("d" DATE)[]',
      "m MAP(VARCHAR, BIGINT)",
    ]);
    expect(rows[0]?.["s"]).toEqual({ at: "2024-01-01T00:00:00Z", n: 1n });
    expect(rows[0]?.["ls"]).toEqual([{ d: "2024-01-01" }, null]);
    expect(rows[0]?.["m"]).toEqual(
      new Map(Object.entries(manyKeys).map(([key, value]) => [key, BigInt(value)])),
    );
    expect(rows[1]).toEqual({ s: null, l: null, ls: [], m: new Map([["k0", 7n]]) });
    expect(rows[2]).toEqual({ s: { at: null, n: 2n }, l: [null], ls: null, m: null });
  });

  it("keeps keys that differ in case only, empty ones and odd ones", async () => {
    bench.write("keys.jsonl", lines('{"id":1,"Id":2,"":3,"a.b\\"c":4,"é":5}'));
    const { rows } = await bench.read("keys.jsonl");
    expect(rows).toEqual([{ id: 1n, Id_1: 2n, column3: 3n, 'a.b"c': 4n, é: 5n }]);
  });

  it("keeps the order of keys as records first have them", async () => {
    bench.write(
      "order.jsonl",
      lines(
        ...Array.from({ length: 50 }, (_, index) =>
          index % 2 ? { z: 1, s: { y: 1, b: 1 } } : { s: { x: 1, y: 1 }, a: 1 },
        ),
      ),
    );
    for (let run = 0; run < 20; run++) {
      const { source } = await bench.read("order.jsonl");
      expect(columnsOf(source)).toEqual([
        's STRUCT("x" BIGINT, "y" BIGINT, "b" BIGINT)',
        "a BIGINT",
        "z BIGINT",
      ]);
    }
  });

  it("reads keys that are numbers where they belong", async () => {
    bench.write(
      "years.jsonl",
      '{"b":"x","2019":1,"s":{"z":"z","7":7}}\n{"2020":true,"b":"y","s":{"3":0.5}}\n',
    );
    const { rows } = await bench.read("years.jsonl");
    expect(rows).toEqual([
      { b: "x", 2019: 1n, 2020: null, s: { z: "z", 7: 7n, 3: null } },
      { b: "y", 2019: null, 2020: true, s: { z: null, 7: null, 3: 0.5 } },
    ]);
  });

  it("takes an object without keys for one of the others", async () => {
    bench.write("hollow.jsonl", lines({ s: {} }, { s: { a: 1 } }));
    const { source, rows } = await bench.read("hollow.jsonl");
    expect(columnsOf(source)).toEqual(['s STRUCT("a" BIGINT)']);
    expect(rows).toEqual([{ s: { a: null } }, { s: { a: 1n } }]);
  });

  it("reads values that are not objects into one column", async () => {
    bench.write("values.jsonl", "1\n2\n");
    const { source, rows } = await bench.read("values.jsonl");
    expect(columnsOf(source)).toEqual(["value BIGINT"]);
    expect(rows).toEqual([{ value: 1n }, { value: 2n }]);
  });

  it("reads a file that begins with a byte order mark, blank lines and Windows line ends", async () => {
    bench.write("bom.jsonl", '\ufeff{"a":1}\r\n\r\n{"a":2}\r\n');
    expect((await bench.read("bom.jsonl")).rows).toEqual([{ a: 1n }, { a: 2n }]);
  });

  it("reads a path with glob characters", async () => {
    bench.write("a[1]*.jsonl", '{"a":1}\n');
    expect((await bench.read("a[1]*.jsonl")).rows).toEqual([{ a: 1n }]);
  });
});

describe("what a sample does not show", () => {
  // Large enough to be sampled; the odd record lies where no sample is taken.
  const filler = "f".repeat(1000);
  const count = Math.ceil((WHOLE_FILE_BYTES * 1.5) / 1020);
  const place = Math.trunc((256 * 1024 + 150 * 1024) / 1020);
  async function readWith(
    name: string,
    first: (index: number) => string,
    odd: string,
  ): ReturnType<typeof bench.read> {
    const records = Array.from({ length: count }, (_, index) => first(index));
    records[place] = odd;
    bench.write(name, `${records.join("\n")}\n`);
    const opened = await bench.open(name);
    const sampledType = opened.columns[0]?.type;
    expect(sampledType).toBe("BIGINT");
    const result = await bench.read(name);
    expect(result.rows.length).toBe(count);
    return result;
  }

  it("meets a late key, a late fraction, a late text: nothing is lost", async () => {
    const usual = (index: number): string => `{"n":${index},"f":"${filler}"}`;
    const late = await readWith("late-key.jsonl", usual, `{"n":${place},"f":"${filler}","extra":7}`);
    expect(late.rows[place]).toMatchObject({ n: BigInt(place), extra: 7n });
    expect(late.source.notes.join()).toContain("types come from every record");

    const fraction = await readWith("late-fraction.jsonl", usual, `{"n":0.5,"f":"${filler}"}`);
    expect(fraction.rows[place]?.["n"]).toBe(0.5);
    expect(fraction.rows[0]?.["n"]).toBe(0);

    const text = await readWith("late-text.jsonl", usual, `{"n":"many","f":"${filler}"}`);
    expect(text.rows[place]?.["n"]).toBe("many");
    expect(text.rows[1]?.["n"]).toBe("1");
  });
});

describe("JSON files", () => {
  it("reads an array of records", async () => {
    bench.write("array.json", '[\n {"a": 1},\n {"a": 2, "b": "x"}\n]');
    expect((await bench.read("array.json")).rows).toEqual([
      { a: 1n, b: null },
      { a: 2n, b: "x" },
    ]);
  });

  it("reads a document as one row and says so", async () => {
    bench.write("document.json", JSON.stringify({ type: "list", items: [{ a: 1 }, { a: 2 }] }, null, 2));
    const { source, rows } = await bench.read("document.json");
    expect(rows).toEqual([{ type: "list", items: [{ a: 1n }, { a: 2n }] }]);
    expect(source.notes).toEqual([
      "the file is one JSON document and gives one row; records inside it (items) stay lists",
    ]);
  });

  it("reads documents one after another", async () => {
    bench.write("documents.json", '{\n"a": 1\n}\n{\n"a": 2\n}');
    expect((await bench.read("documents.json")).rows).toEqual([{ a: 1n }, { a: 2n }]);
  });

  it("reads a record longer than the engine's usual limit", async () => {
    bench.write("long.jsonl", `{"a":1}\n{"a":2,"s":"${"x".repeat(17 * 1024 * 1024)}"}\n`);
    const { rows } = await bench.read("long.jsonl");
    expect(rows.map((row) => String(row["s"] ?? "").length)).toEqual([0, 17 * 1024 * 1024]);
  });
});

describe("broken JSON", () => {
  it.each([
    ["broken.jsonl", '{"a":1}\n{"a":2}\n{"a":oops}\n{"a":4}\n', { line: 3, column: 6, offset: 21 }],
    ["cut.jsonl", '{"a":1}\n{"a":2', { line: 2, column: 7, offset: 14 }],
    ["split.jsonl", '{"a":1}\n{"a":\n2}\n', { line: 2, column: 6, offset: 13 }],
    ["first.jsonl", '{"a":oops}\n{"a":4}\n', { line: 1, column: 6, offset: 5 }],
    ["cut.json", '[{"a":1},\n{"a":2}', { line: 2, column: 8, offset: 17 }],
    ["broken.json", '{\n "a": [1, 2,, 3]\n}', { line: 2, column: 13, offset: 14 }],
  ])("%s is refused with its place", async (name, content, place) => {
    const file = bench.write(name, content);
    await expect(bench.read(name)).rejects.toMatchObject({
      kind: "invalid-input",
      code: "broken-json",
      context: { file, ...place },
    });
  });

  it("refuses bytes that are not UTF-8", async () => {
    const file = bench.write("latin1.jsonl", Buffer.from('{"a":"x"}\n{"a":"caf\xe9"}\n', "latin1"));
    await expect(bench.read("latin1.jsonl")).rejects.toMatchObject({
      kind: "invalid-input",
      context: { file, line: 2 },
    });
  });

  it("refuses a record with the same key twice", async () => {
    const file = bench.write("twice.jsonl", '{"a":1,"a":2}\n');
    await expect(bench.read("twice.jsonl")).rejects.toMatchObject({
      kind: "invalid-input",
      context: { file },
    });
  });

  it("refuses a file without records", async () => {
    bench.write("none.json", "[]");
    await expect(bench.read("none.json")).rejects.toMatchObject({
      kind: "invalid-input",
      code: "no-records",
    });
  });
});
