import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isLakeError } from "../../core/index.js";
import { MemoryStore, objectPath } from "../../object-store/index.js";
import { decodeBase85, encodeBase85 } from "../../table-format/deletion-vector/base85.js";
import { decodeBitmap } from "../../table-format/deletion-vector/decode-bitmap.js";
import { encodeBitmap } from "../../table-format/deletion-vector/encode-bitmap.js";
import {
  type DeletionVectorDescriptor,
  DeletionVectorWriter,
  decodeInline,
  deletionVectorPath,
  encodeInline,
  loadDeletionVectors,
  type RowIndexSet,
  rowIndexSetOf,
} from "../../table-format/deletion-vector/index.js";

const HERE = { file: "deletion_vector_x.bin", offset: 1 };

const start = fc.oneof(
  fc.nat(200_000),
  fc.integer({ min: 2 ** 32 - 70_000, max: 2 ** 32 + 70_000 }),
  fc.integer({ min: 0, max: 2 ** 46 }),
);

/** A stretch of rows, `step` apart: a few, or so many that they make a run, a full array or a bitmap. */
const stretch = fc.oneof(
  { weight: 5, arbitrary: fc.record({ start, count: fc.nat(40), step: fc.constantFrom(1, 2, 17, 70_000) }) },
  { weight: 1, arbitrary: fc.record({ start, count: fc.nat(15_000), step: fc.constantFrom(1, 2, 3) }) },
);

/** Rows from 0 to 2^63 - 1: sparse, dense, in runs, and far apart. */
const rows = fc
  .tuple(
    fc.array(stretch, { maxLength: 4 }),
    fc.array(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), { maxLength: 3 }),
  )
  .map(([stretches, alone]) => {
    const all = new Set(alone);
    for (const { start, count, step } of stretches) {
      for (let index = 0; index < count; index++) all.add(BigInt(start + index * step));
    }
    return all;
  });

const ascending = (all: Iterable<bigint>): bigint[] => [...all].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));

/** The bytes of row indexes, which compare faster than the numbers. */
function bytesOf(rowIndexes: BigInt64Array): Buffer {
  return Buffer.from(rowIndexes.buffer, rowIndexes.byteOffset, rowIndexes.byteLength);
}

function expectRows(set: RowIndexSet | undefined, expected: Iterable<bigint>): void {
  if (set === undefined) throw new Error("the set was not loaded");
  const sorted = BigInt64Array.from(ascending(expected));
  expect(set.cardinality).toBe(sorted.length);
  expect(set.maximum).toBe(sorted.at(-1));
  expect(bytesOf(set.rowIndexes()).equals(bytesOf(sorted)), "the same rows").toBe(true);
}

function expectSameBytes(bytes: Uint8Array, expected: Uint8Array): void {
  expect(Buffer.from(bytes).equals(expected), "the same bytes").toBe(true);
}

/** Rows near those of a set, and some of them. */
function probes(all: ReadonlySet<bigint>): bigint[] {
  const some = [...all].filter((_, index) => index % 97 === 0);
  return [0n, 65_536n, 2n ** 40n, ...some.flatMap((row) => [row, row + 1n, row > 0n ? row - 1n : row])];
}

describe("deletion vectors", () => {
  it("hold the rows that went in, and encode them the same however they were put together", () => {
    fc.assert(
      fc.property(rows, (all) => {
        const set = rowIndexSetOf(all);
        const expected = ascending(all);
        const bytes = encodeBitmap(set);
        const decoded = decodeBitmap(bytes, HERE);
        expectRows(set, all);
        expectRows(decoded, all);
        expectSameBytes(encodeBitmap(decoded), bytes);
        const half = expected.length >> 1;
        const united = rowIndexSetOf(expected.slice(half)).union(rowIndexSetOf(expected.slice(0, half + 1)));
        expectSameBytes(encodeBitmap(united), bytes);
        for (const row of probes(all)) expect(decoded.has(row)).toBe(all.has(row));
      }),
      { seed: 31, numRuns: 200 },
    );
  });

  it("unite and subtract as sets do", () => {
    fc.assert(
      fc.property(rows, rows, fc.nat(3), (left, other, shared) => {
        const right = new Set([...other, ...[...left].filter((_, index) => index % (shared + 1) === 0)]);
        const [a, b] = [rowIndexSetOf(left), decodeBitmap(encodeBitmap(rowIndexSetOf(right)), HERE)];
        expectRows(a.union(b), new Set([...left, ...right]));
        expectRows(
          a.difference(b),
          [...left].filter((row) => !right.has(row)),
        );
        expectRows(a.difference(a), []);
      }),
      { seed: 32, numRuns: 200 },
    );
  });

  it("come back from files and from the log", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(rows, { minLength: 1, maxLength: 6 }),
        fc.constantFrom(1, 300, 100_000),
        async (all, targetBytes) => {
          const store = new MemoryStore();
          const writer = new DeletionVectorWriter(store, { targetBytes });
          const wanted: { fileIndex: number; descriptor: DeletionVectorDescriptor }[] = [];
          for (const [fileIndex, one] of all.entries()) {
            wanted.push({ fileIndex, descriptor: await writer.add(rowIndexSetOf(one)) });
          }
          await writer.finish();
          const loaded = new Map<number, RowIndexSet>();
          for await (const { fileIndex, deleted } of loadDeletionVectors(store, wanted)) {
            loaded.set(fileIndex, deleted);
          }
          for (const [fileIndex, one] of all.entries()) {
            expectRows(loaded.get(fileIndex), one);
            expectRows(decodeInline(encodeInline(rowIndexSetOf(one))), one);
          }
        },
      ),
      { seed: 33, numRuns: 40 },
    );
  });
});

/** A change to bytes: some of them replaced, cut out, put in, or cut off at the end. */
const damage = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("set" as const), at: fc.nat(), value: fc.nat(255) }),
    // Near the start, where counts and lengths stand.
    fc.record({
      kind: fc.constant("set" as const),
      at: fc.nat(60),
      value: fc.constantFrom(0, 1, 127, 128, 255),
    }),
    fc.record({ kind: fc.constant("cut" as const), at: fc.nat(), value: fc.nat(20) }),
    fc.record({ kind: fc.constant("insert" as const), at: fc.nat(), value: fc.nat(255) }),
    fc.record({ kind: fc.constant("truncate" as const), at: fc.nat(), value: fc.constant(0) }),
  ),
  { minLength: 1, maxLength: 4 },
);

type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function damaged(bytes: Uint8Array, changes: Damage): Uint8Array {
  let result = [...bytes];
  for (const { kind, at: anywhere, value } of changes) {
    const at = anywhere % (result.length + 1);
    if (kind === "set" && at < result.length) result[at] = value;
    else if (kind === "cut") result.splice(at, value);
    else if (kind === "insert") result.splice(at, 0, value);
    else if (kind === "truncate") result = result.slice(0, at);
  }
  return Uint8Array.from(result);
}

/** Gives what `decode` gives, or `undefined` when it refuses the bytes as it must. */
function decodedOrRefused(decode: () => RowIndexSet): RowIndexSet | undefined {
  try {
    return decode();
  } catch (error) {
    if (isLakeError(error, "corrupt") && error.code === "deletion-vector") return undefined;
    throw error;
  }
}

/** Bytes that the containers of a set hold. */
function heldBytes(set: RowIndexSet): number {
  return set.containers.reduce((sum, { container }) => {
    const { kind } = container;
    const numbers = kind === "array" ? container.values : kind === "run" ? container.runs : container.words;
    return sum + numbers.byteLength;
  }, 0);
}

describe("hostile bytes", () => {
  it("are refused as corrupt, or are a bitmap no larger than they are", () => {
    let refused = 0;
    let taken = 0;
    fc.assert(
      fc.property(rows, damage, (all, changes) => {
        const bytes = damaged(encodeBitmap(rowIndexSetOf(all)), changes);
        const set = decodedOrRefused(() => decodeBitmap(bytes, HERE));
        if (set === undefined) {
          refused++;
          return;
        }
        taken++;
        expect(heldBytes(set)).toBeLessThanOrEqual(bytes.length);
        // What was taken is sound: it has a largest row, and its bytes say the same again.
        expect(set.maximum === undefined).toBe(set.cardinality === 0);
        expect(encodeBitmap(set).length).toBeLessThanOrEqual(bytes.length);
      }),
      { seed: 34, numRuns: 2000 },
    );
    expect(refused).toBeGreaterThan(100);
    expect(taken).toBeGreaterThan(10);
  });

  it("are refused when they are no bitmap at all", () => {
    const prefixes = [
      "",
      "d1d33964",
      "d1d339640100000000000000000000003a300000",
      "d1d339640100000000000000000000003b30",
      "d0d33964",
      "6439d3d0",
    ].map((hex) => [...Buffer.from(hex, "hex")]);
    fc.assert(
      fc.property(fc.constantFrom(...prefixes), fc.uint8Array({ maxLength: 300 }), (prefix, noise) => {
        const bytes = Uint8Array.from([...prefix, ...noise]);
        const set = decodedOrRefused(() => decodeBitmap(bytes, HERE));
        if (set !== undefined) expect(heldBytes(set)).toBeLessThanOrEqual(bytes.length);
      }),
      { seed: 35, numRuns: 3000 },
    );
  });

  it("of a file never pass for other rows: the checksum covers them", async () => {
    await fc.assert(
      fc.asyncProperty(rows, damage, async (all, changes) => {
        const store = new MemoryStore();
        const writer = new DeletionVectorWriter(store);
        const descriptor = await writer.add(rowIndexSetOf(all));
        await writer.finish();
        const object = objectPath(deletionVectorPath(descriptor)?.path ?? "");
        await store.put(object, damaged(await store.get(object), changes));
        try {
          for await (const { deleted } of loadDeletionVectors(store, [{ fileIndex: 0, descriptor }])) {
            expectRows(deleted, all);
          }
        } catch (error) {
          if (!isLakeError(error, "corrupt")) throw error;
        }
      }),
      { seed: 36, numRuns: 300 },
    );
  });

  it("in the log are refused, or are rows", () => {
    const digit = fc.constantFrom(...'09azAZ.-:+=^!/*?&<>()[]{}@%$#"\\~ ');
    fc.assert(
      fc.property(
        rows,
        fc.array(fc.tuple(fc.nat(), digit), { maxLength: 3 }),
        fc.nat(3),
        (all, changes, cut) => {
          const inline = encodeInline(rowIndexSetOf(all));
          const text = [...inline.pathOrInlineDv];
          for (const [at, character] of changes) text[at % text.length] = character;
          const pathOrInlineDv = text.slice(0, text.length - cut).join("");
          const set = decodedOrRefused(() => decodeInline({ ...inline, pathOrInlineDv }));
          if (set !== undefined) expect(BigInt(set.cardinality)).toBe(inline.cardinality);
        },
      ),
      { seed: 37, numRuns: 300 },
    );
  });
});

it("base85 brings back any bytes, filled up to whole groups", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const text = encodeBase85(bytes);
      const decoded = decodeBase85(text);
      expect(decoded?.subarray(0, bytes.length)).toEqual(bytes);
      expect(decoded?.length).toBe(Math.ceil(bytes.length / 4) * 4);
      expect(text).not.toMatch(/["\\\s]/);
    }),
    { seed: 38, numRuns: 500 },
  );
});
