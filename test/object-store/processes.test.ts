import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { LocalStore, objectPath as p } from "../../object-store/index.js";
import { contentsOf, pathsOf, text } from "../support/object-stores.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const CHILD = fileURLToPath(new URL("../support/local-store-child.mjs", import.meta.url));

async function startChild(root: string, name: string): Promise<ChildProcess> {
  const child = fork(CHILD, [root, name], { execArgv: [] });
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

test("of 8 processes that put one path if absent, exactly one wins, 50 times", async () => {
  const root = await temporaryFolder();
  const names = Array.from({ length: 8 }, (_, i) => `process ${i}`);
  const children = await Promise.all(names.map((name) => startChild(root, name)));
  const winners: Record<string, string | undefined> = {};
  for (let round = 0; round < 50; round++) {
    const path = `log/${String(round).padStart(20, "0")}.json`;
    const results = await Promise.all(children.map((child) => ask(child, { putIfAbsent: path })));
    const created = results.flatMap((result, i) =>
      JSON.stringify(result) === '{"status":"created"}' ? [i] : [],
    );
    expect(created).toHaveLength(1);
    expect(results.filter((result) => JSON.stringify(result) === '{"status":"exists"}')).toHaveLength(7);
    winners[path] = names[created[0] ?? -1];
  }
  expect(await contentsOf(new LocalStore(root))).toEqual(winners);
});

test("no reader sees part of a put, not even when its process is killed", async () => {
  const root = await temporaryFolder();
  const store = new LocalStore(root);
  const size = 256 * 1024;
  for (let life = 0; life < 5; life++) {
    const child = await startChild(root, "writer");
    await ask(child, { overwrite: "folder/object", size });
    for (let reading = 0; reading < 40; reading++) {
      const content = text(await store.get(p("folder/object")));
      expect(content === "a".repeat(size) || content === "b".repeat(size)).toBe(true);
      expect(await pathsOf(store.list(""))).toEqual(["folder/object"]);
    }
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await store.head(p("folder/object"))).toMatchObject({ size });
    expect(await pathsOf(store.list(""))).toEqual(["folder/object"]);
  }
});
