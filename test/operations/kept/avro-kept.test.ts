import { expect, test } from "vitest";
import { openCache } from "../../../src/index.js";
import { RawTable } from "./raw-table.js";

const SCHEMA = {
  type: "record" as const,
  name: "Order",
  fields: [
    { name: "id", type: "long" as const },
    { name: "amount", type: "double" as const },
    { name: "note", type: ["null", "string"] as ["null", "string"], default: null },
  ],
};

const ORDERS = Array.from({ length: 500 }, (_, id) => ({
  id: id === 400 ? 5_000_000_000 : id,
  amount: id / 4,
  note: id % 3 === 0 ? null : `n${id}`,
}));

test("an Avro file is read as another schema, for as long as it is in the table", async () => {
  const table = await RawTable.make("(id BIGINT, amount DOUBLE, text STRING, kind STRING)");
  await table.writeAvro("a.avro", SCHEMA, ORDERS);
  const avroSchema = JSON.stringify({
    type: "record",
    name: "Order",
    fields: [
      { name: "text", aliases: ["note"], type: ["null", "string"], default: null },
      { name: "kind", type: "string", default: "old" },
      { name: "id", type: "long" },
    ],
  });
  await table.lake.ingest([table.file("a.avro")], { into: "t", as: "avro", avroSchema });
  const query =
    "SELECT count(*) AS n, count(text) AS texts, count(amount) AS amounts, min(kind) AS kind FROM t";
  const rows = [{ n: 500n, texts: 333n, amounts: 0n, kind: "old" }];
  expect(await table.rows(query)).toEqual(rows);
  await table.wipe();
  expect(await table.rows(query)).toEqual(rows);
});

test("what of an Avro file does not fit is rescued, the same in every copy", async () => {
  const table = await RawTable.make("(id INT, amount DOUBLE, _rescued_data STRING)");
  await table.writeAvro("a.avro", SCHEMA, ORDERS);
  const report = await table.lake.ingest([table.file("a.avro")], { into: "t", as: "avro" });
  expect(report.rescued).toEqual({ rows: 333n, records: 0n });
  const query = "SELECT * FROM t ORDER BY amount";
  const rows = await table.rows(query);
  expect(rows.length).toBe(500);
  expect(rows[400]).toMatchObject({ id: null, amount: 100 });
  expect(JSON.parse(String(rows[400]?.["_rescued_data"]))).toMatchObject({
    row: 401,
    values: { id: 5_000_000_000, note: "n400" },
  });
  await table.wipe();
  expect(await table.rows(query)).toEqual(rows);
});

test("a query that is cancelled while copies are made leaves none half made", async () => {
  const table = await RawTable.make("(id BIGINT, amount DOUBLE, note STRING)");
  await table.landAvro("a.avro", SCHEMA, ORDERS);
  const cancelled = new AbortController();
  const reason = new Error("enough");
  const t = await table.lake.table("t");
  const running = t.scan({ signal: cancelled.signal });
  cancelled.abort(reason);
  await expect(running.then((result) => result.toArray())).rejects.toMatchObject({ kind: "cancelled" });
  expect((await openCache({ directory: table.file("cache") }).usage()).files).toBeLessThanOrEqual(1);
  expect(await table.rows("SELECT count(*) AS n, sum(amount) AS s FROM t")).toEqual([
    { n: 500n, s: 31_187.5 },
  ]);
});
