// A process that works on a local tier, driven by its parent (test/object-store/local-tier-processes.test.ts and
// local-tier-object-processes.test.ts).
// Runs the compiled package, as every process of a user does. Usage: fork(this, [directory, maxBytes, seed]).
import { readFile, writeFile } from "node:fs/promises";
import { LocalTier } from "../../dist/object-store/index.js";
import { bytesOfObject, farObject, OBJECTS } from "./far-objects.mjs";

const [directory, maxBytes, seed] = process.argv.slice(2);
const tier = new LocalTier({ directory, maxBytes: Number(maxBytes) });
const KEYS = 12;

let state = Number(seed);
function random(below) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state % below;
}

const contentOf = (key) => `${key}:`.repeat(100 + key * 50);

/** Leases and wipes at random; throws when a file is not what its key says, from its first byte to its last. */
async function work(steps) {
  let read = 0;
  for (let step = 0; step < steps; step++) {
    if (random(25) === 0) await tier.wipe();
    const key = random(KEYS);
    const lease = await tier.lease(`k${key}`, (file) => writeFile(file, contentOf(key)));
    // Opened twice, with time between for others to remove it, as an engine does.
    for (let opened = 0; opened < 2; opened++) {
      const text = await readFile(lease.localPath, "utf8");
      if (text !== contentOf(key)) throw new Error(`k${key} has ${text.length} characters of another copy`);
    }
    read++;
    await lease.release();
  }
  await tier.close();
  return read;
}

/**
 * Fetches from objects and wipes at random; throws when a byte that was fetched is not the object's. Says after how many
 * steps it is, so that the parent can end it in the middle.
 */
async function fetchObjects(steps) {
  const fetched = OBJECTS.map(() => 0);
  for (let step = 0; step < steps; step++) {
    if (random(60) === 0) await tier.wipe();
    const number = random(OBJECTS.length);
    const { size } = OBJECTS[number];
    const lease = await tier.leaseObject(farObject(number));
    const counts = { onFetch: ({ bytes }) => (fetched[number] += bytes) };
    // Twice, with time between for others to fetch, evict or wipe.
    for (let round = 0; round < 2; round++) {
      const spans = Array.from({ length: 1 + random(4) }, () => {
        const offset = random(size);
        return { offset, length: random(Math.min(60_000, size - offset)) };
      });
      await Promise.all([lease.fetch(spans.slice(0, 2), counts), lease.fetch(spans, counts)]);
      const [bytes, expected] = [await readFile(lease.localPath), bytesOfObject(number)];
      for (const { offset, length } of spans) {
        if (expected.compare(bytes, offset, offset + length, offset, offset + length) !== 0)
          throw new Error(`object ${number} has other bytes from ${offset} to ${offset + length}`);
      }
    }
    await lease.release();
    process.send({ step });
  }
  await tier.close();
  return fetched;
}

process.on("message", async (message) => {
  if (message.work !== undefined) process.send({ read: await work(message.work) });
  if (message.fetch !== undefined) process.send({ fetched: await fetchObjects(message.fetch) });
  if (message.makeForever !== undefined) {
    await tier.lease("whole", (file) => writeFile(file, "whole"));
    await tier.lease("never", async (file) => {
      await writeFile(file, "half of it");
      process.send({ making: true });
      await new Promise(() => {});
    });
  }
});
process.on("disconnect", () => process.exit());
process.send({ ready: true });
