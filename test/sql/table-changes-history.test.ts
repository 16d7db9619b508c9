import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import type { Row } from "../../src/index.js";
import { seededRandom } from "../concurrency/seeded-random.js";
import { temporaryLake } from "../support/temporary-lake.js";

// Random commits to a table, against a naive model: a list of ids for each version. The changes of a version,
// applied to the rows of the one before, give the rows of the version; in any range they are those of its versions.

const COMMITS = 14;

const FEED = "'delta.enableChangeDataFeed' = 'true'";
const VECTORS = "'delta.enableDeletionVectors' = 'true'";
const TABLES = [
  ["plain", FEED],
  ["by name", `${FEED}, 'delta.columnMapping.mode' = 'name'`],
  ["by id", `${FEED}, 'delta.columnMapping.mode' = 'id'`],
  ["with deletion vectors", `${FEED}, ${VECTORS}`],
  ["with deletion vectors, by name", `${FEED}, ${VECTORS}, 'delta.columnMapping.mode' = 'name'`],
  ["with deletion vectors, by id", `${FEED}, ${VECTORS}, 'delta.columnMapping.mode' = 'id'`],
].map(([kind = "", properties = ""], index) => ({ kind, properties, seed: 101 + index }));

test.each(TABLES)("random commits to a table $kind (seed $seed)", async ({ properties, seed }) => {
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const { lake, folder } = await temporaryLake();
  const rows = async (sql: string): Promise<Row[]> => (await lake.sql(sql)).toArray();
  const partitioned = random() < 0.5 ? "PARTITIONED BY (p)" : "";
  await rows(`CREATE TABLE t (id BIGINT, p BIGINT) ${partitioned} TBLPROPERTIES (${properties})`);

  /** The ids of each version, ascending; an id may be there several times. */
  const versions: number[][] = [[]];
  /** Those that a DELETE made, which brings no row. */
  const deletes = new Set<number>();
  let next = 0;
  while (versions.length < COMMITS) {
    const now = versions.at(-1) ?? [];
    const step = below(6);
    if (step < 3) {
      const [divisor, remainder] = [3 + below(6), below(9)];
      const kept = now.filter((id) => id % divisor !== remainder);
      await rows(`DELETE FROM t WHERE id % ${divisor} = ${remainder}`);
      // A DELETE that finds no row commits nothing.
      if (kept.length < now.length) deletes.add(versions.push(kept) - 1);
      continue;
    }
    const added = Array.from({ length: 1 + below(20) }, () => (random() < 0.2 ? below(next + 1) : next++));
    const file = path.join(folder, "rows.jsonl");
    await writeFile(file, added.map((id) => JSON.stringify({ id, p: id % 3 })).join("\n"));
    const mode = step === 3 && random() < 0.5 ? "overwrite" : "append";
    await lake.ingest([file], { into: "t", mode, again: true });
    versions.push([...(mode === "append" ? now : []), ...added].sort((a, b) => a - b));
  }

  const all = await rows("SELECT id, p, _change_type AS c, _commit_version AS v FROM table_changes('t', 0)");
  for (const [version, expected] of versions.entries()) {
    const left = [...(versions[version - 1] ?? [])];
    const changed = (type: string): number[] =>
      all.filter((row) => row["v"] === BigInt(version) && row["c"] === type).map((row) => Number(row["id"]));
    if (deletes.has(version)) expect(changed("insert"), `seed ${seed}: version ${version}`).toEqual([]);
    left.push(...changed("insert"));
    for (const id of changed("delete")) {
      expect(left, `seed ${seed}: version ${version} deletes ${id}`).toContain(id);
      left.splice(left.indexOf(id), 1);
    }
    expect(
      left.sort((a, b) => a - b),
      `seed ${seed}: version ${version}`,
    ).toEqual(expected);
  }
  expect(all.every((row) => Number(row["p"]) === Number(row["id"]) % 3)).toBe(true);

  const text = (row: Row): string => `${row["v"]} ${row["c"]} ${row["id"]}`;
  for (let range = 0; range < 4; range++) {
    const [from, to] = [below(versions.length), below(versions.length)].sort((a, b) => a - b);
    const id = below(next + 1);
    const found = await rows(
      `SELECT id, _change_type AS c, _commit_version AS v FROM table_changes('t', ${from}, ${to}) WHERE id >= ${id}`,
    );
    const expected = all.filter((row) => {
      const version = Number(row["v"]);
      return version >= Number(from) && version <= Number(to) && Number(row["id"]) >= id;
    });
    expect(found.map(text).sort(), `seed ${seed}: ${from} to ${to}, id >= ${id}`).toEqual(
      expected.map(text).sort(),
    );
  }
});
