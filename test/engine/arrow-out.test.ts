import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type RecordBatch, RecordBatchStreamWriter, type Schema, Table, tableFromIPC } from "apache-arrow";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../engine/index.js";

let engine: Engine;

beforeAll(async () => {
  engine = await Engine.open({ threads: 2 });
});

afterAll(async () => {
  await engine.close();
});

async function query(sql: string): Promise<{ schema: Schema; batches: RecordBatch[] }> {
  return engine.withSession(async (session) => {
    const stream = await session.stream(sql);
    const batches = [];
    for await (const batch of stream.batches()) batches.push(batch);
    return { schema: stream.arrowSchema, batches };
  });
}

/** The values of the column `v` after a trip through the Arrow stream format. */
async function values(sql: string): Promise<unknown[]> {
  const { schema, batches } = await query(sql);
  const bytes = RecordBatchStreamWriter.writeAll(new Table(schema, batches)).toUint8Array(true);
  return Array.from(tableFromIPC(bytes).getChild("v") ?? [], (value) => plain(value));
}

function plain(value: unknown): unknown {
  if (
    value !== null &&
    typeof value === "object" &&
    "toJSON" in value &&
    typeof value.toJSON === "function"
  ) {
    return plain(value.toJSON());
  }
  if (Array.isArray(value)) return value.map(plain);
  if (ArrayBuffer.isView(value)) return Array.from(value as Uint8Array);
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, plain(entry)]));
  }
  return value;
}

describe("types", () => {
  it.each([
    ["[NULL]", "List<Int32>", [null]],
    ["true", "Bool", true],
    ["(-128)::TINYINT", "Int8", -128],
    ["255::UTINYINT", "Uint8", 255],
    ["(-32768)::SMALLINT", "Int16", -32768],
    ["65535::USMALLINT", "Uint16", 65535],
    ["(-2147483648)::INTEGER", "Int32", -2147483648],
    ["4294967295::UINTEGER", "Uint32", 4294967295],
    ["(-9223372036854775808)::BIGINT", "Int64", -9223372036854775808n],
    ["18446744073709551615::UBIGINT", "Uint64", 18446744073709551615n],
    ["0.5::FLOAT", "Float32", 0.5],
    ["-0.0::DOUBLE", "Float64", -0],
    ["'nan'::DOUBLE", "Float64", Number.NaN],
    ["''", "Utf8", ""],
    ["'caf\u00e9 \u{1f43b}'", "Utf8", "caf\u00e9 \u{1f43b}"],
    ["'\\x00\\xFF'::BLOB", "Binary", [0, 255]],
    ["'101'::BIT", "Utf8", "101"],
    ["'6f1d0b0e-0000-4000-8000-0123456789ab'::UUID", "Utf8", "6f1d0b0e-0000-4000-8000-0123456789ab"],
    ["'b'::ENUM('a', 'b')", "Utf8", "b"],
    ["'10:00:00+02'::TIMETZ", "Utf8", "10:00:00+02"],
    [
      "'123456789012345678901234567890123456789012345'::BIGNUM",
      "Utf8",
      "123456789012345678901234567890123456789012345",
    ],
    ["'2024-02-29'::DATE", "Date32<DAY>", Date.UTC(2024, 1, 29)],
    ["'00:00:01'::TIME", "Time64<MICROSECOND>", 1_000_000n],
    ["'00:00:00.000000001'::TIME_NS", "Time64<NANOSECOND>", 1n],
    ["'2024-01-01 00:00:00.5'::TIMESTAMP", "Timestamp<MICROSECOND>", Date.UTC(2024, 0, 1) + 500],
    ["'2024-01-01'::TIMESTAMP_S", "Timestamp<SECOND>", Date.UTC(2024, 0, 1)],
    ["'2024-01-01'::TIMESTAMP_MS", "Timestamp<MILLISECOND>", Date.UTC(2024, 0, 1)],
    ["'2024-01-01'::TIMESTAMP_NS", "Timestamp<NANOSECOND>", Date.UTC(2024, 0, 1)],
    ["'2024-01-01 02:00:00+02'::TIMESTAMPTZ", "Timestamp<MICROSECOND, UTC>", Date.UTC(2024, 0, 1)],
    ["[1, NULL, 3]", "List<Int32>", [1, null, 3]],
    ["[1, NULL]::INTEGER[2]", "FixedSizeList[2]<Int32>", [1, null]],
    ["{'a': 1, 'b': NULL}", "Struct<{a:Int32, b:Int32}>", { a: 1, b: null }],
    ["MAP {'k': 1.5::DOUBLE}", "Map<{key:Utf8, value:Float64}>", { k: 1.5 }],
    ["[[], NULL, [{'a': []}]]", "List<List<Struct<{a:List<Int32>}>>>", [[], null, [{ a: [] }]]],
  ])("%s is %s", async (sql, type, value) => {
    const statement = `SELECT * FROM (VALUES (${sql}), (NULL)) t(v)`;
    const { schema } = await query(statement);
    expect(String(schema.fields[0]?.type)).toBe(type);
    expect(await values(statement)).toEqual([value, null]);
  });

  it.each([
    ["(-99.99)::DECIMAL(4,2)", [-9999n, 4, 2]],
    ["(-9999999.99)::DECIMAL(9,2)", [-999999999n, 9, 2]],
    ["999999999999999.999::DECIMAL(18,3)", [999999999999999999n, 18, 3]],
    ["(-99999999999999999999999999999999999999)::DECIMAL(38,0)", [-(10n ** 38n - 1n), 38, 0]],
    ["99999999999999999999999999999999999999::HUGEINT", [10n ** 38n - 1n, 38, 0]],
    ["(-99999999999999999999999999999999999999)::HUGEINT", [-(10n ** 38n - 1n), 38, 0]],
    ["(-1)::HUGEINT", [-1n, 38, 0]],
    ["99999999999999999999999999999999999999::UHUGEINT", [10n ** 38n - 1n, 38, 0]],
  ])("%s is a decimal of 128 bits", async (sql, [unscaled, precision, scale]) => {
    const { schema, batches } = await query(`SELECT ${sql} AS v`);
    expect(schema.fields[0]?.type).toMatchObject({ precision, scale, bitWidth: 128 });
    const words: Uint32Array = batches[0]?.data.children[0]?.values ?? new Uint32Array(0);
    const value = [...words].reverse().reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);
    expect(BigInt.asIntN(128, value)).toBe(unscaled);
  });

  it("intervals are months, days and nanoseconds", async () => {
    const { batches } = await query("SELECT INTERVAL '-14 months 3 days -1 microsecond' AS v");
    const view = batches[0]?.data.children[0]?.values as Int32Array;
    expect([...view.subarray(0, 2), new BigInt64Array(view.buffer, view.byteOffset + 8, 1)[0]]).toEqual([
      -14,
      3,
      -1000n,
    ]);
  });

  it("unions are sparse unions", async () => {
    const sql =
      "SELECT union_value(n := 1)::UNION(n INTEGER, s VARCHAR) AS v UNION ALL SELECT union_value(s := 'x') UNION ALL SELECT NULL";
    expect(await values(sql)).toEqual([1, "x", null]);
  });

  it.each([
    ["170141183460469231731687303715884105727::HUGEINT", "decimal-range"],
    ["(-100000000000000000000000000000000000000)::HUGEINT", "decimal-range"],
    ["340282366920938463463374607431768211455::UHUGEINT", "decimal-range"],
    ["to_microseconds(9223372036854775)", undefined],
    ["to_microseconds(9223372036854776)", "interval-range"],
    ["1::VARIANT", "arrow-type"],
  ])("%s: %s", async (sql, code) => {
    const work = query(`SELECT ${sql} AS v`);
    if (code === undefined) await work;
    else await expect(work).rejects.toMatchObject({ kind: "unsupported", code });
  });
});

describe("nulls", () => {
  it("are told apart at every level", async () => {
    expect(
      await values(`SELECT * FROM (VALUES
        (1, NULL), (2, {'a': NULL, 'b': NULL}), (3, {'a': 1, 'b': [NULL, {'c': NULL}]}), (4, {'a': 2, 'b': []}),
        (5, {'a': 3, 'b': [NULL::STRUCT(c INTEGER)]})
      ) t(i, v) ORDER BY i`),
    ).toEqual([
      null,
      { a: null, b: null },
      { a: 1, b: [null, { c: null }] },
      { a: 2, b: [] },
      { a: 3, b: [null] },
    ]);
  });

  it("stay in place over chunks of any size", async () => {
    // A filter leaves chunks whose sizes are no multiples of eight.
    const sql = `SELECT CASE WHEN range % 3 = 0 THEN NULL ELSE range END AS v, range AS i, range % 5 = 0 AS b,
      CASE WHEN range % 7 = 0 THEN NULL WHEN range % 2 = 0 THEN 'n' || range ELSE 'a longer string ' || range END AS s
      FROM range(50000) WHERE hash(range) % 4 <> 0`;
    const { batches } = await query(sql);
    const table = new Table(batches);
    expect(table.numRows).toBeGreaterThan(30_000);
    const [v, i, b, s] = ["v", "i", "b", "s"].map((name) => table.getChild(name));
    for (let row = 0; row < table.numRows; row++) {
      const n: bigint = i?.get(row);
      const text = n % 2n === 0n ? `n${n}` : `a longer string ${n}`;
      expect([v?.get(row), b?.get(row), s?.get(row)]).toEqual([
        n % 3n === 0n ? null : n,
        n % 5n === 0n,
        n % 7n === 0n ? null : text,
      ]);
    }
  });
});

describe("batches", () => {
  it("end before their strings take more than 64 MiB", async () => {
    const { batches } = await query(
      "SELECT repeat('x', 15000) || range AS v, [repeat('y', 5000)] AS l FROM range(4200)",
    );
    expect(batches.reduce((sum, batch) => sum + batch.numRows, 0)).toBe(4200);
    for (const { data } of batches) expect(data.byteLength).toBeLessThan(65 * 1024 * 1024);
  });

  it("outlive the engine's chunks, their stream and their session", async () => {
    setFlagsFromString("--expose-gc");
    const collect: () => void = runInNewContext("gc");
    const kept: RecordBatch[] = [];
    const other = await Engine.open({ threads: 2, memoryLimit: "200MB" });
    await other.withSession(async (session) => {
      const sql =
        "SELECT range AS i, 'a string on the heap ' || range AS s, [range, NULL] AS l FROM range(100000)";
      for await (const batch of (await session.stream(sql)).batches()) {
        kept.push(batch);
        collect();
      }
      // Overwrites what the engine freed.
      await session.rows("SELECT count(DISTINCT repeat('z', 30) || range) FROM range(300000)");
    });
    await other.close();
    collect();
    const table = new Table(kept);
    expect(table.numRows).toBe(100_000);
    for (let row = 0; row < table.numRows; row += 97) {
      const i: bigint = table.getChild("i")?.get(row);
      expect(table.getChild("s")?.get(row)).toBe(`a string on the heap ${i}`);
      expect([...(table.getChild("l")?.get(row) ?? [])]).toEqual([i, null]);
    }
  });
});
