import { describe, expect, it } from "vitest";
import { container, record, SYNC } from "./avro-container.js";
import { columnsOf, workbench } from "./workbench.js";

const bench = workbench();

/** A number in the encoding of int and long. */
function number(value: bigint): number[] {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  const bytes: number[] = [];
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

/** The big-endian two's complement of a number, in so many bytes. */
const bigEndian = (value: bigint, size: number): number[] =>
  Array.from({ length: size }, (_, index) => Number((value >> BigInt(8 * (size - 1 - index))) & 255n));

/** Reads a file of one column whose values have these bytes. */
async function values(type: unknown, encoded: readonly (readonly number[])[]): Promise<unknown[]> {
  const data = encoded.flat();
  const head = [...number(BigInt(encoded.length)), ...number(BigInt(data.length))];
  const header = container(record({ name: "v", type }), []);
  bench.write("values.avro", Buffer.concat([header, Buffer.from([...head, ...data]), SYNC]));
  const { source, rows } = await bench.read("values.avro");
  return [columnsOf(source)[0], ...rows.map((row) => row["v"])];
}

const MAX = 2n ** 63n - 1n;
const longs = (...all: bigint[]): number[][] => all.map(number);

describe("the extremes of Avro's logical types", () => {
  it("reads dates of all years", async () => {
    const date = { type: "int", logicalType: "date" };
    expect(await values(date, longs(-1n, 0n, 2147483646n, -2147483646n, -719528n))).toEqual([
      "v DATE",
      "1969-12-31",
      "1970-01-01",
      "5881580-07-10",
      "5877642-06-25 (BC)",
      "0000-01-01",
    ]);
  });

  it("reads times of the whole day", async () => {
    const millis = { type: "int", logicalType: "time-millis" };
    expect(await values(millis, longs(0n, 86_399_999n, 43_200_001n))).toEqual([
      "v TIME",
      "00:00:00",
      "23:59:59.999",
      "12:00:00.001",
    ]);
    const micros = { type: "long", logicalType: "time-micros" };
    expect(await values(micros, longs(0n, 86_399_999_999n))).toEqual([
      "v TIME",
      "00:00:00",
      "23:59:59.999999",
    ]);
  });

  it.each([
    ["millis", 1_000n, -9_223_372_022_400_000n, 9_223_372_036_854_775n, "294247-01-10 04:00:54.775"],
    ["micros", 1n, -9_223_372_022_400_000_000n, MAX - 1n, "294247-01-10 04:00:54.775806"],
  ])("reads timestamps from the first to the last in %s", async (unit, factor, first, last, text) => {
    const type = { type: "long", logicalType: `timestamp-${unit}` };
    expect(await values(type, longs(0n, -1n, first, last))).toEqual([
      "v TIMESTAMP WITH TIME ZONE",
      "1970-01-01T00:00:00Z",
      factor === 1n ? "1969-12-31T23:59:59.999999Z" : "1969-12-31T23:59:59.999Z",
      "290309-12-22 (BC) 00:00:00",
      text,
    ]);
    await expect(values(type, longs(first - 1n))).rejects.toThrow("out of the range");
    await expect(values(type, longs(last + 1n))).rejects.toThrow("out of the range");
  });

  it("cuts nanoseconds toward the past", async () => {
    const type = { type: "long", logicalType: "local-timestamp-nanos" };
    expect(await values(type, longs(-1n, 999n, -1_000n, -1_001n, MAX, -(2n ** 63n)))).toEqual([
      "v TIMESTAMP",
      "1969-12-31 23:59:59.999999",
      "1970-01-01 00:00:00",
      "1969-12-31 23:59:59.999999",
      "1969-12-31 23:59:59.999998",
      "2262-04-11 23:47:16.854775",
      "1677-09-21 00:12:43.145224",
    ]);
  });

  it.each([1, 4, 5, 9, 10, 18, 19, 28, 38])("reads every decimal of %i digits", async (precision) => {
    const limit = 10n ** BigInt(precision) - 1n;
    const all = [0n, 1n, -1n, limit, -limit, limit / 2n, 127n, -128n, 255n, 2n ** 62n].filter(
      (value) => value <= limit && value >= -limit,
    );
    const expected = [`v DECIMAL(${precision},0)`, ...all.map(String)];
    const onBytes = { type: "bytes", logicalType: "decimal", precision };
    // Bytes may be more than the number needs.
    for (const size of [16, 17, 20]) {
      const encoded = all.map((value) => [...number(BigInt(size)), ...bigEndian(value, size)]);
      expect((await values(onBytes, encoded)).map(String)).toEqual(expected);
    }
    const onFixed = { type: "fixed", name: "D", size: 17, logicalType: "decimal", precision };
    expect(
      (
        await values(
          onFixed,
          all.map((value) => bigEndian(value, 17)),
        )
      ).map(String),
    ).toEqual(expected);
    const above = [...number(17n), ...bigEndian(limit + 1n, 17)];
    await expect(values(onBytes, [above])).rejects.toThrow(`${precision} digits`);
  });

  it("reads a decimal in as few bytes as it takes, with its scale", async () => {
    const type = { type: "bytes", logicalType: "decimal", precision: 20, scale: 3 };
    const encoded = [
      [2, 5],
      [2, 0xff],
      [4, 0x80, 0],
      [4, 0, 0x80],
    ];
    expect(await values(type, encoded)).toEqual(["v DECIMAL(20,3)", "0.005", "-0.001", "-32.768", "0.128"]);
  });

  it("refuses a decimal that no column can hold, and ignores one that its fixed type cannot", async () => {
    const wide = { type: "bytes", logicalType: "decimal", precision: 39 };
    await expect(values(wide, [])).rejects.toMatchObject({ kind: "unsupported", code: "decimal-digits" });
    const narrow = { type: "fixed", name: "D", size: 2, logicalType: "decimal", precision: 5 };
    expect(await values(narrow, [[1, 2]])).toEqual(["v BLOB", Buffer.from([1, 2])]);
  });

  it("reads durations and uuids", async () => {
    const duration = { type: "fixed", name: "D", size: 12, logicalType: "duration" };
    const [, value] = await values(duration, [[255, 255, 255, 255, 0, 0, 0, 128, 1, 0, 0, 0]]);
    expect(value).toEqual({ months: 4294967295n, days: 2147483648n, milliseconds: 1n });
    const uuid = { type: "fixed", name: "U", size: 16, logicalType: "uuid" };
    expect(await values(uuid, [bigEndian(0x550e8400e29b41d4a716446655440000n, 16)])).toEqual([
      "v VARCHAR",
      "550e8400-e29b-41d4-a716-446655440000",
    ]);
  });

  it("reads numbers in more bytes than they need, and items in parts of either sign", async () => {
    expect(
      await values("long", [
        [0x81, 0x80, 0x00],
        [0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
      ]),
    ).toEqual(["v BIGINT", -1n, 0n]);
    expect(await values("int", [[0x81, 0x80, 0x80, 0x80, 0x80, 0x00]])).toEqual(["v INTEGER", -1]);
    const parts = [3, 4, 2, 4, 2, 6, 1, 2, 8, 0];
    const [, list] = await values({ type: "array", items: "int" }, [parts, [0], parts]);
    expect(list).toEqual([1, 2, 3, 4]);
    const map = [1, 6, 2, 0x61, 2, 2, 2, 0x62, 4, 0];
    expect((await values({ type: "map", values: "int" }, [map]))[1]).toEqual(
      new Map([
        ["a", 1],
        ["b", 2],
      ]),
    );
  });
});

describe("Avro types that hold themselves", () => {
  it("keeps logical types, bytes and whole numbers in their JSON", async () => {
    const tree = {
      type: "record",
      name: "Tree",
      fields: [
        { name: "d", type: { type: "bytes", logicalType: "decimal", precision: 10, scale: 2 } },
        { name: "b", type: "bytes" },
        { name: "m", type: { type: "map", values: "Tree" } },
      ],
    };
    const leaf = [2, 0xff, 2, 0xab, 0];
    const [type, text] = await values(tree, [[4, 1, 0, 0, 2, 2, 0x6b, ...leaf, 0]]);
    expect(type).toBe("v VARCHAR");
    expect(JSON.parse(String(text))).toEqual({
      d: "2.56",
      b: "",
      m: { k: { d: "-0.01", b: "ab", m: {} } },
    });
  });
});

describe("Avro rows", () => {
  it("numbers them through blocks and batches", async () => {
    const blocks = Array.from({ length: 30 }, (_, block) =>
      Array.from({ length: 1 + ((block * 97) % 1500) }, (_row, index) => ({
        v: BigInt(block * 10_000 + index),
      })),
    );
    bench.write("rows.avro", container(record({ name: "v", type: "long" }), blocks));
    const source = await bench.open("rows.avro");
    const relation = await source.relation({ numbered: true });
    const rows = await bench.session.rows(relation.sql);
    expect(rows).toEqual(blocks.flat().map(({ v }, index) => ({ v, gl_row: BigInt(index + 1) })));
    await relation.dispose();
    await source.dispose();
  });

  it("begins every column anew with each batch", async () => {
    const inner = { type: "record", name: "Inner", fields: [{ name: "x", type: ["null", "boolean"] }] };
    const schema = record(
      { name: "b", type: ["null", "boolean"] },
      { name: "n", type: ["null", "long"] },
      { name: "d", type: ["null", "double"] },
      { name: "s", type: ["null", "string"] },
      { name: "l", type: ["null", { type: "array", items: ["null", "string"] }] },
      { name: "r", type: ["null", inner] },
      { name: "e", type: ["string", "long"] },
    );
    // Nulls, then none, then nulls at other rows, in batches that are full and in one that is not.
    const isSet = (index: number, every: number): boolean =>
      (index > 8000 && index < 17_000) || index % every !== 1;
    const rows = Array.from({ length: 20_000 }, (_, index) => ({
      b: isSet(index, 3) ? { boolean: index % 3 === 0 } : null,
      n: isSet(index, 5) ? { long: BigInt(index) } : null,
      d: isSet(index, 7) ? { double: index / 4 } : null,
      s: isSet(index, 2) ? { string: `text ${index % 100}` } : null,
      l: isSet(index, 11) ? { array: index % 3 === 0 ? [] : [{ string: `${index}` }, null] } : null,
      r: isSet(index, 13) ? { Inner: { x: index % 2 === 0 ? null : { boolean: true } } } : null,
      e: index % 2 === 0 ? { string: `${index}` } : { long: BigInt(-index) },
    }));
    bench.write(
      "batches.avro",
      container(schema, [rows.slice(0, 8192), rows.slice(8192, 9000), rows.slice(9000)]),
    );
    const { rows: read } = await bench.read("batches.avro");
    expect(read).toEqual(
      rows.map(({ b, n, d, s, l, r, e }) => ({
        b: b === null ? null : b.boolean,
        n: n === null ? null : n.long,
        d: d === null ? null : d.double,
        s: s === null ? null : s.string,
        l: l === null ? null : l.array.map((item) => (item === null ? null : item.string)),
        r: r === null ? null : { x: r.Inner.x === null ? null : r.Inner.x.boolean },
        e: { member0: e.string ?? null, member1: e.long ?? null },
      })),
    );
  });

  it("ends a batch early when its values are long", async () => {
    const rows = Array.from({ length: 80 }, (_, index) => ({ v: `${index}`.padStart(1_000_000, "x") }));
    bench.write(
      "long.avro",
      container(record({ name: "v", type: "string" }), [rows.slice(0, 50), rows.slice(50)]),
    );
    const source = await bench.open("long.avro");
    const relation = await source.relation({ numbered: true });
    const sql = `SELECT count(*) AS rows, min(length(v)) AS least, bool_and(right(v, 2) = right('x' || gl_row - 1, 2)) AS equal
      FROM (${relation.sql})`;
    expect(await bench.session.rows(sql)).toEqual([{ rows: 80n, least: 1_000_000n, equal: true }]);
    await relation.dispose();
    await source.dispose();
  });

  it("reads texts of many sizes, and blocks with no rows", async () => {
    const rows = Array.from({ length: 300 }, (_, index) => ({ v: "é€".repeat((index * 7919) % 4001) }));
    const blocks = [[], rows.slice(0, 7), [], rows.slice(7, 200), rows.slice(200)];
    bench.write("texts.avro", container(record({ name: "v", type: "string" }), blocks));
    expect((await bench.read("texts.avro")).rows).toEqual(rows);
  });
});
