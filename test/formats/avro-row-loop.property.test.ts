import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readAvroHeader } from "../../formats/avro/container.js";
import { decodeFile } from "../../formats/avro/decode-file.js";
import { planOf, rowTarget } from "../../formats/avro/plan.js";
import type { Part } from "../../formats/avro/validity.js";
import { container, record } from "./avro-container.js";
import { workbench } from "./workbench.js";

const SEED = 20260121;
const bench = workbench();

/** Every kind that the generated loop has code of its own for, plain and nullable, and a few that it calls. */
const SCHEMA = record(
  { name: "i", type: "int" },
  { name: "l", type: ["null", "long"] },
  { name: "at", type: ["long", "null"] },
  { name: "day", type: { type: "int", logicalType: "date" } },
  { name: "f", type: ["null", "float"] },
  { name: "d", type: "double" },
  { name: "b", type: ["boolean", "null"] },
  { name: "s", type: ["null", "string"] },
  { name: "bytes", type: "bytes" },
  { name: "e", type: ["null", { type: "enum", name: "E", symbols: ["A", "BB", "CCC"] }] },
  { name: "rec", type: { type: "record", name: "Inner", fields: [{ name: "x", type: ["null", "int"] }] } },
  { name: "list", type: { type: "array", items: "long" } },
  { name: "either", type: ["null", "string", "long"] },
);

const maybe = (branch: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.option(value.map((inner) => ({ [branch]: inner })));

const INT = fc.oneof(fc.integer(), fc.integer({ min: -70, max: 70 }));
const LONG = fc.oneof(INT.map(BigInt), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
const TEXT = fc.oneof(fc.string({ unit: "grapheme", maxLength: 80 }), fc.constantFrom("", "x".repeat(300)));
const BYTES = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));

const ROW = fc.record({
  i: INT,
  l: maybe("long", LONG),
  at: maybe("long", LONG),
  day: fc.integer({ min: -100_000, max: 100_000 }),
  f: maybe("float", fc.float({ noNaN: true })),
  d: fc.double({ noNaN: true }),
  b: maybe("boolean", fc.boolean()),
  s: maybe("string", TEXT),
  bytes: BYTES,
  e: maybe("E", fc.constantFrom("A", "BB", "CCC")),
  rec: fc.record({ x: maybe("int", INT) }),
  list: fc.array(LONG, { maxLength: 4 }),
  either: fc.oneof(maybe("string", TEXT), maybe("long", LONG)),
});

/** What the rows of a file are, or why it is refused. */
async function outcome(file: string, size: number, generate: boolean): Promise<unknown> {
  const avro = { uri: file, localPath: file, size };
  try {
    const header = await readAvroHeader(avro);
    const plan = planOf(header.schema, undefined);
    const names = plan.fields.map(({ name }) => name);
    const target = rowTarget(plan, names, () => {}, { generate });
    const batches: unknown[] = [];
    for await (const { rows, parts } of decodeFile(avro, header, target))
      batches.push({ rows, parts: parts.map(valuesOf) });
    return batches;
  } catch (error) {
    return String(error);
  }
}

/** What a part says: what stands at a null says nothing. */
function valuesOf(part: Part): unknown {
  const { length, nullCount, offsets, values, validity, children } = part;
  const valid = Array.from({ length }, (_, row) =>
    validity === undefined ? true : ((validity[row >> 3] ?? 0) & (1 << (row & 7))) !== 0,
  );
  const bytes =
    values === undefined ? undefined : Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  const width = bytes === undefined || length === 0 ? 0 : bytes.length / length;
  const shown =
    bytes === undefined
      ? undefined
      : offsets !== undefined || !Number.isInteger(width)
        ? bytes.toString("hex")
        : valid.map((is, row) => is && bytes.toString("hex", row * width, (row + 1) * width));
  return {
    length,
    nullCount,
    valid,
    offsets: offsets && Array.from(offsets),
    shown,
    children: children.map(valuesOf),
  };
}

describe("rows of Avro files", () => {
  it("are the same by the generated loop and by readers that call each other", async () => {
    const rows = fc.array(fc.array(ROW, { minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 4 });
    const property = fc.asyncProperty(rows, async (blocks) => {
      const bytes = container(SCHEMA, blocks);
      const file = bench.write("same.avro", bytes);
      const composed = await outcome(file, bytes.length, false);
      expect(typeof composed).not.toBe("string");
      expect(await outcome(file, bytes.length, true)).toEqual(composed);
    });
    await fc.assert(property, { seed: SEED, numRuns: 60 });
  });

  it("are the same, or refused for the same reason, where a byte is wrong", async () => {
    const [rows = []] = fc.sample(fc.array(ROW, { minLength: 3, maxLength: 3 }), { seed: SEED, numRuns: 1 });
    const bytes = container(SCHEMA, [rows]);
    const begin = bytes.indexOf("0123456789abcdef") + 16;
    const kinds = { refused: 0, read: 0 };
    for (let at = begin; at < bytes.length; at++) {
      for (const byte of [3, 0x80, 0xff]) {
        const wrong = Buffer.from(bytes);
        wrong[at] = byte;
        const file = bench.write("wrong.avro", wrong);
        const composed = await outcome(file, wrong.length, false);
        kinds[typeof composed === "string" ? "refused" : "read"]++;
        expect(await outcome(file, wrong.length, true), `byte ${at} is ${byte}`).toEqual(composed);
      }
    }
    expect(kinds.refused).toBeGreaterThan(0);
    expect(kinds.read).toBeGreaterThan(0);
  });

  it("are the same where Node generates no code", async () => {
    const [rows = []] = fc.sample(fc.array(ROW, { minLength: 50, maxLength: 50 }), {
      seed: SEED,
      numRuns: 1,
    });
    const bytes = container(SCHEMA, [rows]);
    const file = bench.write("no-code.avro", bytes);
    const folder = fileURLToPath(new URL("../../dist/formats/avro/", import.meta.url));
    const script = `
      import { readAvroHeader } from ${JSON.stringify(`${folder}container.js`)};
      import { decodeFile } from ${JSON.stringify(`${folder}decode-file.js`)};
      import { planOf, rowTarget } from ${JSON.stringify(`${folder}plan.js`)};
      const file = ${JSON.stringify({ uri: file, localPath: file, size: bytes.length })};
      const header = await readAvroHeader(file);
      const plan = planOf(header.schema, undefined);
      const target = rowTarget(plan, plan.fields.map(({ name }) => name), () => {});
      for await (const { rows } of decodeFile(file, header, target)) {
        const { words } = target.columns[0];
        process.stdout.write(JSON.stringify(Array.from(words.subarray(0, rows))));
      }`;
    const flag = "--disallow-code-generation-from-strings";
    const args = [flag, "--input-type=module", "--eval", script];
    const printed = execFileSync(process.execPath, args, { encoding: "utf8" });
    expect(JSON.parse(printed)).toEqual(rows.map(({ i }) => i));
  });

  it("stay what they are while blocks larger and smaller than a window are read ahead", async () => {
    // Texts that do not compress, of 1 byte to 3 MB.
    const texts = Array.from({ length: 40 }, (_, index) => {
      const piece = createHash("sha512").update(`${SEED} ${index}`).digest("base64");
      return piece.slice(0, 1 + index) + noise(index, [0, 300_000, 3_000_000, 900_000][index % 4] ?? 0);
    });
    const schema = record({ name: "s", type: "string" });
    for (const codec of ["null", "deflate"]) {
      const encode =
        codec === "null" ? (data: Buffer) => data : (data: Buffer) => deflateRawSync(data, { level: 1 });
      const bytes = container(
        schema,
        texts.map((s) => [{ s }]),
        codec,
        encode,
      );
      const file = { uri: codec, localPath: bench.write(`${codec}.avro`, bytes), size: bytes.length };
      const header = await readAvroHeader(file);
      const target = rowTarget(planOf(header.schema, undefined), ["s"], () => {});
      const read: string[] = [];
      for await (const { rows, parts } of decodeFile(file, header, target)) {
        const [{ offsets, values } = { offsets: undefined, values: undefined }] = parts;
        if (offsets === undefined || values === undefined) throw new RangeError("no texts");
        const all = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
        for (let row = 0; row < rows; row++)
          read.push(all.toString("latin1", offsets[row], offsets[row + 1]));
      }
      expect(read.length).toBe(texts.length);
      expect(read.every((text, index) => text === texts[index])).toBe(true);
    }
  });
});

/** Base64 text of about so many characters that repeats nowhere. */
function noise(index: number, length: number): string {
  let state = index + 1;
  const words = new Uint32Array(Math.ceil((length * 3) / 16));
  for (let at = 0; at < words.length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    words[at] = state;
  }
  return Buffer.from(words.buffer).toString("base64").slice(0, length);
}
