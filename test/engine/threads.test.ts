import { expect, onTestFinished, test } from "vitest";
import { Engine, type EngineOptions } from "../../engine/index.js";

async function opened(
  options: EngineOptions,
): Promise<{ readonly engine: Engine; threads(): Promise<number> }> {
  const engine = await Engine.open(options);
  onTestFinished(() => engine.close());
  const threads = async (): Promise<number> => {
    const [row] = await engine.withSession((session) =>
      session.rows("SELECT current_setting('threads') AS threads"),
    );
    return Number(row?.["threads"]);
  };
  return { engine, threads };
}

test("work gets the threads it asks for, never fewer than there are, and gives them back", async () => {
  const { engine, threads } = await opened({});
  const usual = await threads();
  await engine.withThreads(usual + 2, async () => {
    expect(await threads()).toBe(usual + 2);
    expect(await engine.withThreads(usual + 1, threads)).toBe(usual + 2);
    expect(await threads()).toBe(usual + 2);
  });
  expect(await threads()).toBe(usual);
  expect(await engine.withThreads(1, threads)).toBe(usual);
});

test("threads are given back by work that fails", async () => {
  const { engine, threads } = await opened({});
  const usual = await threads();
  await expect(engine.withThreads(usual + 1, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await threads()).toBe(usual);
});

test("a number of threads that was chosen stays", async () => {
  const { engine, threads } = await opened({ threads: 1 });
  expect(await engine.withThreads(3, threads)).toBe(1);
});
