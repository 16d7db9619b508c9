import { expect, test } from "vitest";
import { backoffMs } from "../../object-store/s3/backoff.js";
import { Permits } from "../../object-store/s3/permits.js";

interface Held {
  readonly done: Promise<void>;
  release(): void;
}

/** Takes a permit as soon as there is one, and writes down that it did. */
function hold(permits: Permits, name: string, taken: string[], signal?: AbortSignal): Held {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const done = permits.with(signal, async () => {
    taken.push(name);
    await released;
  });
  return { done, release };
}

/** Comes after all that waits for nothing but promises. */
function everythingElse(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test("permits are lent as many at a time as there are, in the order in which they are asked for", async () => {
  const permits = new Permits(2);
  const taken: string[] = [];
  const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => hold(permits, name, taken));
  await everythingElse();
  expect(taken).toEqual(["a", "b"]);
  b?.release();
  await everythingElse();
  expect(taken).toEqual(["a", "b", "c"]);
  for (const held of [a, c, d]) held?.release();
  await Promise.all([a?.done, c?.done, d?.done]);
  expect(taken).toEqual(["a", "b", "c", "d"]);
});

test("who fails gives it back", async () => {
  const permits = new Permits(1);
  const failing = permits.with(undefined, () => Promise.reject(new Error("no")));
  await expect(failing).rejects.toThrow("no");
  expect(await permits.with(undefined, async () => "next")).toBe("next");
});

test("who is cancelled while waiting leaves the queue, and takes nothing from those behind", async () => {
  const permits = new Permits(1);
  const taken: string[] = [];
  const controller = new AbortController();
  const first = hold(permits, "first", taken);
  const second = hold(permits, "second", taken, controller.signal);
  const third = hold(permits, "third", taken);
  controller.abort(new Error("stop"));
  await expect(second.done).rejects.toMatchObject({ kind: "cancelled", cause: new Error("stop") });
  first.release();
  third.release();
  await Promise.all([first.done, third.done]);
  expect(taken).toEqual(["first", "third"]);
  await expect(permits.with(controller.signal, async () => "x")).rejects.toMatchObject({ kind: "cancelled" });
});

test("waits are spread from none to a bound that doubles up to a limit", () => {
  expect(backoffMs(1, false, 0)).toBe(0);
  expect([1, 2, 3, 4].map((failures) => backoffMs(failures, false, 0.5))).toEqual([50, 100, 200, 400]);
  expect([1, 2].map((failures) => backoffMs(failures, true, 0.5))).toEqual([200, 400]);
  expect(backoffMs(60, true, 0.5)).toBe(4_000);
});
