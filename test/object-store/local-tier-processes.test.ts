import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { LocalTier } from "../../object-store/index.js";
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

/** What the child answers; an error when it dies instead. */
async function ask(child: ChildProcess, message: object): Promise<unknown> {
  const over = new AbortController();
  const answer = once(child, "message", { signal: over.signal }).then(([reply]) => reply);
  const death = once(child, "exit", { signal: over.signal }).then(([code]) => {
    throw new Error(`the child ended with code ${code}`);
  });
  child.send(message);
  try {
    return await Promise.race([answer, death]);
  } finally {
    over.abort();
  }
}

test("processes that lease, evict and wipe at once read nothing but whole copies", async () => {
  const directory = await temporaryFolder();
  const maxBytes = 4000;
  const seeds = [1, 2, 3, 4];
  const children = await Promise.all(seeds.map((seed) => startChild(directory, maxBytes, seed)));
  const answers = await Promise.all(children.map((child) => ask(child, { work: 400 })));
  expect(answers).toEqual(seeds.map(() => ({ read: 400 })));

  const tier = new LocalTier({ directory, maxBytes });
  onTestFinished(() => tier.close());
  expect((await tier.usage()).bytes).toBeLessThanOrEqual(maxBytes * (1 + 0.05 * seeds.length));
  expect(await readdir(path.join(directory, "processes"))).toEqual([]);
});

test("what a killed process was making and had leased is removed by the next one that makes a copy", async () => {
  const directory = await temporaryFolder();
  const child = await startChild(directory, 1000, 1);
  await ask(child, { makeForever: true });
  const processes = path.join(directory, "processes");
  const [folder = ""] = await readdir(processes);
  expect((await readdir(path.join(processes, folder))).map((name) => path.extname(name))).toEqual(
    expect.arrayContaining([".half", ""]),
  );

  const tier = new LocalTier({ directory, maxBytes: 1000 });
  onTestFinished(() => tier.close());
  const made = await tier.lease("other", (file) => writeFile(file, "other"));
  expect(await readdir(processes)).toContain(folder);
  await made.release();

  child.kill("SIGKILL");
  await once(child, "exit");
  const later = new LocalTier({ directory, maxBytes: 1000 });
  onTestFinished(() => later.close());
  await later.lease("later", (file) => writeFile(file, "later"));
  expect(await readdir(processes)).not.toContain(folder);
  // What it had finished is there for others.
  await later.lease("whole", () => Promise.reject(new Error("made again")));
});
