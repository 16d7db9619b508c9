import avro from "avsc";
import { compress } from "snappyjs";
import { crc32 } from "../../core/index.js";

/** The marker between blocks. */
export const SYNC = Buffer.from("0123456789abcdef");

/** 64-bit numbers as `bigint`. */
const long = avro.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer(value: bigint) {
    const buffer = Buffer.alloc(8);
    buffer.writeBigInt64LE(value);
    return buffer;
  },
  fromJSON: BigInt,
  toJSON: Number,
  isValid: (value: unknown) => typeof value === "bigint",
  compare: (a: bigint, b: bigint) => (a === b ? 0 : a < b ? -1 : 1),
});

/**
 * A container file made by hand around values that avsc encodes: unions wrapped in the name of their branch, 64-bit
 * numbers as `bigint`. `encode` is the codec.
 */
export function container(
  schema: object,
  blocks: readonly (readonly unknown[])[],
  codec = "null",
  encode = (data: Buffer): Uint8Array => data,
): Buffer {
  const plain: avro.Schema = JSON.parse(JSON.stringify(schema), (_key, value) =>
    value?.type === "long" && value.logicalType !== undefined ? "long" : value,
  );
  const type = avro.Type.forSchema(plain, { wrapUnions: true, registry: { long } });
  const number = (value: number): Buffer => avro.Type.forSchema("int").toBuffer(value);
  const header = avro.Type.forSchema({ type: "map", values: "bytes" }).toBuffer({
    "avro.schema": Buffer.from(JSON.stringify(schema)),
    "avro.codec": Buffer.from(codec),
  });
  const parts = [Buffer.from("Obj\x01"), header, SYNC];
  for (const rows of blocks) {
    const data = encode(Buffer.concat(rows.map((row) => type.toBuffer(row))));
    parts.push(number(rows.length), number(data.length), Buffer.from(data), SYNC);
  }
  return Buffer.concat(parts);
}

export const record = (...fields: readonly object[]): object => ({ type: "record", name: "R", fields });

/** The codec snappy: the data, packed, and its checksum. */
export function snappyBlock(data: Buffer): Buffer {
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(data));
  return Buffer.concat([compress(data), checksum]);
}
