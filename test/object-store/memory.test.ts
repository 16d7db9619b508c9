import { expect, test } from "vitest";
import { MemoryStore, objectPath } from "../../object-store/index.js";
import { describeObjectStore } from "../contract/object-store.js";

describeObjectStore("memory", async () => new MemoryStore());

test("modification times come from the given clock", async () => {
  const store = new MemoryStore({ clock: { now: () => 42 } });
  await store.put(objectPath("a"), new Uint8Array(3));
  expect(await store.head(objectPath("a"))).toMatchObject({ path: "a", size: 3, lastModified: 42 });
});
