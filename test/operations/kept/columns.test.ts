import { describe, expect, test } from "vitest";
import { RawTable } from "./raw-table.js";

const SCHEMA = {
  type: "record" as const,
  name: "Order",
  fields: [
    { name: "id", type: "long" as const },
    { name: "customer", type: ["null", "string"] as ["null", "string"] },
    {
      name: "place",
      type: { type: "record" as const, name: "Place", fields: [{ name: "city", type: "string" as const }] },
    },
    { name: "rank", type: "int" as const },
  ],
};

const ORDERS = [
  { id: 1, customer: "Ada", place: { city: "Oslo" }, rank: 7 },
  { id: 2, customer: null, place: { city: "Bonn" }, rank: 8 },
];

describe("the columns of raw files", () => {
  test("are those of the table, beside Parquet and JSONL files", async () => {
    const table = await RawTable.make("(id BIGINT, customer STRING, place STRUCT<city: STRING>, rank INT)");
    await table.landAvro("a.avro", SCHEMA, ORDERS);
    await table.landRows("b.jsonl", [{ id: 3, place: { city: "Rome" }, rank: 9 }]);
    await table.lake.sql("INSERT INTO t VALUES (4, 'Eve', {city: 'Kiel'}, 10)");
    expect(await table.rows("SELECT id, customer, place.city AS city, rank FROM t ORDER BY id")).toEqual([
      { id: 1n, customer: "Ada", city: "Oslo", rank: 7 },
      { id: 2n, customer: null, city: "Bonn", rank: 8 },
      { id: 3n, customer: null, city: "Rome", rank: 9 },
      { id: 4n, customer: "Eve", city: "Kiel", rank: 10 },
    ]);
    expect(await table.rows("SELECT id FROM t WHERE place.city = 'Bonn'")).toEqual([{ id: 2n }]);
  });

  for (const mode of ["name", "id"]) {
    test(`are mapped by ${mode}, and follow renames, drops and additions`, async () => {
      const table = await RawTable.make(
        `(id BIGINT, customer STRING, place STRUCT<city: STRING>, rank INT) TBLPROPERTIES ('delta.columnMapping.mode' = '${mode}')`,
      );
      await table.landAvro("a.avro", SCHEMA, ORDERS);
      await table.landRows("b.jsonl", [{ id: 3, place: { city: "Rome" }, customer: "Bob" }]);
      await table.lake.sql("ALTER TABLE t RENAME COLUMN customer TO buyer");
      await table.lake.sql("ALTER TABLE t RENAME COLUMN place.city TO town");
      await table.lake.sql("ALTER TABLE t DROP COLUMN rank");
      await table.lake.sql("ALTER TABLE t ADD COLUMN customer BIGINT");
      await table.landRows("c.jsonl", [{ id: 4, buyer: "Eve", customer: 7, place: { town: "Kiel" } }]);
      const rows = [
        { id: 1n, buyer: "Ada", town: "Oslo", customer: null },
        { id: 2n, buyer: null, town: "Bonn", customer: null },
        { id: 3n, buyer: "Bob", town: "Rome", customer: null },
        { id: 4n, buyer: "Eve", town: "Kiel", customer: 7n },
      ];
      const query = "SELECT id, buyer, place.town AS town, customer FROM t ORDER BY id";
      expect(await table.rows(query)).toEqual(rows);
      await table.wipe();
      expect(await table.rows(query)).toEqual(rows);
      expect((await (await table.lake.table("t")).fsck({ deep: true })).findings).toEqual([]);
      await table.lake.sql("OPTIMIZE t");
      expect(await table.rows(query)).toEqual(rows);
    });
  }

  test("keep the types that they landed with when the table's become wider", async () => {
    const table = await RawTable.make(
      "(id INT, amount FLOAT) TBLPROPERTIES ('delta.enableTypeWidening' = 'true')",
    );
    await table.landRows("a.jsonl", [{ id: 2_147_483_647, amount: 0.5 }]);
    await table.lake.sql("ALTER TABLE t ALTER COLUMN id TYPE BIGINT");
    await table.lake.sql("ALTER TABLE t ALTER COLUMN amount TYPE DOUBLE");
    await table.landRows("b.jsonl", [{ id: 2_147_483_648, amount: 0.1 }]);
    await table.wipe();
    const rows = [
      { id: 2_147_483_647n, amount: 0.5 },
      { id: 2_147_483_648n, amount: 0.1 },
    ];
    expect(await table.rows("SELECT id, amount FROM t ORDER BY id")).toEqual(rows);
    await table.lake.sql("OPTIMIZE t");
    expect(await table.rows("SELECT id, amount FROM t ORDER BY id")).toEqual(rows);
  });

  test("are checked by the table's rules", async () => {
    const table = await RawTable.make("(id BIGINT NOT NULL, amount DOUBLE)");
    await table.lake.sql("ALTER TABLE t ADD CONSTRAINT positive CHECK (amount > 0)");
    await expect(
      table.landRows("a.jsonl", [
        { id: 1, amount: 1 },
        { id: 2, amount: -1 },
      ]),
    ).rejects.toMatchObject({
      message: expect.stringContaining("amount > 0"),
    });
    await expect(table.landRows("b.jsonl", [{ id: 1, amount: 1 }, { amount: 1 }])).rejects.toMatchObject({
      message: expect.stringContaining("id"),
    });
    await table.landRows("c.jsonl", [{ id: 1, amount: 1 }]);
    expect(await table.rows("SELECT id FROM t")).toEqual([{ id: 1n }]);
  });

  test("cannot be made for a file that does not hold them", async () => {
    const definitions = [
      ["(id BIGINT, twice BIGINT GENERATED ALWAYS AS (id * 2))", "twice is generated"],
      ["(id BIGINT, n BIGINT GENERATED ALWAYS AS IDENTITY)", "n is numbered"],
      ["(id BIGINT, kind STRING DEFAULT 'x')", "kind has a default"],
    ] as const;
    for (const [definition, why] of definitions) {
      const table = await RawTable.make(definition);
      await expect(table.landRows("a.jsonl", [{ id: 1 }])).rejects.toMatchObject({
        code: "kept-column",
        message: expect.stringContaining(why),
      });
    }
  });
});

describe("partitions of raw files", () => {
  test("are those of their rows, of which there is one a file", async () => {
    const table = await RawTable.make("(id BIGINT, day DATE, kind STRING) PARTITIONED BY (day, kind)");
    const landed = await table.landRows("a.jsonl", [
      { id: 1, day: "2024-01-02", kind: "a/b" },
      { id: 2, day: "2024-01-02", kind: "a/b" },
    ]);
    expect(landed.add?.partitionValues).toEqual({ day: "2024-01-02", kind: "a/b" });
    await table.landRows("b.jsonl", [{ id: 3, day: null }]);
    await expect(
      table.landRows("c.jsonl", [
        { id: 4, day: "2024-01-02", kind: "a" },
        { id: 5, day: "2024-01-03", kind: "a" },
      ]),
    ).rejects.toMatchObject({ code: "kept-partitions" });
    const rows = [
      { id: 1n, day: "2024-01-02", kind: "a/b" },
      { id: 2n, day: "2024-01-02", kind: "a/b" },
      { id: 3n, day: null, kind: null },
    ];
    const query = "SELECT id, day::VARCHAR AS day, kind FROM t ORDER BY id";
    expect(await table.rows(query)).toEqual(rows);
    expect(await table.rows("SELECT id FROM t WHERE day = DATE '2024-01-02' AND id > 1")).toEqual([
      { id: 2n },
    ]);
    expect((await (await table.lake.table("t")).fsck({ deep: true })).findings).toEqual([]);
    await table.lake.sql("OPTIMIZE t");
    expect(await table.rows(query)).toEqual(rows);
  });
});
