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

test("work gets the threads it asks for, and never fewer than there are", async () => {
  const { engine, threads } = await opened({});
  const usual = await threads();
  await engine.atLeastThreads(usual + 2);
  expect(await threads()).toBe(usual + 2);
  await engine.atLeastThreads(1);
  expect(await threads()).toBe(usual + 2);
});

test("a number of threads that was chosen stays", async () => {
  const { engine, threads } = await opened({ threads: 1 });
  await engine.atLeastThreads(3);
  expect(await threads()).toBe(1);
});
