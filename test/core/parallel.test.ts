import { expect, test } from "vitest";
import { mapParallel } from "../../core/index.js";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("results keep the order of the items, and no more than the limit run at once", async () => {
  let running = 0;
  let most = 0;
  const results = await mapParallel([5, 1, 4, 2, 3, 0], 3, async (turns) => {
    running++;
    most = Math.max(most, running);
    for (let i = 0; i < turns; i++) await turn();
    running--;
    return turns * 10;
  });
  expect(results).toEqual([50, 10, 40, 20, 30, 0]);
  expect(most).toBe(3);
});

test("no items, no work", async () => {
  expect(await mapParallel([], 4, () => Promise.reject(new Error("called")))).toEqual([]);
});

test("the first failure is thrown once what runs has ended, and nothing else is started", async () => {
  const started: number[] = [];
  const ended: number[] = [];
  const work = mapParallel([0, 1, 2, 3, 4], 2, async (item) => {
    started.push(item);
    if (item === 1) throw new Error("first");
    for (let i = 0; i < 3; i++) await turn();
    ended.push(item);
  });
  await expect(work).rejects.toThrow("first");
  expect(started).toEqual([0, 1]);
  expect(ended).toEqual([0]);
});

test("a signal stops what has not started", async () => {
  const controller = new AbortController();
  const started: number[] = [];
  const work = mapParallel(
    [0, 1, 2],
    1,
    async (item) => {
      started.push(item);
      controller.abort();
    },
    controller.signal,
  );
  await expect(work).rejects.toMatchObject({ kind: "cancelled" });
  expect(started).toEqual([0]);
});
