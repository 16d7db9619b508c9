import { rm } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { LocalStore, MemoryStore, type ObjectStore, objectPath } from "../../object-store/index.js";
import { pathsOf } from "../support/object-stores.js";
import { temporaryFolder } from "../support/temporary-folder.js";

// Few characters, chosen around the slash (0x2F) and the surrogates, so that neighbours meet often.
const name = fc.string({
  unit: fc.constantFrom("a", "-", ".", "0", "\uFF5E", "\u{1F43B}"),
  minLength: 1,
  maxLength: 3,
});
const path = fc
  .array(
    name.filter((text) => text !== "." && text !== ".."),
    { minLength: 1, maxLength: 4 },
  )
  .map((segments) => segments.join("/"));

/** Drops what a file system cannot hold: an object that is also a folder of another one. */
function storable(paths: readonly string[]): string[] {
  return paths.filter((one) => !paths.some((other) => other.startsWith(`${one}/`)));
}

/** Any string that a listing may be asked for: a path, cut anywhere between two characters. */
const cut = fc.tuple(path, fc.nat()).map(([text, at]) => {
  const characters = [...text];
  return characters.slice(0, at % (characters.length + 1)).join("");
});

interface Question {
  readonly paths: readonly string[];
  readonly prefix: string;
  readonly startAfter: string;
}

const question: fc.Arbitrary<Question> = fc.record({
  paths: fc.uniqueArray(path, { maxLength: 25 }).map(storable),
  prefix: fc.oneof(fc.constant(""), cut),
  startAfter: fc.oneof(fc.constant(""), cut),
});

function naiveList(paths: readonly string[], prefix: string, startAfter: string): string[] {
  return paths
    .filter(
      (text) => text.startsWith(prefix) && Buffer.compare(Buffer.from(text), Buffer.from(startAfter)) > 0,
    )
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

async function check(store: ObjectStore, { paths, prefix, startAfter }: Question): Promise<void> {
  for (const text of paths) await store.put(objectPath(text), new Uint8Array());
  expect(await pathsOf(store.list(prefix, { startAfter }))).toEqual(naiveList(paths, prefix, startAfter));
}

test("a memory store lists as the naive model does", async () => {
  await fc.assert(
    fc.asyncProperty(question, (q) => check(new MemoryStore(), q)),
    { seed: 20240131, numRuns: 500 },
  );
});

test("a local store lists as the naive model does", async () => {
  const folder = await temporaryFolder();
  let run = 0;
  await fc.assert(
    fc.asyncProperty(question, async (q) => {
      const root = join(folder, String(run++));
      await check(new LocalStore(root), q);
      await rm(root, { recursive: true, force: true });
    }),
    { seed: 20240131, numRuns: 60 },
  );
});
