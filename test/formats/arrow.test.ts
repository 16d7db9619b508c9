import {
  CompressionType,
  compressionRegistry,
  Dictionary,
  Int32,
  Int64,
  RecordBatchFileWriter,
  RecordBatchStreamWriter,
  Table,
  TimestampMillisecond,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import { describe, expect, it } from "vitest";
import { decodeLz4Frame } from "../../formats/arrow/lz4-frame.js";
import { columnsOf, workbench } from "./workbench.js";

const bench = workbench();

const words = vectorFromArray(["x", "é", null], new Dictionary(new Utf8(), new Int32()));
const table = (from: bigint): Table =>
  new Table({
    n: vectorFromArray([from, null, 9223372036854775807n], new Int64()),
    s: words,
    at: vectorFromArray([0, 1, null], new TimestampMillisecond()),
  });
const expected = (from: bigint): object[] => [
  { n: from, s: "x", at: "1970-01-01 00:00:00" },
  { n: null, s: "é", at: "1970-01-01 00:00:00.001" },
  { n: 9223372036854775807n, s: null, at: null },
];

describe("Arrow", () => {
  it.each(["file", "stream"] as const)("reads the %s format, batch by batch", async (layout) => {
    bench.write(`data-${layout}`, tableToIPC(table(1n).concat(table(2n)), layout));
    const { source, rows } = await bench.read(`data-${layout}`);
    expect(source.format).toBe("arrow");
    expect(columnsOf(source)).toEqual(["n BIGINT", "s VARCHAR", "at TIMESTAMP"]);
    expect(rows).toEqual([...expected(1n), ...expected(2n)]);
  });

  it("numbers its rows", async () => {
    bench.write("numbered", tableToIPC(table(1n).concat(table(2n)), "file"));
    const source = await bench.open("numbered");
    const relation = await source.relation({ numbered: true });
    const rows = await bench.session.rows(relation.sql);
    expect(rows).toEqual(
      [...expected(1n), ...expected(2n)].map((row, index) => ({ ...row, gl_row: BigInt(index + 1) })),
    );
    await relation.dispose();
  });

  it.each(["file", "stream"] as const)("refuses a %s that is cut short", async (layout) => {
    const whole = tableToIPC(table(1n), layout);
    const file = bench.write(`cut-${layout}`, whole.subarray(0, whole.length - 200));
    await expect(bench.read(`cut-${layout}`)).rejects.toMatchObject({
      kind: "invalid-input",
      code: "broken-arrow",
      context: { file },
    });
  });

  it("reads bodies compressed with LZ4, as Feather files are", async () => {
    // One block of literals that was not worth compressing, as the frame format allows.
    const literals = (data: Uint8Array): Uint8Array => {
      const size = Buffer.alloc(4);
      size.writeUInt32LE((data.length | 0x80000000) >>> 0);
      return Buffer.concat([
        Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]),
        size,
        data,
        Buffer.alloc(4),
      ]);
    };
    compressionRegistry.set(CompressionType.LZ4_FRAME, { encode: literals, decode: decodeLz4Frame });
    const writer = new RecordBatchFileWriter({ compressionType: CompressionType.LZ4_FRAME });
    for (const batch of table(1n).batches) writer.write(batch);
    writer.finish();
    bench.write("lz4.feather", await writer.toUint8Array());
    expect((await bench.read("lz4.feather")).rows).toEqual(expected(1n));
  });

  it("reads a stream with no rows", async () => {
    const writer = new RecordBatchStreamWriter();
    writer.write(table(1n).slice(0, 0));
    writer.finish();
    bench.write("none.arrow", await writer.toUint8Array());
    expect((await bench.read("none.arrow")).rows).toEqual([]);
  });
});

describe("LZ4 frames", () => {
  const frame = (...blocks: readonly (readonly number[])[]): Uint8Array =>
    Uint8Array.from([
      0x04,
      0x22,
      0x4d,
      0x18,
      0x60,
      0x40,
      0x82,
      ...blocks.flatMap((block) => [block.length & 0xff, block.length >> 8, 0, 0, ...block]),
      0,
      0,
      0,
      0,
    ]);
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

  it("decodes literals and matches that overlap", () => {
    // "ab" as literals, then a match of 8 bytes at distance 2, then the literal "c".
    expect(text(decodeLz4Frame(frame([0x24, 0x61, 0x62, 2, 0, 0x10, 0x63])))).toBe("ababababab" + "c");
    expect(text(decodeLz4Frame(frame([0x10, 0x61], [0x10, 0x62])))).toBe("ab");
  });

  it("refuses damage", () => {
    expect(() => decodeLz4Frame(frame([0x24, 0x61]))).toThrow(RangeError);
    expect(() => decodeLz4Frame(frame([0x14, 0x61, 9, 0, 0x10, 0x63]))).toThrow("before the data");
    expect(() => decodeLz4Frame(new Uint8Array(20))).toThrow("not an LZ4 frame");
  });
});
