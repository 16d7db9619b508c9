import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { bytesOfObject, farObject, OBJECTS } from "../support/far-objects.mjs";
import { expectBytes, MIB, tierIn } from "../support/remote-objects.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const CHILD = fileURLToPath(new URL("../support/local-tier-child.mjs", import.meta.url));

async function startChild(directory: string, maxBytes: number, seed: number): Promise<ChildProcess> {
  const child = fork(CHILD, [directory, String(maxBytes), String(seed)], { execArgv: [] });
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  });
  await once(child, "message");
  return child;
}

/** Lets the child fetch. @returns bytes that it fetched of each object; an error when it dies */
function fetches(child: ChildProcess, steps: number): Promise<number[]> {
  return new Promise((resolve, reject) => {
    child.on("message", (message: { readonly fetched?: number[] }) => {
      if (message.fetched !== undefined) resolve(message.fetched);
    });
    child.on("exit", (code) => reject(new Error(`the child ended with code ${code}`)));
    child.send({ fetch: steps });
  });
}

/** Takes every copy that is there, fetches the rest, and looks at all bytes. */
async function expectAllRight(directory: string, maxBytes: number): Promise<void> {
  const tier = tierIn(directory, maxBytes);
  for (const number of OBJECTS.keys()) {
    const lease = await tier.leaseObject(farObject(number));
    await lease.fetch("all");
    await expectBytes(lease.localPath, bytesOfObject(number));
    await lease.release();
  }
}

test("processes that fetch, evict and wipe at once read what the objects hold", async () => {
  const directory = await temporaryFolder();
  const maxBytes = MIB;
  const seeds = [1, 2, 3];
  const children = await Promise.all(seeds.map((seed) => startChild(directory, maxBytes, seed)));
  await Promise.all(children.map((child) => fetches(child, 80)));
  expect(await readdir(path.join(directory, "processes"))).toEqual([]);
  await expectAllRight(directory, maxBytes);
});

test("what killed processes leave is right as far as it is believed", async () => {
  const directory = await temporaryFolder();
  const maxBytes = 10 * MIB;
  for (const seed of [1, 2, 3, 4]) {
    const children = await Promise.all([seed, seed + 10].map((one) => startChild(directory, maxBytes, one)));
    await Promise.all(
      children.map(async (child, index) => {
        child.send({ fetch: 1000 });
        for (let step = 0; step < 3 * seed + index; step++) await once(child, "message");
        child.kill("SIGKILL");
        await once(child, "exit");
      }),
    );
    await expectAllRight(directory, maxBytes);
    await tierIn(directory, maxBytes).wipe();
    const left = await readdir(path.join(directory, "processes"));
    expect(left.filter((name) => children.some(({ pid }) => name.startsWith(`${pid}-`)))).toEqual([]);
  }
});
