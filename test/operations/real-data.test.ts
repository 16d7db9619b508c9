import { createWriteStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { RecordBatchFileWriter } from "apache-arrow";
import avro from "avsc";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine, quoteString, type Row, type Session } from "../../engine/index.js";
import { type Lake, openLake } from "../../src/index.js";
import { ROOT } from "../support/grizzly.js";
import { type SharedFolder, sharedFolder } from "../support/temporary-folder.js";

const FLIGHTS = path.join(ROOT, "node_modules/vega-datasets/data/flights-3m.parquet");
/** What must be equal: the count and, column by column, sums that any wrong value would change. */
const SUMS = `count(*) AS rows, sum(delay) AS delay, sum(distance) AS distance, sum(epoch_us(date)::HUGEINT) AS date,
  sum(hash(origin)::HUGEINT) AS origin, sum(hash(destination)::HUGEINT) AS destination,
  sum(hash(date, delay, distance, origin, destination)::HUGEINT) AS whole`;

describe("real data", () => {
  let folder: SharedFolder;
  let lake: Lake;
  let engine: Engine;
  let session: Session;
  const file = (name: string): string => path.join(folder.path, name);

  beforeAll(async () => {
    folder = await sharedFolder();
    lake = await openLake(file("lake"));
    engine = await Engine.open();
    session = await engine.acquire();
  });
  afterAll(async () => {
    await lake.close();
    await engine.close();
    await folder.remove();
  });

  async function answer(sql: string): Promise<Row[]> {
    return (await lake.sql(sql)).toArray();
  }

  it("lands three million flights with the sums of the source", async () => {
    const report = await lake.ingest([FLIGHTS], { into: "flights" });
    expect(report.rows).toBe(3_000_000n);
    const source = await session.rows(`SELECT ${SUMS} FROM read_parquet(${quoteString(FLIGHTS)})`);
    expect(await answer(`SELECT ${SUMS} FROM flights`)).toEqual(source);
  });

  it("lands every rendering of one data set with the same rows and types", async () => {
    const select = `SELECT date, delay::BIGINT AS delay, distance::BIGINT AS distance, origin, destination
                    FROM read_parquet(${quoteString(FLIGHTS)}) LIMIT 20000`;
    const write = (name: string, options: string): Promise<number> =>
      session.execute(`COPY (${select}) TO ${quoteString(file(name))} (${options})`);
    await write("r.parquet", "FORMAT parquet");
    await write("r.csv", "FORMAT csv, HEADER");
    await write("r.tsv", "FORMAT csv, HEADER, DELIMITER '\t'");
    await write("r.jsonl", "FORMAT json");
    await write("r.json", "FORMAT json, ARRAY true");
    await write("r.csv.gz", "FORMAT csv, HEADER, COMPRESSION gzip");
    await write("r.jsonl.zst", "FORMAT json, COMPRESSION zstd");
    await writeArrow(session, select, file("r.arrow"));
    await writeAvro(session, select, file("r.avro"));

    const wanted = await session.rows(`SELECT ${SUMS} FROM (${select})`);
    for (const name of ["parquet", "csv", "tsv", "jsonl", "json", "csv.gz", "jsonl.zst", "arrow", "avro"]) {
      const into = `r_${name.replace(".", "_")}`;
      const report = await lake.ingest([file(`r.${name}`)], { into });
      expect(report.rows, name).toBe(20_000n);
      expect(report.columns, name).toEqual([
        { name: "date", type: "timestamp_ntz" },
        { name: "delay", type: "long" },
        { name: "distance", type: "long" },
        { name: "origin", type: "string" },
        { name: "destination", type: "string" },
      ]);
      expect(await answer(`SELECT ${SUMS} FROM ${into}`), name).toEqual(wanted);
    }
    const mixed = ["parquet", "csv", "jsonl", "arrow", "avro"].map((name) => file(`r.${name}`));
    expect((await lake.ingest(mixed, { into: "mixed" })).rows).toBe(100_000n);
    expect(await answer("SELECT count(*) AS n, count(DISTINCT COLUMNS(*)) FROM mixed")).toEqual(
      await session
        .rows(`SELECT 100000 AS n, count(DISTINCT COLUMNS(*)) FROM (${select})`)
        .then((rows) => rows.map((row) => ({ ...row, n: 100_000n }))),
    );
  });
});

async function writeArrow(session: Session, select: string, target: string): Promise<void> {
  const writer = new RecordBatchFileWriter();
  for await (const batch of (await session.stream(select)).batches()) writer.write(batch);
  writer.finish();
  await writeFile(target, await writer.toUint8Array());
}

/** Numbers as they are; avsc writes a logical type into the header only when it has a class for it. */
class LocalTimestampMicros extends avro.types.LogicalType {
  protected override _fromValue(value: number): number {
    return value;
  }
  protected override _toValue(value: number): number {
    return value;
  }
}

async function writeAvro(session: Session, select: string, target: string): Promise<void> {
  const logicalTypes = { "local-timestamp-micros": LocalTimestampMicros };
  const schema: avro.Schema = {
    type: "record",
    name: "Flight",
    fields: [
      { name: "date", type: { type: "long", logicalType: "local-timestamp-micros" } as avro.Schema },
      { name: "delay", type: "long" },
      { name: "distance", type: "long" },
      { name: "origin", type: "string" },
      { name: "destination", type: "string" },
    ],
  };
  const type = avro.Type.forSchema(schema, { logicalTypes });
  const rows = await session.rows(`SELECT * REPLACE (epoch_us(date) AS date) FROM (${select})`);
  const encoder = new avro.streams.BlockEncoder(type, { codec: "deflate" });
  const written = pipeline(encoder, createWriteStream(target));
  for (const row of rows) {
    const { origin, destination } = row;
    const [date, delay, distance] = [row["date"], row["delay"], row["distance"]].map(Number);
    encoder.write({ date, delay, distance, origin, destination });
  }
  encoder.end();
  await written;
}
