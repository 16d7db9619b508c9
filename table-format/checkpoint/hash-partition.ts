/**
 * SQL for the part, counted from 0, of `parts` that Spark's hash partitioning puts a file action into:
 * MurmurHash3 (x86, 32 bits, seed 42) of the path and, where the table supports deletion vectors, of the
 * vector's id (PROTOCOL.md, "Multi-part checkpoint", asks for just this). NULL leaves the hash as it is.
 *
 * @param keys SQL of texts, hashed one after the other
 */
export function hashPartitionSql(keys: readonly string[], parts: number): string {
  const hash = keys.reduce(
    (seed, key) => `CASE WHEN ${key} IS NULL THEN ${seed} ELSE ${murmurSql(key, seed)} END`,
    SEED,
  );
  // Spark's hash is signed, and its remainder never negative.
  const signed = "h::BIGINT - CASE WHEN h >= 2147483648 THEN 4294967296 ELSE 0 END";
  return withValue(hash, `((${signed}) % ${parts} + ${parts}) % ${parts}`);
}

const SEED = "42::UBIGINT";

/** 32 bits of an unsigned number of 64. */
const low = (sql: string): string => `(${sql} & 4294967295)`;
const rotated = (sql: string, by: number): string => low(`((${sql} << ${by}) | (${sql} >> ${32 - by}))`);

/**
 * Spark's `hashUnsafeBytes`: words of 4 bytes, little-endian, then each byte that is left as a signed word
 * of its own, which is not what the reference algorithm does with them.
 */
function murmurSql(text: string, seed: string): string {
  const hex = `hex(encode(${text}))`;
  const word = (at: string): string =>
    `('0x' || substr(${at}, 7, 2) || substr(${at}, 5, 2) || substr(${at}, 3, 2) || substr(${at}, 1, 2))::UBIGINT`;
  const length = `(length(${hex}) // 2)`;
  const words = `list_transform(range(0, ${length} // 4), lambda i: ${word(`substr(${hex}, (i * 8 + 1)::BIGINT, 8)`)})`;
  const byte = `('0x' || substr(${hex}, (i * 2 + 1)::BIGINT, 2))::UBIGINT`;
  const bytes = `list_transform(range(${length} // 4 * 4, ${length}), lambda i: CASE WHEN ${byte} > 127 THEN ${byte} + 4294967040 ELSE ${byte} END)`;
  const first = low("k * 3432918353");
  const mixedWord = low(`${rotated(first, 15)} * 461845907`);
  const mixed = low(`${rotated(`xor(h, ${mixedWord})`, 13)} * 5 + 3864292196`);
  const body = `list_reduce(list_concat(${words}, ${bytes}), lambda h, k: ${mixed}, ${seed})`;
  const steps = [
    `xor(h, ${length}::UBIGINT)`,
    low(`xor(h, h >> 16) * 2246822507`),
    low(`xor(h, h >> 13) * 3266489909`),
    `xor(h, h >> 16)`,
  ];
  return steps.reduce(withValue, body);
}

/** SQL with `value`, worked out once, under the name `h`. */
function withValue(value: string, sql: string): string {
  return `list_transform([${value}], lambda h: ${sql})[1]`;
}
