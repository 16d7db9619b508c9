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

test("work gets the threads it asks for, never fewer than there are, and the next takes them back", async () => {
  const { engine, threads } = await opened({});
  const usual = await threads();
  await engine.useThreads(usual + 2);
  expect(await threads()).toBe(usual + 2);
  await engine.useThreads(1);
  expect(await threads()).toBe(usual);
  await engine.useThreads(usual + 1);
  await engine.useThreads();
  expect(await threads()).toBe(usual);
});

test("a number of threads that was chosen stays", async () => {
  const { engine, threads } = await opened({ threads: 1 });
  await engine.useThreads(3);
  expect(await threads()).toBe(1);
});
