import { writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { RawTable } from "./raw-table.js";

test("ingest keeps Avro and JSONL files, in place or copied, and rewrites others", async () => {
  const table = await RawTable.make("(id BIGINT, name STRING)");
  await writeFile(table.file("a.jsonl"), '{"id":1,"name":"a"}\n{"id":2}\n');
  await writeFile(table.file("b.csv"), "id,name\n3,c\n");
  const report = await table.lake.ingest([table.file("a.jsonl"), table.file("b.csv")], {
    into: "t",
    as: "keep",
  });
  expect(report).toMatchObject({ rows: 3n, filesAdded: 2 });
  await writeFile(table.file("c.jsonl"), '{"id":4,"name":"d"}\n');
  await table.lake.ingest([table.file("c.jsonl")], { into: "t", as: "jsonl", inPlace: true });
  expect(
    await table.rows(
      "SELECT id, name, regexp_extract(_metadata.file_name, '[a-z]+$') AS kind FROM t ORDER BY id",
    ),
  ).toEqual([
    { id: 1n, name: "a", kind: "jsonl" },
    { id: 2n, name: null, kind: "jsonl" },
    { id: 3n, name: "c", kind: "parquet" },
    { id: 4n, name: "d", kind: "jsonl" },
  ]);
  await expect(
    table.lake.ingest([table.file("b.csv")], { into: "t", as: "avro", again: true }),
  ).rejects.toMatchObject({
    code: "kept-format",
  });
  expect((await (await table.lake.table("t")).fsck({ deep: true })).findings).toEqual([]);
});

test("ingest makes a new table of files that it keeps", async () => {
  const table = await RawTable.make("(id BIGINT)");
  await writeFile(table.file("a.jsonl"), '{"id":1,"name":"a"}\n{"id":2}\n');
  await table.lake.ingest([table.file("a.jsonl")], {
    into: "fresh",
    as: "jsonl",
    rescue: true,
    sourceColumn: true,
  });
  await writeFile(table.file("b.jsonl"), '{"id":"x","more":1,"name":"b"}\n{"id":5}\nbroken\n');
  const report = await table.lake.ingest([table.file("b.jsonl")], { into: "fresh", as: "jsonl" });
  expect(report).toMatchObject({ rows: 3n, rescued: { rows: 2n, records: 1n } });
  const query =
    "SELECT id, name, _rescued_data AS rescued, _source_file AS source FROM fresh ORDER BY source, id NULLS LAST, name";
  const before = await table.rows(query);
  expect(before.map(({ id, name }) => [id, name])).toEqual([
    [1n, "a"],
    [2n, null],
    [5n, null],
    [null, "b"],
    [null, null],
  ]);
  expect(before[3]?.["rescued"]).toMatch(/"values":\{("id":"x","more":1|"more":1,"id":"x")\}/);
  expect(before[4]?.["rescued"]).toMatch(/"record":"broken"/);
  await table.wipe();
  expect(await table.rows(query)).toEqual(before);
});
