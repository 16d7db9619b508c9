import { describe, expect, it } from "vitest";
import { isLakeError, type LakeError } from "../../core/index.js";
import type { Row } from "../../engine/index.js";
import { container, record, SYNC, snappyBlock } from "./avro-container.js";
import { workbench } from "./workbench.js";

const bench = workbench();

const schema = record(
  { name: "n", type: "long" },
  { name: "s", type: ["null", "string"] },
  { name: "l", type: { type: "array", items: "int" } },
);
const rows = Array.from({ length: 5 }, (_, index) => ({
  n: BigInt(index) * 1_000_000_007n,
  s: index % 3 === 0 ? null : { string: `text ${index}` },
  l: [index, 1000 * index],
}));
const shown = rows.map(({ n, s, l }) => ({ n, s: s === null ? null : s.string, l }));
const blocks = [rows.slice(0, 3), rows.slice(3)];

type Outcome = { readonly rows: Row[] } | { readonly failure: LakeError };

/** Reads bytes as a file. Whatever goes wrong is the file's fault, and says which file. */
async function outcome(content: Uint8Array): Promise<Outcome> {
  const file = bench.write("damaged.avro", content);
  try {
    return { rows: (await bench.read("damaged.avro")).rows };
  } catch (failure) {
    if (!isLakeError(failure)) throw failure;
    expect(failure.context["file"]).toBe(file);
    expect(failure.message).toContain(file);
    return { failure };
  }
}

/** Where the blocks begin: behind the marker that ends the header. */
const blocksFrom = (whole: Buffer): number => whole.indexOf(SYNC) + SYNC.length;

describe("a damaged Avro file", () => {
  it("is refused with the offset wherever it is cut short, but between two blocks", async () => {
    const whole = container(schema, blocks, "snappy", snappyBlock);
    const first = blocksFrom(whole);
    const second = whole.indexOf(SYNC, first) + SYNC.length;
    expect(await outcome(whole)).toEqual({ rows: shown });
    for (let length = 5; length < whole.length; length++) {
      const result = await outcome(whole.subarray(0, length));
      if (length === first || length === second) {
        expect(result, `cut at byte ${length}`).toEqual({ rows: shown.slice(0, length === first ? 0 : 3) });
        continue;
      }
      expect(result, `cut at byte ${length}`).toMatchObject({
        failure: { kind: "invalid-input", code: "broken-avro", context: { offset: expect.any(Number) } },
      });
    }
  });

  it("never gives other rows where a checksum guards them, whichever byte is wrong", async () => {
    const whole = container(schema, blocks, "snappy", snappyBlock);
    for (let at = blocksFrom(whole); at < whole.length; at++) {
      for (const change of [0x01, 0xff]) {
        const damaged = Buffer.from(whole);
        damaged[at] = (damaged[at] ?? 0) ^ change;
        const result = await outcome(damaged);
        expect(result, `byte ${at} ^ ${change}`).toMatchObject({
          failure: { kind: "invalid-input", code: "broken-avro", context: { offset: expect.any(Number) } },
        });
      }
    }
  });

  it("is read or refused by name, whichever byte of its header or of plain data is wrong", async () => {
    const whole = container(schema, blocks);
    for (let at = 4; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 0x08;
      const result = await outcome(damaged);
      // A header may now name another codec or a type that is not read.
      if ("failure" in result) expect(["invalid-input", "unsupported"]).toContain(result.failure.kind);
      else expect(result.rows.length, `byte ${at}`).toBe(rows.length);
    }
  });

  it("is refused where a number, a length, a branch, a symbol or a boolean is impossible", async () => {
    const file = (type: unknown, data: readonly number[]): Buffer => {
      const block = Buffer.from([2, data.length * 2, ...data]);
      return Buffer.concat([container(record({ name: "v", type }), []), block, SYNC]);
    };
    const many = (count: number, value = 0xff): number[] => new Array<number>(count).fill(value);
    const cases: readonly (readonly [unknown, readonly number[], string])[] = [
      ["long", [...many(9), 0x02], "64 bits"],
      ["long", many(11), "64 bits"],
      ["int", [...many(4), 0x1f], "32-bit"],
      ["boolean", [2], "no boolean"],
      ["string", [8, 0x61, 0x62], "ends inside"],
      ["string", [1], "no length"],
      ["string", [4, 0xc3, 0x28], "UTF-8"],
      ["bytes", [...many(8), 0x0f], "no count"],
      [["null", "int"], [4], "no branch 2"],
      [["null", "int"], [1], "no branch -1"],
      [{ type: "enum", name: "E", symbols: ["A"] }, [2], "no symbol 1"],
      [{ type: "array", items: "int" }, [0xfe, 0xff, 0x03, 0], "ends inside"],
      [{ type: "array", items: "null" }, [0xfe, ...many(6), 0x0f, 0], "ends inside"],
      [{ type: "array", items: "int" }, [3, 6, 2, 2, 0], "the size"],
      [{ type: "map", values: "int" }, [4, 2, 0x61, 2, 2, 0x61, 4, 0], "twice"],
      [{ type: "int", logicalType: "date" }, [...many(4), 0x0f], "no date"],
      [{ type: "long", logicalType: "time-micros" }, [1], "time of day"],
      [{ type: "bytes", logicalType: "decimal", precision: 2 }, [2, 100], "2 digits"],
      [{ type: "bytes", logicalType: "decimal", precision: 2 }, [0], "no bytes"],
      [{ type: "long", logicalType: "timestamp-millis" }, [...many(9), 0x01], "out of the range"],
      ["double", [0, 0, 0], "ends inside"],
      ["null", [0], "more than its 1 records"],
    ];
    for (const [type, data, message] of cases) {
      const result = await outcome(file(type, data));
      expect(result, JSON.stringify([type, data])).toMatchObject({
        failure: { kind: "invalid-input", code: "broken-avro", context: { offset: expect.any(Number) } },
      });
      if ("failure" in result) expect(result.failure.message).toContain(message);
    }
  });
});
