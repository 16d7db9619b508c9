import { expect, test } from "vitest";
import { RequestSlots } from "../../object-store/local-tier/request-slots.js";

/** Work that goes on until it is told to end. */
class Work {
  readonly started: string[] = [];
  readonly #ends = new Map<string, () => void>();

  start(name: string): () => Promise<string> {
    return () => {
      this.started.push(name);
      return new Promise((resolve) => this.#ends.set(name, () => resolve(name)));
    };
  }

  async end(name: string): Promise<void> {
    this.#ends.get(name)?.();
    // What follows from it is done in turns of the same loop.
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  }
}

test("so many requests go at a time, and those who wait are taken in turn", async () => {
  const slots = new RequestSlots({ requests: 2, bytes: 100 });
  const work = new Work();
  const [many, few] = [{}, {}];
  const all = ["a1", "a2", "a3", "a4"].map((name) => slots.run(many, 1, undefined, work.start(name)));
  all.push(...["b1", "b2"].map((name) => slots.run(few, 1, undefined, work.start(name))));
  await work.end("");
  expect(work.started).toEqual(["a1", "a2"]);
  for (const name of ["a1", "a2", "a3", "b1", "a4", "b2"]) await work.end(name);
  expect(work.started).toEqual(["a1", "a2", "a3", "b1", "a4", "b2"]);
  expect(await Promise.all(all)).toEqual(["a1", "a2", "a3", "a4", "b1", "b2"]);
});

test("so many bytes go at a time; what is larger than all goes alone", async () => {
  const slots = new RequestSlots({ requests: 9, bytes: 10 });
  const work = new Work();
  const run = (name: string, bytes: number): Promise<string> =>
    slots.run({}, bytes, undefined, work.start(name));
  const all = [run("six", 6), run("five", 5), run("large", 50), run("one", 1)];
  await work.end("");
  expect(work.started).toEqual(["six"]);
  await work.end("six");
  expect(work.started).toEqual(["six", "five"]);
  await work.end("five");
  expect(work.started).toEqual(["six", "five", "large"]);
  await work.end("large");
  expect(work.started).toEqual(["six", "five", "large", "one"]);
  await work.end("one");
  await Promise.all(all);
});

test("who is cancelled waits no longer, and holds up nobody", async () => {
  const slots = new RequestSlots({ requests: 1, bytes: 10 });
  const work = new Work();
  const abort = new AbortController();
  const first = slots.run({}, 1, undefined, work.start("first"));
  const large = slots.run({}, 50, abort.signal, work.start("cancelled"));
  const last = slots.run({}, 1, undefined, work.start("last"));
  abort.abort();
  await expect(large).rejects.toMatchObject({ kind: "cancelled" });
  await expect(slots.run({}, 1, abort.signal, work.start("late"))).rejects.toMatchObject({
    kind: "cancelled",
  });
  await work.end("first");
  await work.end("last");
  await Promise.all([first, last]);
  expect(work.started).toEqual(["first", "last"]);
});

test("work that fails makes room", async () => {
  const slots = new RequestSlots({ requests: 1, bytes: 10 });
  const failing = slots.run({}, 1, undefined, () => Promise.reject(new Error("failed")));
  const next = slots.run({}, 1, undefined, () => Promise.resolve("done"));
  await expect(failing).rejects.toThrow("failed");
  expect(await next).toBe("done");
});
