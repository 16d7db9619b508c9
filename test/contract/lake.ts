import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type ObjectStore, objectPath } from "../../object-store/index.js";
import { type Lake, type LakeOptions, openLake, type Row } from "../../src/index.js";
import { AVRO_FILES, CODECS, expectedRows } from "../formats/avro-files.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** Where a lake is tried: nothing is there before a test. */
export interface LakePlace {
  /** The lake, as `openLake` takes it. */
  readonly lake: string;
  /** A folder, bucket or prefix beside it, for files to land. */
  readonly sources: string;
  /** The same folder as a store. */
  readonly store: ObjectStore;
  /** What `openLake` needs to reach them. */
  readonly options: LakeOptions;
}

type Rows = readonly Row[];

/**
 * What a lake promises, wherever it lies: landing, SQL, changes of rows, concurrency, time travel, checkpoints, fsck, the
 * ledger and watching.
 */
export function describeLake(name: string, create: () => Promise<LakePlace>): void {
  /** A lake with a cache of its own, as on another machine. */
  async function open({ lake, options }: LakePlace): Promise<Lake> {
    const directory = await temporaryFolder();
    const opened = await openLake(lake, { threads: 1, ...options, cache: { directory } });
    onTestFinished(() => opened.close());
    return opened;
  }

  async function put(
    { store, sources }: LakePlace,
    file: string,
    content: string | Uint8Array,
  ): Promise<string> {
    await store.put(
      objectPath(file),
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
    return `${sources}/${file}`;
  }

  async function rows(lake: Lake, text: string): Promise<Rows> {
    return (await lake.sql(text)).toArray();
  }

  async function run(lake: Lake, text: string): Promise<void> {
    for await (const result of lake.script(text)) await result.close();
  }

  async function expectSound(lake: Lake, table: string): Promise<void> {
    const report = await (await lake.table(table)).fsck({ deep: true });
    expect(report.findings).toEqual([]);
  }

  describe(`${name}: what a lake promises`, () => {
    test("files of every format land, each once, and answer", async () => {
      const place = await create();
      const lake = await open(place);
      const maker = await open(place);
      await run(maker, "CREATE TABLE made AS SELECT 5 AS id, 'e' AS name");
      const folder = await temporaryFolder();
      for (const [file, id] of [
        ["f.parquet", 6],
        ["g.arrow", 7],
      ] as const) {
        const result = await maker.sql(`SELECT ${id}::BIGINT AS id, 'x' AS name`);
        await result.writeTo(path.join(folder, file));
        await put(place, `raw/${file}`, await readFile(path.join(folder, file)));
      }
      await put(place, "raw/a.jsonl", '{"id":1,"name":"a"}\n{"id":2,"name":"b"}\n');
      await put(place, "raw/b.csv", "id,name\n3,c\n");
      await put(place, "raw/deeper/c.json", '[{"id":4,"name":"d"}]');
      await put(place, "raw/_hidden.jsonl", '{"id":99,"name":"no"}\n');
      const first = await lake.ingest([`${place.sources}/raw`], { into: "t" });
      expect(first).toMatchObject({ version: 0n, rows: 6n });
      expect(await rows(lake, "SELECT id FROM t ORDER BY id")).toEqual(
        [1n, 2n, 3n, 4n, 6n, 7n].map((id) => ({ id })),
      );
      // Another process, with nothing at hand, passes over what has landed.
      const other = await open(place);
      await put(place, "raw/new.jsonl", '{"id":8,"name":"h"}\n');
      const again = await other.ingest([`${place.sources}/raw`], { into: "t" });
      expect(again).toMatchObject({ version: 1n, rows: 1n });
      expect(await rows(lake, "SELECT count(*) AS n, sum(id) AS s FROM t")).toEqual([{ n: 7n, s: 31n }]);
      await expectSound(lake, "t");
    });

    test.each(CODECS)("Avro files (%s) land with equal values", async (codec) => {
      const place = await create();
      const lake = await open(place);
      const file = `fastavro-${codec}.avro`;
      const source = await put(place, file, await readFile(path.join(AVRO_FILES, file)));
      const landed = await lake.ingest([source], { into: "avro" });
      expect(Number(landed.rows)).toBe(expectedRows(AVRO_FILES).length);
      expect(await rows(lake, "SELECT count(*) AS n FROM avro")).toEqual([{ n: landed.rows }]);
    });

    test("a changed file follows the policy, wherever its bytes are", async () => {
      const place = await create();
      const lake = await open(place);
      const file = await put(place, "in/a.jsonl", '{"id":1,"v":"old"}\n');
      await lake.ingest([file], { into: "t", onChange: "replace" });
      await put(place, "in/a.jsonl", '{"id":1,"v":"new"}\n{"id":2,"v":"new"}\n');
      await expect(lake.ingest([file], { into: "t" })).rejects.toMatchObject({ kind: "invalid-input" });
      await lake.ingest([file], { into: "t", onChange: "replace" });
      expect(await rows(lake, "SELECT id, v FROM t ORDER BY id")).toEqual([
        { id: 1n, v: "new" },
        { id: 2n, v: "new" },
      ]);
      await lake.ingest([file], { into: "t", again: true });
      expect(await rows(lake, "SELECT count(*) AS n FROM t")).toEqual([{ n: 4n }]);
    });

    test("bad input is refused by file and line, nothing lands, and with rescue everything does", async () => {
      const place = await create();
      const lake = await open(place);
      await lake.ingest([await put(place, "ok.jsonl", '{"n":1}\n')], { into: "t" });
      const bad = await put(place, "bad.jsonl", '{"n":2}\n{"n":"three"}\n');
      const refusal = await lake.ingest([bad], { into: "t" }).then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(refusal).toMatchObject({ kind: "invalid-input", message: expect.stringContaining("bad.jsonl") });
      expect(await rows(lake, "SELECT count(*) AS n FROM t")).toEqual([{ n: 1n }]);
      const landed = await lake.ingest([bad], { into: "t", rescue: true });
      expect(landed).toMatchObject({ rows: 2n });
      const rescued = await rows(lake, "SELECT _rescued_data AS r FROM t WHERE _rescued_data IS NOT NULL");
      expect(rescued).toHaveLength(1);
      expect(String(rescued[0]?.["r"])).toContain("three");
    });

    test("queries over files that no table owns", async () => {
      const place = await create();
      const lake = await open(place);
      await put(place, "q/a.jsonl", '{"id":1,"v":{"x":"é"}}\n');
      await put(place, "q/b.jsonl", '{"id":2,"extra":true}\n');
      await put(place, "q/c.csv", "id,w\n7,seven\n");
      expect(
        await rows(lake, `SELECT id, v.x AS x, extra FROM '${place.sources}/q/*.jsonl' ORDER BY id`),
      ).toEqual([
        { id: 1n, x: "é", extra: null },
        { id: 2n, x: null, extra: true },
      ]);
      expect(
        await rows(
          lake,
          `SELECT a.id + c.id AS s FROM '${place.sources}/q/a.jsonl' a, '${place.sources}/q/c.csv' c`,
        ),
      ).toEqual([{ s: 8n }]);
    });

    test.each([
      ["copied", ""],
      ["with deletion vectors", " TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')"],
    ])("rows change (%s), and every version stays readable", async (_, properties) => {
      const place = await create();
      const lake = await open(place);
      await run(lake, `CREATE TABLE t (id BIGINT, part TEXT, v DOUBLE) PARTITIONED BY (part)${properties}`);
      await run(lake, "INSERT INTO t SELECT i, 'p' || (i % 3), i * 1.5 FROM range(300) r(i)");
      await run(lake, "UPDATE t SET v = -1 WHERE id % 10 = 0");
      await run(lake, "DELETE FROM t WHERE part = 'p1' AND id < 100");
      await run(
        lake,
        `MERGE INTO t USING (SELECT i AS id, 'p' || (i % 3) AS part FROM range(290, 310) r(i)) AS s ON t.id = s.id
         WHEN MATCHED THEN UPDATE SET v = 7 WHEN NOT MATCHED THEN INSERT (id, part, v) VALUES (s.id, s.part, 8)`,
      );
      const totals = "SELECT count(*) AS n, sum(v) AS s, count(DISTINCT part) AS p FROM t";
      const kept = Array.from({ length: 310 }, (_, id) => id).filter((id) => !(id % 3 === 1 && id < 100));
      const value = (id: number): number => (id >= 300 ? 8 : id >= 290 ? 7 : id % 10 === 0 ? -1 : id * 1.5);
      const sum = kept.reduce((total, id) => total + value(id), 0);
      const expected = [{ n: BigInt(kept.length), s: sum, p: 3n }];
      expect(await rows(lake, totals)).toEqual(expected);
      const other = await open(place);
      expect(await rows(other, totals)).toEqual(expected);
      expect(await rows(other, "SELECT count(*) AS n FROM t VERSION AS OF 1")).toEqual([{ n: 300n }]);
      expect(await rows(other, "SELECT count(*) AS n FROM t VERSION AS OF 2 WHERE v = -1")).toEqual([
        { n: 30n },
      ]);
      expect(
        await rows(other, "SELECT id, v FROM t WHERE part = 'p2' AND id BETWEEN 5 AND 12 ORDER BY id"),
      ).toEqual([
        { id: 5n, v: 7.5 },
        { id: 8n, v: 12 },
        { id: 11n, v: 16.5 },
      ]);
      await run(other, "RESTORE TABLE t TO VERSION AS OF 1");
      expect(await rows(lake, "SELECT count(*) AS n, min(v) AS m FROM t")).toEqual([{ n: 300n, m: 0 }]);
      await expectSound(lake, "t");
    });

    test("changes are told row by row", async () => {
      const place = await create();
      const lake = await open(place);
      await run(
        lake,
        "CREATE TABLE t (id INT, v TEXT) TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')",
      );
      await run(lake, "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')");
      await run(lake, "UPDATE t SET v = 'B' WHERE id = 2");
      await run(lake, "DELETE FROM t WHERE id = 3");
      const changes = await rows(
        await open(place),
        "SELECT id, v, _change_type AS c, _commit_version AS n FROM table_changes('t', 2) ORDER BY n, id, c",
      );
      expect(changes).toEqual([
        { id: 2, v: "B", c: "update_postimage", n: 2n },
        { id: 2, v: "b", c: "update_preimage", n: 2n },
        { id: 3, v: "c", c: "delete", n: 3n },
      ]);
    });

    test("the schema changes, and old files answer", async () => {
      const place = await create();
      const lake = await open(place);
      await run(lake, "CREATE TABLE t (id INT, v TEXT, s STRUCT(a INT))");
      await run(lake, "INSERT INTO t VALUES (1, 'one', {'a': 1})");
      await run(
        lake,
        "ALTER TABLE t SET TBLPROPERTIES ('delta.columnMapping.mode' = 'name', 'delta.enableTypeWidening' = 'true')",
      );
      await run(lake, "ALTER TABLE t RENAME COLUMN v TO label");
      await run(lake, "ALTER TABLE t ADD COLUMN more DOUBLE");
      await run(lake, "ALTER TABLE t ALTER COLUMN id TYPE BIGINT");
      await run(lake, "ALTER TABLE t ADD CONSTRAINT positive CHECK (id > 0)");
      await run(lake, "INSERT INTO t VALUES (4000000000, 'big', {'a': 2}, 0.5)");
      await expect(run(lake, "INSERT INTO t VALUES (-1, 'no', NULL, 0)")).rejects.toMatchObject({
        kind: "invalid-input",
      });
      expect(await rows(await open(place), "SELECT id, label, s.a AS a, more FROM t ORDER BY id")).toEqual([
        { id: 1n, label: "one", a: 1, more: null },
        { id: 4_000_000_000n, label: "big", a: 2, more: 0.5 },
      ]);
      await expectSound(lake, "t");
    });

    test("several writers at once lose nothing", async () => {
      const place = await create();
      const maker = await open(place);
      await run(maker, "CREATE TABLE t (writer INT, n INT) PARTITIONED BY (writer)");
      await run(maker, "INSERT INTO t SELECT w, -1 FROM range(4) r(w)");
      const writers = await Promise.all([0, 1, 2, 3].map(() => open(place)));
      await Promise.all(
        writers.map(async (lake, writer) => {
          for (let n = 0; n < 5; n++) {
            await run(lake, `INSERT INTO t VALUES (${writer}, ${n})`);
            await run(lake, `UPDATE t SET n = n - 1 WHERE writer = ${writer} AND n < 0`);
          }
        }),
      );
      expect(
        await rows(maker, "SELECT writer, count(*) AS c, sum(n) AS s FROM t GROUP BY writer ORDER BY writer"),
      ).toEqual([0, 1, 2, 3].map((writer) => ({ writer, c: 6n, s: 4n })));
      await expectSound(maker, "t");
    });

    test("a transaction over two tables is done whole, or not at all", async () => {
      const place = await create();
      const lake = await open(place);
      await run(lake, "CREATE TABLE a (id INT); CREATE TABLE b (id INT)");
      await run(lake, "BEGIN; INSERT INTO a VALUES (1); INSERT INTO b SELECT id + 1 FROM a; COMMIT");
      const failed = run(lake, "BEGIN; INSERT INTO a VALUES (5); INSERT INTO b VALUES ('no number'); COMMIT");
      await expect(failed).rejects.toMatchObject({ kind: "invalid-input" });
      await run(lake, "BEGIN; INSERT INTO a VALUES (6); DELETE FROM b; ROLLBACK");
      const other = await open(place);
      expect(
        await rows(other, "SELECT (SELECT list(id) FROM a) AS a, (SELECT list(id) FROM b) AS b"),
      ).toEqual([{ a: [1], b: [2] }]);
    });

    test.each(["classic", "v2-json", "v2-parquet"] as const)(
      "a checkpoint (%s) opens a table",
      async (kind) => {
        const place = await create();
        const lake = await open(place);
        const v2 = kind === "classic" ? "" : " TBLPROPERTIES ('delta.checkpointPolicy' = 'v2')";
        await run(lake, `CREATE TABLE t (id INT)${v2}`);
        for (let i = 0; i < 12; i++) await run(lake, `INSERT INTO t VALUES (${i})`);
        const table = await lake.table("t");
        await table.checkpoint({ kind });
        await run(lake, "INSERT INTO t VALUES (100); DELETE FROM t WHERE id = 3");
        const other = await open(place);
        expect(await rows(other, "SELECT count(*) AS n, sum(id) AS s FROM t")).toEqual([{ n: 12n, s: 163n }]);
        expect(await rows(other, "SELECT count(*) AS n FROM t VERSION AS OF 5")).toEqual([{ n: 5n }]);
        expect((await (await other.table("t")).history()).length).toBeGreaterThanOrEqual(15);
        await expectSound(other, "t");
      },
    );

    test("raw files stay as they are until OPTIMIZE, and the feature goes", async () => {
      const place = await create();
      const lake = await open(place);
      const jsonl = await put(place, "k/a.jsonl", '{"id":1,"v":"a"}\n{"id":2,"v":"b"}\n');
      await lake.ingest([jsonl], { into: "t", as: "jsonl" });
      const more = await put(place, "k/b.jsonl", '{"id":3,"v":"c"}\n');
      await lake.ingest([more], { into: "t", as: "jsonl" });
      await run(lake, "DELETE FROM t WHERE id = 2");
      const expected = [
        { id: 1n, v: "a" },
        { id: 3n, v: "c" },
      ];
      const other = await open(place);
      expect(await rows(other, "SELECT id, v FROM t ORDER BY id")).toEqual(expected);
      await run(other, "OPTIMIZE t");
      await run(other, "ALTER TABLE t DROP FEATURE 'grizzly.multiFormat'");
      expect(await rows(lake, "SELECT id, v FROM t ORDER BY id")).toEqual(expected);
      await expectSound(lake, "t");
    });

    test("fsck tells a file that is gone, and a query does", async () => {
      const place = await create();
      const lake = await open(place);
      await run(lake, "CREATE TABLE t (id INT); INSERT INTO t VALUES (1)");
      const [file] = await rows(lake, "SELECT DISTINCT _metadata.file_name AS f FROM t");
      const { location } = await (await lake.table("t")).describe();
      const opener = place.options.openStore;
      const store = opener === undefined ? undefined : opener(location);
      if (store === undefined) throw new Error("the place of this suite has no opener");
      await store.delete([objectPath(String(file?.["f"]))]);
      const other = await open(place);
      const report = await (await other.table("t")).fsck();
      expect(report.findings.map(({ code }) => code)).toContain("data-file-missing");
      await expect(rows(other, "SELECT * FROM t")).rejects.toMatchObject({ kind: "corrupt" });
    });

    test("names: namespaces, views, other names, and a table that is dropped", async () => {
      const place = await create();
      const lake = await open(place);
      await lake.createNamespace("sales");
      await run(lake, "CREATE TABLE sales.orders (id INT); INSERT INTO sales.orders VALUES (1)");
      await run(lake, "CREATE VIEW big AS SELECT id * 10 AS id FROM sales.orders");
      await lake.renameTable("sales.orders", "sales.bills");
      await run(lake, "CREATE OR REPLACE VIEW big AS SELECT id * 10 AS id FROM sales.bills");
      const other = await open(place);
      expect(await rows(other, "FROM big")).toEqual([{ id: 10 }]);
      expect((await other.tables()).map((table) => table.name)).toEqual(["bills"]);
      await other.dropTable("sales.bills");
      await expect(rows(lake, "FROM sales.bills")).rejects.toMatchObject({ kind: "not-found" });
    });

    test("a watch lands what comes, and ends when it is told to", async () => {
      const place = await create();
      const lake = await open(place);
      const stop = new AbortController();
      await put(place, "w/1.jsonl", '{"id":1}\n');
      let caughtUp = 0;
      for await (const event of lake.watch([`${place.sources}/w`], {
        into: "t",
        pollMs: 10,
        settleMs: 0,
        signal: stop.signal,
      })) {
        if (event.kind !== "caught-up" || event.growing > 0) continue;
        caughtUp++;
        if (caughtUp === 1) await put(place, "w/2.jsonl", '{"id":2}\n');
        else {
          const [{ n } = { n: 0n }] = await rows(lake, "SELECT count(*) AS n FROM t");
          if (n === 2n) stop.abort();
        }
      }
      expect(await rows(lake, "SELECT id FROM t ORDER BY id")).toEqual([{ id: 1n }, { id: 2n }]);
    });

    test("overwriting partitions, tables of queries, and emptying them", async () => {
      const place = await create();
      const lake = await open(place);
      const source = await put(place, "p.csv", "d,v\nx,1\ny,2\n");
      await lake.ingest([source], { into: "t", partitionBy: ["d"] });
      await put(place, "p.csv", "d,v\ny,20\nz,30\n");
      await lake.ingest([source], { into: "t", mode: "overwrite-partitions" });
      expect(await rows(lake, "SELECT d, v FROM t ORDER BY d")).toEqual([
        { d: "x", v: 1n },
        { d: "y", v: 20n },
        { d: "z", v: 30n },
      ]);
      await run(
        lake,
        "CREATE TABLE u AS SELECT * FROM t WHERE v > 1; INSERT OVERWRITE t SELECT * FROM u; TRUNCATE TABLE u",
      );
      expect(
        await rows(
          await open(place),
          "SELECT (SELECT sum(v) FROM t)::BIGINT AS t, (SELECT count(*) FROM u) AS u",
        ),
      ).toEqual([{ t: 50n, u: 0n }]);
      await expectSound(lake, "t");
      await expectSound(lake, "u");
    });

    test("files and rows cross between this place and a local disk", async () => {
      const place = await create();
      const there = await open(place);
      const folder = await temporaryFolder();
      const here = await openLake(path.join(folder, "lake"), { ...place.options, threads: 1 });
      onTestFinished(() => here.close());
      const source = await put(place, "x/a.jsonl", '{"id":1}\n');
      await here.ingest([source], { into: "t" });
      const result = await here.sql("SELECT id + 1 AS id FROM t");
      await result.writeTo(path.join(folder, "b.parquet"));
      await there.ingest([path.join(folder, "b.parquet"), source], { into: "t" });
      expect(await rows(there, "SELECT id FROM t ORDER BY id")).toEqual([{ id: 1n }, { id: 2n }]);
      const { location } = await (await there.table("t")).describe();
      expect(
        await rows(here, `SELECT a.id FROM t AS a JOIN delta_scan('${location}') AS b ON a.id = b.id`),
      ).toEqual([{ id: 1n }]);
    });
  });
}
