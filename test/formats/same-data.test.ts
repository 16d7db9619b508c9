import { RecordBatchFileWriter } from "apache-arrow";
import avro from "avsc";
import { describe, expect, it } from "vitest";
import { quoteString } from "../../engine/index.js";
import { columnsOf, workbench } from "./workbench.js";

const bench = workbench();

const SELECT = `SELECT * FROM (VALUES
  (1::BIGINT, 0.5::DOUBLE, true, 'x', DATE '2024-01-05', TIMESTAMP '2024-01-05 10:00:00.123456', TIMESTAMPTZ '2024-01-05 08:00:00.5+00'),
  (-9223372036854775808, 1e300, false, 'a,"b" é', DATE '1969-12-31', TIMESTAMP '1969-12-31 23:59:59', TIMESTAMPTZ '1969-12-31 23:59:59+00'),
  (9223372036854775807, -0.1, true, '2024', DATE '2000-02-29', TIMESTAMP '2000-02-29 00:00:00', TIMESTAMPTZ '2000-02-29 00:00:00+00'),
  (NULL, NULL, NULL, NULL, NULL, NULL, NULL)
  ) t(n, d, b, s, day, wall, instant)`;

const MICROS = { type: "long", logicalType: "timestamp-micros" } as const;
const LOCAL_MICROS = { type: "long", logicalType: "local-timestamp-micros" } as const;

async function writeAll(): Promise<readonly string[]> {
  const { session } = bench;
  await session.execute(`COPY (${SELECT}) TO ${quoteString(bench.path("same.parquet"))} (FORMAT parquet)`);
  const text = `SELECT * REPLACE (strftime(wall, '%Y-%m-%d %H:%M:%S.%f') AS wall, strftime(instant, '%Y-%m-%dT%H:%M:%S.%fZ') AS instant) FROM (${SELECT})`;
  await session.execute(`COPY (${text}) TO ${quoteString(bench.path("same.jsonl"))} (FORMAT json)`);
  await session.execute(
    `COPY (${text}) TO ${quoteString(bench.path("same.json"))} (FORMAT json, ARRAY true)`,
  );
  await session.execute(`COPY (${text}) TO ${quoteString(bench.path("same.csv"))} (FORMAT csv, HEADER)`);

  const writer = new RecordBatchFileWriter();
  for await (const batch of (await session.stream(SELECT)).batches()) writer.write(batch);
  writer.finish();
  bench.write("same.arrow", await writer.toUint8Array());

  const nullable = (type: avro.Schema): avro.Schema => ["null", type] as avro.Schema;
  const schema = {
    type: "record",
    name: "Same",
    fields: [
      { name: "n", type: nullable("long") },
      { name: "d", type: nullable("double") },
      { name: "b", type: nullable("boolean") },
      { name: "s", type: nullable("string") },
      { name: "day", type: nullable({ type: "int", logicalType: "date" } as avro.Schema) },
      { name: "wall", type: nullable(LOCAL_MICROS as avro.Schema) },
      { name: "instant", type: nullable(MICROS as avro.Schema) },
    ],
  };
  const rows = await session.rows(
    `SELECT n, d, b, s, (day - DATE '1970-01-01')::INTEGER AS day, epoch_us(wall) AS wall, epoch_us(instant) AS instant FROM (${SELECT})`,
  );
  bench.write(
    "same.avro",
    avroFile(
      schema,
      rows.map((row) => Object.values(row)),
    ),
  );
  return ["same.parquet", "same.jsonl", "same.json", "same.csv", "same.arrow", "same.avro"];
}

/** Values of nullable fields in the binary encoding; avsc has no exact 64-bit numbers of its own. */
function avroFile(schema: object, rows: readonly (readonly unknown[])[]): Buffer {
  const zigzag = (value: bigint): Buffer => {
    const bytes: number[] = [];
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
    for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
    return Buffer.from([...bytes, Number(rest)]);
  };
  const text = (value: string): Buffer =>
    Buffer.concat([zigzag(BigInt(Buffer.byteLength(value))), Buffer.from(value)]);
  const double = (value: number): Buffer => {
    const buffer = Buffer.alloc(8);
    buffer.writeDoubleLE(value);
    return buffer;
  };
  const field = (value: unknown, index: number): Buffer => {
    if (value === null) return zigzag(0n);
    const encoded =
      index === 1
        ? double(Number(value))
        : index === 2
          ? Buffer.from([value === true ? 1 : 0])
          : index === 3
            ? text(String(value))
            : zigzag(BigInt(String(value)));
    return Buffer.concat([zigzag(1n), encoded]);
  };
  const data = Buffer.concat(rows.flatMap((row) => row.map(field)));
  const sync = Buffer.alloc(16, 7);
  const metadata = avro.Type.forSchema({ type: "map", values: "bytes" }).toBuffer({
    "avro.schema": Buffer.from(JSON.stringify(schema)),
  });
  return Buffer.concat([
    Buffer.from("Obj\x01"),
    metadata,
    sync,
    zigzag(BigInt(rows.length)),
    zigzag(BigInt(data.length)),
    data,
    sync,
  ]);
}

describe("the same rows in every format", () => {
  it("land with the same values and the same types", async () => {
    const expected = await bench.session.rows(SELECT);
    for (const name of await writeAll()) {
      const { source, rows } = await bench.read(name);
      expect([name, ...columnsOf(source)]).toEqual([
        name,
        "n BIGINT",
        "d DOUBLE",
        "b BOOLEAN",
        "s VARCHAR",
        "day DATE",
        "wall TIMESTAMP",
        "instant TIMESTAMP WITH TIME ZONE",
      ]);
      expect(rows, name).toEqual(expected);
    }
  });
});
