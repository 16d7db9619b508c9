import { deflateRawSync } from "node:zlib";
import avro from "avsc";

/** A 64-bit number as it is: avsc's own `long` is a double. */
const EXACT_LONG = avro.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const buffer = Buffer.alloc(8);
    buffer.writeBigInt64LE(value);
    return buffer;
  },
  fromJSON: BigInt,
  toJSON: String,
  isValid: (value: unknown) => typeof value === "bigint",
  compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
});

const ROWS_A_BLOCK = 250;

/**
 * An Avro object container file, compressed with deflate.
 *
 * @param schema of the records, with logical types
 * @param records values of the types beneath the logical ones: `long` is a bigint, `bytes` and `fixed` are buffers
 */
export function avroFile(schema: object, records: readonly object[]): Buffer {
  const type = avro.Type.forSchema(withoutLogicalTypes(schema), {
    typeHook: (given) => (given === "long" ? EXACT_LONG : undefined),
  });
  const sync = Buffer.alloc(16, 7);
  const header = avro.Type.forSchema({ type: "map", values: "bytes" }).toBuffer({
    "avro.schema": Buffer.from(JSON.stringify(schema)),
    "avro.codec": Buffer.from("deflate"),
  });
  const parts = [Buffer.from("Obj\u0001"), header, sync];
  for (let at = 0; at < records.length; at += ROWS_A_BLOCK) {
    const block = records.slice(at, at + ROWS_A_BLOCK);
    const data = deflateRawSync(Buffer.concat(block.map((record) => type.toBuffer(record))));
    parts.push(
      EXACT_LONG.toBuffer(BigInt(block.length)),
      EXACT_LONG.toBuffer(BigInt(data.length)),
      data,
      sync,
    );
  }
  return Buffer.concat(parts);
}

/** A decimal's unscaled value as Avro has it: two's complement, the highest byte first. */
export function decimalBytes(unscaled: bigint, length: number): Buffer {
  const hex = BigInt.asUintN(length * 8, unscaled)
    .toString(16)
    .padStart(length * 2, "0");
  return Buffer.from(hex, "hex");
}

/** avsc keeps to the types that it has a class for; for writing bytes the ones beneath are enough. */
function withoutLogicalTypes(schema: object): avro.Schema {
  const text = JSON.stringify(schema, (key, value: unknown) => (key === "logicalType" ? undefined : value));
  // A primitive type in an object of its own is the primitive type.
  const plain: avro.Schema = JSON.parse(text, (_, value: unknown) => primitiveOf(value));
  return plain;
}

function primitiveOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("type" in value) || "name" in value) return value;
  const { type } = value;
  return typeof type === "string" && !["array", "map", "record", "fixed", "enum"].includes(type)
    ? type
    : value;
}
