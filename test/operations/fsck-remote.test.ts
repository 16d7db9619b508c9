import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { systemClock } from "../../core/index.js";
import { Engine } from "../../engine/index.js";
import { CountingStore, MemoryStore, objectPath } from "../../object-store/index.js";
import { fsck } from "../../src/operations/fsck/fsck.js";
import { DeltaTable } from "../../table-format/index.js";
import { DamagedTable } from "./damaged-table.js";

/** The table's files in a store that has no local files. */
async function inMemory(table: DamagedTable): Promise<MemoryStore> {
  const store = new MemoryStore();
  for (const file of await table.files()) await store.put(objectPath(file), await readFile(table.file(file)));
  return store;
}

test.each([false, true])(
  "a store without local files is checked like a local one, deep: %s",
  async (deep) => {
    const local = await DamagedTable.ours({ checkpoint: true });
    const store = await inMemory(local);
    const engine = await Engine.open();
    try {
      const check = () =>
        fsck({ label: "t", table: new DeltaTable({ store, engine }) }, systemClock, {
          deep,
          allOrphans: true,
        });
      expect(await check()).toMatchObject({ verdict: "sound", version: 2n, numFiles: 3n, findings: [] });
      const [missing, cut] = [await local.dataFile(0), await local.dataFile(2)].map(objectPath);
      if (missing === undefined || cut === undefined) throw new Error("the table has too few files");
      await store.delete([missing]);
      await store.put(cut, (await store.get(cut)).subarray(0, 50));
      expect((await check()).findings).toMatchObject([
        { code: "data-file-missing", place: { file: missing } },
        { code: "data-file-size", place: { file: cut } },
        { code: "data-file-unreadable", place: { file: cut } },
      ]);
    } finally {
      await engine.close();
    }
  },
);

test("the table is listed once, and no file is asked for by itself", async () => {
  const local = await DamagedTable.ours({ checkpoint: true });
  const store = new CountingStore(await inMemory(local));
  const engine = await Engine.open();
  try {
    await fsck({ label: "t", table: new DeltaTable({ store, engine }) }, systemClock);
    // Every file of the log, and every data file, once. The landing ledger is no part of the table.
    const checked = (await local.files()).filter((file) => !file.startsWith("_grizzly/"));
    expect(store.counts).toMatchObject({
      list: { requests: 1 },
      head: { requests: 0 },
      get: { requests: checked.length },
      put: { requests: 0 },
      putIfAbsent: { requests: 0 },
      delete: { requests: 0 },
    });
  } finally {
    await engine.close();
  }
});
