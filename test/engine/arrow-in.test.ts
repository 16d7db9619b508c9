import * as arrow from "apache-arrow";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isLakeError, type LakeError } from "../../core/index.js";
import { Engine, engineTypeOfArrow, type Row } from "../../engine/index.js";

let engine: Engine;

beforeAll(async () => {
  engine = await Engine.open({ threads: 2 });
});

afterAll(async () => {
  await engine.close();
});

const NULLS = Uint8Array.of(0b0101);

/** Data of three values, the second of which is null. */
function threeOf(type: arrow.DataType, props: object): arrow.Data {
  return arrow.makeData({ type, length: 3, nullBitmap: NULLS, ...props } as never);
}

function batchOf(...columns: arrow.Data[]): arrow.RecordBatch {
  const fields = columns.map((data, index) => new arrow.Field(`c${index}`, data.type, true));
  const type = new arrow.Struct(fields);
  const length = columns[0]?.length ?? 0;
  return new arrow.RecordBatch(
    new arrow.Schema(fields),
    arrow.makeData({ type, length, nullCount: 0, children: columns }),
  );
}

/** The column as the engine has it: the type and the values' texts. */
async function load(...batches: arrow.RecordBatch[]): Promise<{ type: unknown; values: unknown[] }> {
  const schema = batches[0]?.schema ?? new arrow.Schema([]);
  return engine.withSession(async (session) => {
    await session.loadArrow("loaded", schema, batches);
    const [described] = await session.rows("DESCRIBE loaded");
    const rows: Row[] = await session.rows("SELECT c0::VARCHAR AS v FROM loaded");
    return { type: described?.["column_type"], values: rows.map((row) => row["v"]) };
  });
}

async function failureOf(work: Promise<unknown>): Promise<LakeError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isLakeError(error)) throw new Error(`expected a LakeError, got ${String(error)}`);
  return error;
}

const bytes = (text: string): Uint8Array => Buffer.from(text);
const LONG = "longer than twelve bytes";

function views(...values: string[]): { views: Uint8Array; variadicBuffers: Uint8Array[] } {
  const heap = Buffer.from(values.filter((value) => value.length > 12).join(""));
  const view = Buffer.alloc(values.length * 16);
  let offset = 0;
  for (const [row, value] of values.entries()) {
    view.writeUInt32LE(value.length, row * 16);
    view.write(value.slice(0, 12), row * 16 + 4);
    if (value.length <= 12) continue;
    view.writeUInt32LE(0, row * 16 + 8);
    view.writeUInt32LE(offset, row * 16 + 12);
    offset += value.length;
  }
  return { views: view, variadicBuffers: [heap] };
}

const item = (type: arrow.DataType): arrow.Field => new arrow.Field("item", type, true);
const ints = (...values: number[]): arrow.Data =>
  arrow.makeData({ type: new arrow.Int32(), data: Int32Array.from(values) });
const time = (hour: number): bigint => BigInt(hour) * 3_600n;

const CASES: readonly (readonly [string, arrow.Data, string, string | null, string | null])[] = [
  ["Bool", threeOf(new arrow.Bool(), { data: Uint8Array.of(0b100) }), "BOOLEAN", "false", "true"],
  ["Int8", threeOf(new arrow.Int8(), { data: Int8Array.of(-128, 0, 127) }), "TINYINT", "-128", "127"],
  [
    "Uint64",
    threeOf(new arrow.Uint64(), { data: BigUint64Array.of(0n, 0n, 2n ** 64n - 1n) }),
    "UBIGINT",
    "0",
    `${2n ** 64n - 1n}`,
  ],
  [
    "Float16",
    threeOf(new arrow.Float16(), { data: Uint16Array.of(0x3c00, 0, 0xc500) }),
    "FLOAT",
    "1.0",
    "-5.0",
  ],
  [
    "Float16 subnormal",
    threeOf(new arrow.Float16(), { data: Uint16Array.of(0x7c00, 0, 0x0001) }),
    "FLOAT",
    "inf",
    "5.9604645e-08",
  ],
  [
    "Float64",
    threeOf(new arrow.Float64(), { data: Float64Array.of(Number.NaN, 0, -0) }),
    "DOUBLE",
    "nan",
    "-0.0",
  ],
  [
    "Decimal256",
    threeOf(new arrow.Decimal(2, 38, 256), {
      data: Uint32Array.of(100, 0, 0, 0, 0, 0, 0, 0, ...new Array(8).fill(0), ...new Array(8).fill(-1)),
    }),
    "DECIMAL(38,2)",
    "1.00",
    "-0.01",
  ],
  [
    "Decimal128 of 4 digits",
    threeOf(new arrow.Decimal(2, 4, 128), {
      data: Uint32Array.of(9999, 0, 0, 0, 7, 7, 7, 7, -9999, -1, -1, -1),
    }),
    "DECIMAL(4,2)",
    "99.99",
    "-99.99",
  ],
  [
    "Utf8",
    threeOf(new arrow.Utf8(), { valueOffsets: Int32Array.of(0, 2, 3, 27), data: bytes(`ab?${LONG}`) }),
    "VARCHAR",
    "ab",
    LONG,
  ],
  [
    "Utf8 with bytes under a null that are not text",
    threeOf(new arrow.Utf8(), {
      valueOffsets: Int32Array.of(0, 24, 25, 49),
      data: Buffer.concat([bytes(LONG), Buffer.of(0xff), bytes(LONG)]),
    }),
    "VARCHAR",
    LONG,
    LONG,
  ],
  [
    "LargeUtf8",
    threeOf(new arrow.LargeUtf8(), {
      valueOffsets: BigInt64Array.of(0n, 2n, 2n, 26n),
      data: bytes(`ab${LONG}`),
    }),
    "VARCHAR",
    "ab",
    LONG,
  ],
  [
    "Utf8View",
    threeOf(new arrow.Utf8View(), views("exactly 12 b", LONG, LONG)),
    "VARCHAR",
    "exactly 12 b",
    LONG,
  ],
  [
    "Binary",
    threeOf(new arrow.Binary(), { valueOffsets: Int32Array.of(0, 2, 2, 3), data: Uint8Array.of(0, 255, 65) }),
    "BLOB",
    "\\x00\\xFF",
    "A",
  ],
  [
    "LargeBinary",
    threeOf(new arrow.LargeBinary(), {
      valueOffsets: BigInt64Array.of(0n, 1n, 1n, 1n),
      data: Uint8Array.of(254),
    }),
    "BLOB",
    "\\xFE",
    "",
  ],
  ["BinaryView", threeOf(new arrow.BinaryView(), views("a", "b", LONG)), "BLOB", "a", LONG],
  ["FixedSizeBinary", threeOf(new arrow.FixedSizeBinary(2), { data: bytes("abcdef") }), "BLOB", "ab", "ef"],
  [
    "Date32",
    threeOf(new arrow.DateDay(), { data: Int32Array.of(-1, 0, 19782) }),
    "DATE",
    "1969-12-31",
    "2024-02-29",
  ],
  [
    "Date64",
    threeOf(new arrow.DateMillisecond(), { data: BigInt64Array.of(-86_400_000n, 5n, 0n) }),
    "DATE",
    "1969-12-31",
    "1970-01-01",
  ],
  [
    "Time32 s",
    threeOf(new arrow.TimeSecond(), { data: Int32Array.of(1, 0, 86_399) }),
    "TIME",
    "00:00:01",
    "23:59:59",
  ],
  [
    "Time32 ms",
    threeOf(new arrow.TimeMillisecond(), { data: Int32Array.of(1, 0, 86_399_999) }),
    "TIME",
    "00:00:00.001",
    "23:59:59.999",
  ],
  [
    "Time64 us",
    threeOf(new arrow.TimeMicrosecond(), { data: BigInt64Array.of(1n, 0n, 0n) }),
    "TIME",
    "00:00:00.000001",
    "00:00:00",
  ],
  [
    "Time64 ns",
    threeOf(new arrow.TimeNanosecond(), { data: BigInt64Array.of(1n, 0n, 0n) }),
    "TIME_NS",
    "00:00:00.000000001",
    "00:00:00",
  ],
  [
    "Timestamp s",
    threeOf(new arrow.TimestampSecond(), { data: BigInt64Array.of(0n, 0n, time(1)) }),
    "TIMESTAMP_S",
    "1970-01-01 00:00:00",
    "1970-01-01 01:00:00",
  ],
  [
    "Timestamp ms",
    threeOf(new arrow.TimestampMillisecond(), { data: BigInt64Array.of(-1n, 0n, 1n) }),
    "TIMESTAMP_MS",
    "1969-12-31 23:59:59.999",
    "1970-01-01 00:00:00.001",
  ],
  [
    "Timestamp ns",
    threeOf(new arrow.TimestampNanosecond(), { data: BigInt64Array.of(-1n, 0n, 1n) }),
    "TIMESTAMP_NS",
    "1969-12-31 23:59:59.999999999",
    "1970-01-01 00:00:00.000000001",
  ],
  [
    "Timestamp s of a zone",
    threeOf(new arrow.TimestampSecond("Europe/Paris"), { data: BigInt64Array.of(0n, 0n, time(1)) }),
    "TIMESTAMP WITH TIME ZONE",
    "1970-01-01 00:00:00+00",
    "1970-01-01 01:00:00+00",
  ],
  [
    "Timestamp ns of a zone",
    threeOf(new arrow.TimestampNanosecond("UTC"), { data: BigInt64Array.of(1000n, 1n, -1000n) }),
    "TIMESTAMP WITH TIME ZONE",
    "1970-01-01 00:00:00.000001+00",
    "1969-12-31 23:59:59.999999+00",
  ],
  [
    "Duration s",
    threeOf(new arrow.DurationSecond(), { data: BigInt64Array.of(time(25), 0n, -1n) }),
    "INTERVAL",
    "25:00:00",
    "-00:00:01",
  ],
  [
    "Duration ns",
    threeOf(new arrow.DurationNanosecond(), { data: BigInt64Array.of(1000n, 1n, 0n) }),
    "INTERVAL",
    "00:00:00.000001",
    "00:00:00",
  ],
  [
    "Interval months",
    threeOf(new arrow.IntervalYearMonth(), { data: Int32Array.of(14, 0, -1) }),
    "INTERVAL",
    "1 year 2 months",
    "-1 month",
  ],
  [
    "Interval days",
    threeOf(new arrow.IntervalDayTime(), { data: Int32Array.of(1, 500, 0, 0, -1, 0) }),
    "INTERVAL",
    "1 day 00:00:00.5",
    "-1 day",
  ],
  ["Null", arrow.makeData({ type: new arrow.Null(), length: 3 }), "INTEGER", null, null],
  [
    "List",
    threeOf(new arrow.List(item(new arrow.Int32())), {
      valueOffsets: Int32Array.of(0, 2, 3, 4),
      child: ints(1, 2, 3, 4),
    }),
    "INTEGER[]",
    "[1, 2]",
    "[4]",
  ],
  [
    "LargeList",
    threeOf(new arrow.LargeList(item(new arrow.Int32())), {
      valueOffsets: BigInt64Array.of(1n, 2n, 3n, 3n),
      child: ints(1, 2, 3),
    }),
    "INTEGER[]",
    "[2]",
    "[]",
  ],
  [
    "FixedSizeList",
    threeOf(new arrow.FixedSizeList(2, item(new arrow.Int32())), { child: ints(1, 2, 3, 4, 5, 6) }),
    "INTEGER[2]",
    "[1, 2]",
    "[5, 6]",
  ],
  [
    "Dictionary",
    threeOf(new arrow.Dictionary(new arrow.Utf8(), new arrow.Int8()), {
      data: Int8Array.of(1, 0, 0),
      dictionary: arrow.vectorFromArray([LONG, "b"], new arrow.Utf8()),
    }),
    "VARCHAR",
    "b",
    LONG,
  ],
  [
    "Dictionary of booleans in two parts",
    threeOf(new arrow.Dictionary(new arrow.Bool(), new arrow.Uint32()), {
      data: Uint32Array.of(3, 0, 0),
      dictionary: arrow
        .vectorFromArray([true, false], new arrow.Bool())
        .concat(arrow.vectorFromArray([true, false], new arrow.Bool())),
    }),
    "BOOLEAN",
    "false",
    "true",
  ],
  [
    "Dictionary with a null value",
    threeOf(new arrow.Dictionary(new arrow.LargeUtf8(), new arrow.Int32()), {
      data: Int32Array.of(1, 0, 0),
      dictionary: arrow.vectorFromArray(["a", null], new arrow.LargeUtf8()),
    }),
    "VARCHAR",
    null,
    "a",
  ],
];

describe("types", () => {
  it.each(CASES)("%s", async (_name, data, type, first, third) => {
    const batch = batchOf(data);
    expect(engineTypeOfArrow(new arrow.Field("c0", data.type))).toBe(type);
    expect(await load(batch)).toEqual({ type, values: [first, null, third] });
    // Slices with an offset into the bitmaps and buffers, more than once.
    expect((await load(batch.slice(2))).values).toEqual([third]);
    expect((await load(batch.slice(1).slice(1), batch.slice(0, 1))).values).toEqual([third, first]);
  });

  it("structs hide the members of a null", async () => {
    const type = new arrow.Struct([
      new arrow.Field("a", new arrow.Int32()),
      new arrow.Field("b c", new arrow.List(item(new arrow.Int32()))),
    ]);
    const lists = arrow.makeData({
      type: new arrow.List(item(new arrow.Int32())),
      valueOffsets: Int32Array.of(0, 1, 2, 3),
      child: ints(7, 8, 9),
    });
    const batch = batchOf(threeOf(type, { children: [ints(1, 2, 3), lists] }));
    expect(await load(batch)).toEqual({
      type: 'STRUCT(a INTEGER, "b c" INTEGER[])',
      values: ["{'a': 1, 'b c': [7]}", null, "{'a': 3, 'b c': [9]}"],
    });
    await engine.withSession(async (session) => {
      await session.loadArrow("t", batch.schema, [batch]);
      expect(await session.rows("SELECT c0.a AS a, c0['b c'] AS l FROM t")).toEqual([
        { a: 1, l: [7] },
        { a: null, l: null },
        { a: 3, l: [9] },
      ]);
    });
  });

  it("arrays of structs hide the members of a null", async () => {
    const struct = arrow.makeData({
      type: new arrow.Struct([new arrow.Field("a", new arrow.Int32())]),
      children: [ints(1, 2, 3)],
    });
    const batch = batchOf(threeOf(new arrow.FixedSizeList(1, item(struct.type)), { child: struct }));
    await engine.withSession(async (session) => {
      await session.loadArrow("t", batch.schema, [batch]);
      expect(await session.rows("SELECT c0[1].a AS a FROM t")).toEqual([{ a: 1 }, { a: null }, { a: 3 }]);
    });
  });

  it("maps, and unions sparse and dense", async () => {
    const entries = arrow.makeData({
      type: new arrow.Struct([
        new arrow.Field("keys", new arrow.Int32(), false),
        new arrow.Field("values", new arrow.Int32()),
      ]),
      children: [ints(1, 2, 3), ints(10, 20, 30)],
    });
    const map = new arrow.Map_(new arrow.Field("entries", entries.type as never, false), false);
    expect(
      await load(batchOf(threeOf(map, { valueOffsets: Int32Array.of(0, 2, 2, 3), child: entries }))),
    ).toEqual({
      type: "MAP(INTEGER, INTEGER)",
      values: ["{1=10, 2=20}", null, "{3=30}"],
    });
    const texts = arrow.vectorFromArray([LONG, null, "c"], new arrow.Utf8()).data[0];
    const children = [ints(1, 2, 3), ...(texts === undefined ? [] : [texts])];
    const fields = [new arrow.Field("n", new arrow.Int32()), new arrow.Field("s", new arrow.Utf8())];
    const sparse = arrow.makeData({
      type: new arrow.SparseUnion([5, 6], fields),
      typeIds: Int8Array.of(6, 5, 6),
      children,
    } as never);
    expect(await load(batchOf(sparse))).toEqual({
      type: "UNION(n INTEGER, s VARCHAR)",
      values: [LONG, "2", "c"],
    });
    expect((await load(batchOf(sparse).slice(1))).values).toEqual(["2", "c"]);
    const dense = arrow.makeData({
      type: new arrow.DenseUnion([0, 1], fields),
      typeIds: Int8Array.of(1, 0, 1),
      valueOffsets: Int32Array.of(2, 0, 0),
      children,
    } as never);
    expect((await load(batchOf(dense))).values).toEqual(["c", "1", LONG]);
    expect((await load(batchOf(dense).slice(1))).values).toEqual(["1", LONG]);
  });
});

describe("what cannot be held exactly", () => {
  it.each<[string, arrow.Data, string, string]>([
    [
      "77 digits",
      threeOf(new arrow.Decimal(0, 76, 256), { data: new Uint32Array(24) }),
      "unsupported",
      "arrow-type",
    ],
    [
      "a negative scale",
      threeOf(new arrow.Decimal(-2, 10, 128), { data: new Uint32Array(12) }),
      "unsupported",
      "arrow-type",
    ],
    [
      "more digits than declared",
      threeOf(new arrow.Decimal(0, 4, 128), {
        data: Uint32Array.of(10_000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
      }),
      "invalid-input",
      "arrow-value",
    ],
    [
      "a date with a time",
      threeOf(new arrow.DateMillisecond(), { data: BigInt64Array.of(1n, 0n, 0n) }),
      "invalid-input",
      "arrow-value",
    ],
    [
      "an instant in nanoseconds",
      threeOf(new arrow.TimestampNanosecond("UTC"), { data: BigInt64Array.of(1n, 0n, 0n) }),
      "invalid-input",
      "arrow-value",
    ],
    [
      "an instant far away",
      threeOf(new arrow.TimestampSecond("UTC"), { data: BigInt64Array.of(2n ** 60n, 0n, 0n) }),
      "invalid-input",
      "arrow-value",
    ],
    [
      "a string that is no text",
      threeOf(new arrow.Utf8(), { valueOffsets: Int32Array.of(0, 1, 1, 1), data: Uint8Array.of(0xff) }),
      "invalid-input",
      "arrow-value",
    ],
    [
      "a character cut in two",
      threeOf(new arrow.Utf8(), { valueOffsets: Int32Array.of(0, 1, 1, 2), data: bytes("\u00e9") }),
      "invalid-input",
      "arrow-value",
    ],
    [
      "a view that is no text",
      threeOf(new arrow.Utf8View(), {
        views: Uint8Array.from({ length: 48 }, (_, at) => (at === 0 ? 1 : at === 4 ? 0xff : 0)),
      }),
      "invalid-input",
      "arrow-value",
    ],
    [
      "offsets that go back",
      threeOf(new arrow.Utf8(), { valueOffsets: Int32Array.of(2, 1, 1, 3), data: bytes("abc") }),
      "corrupt",
      "arrow-batch",
    ],
    [
      "strings beyond the buffer",
      threeOf(new arrow.Utf8(), { valueOffsets: Int32Array.of(0, 1, 1, 99), data: bytes("abc") }),
      "corrupt",
      "arrow-batch",
    ],
    [
      "items beyond the list",
      threeOf(new arrow.List(item(new arrow.Int32())), {
        valueOffsets: Int32Array.of(0, 1, 1, 9),
        child: ints(1),
      }),
      "corrupt",
      "arrow-batch",
    ],
    ["too few values", threeOf(new arrow.Int32(), { data: Int32Array.of(1) }), "corrupt", "arrow-batch"],
    [
      "a key beyond the dictionary",
      threeOf(new arrow.Dictionary(new arrow.Utf8(), new arrow.Int8()), {
        data: Int8Array.of(9, 0, 0),
        dictionary: arrow.vectorFromArray(["a"], new arrow.Utf8()),
      }),
      "corrupt",
      "arrow-batch",
    ],
    ["a struct without fields", threeOf(new arrow.Struct([]), { children: [] }), "unsupported", "arrow-type"],
  ])("%s", async (_name, data, kind, code) => {
    await engine.withSession(async (session) => {
      const batch = batchOf(data);
      const error = await failureOf(session.loadArrow("t", batch.schema, [batch]));
      expect(error).toMatchObject({ kind, code, context: { column: "c0" } });
      expect(error.message).toContain("column c0");
      expect((await failureOf(session.rows("FROM t"))).code).toBe("engine-catalog");
    });
  });
});

describe("loading", () => {
  const schema = new arrow.Schema([
    new arrow.Field("i", new arrow.Int32()),
    new arrow.Field("s", new arrow.Utf8()),
  ]);
  const batch = new arrow.RecordBatch(
    schema,
    arrow.makeData({
      type: new arrow.Struct(schema.fields),
      children: [ints(...Array.from({ length: 5000 }, (_, row) => row)), stringsOf(5000)],
    }),
  );

  function stringsOf(count: number): arrow.Data {
    const [data] = arrow.vectorFromArray(
      Array.from({ length: count }, (_, row) => `row ${row} \u00e9\u{1f43b}`),
      new arrow.Utf8(),
    ).data;
    if (data === undefined) throw new Error("no data");
    return data;
  }

  it("takes batches of any size from a generator, as they come", () =>
    engine.withSession(async (session) => {
      async function* batches(): AsyncGenerator<arrow.RecordBatch> {
        yield batch;
        yield batch.slice(0, 0);
        yield batch.slice(4999);
      }
      expect(await session.loadArrow('odd "name"', schema, batches())).toBe(5001n);
      expect(
        await session.rows(`SELECT count(*) AS n, sum(i) AS i, min(s) AS s FROM "odd ""name"""`),
      ).toEqual([{ n: 5001n, i: 4999n * 2500n + 4999n, s: "row 0 \u00e9\u{1f43b}" }]);
    }));

  it("makes an empty table of no batches", () =>
    engine.withSession(async (session) => {
      expect(await session.loadArrow("t", schema, [])).toBe(0n);
      expect(await session.rows("FROM t")).toEqual([]);
    }));

  it("fails for a batch of other types, and leaves no table", () =>
    engine.withSession(async (session) => {
      const error = await failureOf(session.loadArrow("t", schema, [batch, batchOf(ints(1))]));
      expect(error).toMatchObject({ kind: "invalid-input", code: "arrow-batch" });
      expect((await failureOf(session.rows("FROM t"))).code).toBe("engine-catalog");
    }));

  it("never replaces a table", () =>
    engine.withSession(async (session) => {
      await session.execute("CREATE TEMP TABLE t AS SELECT 1 AS a");
      expect((await failureOf(session.loadArrow("t", schema, [batch]))).code).toBe("engine-catalog");
      expect(await session.rows("FROM t")).toEqual([{ a: 1 }]);
    }));

  it("stops between batches when its signal fires", () =>
    engine.withSession(async (session) => {
      const controller = new AbortController();
      let given = 0;
      function* endless(): Generator<arrow.RecordBatch> {
        for (;;) {
          if (++given === 3) controller.abort();
          yield batch;
        }
      }
      const error = await failureOf(session.loadArrow("t", schema, endless(), { signal: controller.signal }));
      expect([error.kind, given]).toEqual(["cancelled", 3]);
      expect((await failureOf(session.rows("FROM t"))).code).toBe("engine-catalog");
    }));

  it("hands on the failure of its source", () =>
    engine.withSession(async (session) => {
      function* broken(): Generator<arrow.RecordBatch> {
        yield batch;
        throw new RangeError("the source broke");
      }
      const error = await failureOf(session.loadArrow("t", schema, broken()));
      expect(error.message).toBe("the source broke");
      expect(error.cause).toBeInstanceOf(RangeError);
    }));

  it("spills a table larger than the memory limit", async () => {
    const small = await Engine.open({ memoryLimit: "64MB", threads: 1 });
    await small.withSession(async (session) => {
      function* many(): Generator<arrow.RecordBatch> {
        for (let round = 0; round < 800; round++) yield batch;
      }
      expect(await session.loadArrow("t", schema, many())).toBe(4_000_000n);
      expect(await session.rows("SELECT count(DISTINCT s) AS n FROM t")).toEqual([{ n: 5000n }]);
    });
    await small.close();
  });
});
