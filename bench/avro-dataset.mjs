// Avro files of the workloads, made once and kept in bench/data.
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import avro from "avsc";
import { dataset } from "./dataset.mjs";
import { openPeer } from "./peer.mjs";

/** Records of two shapes: few small fields, and 15 columns of all kinds. The types are those that avsc knows too. */
export const SHAPES = {
  small: {
    title: "3 longs, a double, 2 short texts",
    schema: record({
      id: "long",
      parent: "long",
      quantity: "long",
      amount: "double",
      country: "string",
      note: ["null", "string"],
    }),
    sql: (rows) => `
      SELECT i AS id, i * 31 % 1000003 AS parent, i % 20 AS quantity, (i * 7919 % 1000000) / 128 AS amount,
             ['AT', 'BR', 'CA', 'DE', 'IN', 'JP', 'US', 'ZA'][i % 8 + 1] AS country,
             CASE WHEN i % 5 <> 0 THEN 'bell ' || i % 30 END AS note
      FROM range(${rows}) AS r(i)`,
  },
  wide: {
    title: "15 columns",
    schema: record({
      id: "long",
      parent: ["null", "long"],
      day: "int",
      at: "long",
      user_name: "string",
      country: { type: "enum", name: "Country", symbols: ["AT", "BR", "CA", "DE", "IN", "JP", "US", "ZA"] },
      amount: "double",
      discount: ["null", "double"],
      weight: "float",
      quantity: "int",
      returned: "boolean",
      gift: ["null", "boolean"],
      note: ["null", "string"],
      reference: "string",
      digest: "bytes",
    }),
    sql: (rows) => `
      SELECT i AS id, CASE WHEN i % 3 <> 0 THEN i * 31 % 1000003 END AS parent, (19723 + i % 365)::INTEGER AS day,
             1704067200000000 + i * 7000000 AS at, 'user-' || i * 17 % 50000 AS user_name,
             ['AT', 'BR', 'CA', 'DE', 'IN', 'JP', 'US', 'ZA'][i % 8 + 1] AS country,
             (i * 7919 % 1000000) / 128 AS amount, CASE WHEN i % 4 = 0 THEN i % 100 / 64 END AS discount,
             (i % 4096 / 32)::DOUBLE AS weight, (i % 20)::INTEGER AS quantity, i % 3 = 0 AS returned,
             CASE WHEN i % 2 = 0 THEN i % 7 = 0 END AS gift,
             CASE WHEN i % 5 <> 0 THEN 'left at door ' || i % 1000 || ', bell ' || i % 30 END AS note,
             md5(i::VARCHAR) AS reference, left(md5(i::VARCHAR), 8)::BLOB AS digest
      FROM range(${rows}) AS r(i)`,
  },
};

/** The file of so many records of a shape. @param codec `null` or `deflate` */
export function avroDataset(shape, rows, codec) {
  const { schema, sql } = SHAPES[shape];
  return dataset(`${shape}-${rows}-${codec}.avro`, async (target) => {
    const peer = await openPeer();
    const encoder = new avro.streams.BlockEncoder(avro.Type.forSchema(schema), { codec });
    const written = pipeline(encoder, createWriteStream(target));
    const result = await peer.connection.stream(sql(rows));
    const columns = result.columnNames();
    for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; ) {
      for (const values of chunk.getRows()) {
        const fields = values.map((value, index) => [columns[index], fieldValue(value)]);
        if (!encoder.write(Object.fromEntries(fields))) await new Promise((on) => encoder.once("drain", on));
      }
      chunk = await result.fetchChunk();
    }
    encoder.end();
    await written;
    peer.closeSync();
  });
}

function fieldValue(value) {
  if (typeof value === "bigint") return Number(value);
  return value !== null && typeof value === "object" ? Buffer.from(value.bytes) : value;
}

function record(fields) {
  return {
    type: "record",
    name: "Event",
    fields: Object.entries(fields).map(([name, type]) => ({ name, type })),
  };
}
