import { afterAll, beforeAll, it } from "vitest";
import { Engine } from "../../engine/index.js";
import { stressAmount } from "../support/stress-share.js";
import { checkTables } from "./replay-check.js";

// The histories of replay.test.ts, 10,000 of them.

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.open();
});
afterAll(() => engine.close());

it("replays 10,000 histories, 250 to a table, as a naive model does", () =>
  checkTables(engine, stressAmount(40), 250, { seed: 10_000 }));
