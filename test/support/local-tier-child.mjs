// A process that works on a local tier, driven by its parent (test/object-store/local-tier-processes.test.ts).
// Runs the compiled package, as every process of a user does. Usage: fork(this, [directory, maxBytes, seed]).
import { readFile, writeFile } from "node:fs/promises";
import { LocalTier } from "../../dist/object-store/index.js";

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

process.on("message", async (message) => {
  if (message.work !== undefined) process.send({ read: await work(message.work) });
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
