import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { CountingStore, MemoryStore, objectPath } from "../../object-store/index.js";
import { footerBytes, withStoredFiles } from "../../table-format/fsck/stored-files.js";

test("a footer that is longer than the end that is read first comes with one more request", async () => {
  const store = new CountingStore(new MemoryStore());
  const path = objectPath("long.parquet");
  const data = Buffer.alloc(300_000, 7);
  const footer = Buffer.alloc(100_000, 9);
  const end = Buffer.from([0, 0, 0, 0, ...Buffer.from("PAR1")]);
  end.writeUInt32LE(footer.length);
  await store.put(path, Buffer.concat([data, footer, end]));
  await withStoredFiles([{ store, path, whole: false }], async ([copy = ""]) => {
    const bytes = await readFile(copy);
    expect(bytes.length).toBe(400_008);
    expect(bytes.subarray(300_000).equals(Buffer.concat([footer, end]))).toBe(true);
    expect(bytes.subarray(0, 300_000).equals(Buffer.alloc(300_000))).toBe(true);
  });
  expect(store.counts.get).toEqual({ requests: 2, bytes: 100_008 });
  await withStoredFiles([{ store, path, whole: true }], async ([copy = ""]) => {
    expect((await readFile(copy)).subarray(0, 300_000).equals(data)).toBe(true);
  });
});

test("the length of a footer stands at a file's end", () => {
  expect(footerBytes(Buffer.from([1, 2, 3, 44, 1, 0, 0, ...Buffer.from("PAR1")]))).toBe(300 + 8);
  expect(footerBytes(Buffer.from([44, 1, 0, 0, ...Buffer.from("PARE")]))).toBe(0);
  expect(footerBytes(Buffer.from("PAR1"))).toBe(0);
});
