import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine, quoteString } from "../../../engine/index.js";
import { hashPartitionSql } from "../../../table-format/checkpoint/hash-partition.js";

// The algorithm once more, over bytes, as the reference for the SQL. It is itself held to the value that
// Spark's documentation gives: SELECT hash('Spark', array(123), 2) is -1321691492.

function mix(hash: number, word: number): number {
  const k = Math.imul(word, 0xcc9e2d51);
  const h = hash ^ Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(hash: number, length: number): number {
  let h = hash ^ length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function hashText(text: string | null, seed: number): number {
  if (text === null) return seed;
  const bytes = Buffer.from(text);
  let hash = seed;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) hash = mix(hash, bytes.readInt32LE(at));
  for (; at < bytes.length; at++) hash = mix(hash, bytes.readInt8(at));
  return finish(hash, bytes.length);
}

const hashInt = (value: number, seed: number): number => finish(mix(seed, value), 4);

const TEXTS = [
  null,
  "",
  "a",
  "Spark",
  "part-00000-é.parquet",
  "p=%C3%A9/d.parquet",
  "日本語",
  "x".repeat(101),
];

describe("hashPartitionSql", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.open();
  });
  afterAll(() => engine.close());

  const partsOf = (rows: readonly (readonly (string | null)[])[], parts: number): Promise<bigint[]> =>
    engine.withSession(async (session) => {
      const names = (rows[0] ?? []).map((_, index) => `k${index}`);
      const values = rows.map(
        (row) => `(${row.map((key) => (key === null ? "NULL" : quoteString(key))).join(", ")})`,
      );
      const sql = `SELECT (${hashPartitionSql(names, parts)})::BIGINT AS part FROM (VALUES ${values.join(", ")}) v(${names.join(", ")})`;
      return (await session.rows(sql)).map((row) => BigInt(String(row["part"])));
    });

  it("is measured against an algorithm that gives what Spark documents", () => {
    expect(hashInt(2, hashInt(123, hashText("Spark", 42)))).toBe(-1321691492);
  });

  it.each([1, 2, 7, 1_000_003])("puts texts where Spark puts them, of %i parts", async (parts) => {
    const expected = TEXTS.map((text) => BigInt(((hashText(text, 42) % parts) + parts) % parts));
    expect(
      await partsOf(
        TEXTS.map((text) => [text]),
        parts,
      ),
    ).toEqual(expected);
  });

  it("hashes a deletion vector's id after the path", async () => {
    const pairs = TEXTS.flatMap((path) =>
      [null, "uab^-aqEH.-t@S}K{vb[*k^@4"].map((id) => [path, id] as const),
    );
    const expected = pairs.map(([path, id]) => BigInt(((hashText(id, hashText(path, 42)) % 97) + 97) % 97));
    expect(await partsOf(pairs, 97)).toEqual(expected);
  });
});
