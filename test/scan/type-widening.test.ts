import { describe, expect, test } from "vitest";
import { array, field, HandmadeTable, map, struct } from "./handmade-table.js";

/** Metadata of a column that was widened (PROTOCOL.md, "Type Change Metadata"). */
function widened(
  fromType: string,
  toType: string,
): { readonly "delta.typeChanges": readonly { readonly fromType: string; readonly toType: string }[] } {
  return { "delta.typeChanges": [{ fromType, toType }] };
}

describe("columns that were widened", () => {
  test("read as the table's type from every file", async () => {
    const table = await HandmadeTable.make();
    const fields = [
      field("k", "long", widened("byte", "long")),
      field("f", "double", widened("float", "double")),
      field("d", "timestamp_ntz", widened("date", "timestamp_ntz")),
      field("m", "decimal(20,4)", widened("integer", "decimal(20,4)")),
      field("l", array("long")),
      field("s", struct(field("a", "double"), field("b", map("string", "long")))),
    ];
    await table.commit({ fields }, [
      await table.file(`SELECT 1::TINYINT AS k, 0.5::FLOAT AS f, DATE '2024-02-29' AS d, 7::INTEGER AS m,
        [1, NULL]::SMALLINT[] AS l, {'a': 1::INTEGER, 'b': MAP {'k': 1::TINYINT}} AS s`),
      await table.file(`SELECT 5000000000::BIGINT AS k, 0.1::DOUBLE AS f, TIMESTAMP '2024-02-29 01:02:03' AS d, 1.25::DECIMAL(20,4) AS m,
        [5000000000]::BIGINT[] AS l, {'a': 0.1::DOUBLE, 'b': MAP {'k': 5000000000::BIGINT}} AS s`),
    ]);
    expect(await table.rows("SELECT k, f, d::VARCHAR AS d, m::VARCHAR AS m, l, s FROM t ORDER BY k")).toEqual(
      [
        {
          k: 1n,
          f: 0.5,
          d: "2024-02-29 00:00:00",
          m: "7.0000",
          l: [1n, null],
          s: { a: 1, b: new Map([["k", 1n]]) },
        },
        {
          k: 5_000_000_000n,
          f: 0.1,
          d: "2024-02-29 01:02:03",
          m: "1.2500",
          l: [5_000_000_000n],
          s: { a: 0.1, b: new Map([["k", 5_000_000_000n]]) },
        },
      ],
    );
    expect(await table.rows("SELECT DISTINCT typeof(k) AS k, typeof(d) AS d, typeof(s) AS s FROM t")).toEqual(
      [{ k: "BIGINT", d: "TIMESTAMP", s: "STRUCT(a DOUBLE, b MAP(VARCHAR, BIGINT))" }],
    );
  });

  test("skip files by statistics from before, and no file too many", async () => {
    const table = await HandmadeTable.make();
    const fields = [
      field("k", "long", widened("short", "long")),
      field("f", "double", widened("float", "double")),
      field("d", "timestamp_ntz", widened("date", "timestamp_ntz")),
      field("m", "decimal(12,2)", widened("integer", "decimal(12,2)")),
    ];
    const stats = (min: string, max: string): { readonly stats: string } => ({
      stats: `{"numRecords":1,"minValues":${min},"maxValues":${max},"nullCount":{"k":0,"f":0,"d":0,"m":0}}`,
    });
    const old = `{"k":7,"f":0.1,"d":"2024-02-29","m":7}`;
    const current = `{"k":5000000000,"f":5.5,"d":"2024-03-01T01:02:03.000","m":8.25}`;
    await table.commit({ fields }, [
      await table.file(
        "SELECT 7::SMALLINT AS k, 0.1::FLOAT AS f, DATE '2024-02-29' AS d, 7::INTEGER AS m",
        stats(old, old),
      ),
      await table.file(
        "SELECT 5000000000 AS k, 5.5::DOUBLE AS f, TIMESTAMP '2024-03-01 01:02:03' AS d, 8.25::DECIMAL(12,2) AS m",
        stats(current, current),
      ),
    ]);
    for (const [where, k, read] of [
      ["k = 7", 7n, 1n],
      ["k > 6000000", 5_000_000_000n, 1n],
      ["f < 0.2", 7n, 2n],
      ["f = 0.1::FLOAT::DOUBLE", 7n, 2n],
      ["d = TIMESTAMP '2024-02-29'", 7n, 1n],
      ["d >= TIMESTAMP '2024-03-01 01:02:03'", 5_000_000_000n, 1n],
      ["m = 7", 7n, 1n],
      ["m = 8.25", 5_000_000_000n, 1n],
    ] as const) {
      expect([where, await table.rows(`SELECT k FROM t WHERE ${where}`)]).toEqual([where, [{ k }]]);
      expect([where, await table.localRows(`EXPLAIN SELECT k FROM t WHERE ${where}`)]).toMatchObject([
        where,
        [{ files_read: read }],
      ]);
    }
  });

  test("partition a table by the texts of the old type", async () => {
    const table = await HandmadeTable.make();
    const fields = [
      field("v", "long"),
      field("d", "timestamp_ntz", widened("date", "timestamp_ntz")),
      field("m", "decimal(12,2)", widened("integer", "decimal(12,2)")),
    ];
    await table.commit({ fields, partitionColumns: ["d", "m"] }, [
      await table.file("SELECT 1::BIGINT AS v", { partitionValues: { d: "2024-02-29", m: "7" } }),
      await table.file("SELECT 2::BIGINT AS v", { partitionValues: { d: "2024-02-29 01:00:00", m: "7.50" } }),
    ]);
    expect(
      await table.rows("SELECT v, d::VARCHAR AS d, m::VARCHAR AS m FROM t WHERE m > 6 ORDER BY v"),
    ).toEqual([
      { v: 1n, d: "2024-02-29 00:00:00", m: "7.00" },
      { v: 2n, d: "2024-02-29 01:00:00", m: "7.50" },
    ]);
    expect(await table.rows("SELECT v FROM t WHERE d = TIMESTAMP '2024-02-29'")).toEqual([{ v: 1n }]);
  });

  test("are refused where a file has another type, if the query needs them", async () => {
    const table = await HandmadeTable.make();
    await table.commit({ fields: [field("a", "long"), field("b", "long")] }, [
      await table.file("SELECT 1::BIGINT AS a, 'x' AS b"),
      await table.file("SELECT 2::BIGINT AS a, 3::BIGINT AS b"),
    ]);
    await expect(table.rows("SELECT b FROM t")).rejects.toMatchObject({
      kind: "corrupt",
      code: "data-file-type",
      message: expect.stringContaining('column "b" is VARCHAR in a data file'),
    });
    expect(await table.rows("SELECT a FROM t ORDER BY a")).toEqual([{ a: 1n }, { a: 2n }]);
  });
});

describe("types of other writers", () => {
  test("char(n), varchar(n), void and variant are read", async () => {
    const table = await HandmadeTable.make();
    const char = { __CHAR_VARCHAR_TYPE_STRING: "char(3)" };
    const fields = [
      field("c", "string", char),
      field("v", "varchar(3)"),
      field("n", "void"),
      field("x", "variant"),
      field("y", "variant"),
    ];
    const bytes = "{'value': '\\x0C\\x05'::BLOB, 'metadata': '\\x01\\x00\\x00'::BLOB}";
    await table.commit({ fields }, [
      await table.file(`SELECT 'ab' AS c, 'ab' AS v, {'a': 1}::VARIANT AS x, ${bytes} AS y`, {
        stats: `{"numRecords":1,"minValues":{"c":"ab"},"maxValues":{"c":"ab"},"nullCount":{"c":0}}`,
      }),
      await table.file("SELECT 'abc' AS c"),
    ]);
    expect(await table.rows("SELECT * FROM t ORDER BY c")).toEqual([
      { c: "ab ", v: "ab", n: null, x: '{"a":1}', y: "5" },
      { c: "abc", v: null, n: null, x: null, y: null },
    ]);
    expect(await table.rows("SELECT c FROM t WHERE c = 'ab '")).toEqual([{ c: "ab " }]);
    const batches = await table.lake.sql(`SELECT x FROM delta.\`${table.folder}\` WHERE c = 'ab '`);
    for await (const batch of batches.batches()) expect(batch.getChild("x")?.get(0)).toBe('{"a":1}');
  });

  test.each(["interval year to month", "geometry(4326)", "map_of_things"])(
    "%s is refused by name",
    async (type) => {
      const table = await HandmadeTable.make();
      await table.commit({ fields: [field("a", "long"), field("strange", type)] }, []);
      await expect(table.rows("SELECT a FROM t")).rejects.toMatchObject({
        kind: "unsupported",
        message: expect.stringMatching(new RegExp(`strange.*${type.replace(/[()]/g, ".")}`)),
      });
    },
  );

  test("a struct without fields is refused by name", async () => {
    const table = await HandmadeTable.make();
    await table.commit({ fields: [field("a", "long"), field("hollow", struct())] }, []);
    await expect(table.rows("SELECT a FROM t")).rejects.toMatchObject({
      kind: "unsupported",
      message: expect.stringContaining('"hollow"'),
    });
  });
});
