import path from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type Lake, openLake } from "../../src/index.js";
import { farStores } from "../support/remote-store.js";
import { type SharedFolder, sharedFolder, temporaryFolder } from "../support/temporary-folder.js";

// Bloom filters lie behind the data, and the engine reads them for some conditions and not for others. What it reads must
// have been fetched: it does not notice a hole in every case.

let folder: SharedFolder;
let local: Lake;
let chooseLake: () => Promise<Lake>;

beforeAll(async () => {
  folder = await sharedFolder();
  local = await openLake(path.join(folder.path, "lake"), { threads: 1 });
  await (
    await local.sql(
      `CREATE TABLE t AS SELECT i AS n, ((i * 7919) % 8000)::INTEGER AS few, 'v' || (hash(i) % 9000) AS word, md5(i::TEXT) AS wide,
              DATE '2024-01-01' + (i // 5000)::INTEGER AS day
       FROM range(500_000) r(i)`,
    )
  ).close();
  await (await local.sql("CREATE TABLE s AS SELECT 3::INTEGER AS few, 'v5' AS word")).close();
  const { open } = farStores(folder.path);
  chooseLake = async () => {
    const cache = { directory: await temporaryFolder() };
    const far = await openLake("far://lake", { threads: 1, openStore: open, cache });
    onTestFinished(() => far.close());
    return far;
  };
});

afterAll(async () => {
  await local.close();
  await folder.remove();
});

test.each([
  "few = 3",
  "few = 300",
  "few IN (3)",
  "few IN (3, 8)",
  "few = 1 OR few = 3",
  "few = 1 OR word = 'v3'",
  "few BETWEEN 3 AND 3",
  "few >= 3 AND few <= 3",
  "few <> 4",
  "NOT (few <> 4)",
  "few IS NOT DISTINCT FROM 3",
  "few + 0 = 3",
  "few::BIGINT = 3",
  "few = 3 AND day < DATE '2024-01-20'",
  "day >= DATE '2024-01-10' AND day < DATE '2024-01-20'",
  "day = DATE '2024-01-10' AND word = 'v7'",
  "word LIKE 'v3'",
  "word LIKE 'v1%'",
  "word = ANY(['v3', 'v4'])",
  "word >= 'v3' AND word <= 'v3'",
  "few = (SELECT max(few) FROM s)",
  "few IN (SELECT few FROM s)",
  "word IN (SELECT word FROM s WHERE few = 3)",
  "EXISTS (FROM s WHERE s.few = t.few AND s.word = t.word)",
  "n < 60000 AND few = 3",
  "n > 400000 AND word = 'nowhere'",
])("of far rows, those WHERE %s", async (where) => {
  const query = `SELECT count(*) AS c, sum(n)::BIGINT AS s, min(wide) AS w FROM t WHERE ${where}`;
  const far = await chooseLake();
  const expected = await (await local.sql(query)).toArray();
  expect(await (await far.sql(query)).toArray()).toEqual(expected);
  // Once more with what is at hand, and more.
  expect(await (await far.sql(query.replace("min(wide)", "max(wide || word)"))).toArray()).toEqual(
    await (await local.sql(query.replace("min(wide)", "max(wide || word)"))).toArray(),
  );
});

test("of far rows, those that a join finds", async () => {
  const query =
    "SELECT count(*) AS c, sum(t.n)::BIGINT AS s FROM t JOIN s ON t.few = s.few AND t.word = s.word";
  expect(await (await (await chooseLake()).sql(query)).toArray()).toEqual(
    await (await local.sql(query)).toArray(),
  );
});
