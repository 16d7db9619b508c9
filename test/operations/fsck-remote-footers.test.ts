import { expect, onTestFinished, test } from "vitest";
import { CountingStore } from "../../object-store/index.js";
import { openLake } from "../../src/index.js";
import { farStores } from "../support/remote-store.js";
import { temporaryFolder } from "../support/temporary-folder.js";

test("of a file far away its footer is read, and with deep all of it", async () => {
  const { open } = farStores(await temporaryFolder());
  const counting = new Map<string, CountingStore>();
  const lake = await openLake("far://bucket/lake", {
    threads: 1,
    openStore: (uri) => {
      const store = counting.get(uri) ?? new CountingStore(open(uri));
      counting.set(uri, store);
      return store;
    },
    cache: { directory: await temporaryFolder() },
  });
  onTestFinished(() => lake.close());
  const columns = Array.from({ length: 5 }, (_, n) => `(hash(i + ${n}) // 3)::BIGINT AS c${n}`);
  const made = await lake.sql(`CREATE TABLE t AS SELECT ${columns.join(", ")} FROM range(100_000) r(i)`);
  await made.close();
  const table = await lake.table("t");
  const store = counting.get(table.location);
  if (store === undefined) throw new Error("the table's store was not opened");
  const { sizeInBytes } = await table.describe();
  expect(sizeInBytes).toBeGreaterThan(3_000_000n);

  const before = store.counts.get;
  expect((await table.fsck()).findings).toEqual([]);
  const after = store.counts.get;
  expect(after.bytes - before.bytes).toBeLessThan(100_000);
  expect((await table.fsck({ deep: true })).findings).toEqual([]);
  expect(store.counts.get.bytes - after.bytes).toBeGreaterThan(Number(sizeInBytes));

  // A file that is cut is told as such.
  for await (const { path } of store.list("part-")) {
    await store.put(path, (await store.get(path)).subarray(0, 100_000));
  }
  expect((await table.fsck()).findings.map(({ code }) => code)).toEqual([
    "data-file-size",
    "data-file-unreadable",
  ]);
});
