import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type Lake, openLake } from "../../../src/index.js";
import { farStores } from "../../support/remote-store.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

interface Bench {
  readonly lake: Lake;
  put(name: string, content: string): Promise<void>;
  remove(name: string): Promise<void>;
  numbers(): Promise<unknown[]>;
}

async function bench(): Promise<Bench> {
  const folder = await temporaryFolder();
  const far = farStores(path.join(folder, "far"));
  const lake = await openLake(path.join(folder, "lake"), {
    threads: 2,
    openStore: far.open,
    cache: { directory: path.join(folder, "cache") },
  });
  onTestFinished(() => lake.close());
  const object = (name: string): string => path.join(folder, "far", "bucket", "raw", name);
  return {
    lake,
    put: async (name, content) => {
      await mkdir(path.dirname(object(name)), { recursive: true });
      await writeFile(object(name), content);
    },
    remove: (name) => rm(object(name)),
    numbers: async () => {
      const rows = await (await lake.sql("SELECT n FROM t ORDER BY n")).toArray();
      return rows.map(({ n }) => n);
    },
  };
}

/** Watches the prefix; each time that all is landed the next of the steps is done, and after the last it ends. */
async function watch({ lake }: Bench, steps: readonly (() => Promise<void>)[]): Promise<string[]> {
  const stop = new AbortController();
  const events: string[] = [];
  let done = 0;
  const options = { into: "t", pollMs: 1, settleMs: 0, onChange: "append", signal: stop.signal } as const;
  for await (const event of lake.watch(["far://bucket/raw/"], options)) {
    switch (event.kind) {
      case "landed":
        events.push(`landed ${event.files}`);
        break;
      case "set-aside":
        events.push(`set aside ${event.file}`);
        break;
      case "retrying":
        events.push("retrying");
        break;
      case "caught-up": {
        if (event.growing > 0) break;
        const step = steps[done++];
        if (step === undefined) stop.abort();
        else await step();
      }
    }
  }
  return events;
}

test("a prefix is watched: what comes lands once, what changes again, what is gone is left out", async () => {
  const place = await bench();
  const { put, remove, numbers } = place;
  const events = await watch(place, [
    () => put("a.jsonl", '{"n":1}\n'),
    async () => {
      await put("b.jsonl", '{"n":2}\n');
      await put("deep/c.csv", "n\n3\n");
    },
    async () => {
      await remove("a.jsonl");
      await put("b.jsonl", '{"n":4}\n{"n":5}\n');
    },
  ]);
  expect(events).toEqual(["landed 1", "landed 2", "landed 1"]);
  expect(await numbers()).toEqual([1n, 2n, 3n, 4n, 5n]);
});

test("an object that cannot land is set aside by its name until it is replaced", async () => {
  const place = await bench();
  const events = await watch(place, [
    () => place.put("bad.jsonl", '{"n":\n'),
    () => place.put("a.jsonl", '{"n":1}\n'),
    () => place.put("bad.jsonl", '{"n":2}\n'),
  ]);
  expect(events).toEqual(["set aside far://bucket/raw/bad.jsonl", "landed 1", "landed 1"]);
  expect(await place.numbers()).toEqual([1n, 2n]);
});

test("a second watch lands what came meanwhile and nothing twice", async () => {
  const place = await bench();
  await place.put("a.jsonl", '{"n":1}\n');
  expect(await watch(place, [])).toEqual(["landed 1"]);
  await place.put("b.jsonl", '{"n":2}\n');
  expect(await watch(place, [])).toEqual(["landed 2"]);
  expect(await place.numbers()).toEqual([1n, 2n]);
});
