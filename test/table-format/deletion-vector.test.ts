import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { crc32 } from "../../core/index.js";
import { decodeBase85, encodeBase85 } from "../../table-format/deletion-vector/base85.js";
import { decodeBitmap } from "../../table-format/deletion-vector/decode-bitmap.js";
import { encodeBitmap } from "../../table-format/deletion-vector/encode-bitmap.js";
import {
  type DeletionVectorDescriptor,
  decodeInline,
  deletionVectorId,
  deletionVectorJson,
  deletionVectorPath,
  encodeInline,
  parseDeletionVectorDescriptor,
  type RowIndexSet,
  RowIndexSetBuilder,
  rowIndexSetOf,
} from "../../table-format/deletion-vector/index.js";

const HERE = { file: "deletion_vector_x.bin", offset: 1 };

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** From each range's start up to its end, exclusive, in steps. */
type Ranges = readonly (readonly [start: number, end: number, step: number])[];

function setOf(ranges: Ranges): RowIndexSet {
  const rows: bigint[] = [];
  for (const [start, end, step] of ranges) {
    for (let row = start; row < end; row += step) rows.push(BigInt(row));
  }
  return rowIndexSetOf(rows);
}

describe("base85", () => {
  it("is Z85, as its specification's test case has it", () => {
    expect(encodeBase85(bytesOf("864fd26fb559f75b"))).toBe("HelloWorld");
    expect(decodeBase85("HelloWorld")).toEqual(bytesOf("864fd26fb559f75b"));
  });

  it("fills the last group up with zero bytes", () => {
    expect(decodeBase85(encodeBase85(bytesOf("0102030405")))).toEqual(bytesOf("0102030405000000"));
  });

  it("knows the largest group", () => {
    expect(encodeBase85(bytesOf("ffffffff"))).toBe("%nSc0");
    expect(decodeBase85("%nSc0")).toEqual(bytesOf("ffffffff"));
  });

  it.each(["Hell", "Hello1", "Hel o", "Hell\u00e9", 'Hel"o', "%nSc1", "#####"])("refuses %j", (text) => {
    expect(decodeBase85(text)).toBeUndefined();
  });
});

it("computes the CRC-32 of java.util.zip", () => {
  expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
  expect(crc32(new Uint8Array(0))).toBe(0);
});

describe("a descriptor", () => {
  // PROTOCOL.md, "JSON Example 1" to "3".
  const relative = {
    storageType: "u",
    pathOrInlineDv: "ab^-aqEH.-t@S}K{vb[*k^",
    offset: 4,
    sizeInBytes: 40,
    cardinality: 6,
  };
  const absolute = {
    ...relative,
    storageType: "p",
    pathOrInlineDv: "s3://mytable/deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin",
  };
  const inline = {
    storageType: "i",
    pathOrInlineDv: "wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L",
    sizeInBytes: 40,
    cardinality: 6,
  };
  const uuid = "^-aqEH.-t@S}K{vb[*k^";

  it("leads to the file that the protocol's examples name", () => {
    const name = "deletion_vector_d2c639aa-8816-431a-aaf6-d3fe2512ff61.bin";
    const at = (json: object): unknown => deletionVectorPath(parseDeletionVectorDescriptor({ ...json }));
    expect(at(relative)).toEqual({ kind: "relative", path: `ab/${name}` });
    expect(at({ ...relative, pathOrInlineDv: uuid })).toEqual({ kind: "relative", path: name });
    expect(at(absolute)).toEqual({ kind: "absolute", scheme: "s3", authority: "mytable", path: `/${name}` });
    expect(at(inline)).toBeUndefined();
  });

  it("reads an absolute path as the URI it is", () => {
    const descriptor = parseDeletionVectorDescriptor({
      ...absolute,
      pathOrInlineDv: "file:///t/a%20b/dv.bin",
    });
    expect(deletionVectorPath(descriptor)).toMatchObject({ scheme: "file", path: "/t/a b/dv.bin" });
  });

  it("has the protocol's unique id", () => {
    const id = (json: object): string => deletionVectorId(parseDeletionVectorDescriptor({ ...json }));
    expect(id(relative)).toBe("uab^-aqEH.-t@S}K{vb[*k^@4");
    expect(id({ ...relative, offset: 0 })).toBe("uab^-aqEH.-t@S}K{vb[*k^@0");
    expect(id({ ...relative, offset: null })).toBe("uab^-aqEH.-t@S}K{vb[*k^");
    expect(id(inline)).toBe(`i${inline.pathOrInlineDv}`);
  });

  it("goes back to its JSON", () => {
    for (const json of [relative, absolute, inline]) {
      const written = deletionVectorJson(parseDeletionVectorDescriptor(json));
      expect(written).toEqual({ ...json, cardinality: 6n });
    }
    expect(Object.keys(deletionVectorJson(parseDeletionVectorDescriptor(inline)))).not.toContain("offset");
  });

  it("refuses a storage type it does not know, by its name", () => {
    expect(() =>
      parseDeletionVectorDescriptor({ ...relative, storageType: "z" }, "add.deletionVector"),
    ).toThrow(
      expect.objectContaining({
        kind: "unsupported",
        message: expect.stringMatching(/add\.deletionVector.*"z"/),
      }),
    );
  });

  it.each([
    [{ storageType: 1 }, "storageType"],
    [{ pathOrInlineDv: null }, "pathOrInlineDv"],
    [{ sizeInBytes: -1 }, "sizeInBytes is negative"],
    [{ sizeInBytes: 2 ** 31 }, "sizeInBytes is more than"],
    [{ sizeInBytes: 1.5 }, "sizeInBytes"],
    [{ cardinality: undefined }, "cardinality"],
    [{ cardinality: -1 }, "cardinality is negative"],
    [{ offset: "1" }, "offset"],
    [{ offset: -1 }, "offset is negative"],
    [{ storageType: "i" }, "offset"],
  ])("refuses %j", (change, message) => {
    expect(() => parseDeletionVectorDescriptor({ ...relative, ...change })).toThrow(
      expect.objectContaining({ kind: "corrupt", message: expect.stringContaining(message) }),
    );
  });

  it.each([
    [{ pathOrInlineDv: "too short" }, "UUID"],
    [{ pathOrInlineDv: '"-aqEH.-t@S}K{vb[*k^' }, "UUID"],
    [{ pathOrInlineDv: `../${uuid}` }, "names no folder"],
    [{ pathOrInlineDv: `a//b${uuid}` }, "names no folder"],
    [{ storageType: "p", pathOrInlineDv: "dv.bin" }, "not absolute"],
    [{ storageType: "p", pathOrInlineDv: "/a%zz" }, "escapes"],
  ])("of %j leads to no file", (change, message) => {
    const descriptor = parseDeletionVectorDescriptor({ ...relative, ...change });
    expect(() => deletionVectorPath(descriptor)).toThrow(
      expect.objectContaining({ kind: "corrupt", message: expect.stringContaining(message) }),
    );
  });

  it("refuses what is no object", () => {
    for (const json of [null, "x", 1, []])
      expect(() => parseDeletionVectorDescriptor(json)).toThrow("object");
  });

  it("holds the rows of the protocol's inline example", () => {
    const rows = decodeInline(parseDeletionVectorDescriptor(inline));
    expect([...rows.rowIndexes()]).toEqual([3n, 4n, 7n, 11n, 18n, 29n]);
  });
});

describe("an inline deletion vector", () => {
  const rows = rowIndexSetOf([3n, 4n, 7n, 11n, 18n]);
  const inline = encodeInline(rows);

  it("comes back, whatever its length", () => {
    expect(inline.sizeInBytes % 4).not.toBe(0);
    expect(decodeInline(inline)).toEqual(rows);
    const many = setOf([[0, 100_000, 3]]);
    expect(decodeInline(encodeInline(many)).rowIndexes()).toEqual(many.rowIndexes());
  });

  it("may have no bytes and delete nothing", () => {
    const empty: DeletionVectorDescriptor = {
      storageType: "i",
      pathOrInlineDv: "",
      sizeInBytes: 0,
      cardinality: 0n,
    };
    expect(decodeInline(empty).cardinality).toBe(0);
  });

  it.each<[string, Partial<DeletionVectorDescriptor>, string]>([
    ["a smaller size", { sizeInBytes: inline.sizeInBytes - 4 }, "bytes where the log says"],
    ["a larger size", { sizeInBytes: inline.sizeInBytes + 4 }, "bytes where the log says"],
    ["no size", { sizeInBytes: 0 }, "bytes where the log says 0"],
    ["another alphabet", { pathOrInlineDv: `~${inline.pathOrInlineDv.slice(1)}` }, "base85"],
    ["another cardinality", { cardinality: 4n }, "deletes 5 rows where the log says 4"],
  ])("is refused with %s", (_name, change, message) => {
    expect(() => decodeInline({ ...inline, ...change })).toThrow(
      expect.objectContaining({ kind: "corrupt", message: expect.stringContaining(message) }),
    );
  });

  it("is refused when it deletes a row that its data file does not have", () => {
    expect(decodeInline(inline, 19n).maximum).toBe(18n);
    expect(() => decodeInline(inline, 18n)).toThrow("it deletes row 18 of a data file of 18 rows");
  });
});

// What CRoaring 4 writes for the same rows after run_optimize (pyroaring 1.2, BitMap64.serialize), without
// Delta's magic number: its length and SHA-256.
const CROARING: readonly (readonly [string, Ranges, number, string])[] = [
  [
    "six rows",
    [
      [3, 5, 1],
      [7, 12, 4],
      [18, 30, 11],
    ],
    40,
    "e934557eddf4fd6fb9d910f7393d1f78ca604c01e3d44c9e8d3e4d36028b024d",
  ],
  [
    "a run no smaller than its array",
    [[0, 3, 1]],
    34,
    "d19e3c88bfd91a80ff05b2e62fd75f9cd60173cdfc9a528495ad8fe7426e8dd1",
  ],
  ["one run", [[10, 5000, 1]], 27, "f08c1c1511aa61ba1fef44fa61b11063aea9b4e1cf3cd9b0c3543d656acb49d7"],
  [
    "arrays, a bitmap and runs, with offsets",
    [
      [0, 100, 7],
      [65536, 131072, 2],
      [131072, 190000, 1],
      [262144, 262150, 1],
      [400000, 400100, 3],
    ],
    8359,
    "8f3def412c06e47d8be50dbf0a0b1d46a3d6a9ba3cfa0a320408ec2b0aa069d1",
  ],
  [
    "a whole container",
    [[65536, 131072, 1]],
    27,
    "82f8f9a2f3f16d39f18eb6ea3ebb206d21a3da31e2debddd35526ec0b919b866",
  ],
  [
    "a bitmap beside a run, without offsets",
    [
      [0, 65536, 3],
      [65536, 70000, 1],
    ],
    8223,
    "7cc05d0590a99dc0b15ad5a6f81ad16a5b74c718099cb3ef83d5949f07e525df",
  ],
  [
    "4,096 values and 4,097",
    [
      [0, 8192, 2],
      [65536, 73730, 2],
    ],
    16420,
    "e84eedbad2e23b5d849c2683bcc72af4d63cb9316ea673fb1ddb1b3acd3e58f5",
  ],
  [
    "rows beyond 2^32",
    [
      [1, 2, 1],
      [2 ** 32 - 1, 2 ** 32 + 2, 1],
      [5 * 2 ** 32 + 70000, 5 * 2 ** 32 + 70400, 4],
      [2 ** 46, 2 ** 46 + 30, 3],
    ],
    324,
    "a2024c14c68fbd209423fb4e77e920b4d94217fbb22150a5f9e30fdab47fca59",
  ],
  [
    "two buckets of bitmaps",
    [
      [0, 200000, 3],
      [2 ** 32, 2 ** 32 + 200000, 5],
    ],
    52866,
    "c15b5257e192e12d79d47686806b0206f96877432fe5eb3d01b8968a89b4624f",
  ],
];

describe("a serialised bitmap", () => {
  it.each(CROARING)("has the bytes that CRoaring writes: %s", (_name, ranges, length, digest) => {
    const set = setOf(ranges);
    const bytes = encodeBitmap(set);
    expect(hexOf(bytes.subarray(0, 4))).toBe("d1d33964");
    const portable = bytes.subarray(4);
    expect(portable.length).toBe(length);
    expect(createHash("sha256").update(portable).digest("hex")).toBe(digest);
    expect(decodeBitmap(bytes, HERE)).toEqual(set);
  });

  it("may be empty, or hold empty bitmaps for the sake of their keys, as delta-spark writes them", () => {
    expect(encodeBitmap(rowIndexSetOf([]))).toEqual(bytesOf("d1d339640000000000000000"));
    expect(decodeBitmap(encodeBitmap(rowIndexSetOf([])), HERE).maximum).toBeUndefined();
    const empty = "000000003a30000000000000";
    const second = "010000003a3000000100000000000000100000000900";
    const set = decodeBitmap(bytesOf(`d1d339640200000000000000${empty}${second}`), HERE);
    expect([...set.rowIndexes()]).toEqual([2n ** 32n + 9n]);
  });

  it("is read in the form before the portable one, too", () => {
    const bitmap = (value: string): string => `120000003a3000000100000000000000100000000${value}00`;
    const set = decodeBitmap(bytesOf(`d0d3396402000000${bitmap("5")}${bitmap("9")}`), HERE);
    expect([...set.rowIndexes()]).toEqual([5n, 2n ** 32n + 9n]);
  });

  it("takes runs that touch, which only wastes bytes", () => {
    const runs = "3b300000 01 00000500 0200 00000200 03000200".replaceAll(" ", "");
    const set = decodeBitmap(bytesOf(`d1d33964010000000000000000000000${runs}`), HERE);
    expect([...set.rowIndexes()]).toEqual([0n, 1n, 2n, 3n, 4n, 5n]);
  });

  const portable = "d1d339640100000000000000";
  const bucket = "00000000";
  const plain = "3a300000";
  it.each([
    ["nothing at all", "", "the magic number"],
    ["an unknown magic number", "d2d339640000000000000000", "1681511378"],
    ["more bitmaps than there is room for", "d1d33964ffffff0000000000", "it claims 16777215 bitmaps"],
    ["2^32 bitmaps", "d1d339640000000001000000", "it claims 4294967296 bitmaps"],
    ["more bitmaps in the old form", "d0d33964ffffffff", "it claims 4294967295 bitmaps"],
    ["a wrong length in the old form", "d0d33964010000000a0000003a300000000000000000", "has 8 bytes, not 10"],
    ["a key whose first bit is set", `${portable}00000080${plain}00000000`, "key is 2147483648"],
    [
      "one bitmap twice",
      `d1d339640200000000000000${bucket}${plain}00000000${bucket}${plain}00000000`,
      "bitmap 0 follows bitmap 0",
    ],
    ["a cookie of neither kind", `${portable}${bucket}3c30000000000000`, "cookie is 12348"],
    ["bits beside the cookie", `${portable}${bucket}3a30010000000000`, "cookie"],
    [
      "more containers than there are bytes",
      `${portable}${bucket}${plain}ffff0000`,
      "claims 65535 containers",
    ],
    ["an offset that is another", `${portable}${bucket}${plain}0100000000000000110000000500`, "not at 17"],
    [
      "an array that ends early",
      `${portable}${bucket}${plain}010000000000010010000000 0500`,
      "an array container",
    ],
    [
      "an array out of order",
      `${portable}${bucket}${plain}010000000000010010000000 06000500`,
      "value 5 follows",
    ],
    [
      "a value twice",
      `${portable}${bucket}${plain}010000000000010010000000 05000500`,
      "value 5 follows value 5",
    ],
    [
      "containers out of order",
      `${portable}${bucket}${plain}02000000 01000000 00000000 18000000 1a000000 0500 0500`,
      "container 0 follows container 1",
    ],
    [
      "a container twice",
      `${portable}${bucket}${plain}02000000 01000000 01000000 18000000 1a000000 0500 0500`,
      "container 1 follows container 1",
    ],
    ["a run past the end", `${portable}${bucket}3b300000 01 00000100 0100 ffff0100`, "a run goes to 65536"],
    [
      "runs that overlap",
      `${portable}${bucket}3b300000 01 00000300 0200 00000200 02000000`,
      "a run from 2 follows",
    ],
    ["runs of other length", `${portable}${bucket}3b300000 01 00000300 0100 00000200`, "3 values, not 4"],
    ["no runs", `${portable}${bucket}3b300000 01 00000000 0000`, "0 values, not 1"],
    ["more runs than bytes", `${portable}${bucket}3b300000 01 00000000 ffff 00000000`, "a run container"],
    [
      "a bitmap that ends early",
      `${portable}${bucket}${plain}01000000 0000ffff 10000000 ${"ff".repeat(8191)}`,
      "ends",
    ],
    [
      "a bitmap of other bits",
      `${portable}${bucket}${plain}01000000 0000feff 10000000 ${"ff".repeat(8192)}`,
      "65536",
    ],
    ["bytes left over", `${portable}${bucket}${plain}0000000000`, "1 bytes are left over"],
  ])("is refused for %s", (_name, hex, message) => {
    expect(() => decodeBitmap(bytesOf(hex.replaceAll(" ", "")), HERE)).toThrow(
      expect.objectContaining({
        kind: "corrupt",
        code: "deletion-vector",
        message: expect.stringContaining(message),
        context: { file: HERE.file, offset: 1 },
      }),
    );
  });
});

describe("a set of row indexes", () => {
  it("is the same in whatever order rows are added", () => {
    const builder = new RowIndexSetBuilder();
    builder.add(BigInt64Array.of(70_000n, 5n, 2n ** 40n));
    builder.add(BigInt64Array.of(5n, 70_001n, 4n));
    const set = builder.build();
    expect([...set.rowIndexes()]).toEqual([4n, 5n, 70_000n, 70_001n, 2n ** 40n]);
    expect(set.cardinality).toBe(5);
    expect(builder.build().cardinality).toBe(0);
  });

  it("reads a part of a larger array", () => {
    const builder = new RowIndexSetBuilder();
    builder.add(BigInt64Array.of(1n, 2n, 3n, 4n).subarray(1, 3));
    expect([...builder.build().rowIndexes()]).toEqual([2n, 3n]);
  });

  it("takes every row index that a long holds and no other number", () => {
    const largest = 2n ** 63n - 1n;
    const set = rowIndexSetOf([largest]);
    expect(set.maximum).toBe(largest);
    expect(set.has(largest)).toBe(true);
    expect([...decodeBitmap(encodeBitmap(set), HERE).rowIndexes()]).toEqual([largest]);
    expect(() => rowIndexSetOf([3n, -1n])).toThrow("-1 is no row index");
  });

  it("does not change when sets are made of it", () => {
    const first = setOf([[0, 65536, 2]]);
    const second = setOf([[0, 65536, 3]]);
    const before = [...first.rowIndexes()];
    first.union(second);
    first.difference(second);
    expect([...first.rowIndexes()]).toEqual(before);
  });
});
