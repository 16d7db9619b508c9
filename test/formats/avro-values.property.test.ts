import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { container, snappyBlock } from "./avro-container.js";
import { workbench } from "./workbench.js";

/** A type's schema, and values of it: as avsc takes them, and as rows show them. */
interface Typed {
  readonly schema: object | string;
  /** What a union calls the type. */
  readonly branch: string;
  readonly value: fc.Arbitrary<Value>;
}

interface Value {
  readonly written: unknown;
  readonly read: unknown;
}

const SEED = 20260120;
const bench = workbench();
let names = 0;

const same = (arbitrary: fc.Arbitrary<unknown>): fc.Arbitrary<Value> =>
  arbitrary.map((value) => ({ written: value, read: value }));

const primitive = (name: string, arbitrary: fc.Arbitrary<unknown>): Typed => ({
  schema: name,
  branch: name,
  value: same(arbitrary),
});

const bytes = (minLength: number, maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength, maxLength }).map((value) => Buffer.from(value));

const LONG = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  // Where the encoding takes one byte more.
  fc
    .tuple(fc.integer({ min: 1, max: 9 }), fc.constantFrom(-2n, -1n, 0n, 1n))
    .map(([length, more]) => 2n ** BigInt(7 * length - 1) + more),
  fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 0n),
);
const PRIMITIVES: readonly Typed[] = [
  primitive("boolean", fc.boolean()),
  primitive("int", fc.oneof(fc.integer(), fc.constantFrom(-(2 ** 31), 2 ** 31 - 1, 63, 64, -64, -65))),
  primitive("long", LONG),
  primitive(
    "float",
    fc.float({ noNaN: true }).map((value) => value + 0),
  ),
  primitive(
    "double",
    fc.double({ noNaN: true }).map((value) => value + 0),
  ),
  primitive("bytes", bytes(0, 60)),
  primitive(
    "string",
    fc
      .oneof(fc.string({ unit: "grapheme", maxLength: 60 }), fc.constantFrom("", "é", "x".repeat(500)))
      .map((value) => value.replaceAll("\0", "")),
  ),
];

function fixed(size: number): Typed {
  const name = `F${++names}`;
  return { schema: { type: "fixed", name, size }, branch: name, value: same(bytes(size, size)) };
}

function enumeration(size: number): Typed {
  const name = `E${++names}`;
  const symbols = Array.from({ length: size }, (_, index) => `SYMBOL_${index}`);
  return {
    schema: { type: "enum", name, symbols },
    branch: name,
    value: same(fc.constantFrom(...symbols)),
  };
}

function array(items: Typed): Typed {
  const value = fc.array(items.value, { maxLength: 20 }).map((list) => ({
    written: list.map(({ written }) => written),
    read: list.map(({ read }) => read),
  }));
  return { schema: { type: "array", items: items.schema }, branch: "array", value };
}

function map(values: Typed): Typed {
  const entries = fc.uniqueArray(fc.tuple(fc.string({ minLength: 1, maxLength: 20 }), values.value), {
    maxLength: 6,
    selector: ([key]) => key,
  });
  const value = entries
    .filter((list) => list.every(([key]) => !key.includes("\0") && key !== "__proto__"))
    .map((list) => ({
      written: Object.fromEntries(list.map(([key, { written }]) => [key, written])),
      read: new Map(list.map(([key, { read }]) => [key, read])),
    }));
  return { schema: { type: "map", values: values.schema }, branch: "map", value };
}

function struct(members: readonly Typed[]): Typed {
  const name = `R${++names}`;
  const fields = members.map(({ schema }, index) => ({ name: `f${index}`, type: schema }));
  const value = fc.tuple(...members.map((member) => member.value)).map((list) => ({
    written: Object.fromEntries(list.map(({ written }, index) => [`f${index}`, written])),
    read: Object.fromEntries(list.map(({ read }, index) => [`f${index}`, read])),
  }));
  return { schema: { type: "record", name, fields }, branch: name, value };
}

function nullable(type: Typed, nullFirst: boolean): Typed {
  const value = fc.option(type.value, { freq: 3 }).map((some) => ({
    written: some === null ? null : { [type.branch]: some.written },
    read: some === null ? null : some.read,
  }));
  return { schema: nullFirst ? ["null", type.schema] : [type.schema, "null"], branch: "union", value };
}

/** A union of several kinds: a struct with a field for each. */
function union(types: readonly Typed[], withNull: boolean): Typed {
  const members = types.map((type, index) =>
    type.value.map((value) => ({
      written: { [type.branch]: value.written },
      read: Object.fromEntries(
        types.map((_, other) => [`member${other}`, other === index ? value.read : null]),
      ),
    })),
  );
  const none = withNull ? [fc.constant({ written: null, read: null })] : [];
  const schemas = types.map(({ schema }) => schema);
  return {
    schema: withNull ? [...schemas, "null"] : schemas,
    branch: "union",
    value: fc.oneof(...members, ...none),
  };
}

/** A type, nested to a depth; a union is never directly in a union. */
function types(depth: number, unions: boolean): fc.Arbitrary<Typed> {
  const leaves = fc.oneof(
    fc.constantFrom(...PRIMITIVES),
    fc.integer({ min: 1, max: 40 }).map(fixed),
    fc.integer({ min: 1, max: 100 }).map(enumeration),
  );
  if (depth === 0) return leaves;
  const deeper = types(depth - 1, true);
  const nested = [
    deeper.map(array),
    deeper.map(map),
    fc.array(deeper, { minLength: 1, maxLength: 4 }).map(struct),
  ];
  if (!unions) return fc.oneof(leaves, ...nested);
  const plain = types(depth - 1, false);
  return fc.oneof(
    leaves,
    ...nested,
    fc.tuple(plain, fc.boolean()).map(([type, first]) => nullable(type, first)),
    fc
      .tuple(plain, plain, fc.boolean())
      .map(([one, other, withNull]) =>
        isMixed(one, other) ? union([one, other], withNull) : nullable(one, true),
      ),
  );
}

/** Two branches of a union have two names, and int and long, float and double are kept as one. */
function isMixed(one: Typed, other: Typed): boolean {
  const kinds = [one.branch, other.branch];
  const areBoth = (...both: string[]): boolean => kinds.every((kind) => both.includes(kind));
  return one.branch !== other.branch && !areBoth("int", "long") && !areBoth("float", "double");
}

const CODECS = {
  null: (data: Buffer): Buffer => data,
  deflate: (data: Buffer): Buffer => deflateRawSync(data),
  snappy: snappyBlock,
} as const;

describe("Avro values", () => {
  it("reads what avsc writes, whatever the schema", async () => {
    const file = types(3, true)
      .chain((type) => fc.tuple(fc.constant(struct([type])), fc.constant(type)))
      .chain(([row]) =>
        fc.record({
          schema: fc.constant(row.schema),
          blocks: fc.array(fc.array(row.value, { minLength: 1, maxLength: 40 }), { maxLength: 4 }),
          codec: fc.constantFrom("null", "deflate", "snappy"),
        }),
      );
    await fc.assert(
      fc.asyncProperty(file, async ({ schema, blocks, codec }) => {
        const written = blocks.map((rows) => rows.map((row) => row.written));
        const pack = codec === "null" || codec === "deflate" ? CODECS[codec] : CODECS.snappy;
        bench.write("values.avro", container(Object(schema), written, codec, pack));
        const { rows } = await bench.read("values.avro");
        expect(rows).toEqual(blocks.flat().map(({ read }) => read));
      }),
      { seed: SEED, numRuns: 150 },
    );
  });
});
