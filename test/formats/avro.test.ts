import { existsSync, readFileSync } from "node:fs";
import { deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { container, record, SYNC, snappyBlock } from "./avro-container.js";
import { columnsOf, workbench } from "./workbench.js";

const bench = workbench();

describe("Avro types", () => {
  it("reads every type exactly", async () => {
    const schema = record(
      { name: "b", type: "boolean" },
      { name: "i", type: "int" },
      { name: "l", type: "long" },
      { name: "f", type: "float" },
      { name: "d", type: "double" },
      { name: "bytes", type: "bytes" },
      { name: "s", type: "string" },
      { name: "fixed", type: { type: "fixed", name: "F", size: 2 } },
      { name: "e", type: { type: "enum", name: "E", symbols: ["A", "B"] } },
      { name: "list", type: { type: "array", items: ["null", "long"] } },
      { name: "map", type: { type: "map", values: "string" } },
      {
        name: "rec",
        type: { type: "record", name: "Inner", fields: [{ name: "x", type: ["null", "int"] }] },
      },
      { name: "maybe", type: ["null", "string"] },
      { name: "either", type: ["string", "long", "null"] },
      { name: "number", type: ["null", "int", "long"] },
      { name: "real", type: ["float", "double"] },
    );
    const first = {
      b: true,
      i: -2147483648,
      l: 9223372036854775807n,
      f: 0.5,
      d: 0.1,
      bytes: Buffer.from([0, 255]),
      s: "é😀",
      fixed: Buffer.from("ab"),
      e: "B",
      list: [{ long: 1n }, null],
      map: { k: "v" },
      rec: { x: { int: 1 } },
      maybe: null,
      either: { long: -5n },
      number: { int: 7 },
      real: { float: 1.5 },
    };
    const second = {
      ...first,
      b: false,
      l: -9223372036854775808n,
      list: [],
      map: {},
      rec: { x: null },
      maybe: { string: "" },
      either: { string: "x" },
      number: { long: 9007199254740993n },
      real: { double: 0.1 },
    };
    bench.write(
      "types.avro",
      container(schema, [[first], [second, { ...first, either: null, number: null }]]),
    );
    const { source, rows } = await bench.read("types.avro");
    expect(columnsOf(source)).toEqual([
      "b BOOLEAN",
      "i INTEGER",
      "l BIGINT",
      "f FLOAT",
      "d DOUBLE",
      "bytes BLOB",
      "s VARCHAR",
      "fixed BLOB",
      "e VARCHAR",
      "list BIGINT[]",
      "map MAP(VARCHAR, VARCHAR)",
      "rec STRUCT(x INTEGER)",
      "maybe VARCHAR",
      "either STRUCT(member0 VARCHAR, member1 BIGINT)",
      "number BIGINT",
      "real DOUBLE",
    ]);
    expect(rows[0]).toEqual({
      b: true,
      i: -2147483648,
      l: 9223372036854775807n,
      f: 0.5,
      d: 0.1,
      bytes: Buffer.from([0, 255]),
      s: "é😀",
      fixed: Buffer.from("ab"),
      e: "B",
      list: [1n, null],
      map: new Map([["k", "v"]]),
      rec: { x: 1 },
      maybe: null,
      either: { member0: null, member1: -5n },
      number: 7n,
      real: 1.5,
    });
    expect(rows[1]).toMatchObject({
      l: -9223372036854775808n,
      list: [],
      map: new Map(),
      rec: { x: null },
      maybe: "",
      either: { member0: "x", member1: null },
      number: 9007199254740993n,
      real: 0.1,
    });
    expect(rows[2]).toMatchObject({ either: null, number: null });
    expect(source.notes).toEqual(["either is a union of 2 types; became a struct with a field for each"]);
  });

  it("reads logical types", async () => {
    const schema = record(
      { name: "date", type: { type: "int", logicalType: "date" } },
      { name: "tms", type: { type: "int", logicalType: "time-millis" } },
      { name: "tus", type: { type: "long", logicalType: "time-micros" } },
      { name: "ms", type: { type: "long", logicalType: "timestamp-millis" } },
      { name: "us", type: { type: "long", logicalType: "timestamp-micros" } },
      { name: "ns", type: { type: "long", logicalType: "timestamp-nanos" } },
      { name: "lms", type: { type: "long", logicalType: "local-timestamp-millis" } },
      { name: "lus", type: { type: "long", logicalType: "local-timestamp-micros" } },
      { name: "dec", type: { type: "bytes", logicalType: "decimal", precision: 38, scale: 2 } },
      {
        name: "fdec",
        type: { type: "fixed", name: "FD", size: 4, logicalType: "decimal", precision: 9, scale: 3 },
      },
      { name: "uuid", type: { type: "string", logicalType: "uuid" } },
      { name: "dur", type: { type: "fixed", name: "Dur", size: 12, logicalType: "duration" } },
      { name: "unknown", type: { type: "int", logicalType: "mine" } },
    );
    const duration = Buffer.alloc(12);
    duration.writeUInt32LE(1, 0);
    duration.writeUInt32LE(2, 4);
    duration.writeUInt32LE(4294967295, 8);
    const row = {
      date: -1,
      tms: 1,
      tus: 86_399_999_999n,
      ms: 1n,
      us: -1n,
      ns: -1n,
      lms: 1n,
      lus: 1n,
      dec: Buffer.from([0xff, 0x01]),
      fdec: Buffer.from([0, 0, 0x30, 0x39]),
      uuid: "550e8400-e29b-41d4-a716-446655440000",
      dur: duration,
      unknown: 5,
    };
    bench.write("logical.avro", container(schema, [[row]]));
    const { source, rows } = await bench.read("logical.avro");
    expect(columnsOf(source).map((column) => column.split(" ").slice(1).join(" "))).toEqual([
      "DATE",
      "TIME",
      "TIME",
      "TIMESTAMP WITH TIME ZONE",
      "TIMESTAMP WITH TIME ZONE",
      "TIMESTAMP WITH TIME ZONE",
      "TIMESTAMP",
      "TIMESTAMP",
      "DECIMAL(38,2)",
      "DECIMAL(9,3)",
      "VARCHAR",
      'STRUCT("months" BIGINT, "days" BIGINT, "milliseconds" BIGINT)',
      "INTEGER",
    ]);
    expect(rows).toEqual([
      {
        date: "1969-12-31",
        tms: "00:00:00.001",
        tus: "23:59:59.999999",
        ms: "1970-01-01T00:00:00.001Z",
        us: "1969-12-31T23:59:59.999999Z",
        ns: "1969-12-31T23:59:59.999999Z",
        lms: "1970-01-01 00:00:00.001",
        lus: "1970-01-01 00:00:00.000001",
        dec: "-2.55",
        fdec: "12.345",
        uuid: "550e8400-e29b-41d4-a716-446655440000",
        dur: { months: 1n, days: 2n, milliseconds: 4294967295n },
        unknown: 5,
      },
    ]);
    expect(source.notes).toEqual(["ns holds nanoseconds; cut to microseconds"]);
  });

  it("keeps a type that holds itself as JSON text", async () => {
    const schema = record({ name: "v", type: "long" }, { name: "next", type: ["null", "R"] });
    bench.write(
      "list.avro",
      container(schema, [[{ v: 1n, next: { R: { v: 9007199254740993n, next: null } } }]]),
    );
    expect((await bench.read("list.avro")).rows).toEqual([
      { v: 1n, next: '{"v":9007199254740993,"next":null}' },
    ]);
  });

  it("reads values that are not records, and more rows than a batch holds", async () => {
    const values = Array.from({ length: 20_000 }, (_, index) => BigInt(index));
    bench.write(
      "longs.avro",
      container("long" as unknown as object, [values.slice(0, 12_345), values.slice(12_345)]),
    );
    const { rows } = await bench.read("longs.avro");
    expect(rows.map((row) => row["value"])).toEqual(values);
  });
});

describe("Avro containers", () => {
  const schema = record({ name: "n", type: "long" }, { name: "s", type: "string" });
  const rows = Array.from({ length: 100 }, (_, index) => ({ n: BigInt(index), s: `text ${index}` }));
  it.each([
    ["null", undefined],
    ["deflate", (data: Buffer): Buffer => deflateRawSync(data)],
    ["snappy", snappyBlock],
  ])("reads the codec %s", async (codec, encode) => {
    bench.write("codec.avro", container(schema, [rows.slice(0, 60), rows.slice(60)], codec, encode));
    expect((await bench.read("codec.avro")).rows).toEqual(rows);
  });

  it("refuses a codec it does not know by name", async () => {
    const file = bench.write("bzip2.avro", container(schema, [], "bzip2"));
    const failure = bench.read("bzip2.avro");
    await expect(failure).rejects.toMatchObject({ kind: "unsupported", context: { file } });
    await expect(failure).rejects.toThrow("bzip2");
  });

  it("refuses a damaged sync marker, a cut block and damaged data with their offsets", async () => {
    const whole = container(schema, [rows, rows]);
    const marker = whole.lastIndexOf(SYNC);
    const damaged = Buffer.from(whole);
    damaged[marker] = 0;
    const file = bench.write("sync.avro", damaged);
    await expect(bench.read("sync.avro")).rejects.toMatchObject({
      kind: "invalid-input",
      code: "broken-avro",
      context: { file, offset: marker },
    });

    const cut = bench.write("cut.avro", whole.subarray(0, whole.length - 30));
    await expect(bench.read("cut.avro")).rejects.toMatchObject({
      kind: "invalid-input",
      context: { file: cut, offset: whole.indexOf(SYNC, whole.indexOf(SYNC) + 1) + SYNC.length },
    });

    const header = bench.write("header.avro", whole.subarray(0, 40));
    await expect(bench.read("header.avro")).rejects.toMatchObject({
      kind: "invalid-input",
      context: { file: header },
    });

    const checksum = container(schema, [rows], "snappy", (data) => {
      const block = snappyBlock(data);
      block[block.length - 1] = (block.at(-1) ?? 0) ^ 1;
      return block;
    });
    const snappyFile = bench.write("checksum.avro", checksum);
    await expect(bench.read("checksum.avro")).rejects.toMatchObject({
      kind: "invalid-input",
      context: { file: snappyFile },
    });
  });
});

const conformance = new URL("../../../shared/conformance/avro/", import.meta.url);
const absent = !existsSync(conformance);
if (absent) console.log("skipped: ../shared/conformance is absent, its Avro files are not read");

describe.skipIf(absent)("Avro files of the Avro project", () => {
  it.each(["weather", "weather-deflate", "weather-snappy", "weather-zstd", "weather-sorted"])(
    "%s",
    async (name) => {
      bench.write("weather.avro", readFileSync(new URL(`${name}.avro`, conformance)));
      const expected = readFileSync(new URL("weather.json", conformance), "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as { station: string; time: number; temp: number })
        .map((row) => ({ ...row, time: BigInt(row.time) }));
      const { rows } = await bench.read("weather.avro");
      const text = (list: readonly object[]): string[] => list.map((row) => Object.values(row).join()).sort();
      if (name === "weather-sorted") expect(rows.length).toBeGreaterThan(0);
      else expect(text(rows)).toEqual(text(expected));
    },
  );
});
