import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CountingStore, MemoryStore, objectPath as p } from "../../object-store/index.js";
import { describeObjectStore } from "../contract/object-store.js";
import { bytes, pathsOf } from "../support/object-stores.js";
import { temporaryFolder } from "../support/temporary-folder.js";

describeObjectStore("counting", async () => new CountingStore(new MemoryStore()));

test("counts requests and bytes by verb", async () => {
  const store = new CountingStore(new MemoryStore());
  await store.put(p("a"), bytes("12345"));
  await store.putIfAbsent(p("a"), bytes("123"));
  await store.head(p("a"));
  await store.get(p("a"));
  await store.get(p("a"), { range: { suffix: 2 } });
  await expect(store.get(p("b"))).rejects.toMatchObject({ kind: "not-found" });
  await pathsOf(store.list(""));
  const localFile = join(await temporaryFolder(), "x");
  await writeFile(localFile, "x");
  await store.adopt([{ localFile, path: p("c") }]);
  await store.delete([p("a"), p("c")]);
  const counts = store.counts;
  expect(counts).toEqual({
    head: { requests: 1, bytes: 0 },
    get: { requests: 3, bytes: 7 },
    put: { requests: 1, bytes: 5 },
    putIfAbsent: { requests: 1, bytes: 3 },
    list: { requests: 1, bytes: 0 },
    delete: { requests: 1, bytes: 0 },
    adopt: { requests: 1, bytes: 0 },
  });
  store.reset();
  expect(store.counts.get).toEqual({ requests: 0, bytes: 0 });
  expect(counts.get.requests).toBe(3);
});
