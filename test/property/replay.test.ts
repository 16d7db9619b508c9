import { afterAll, beforeAll, describe, it } from "vitest";
import { Engine } from "../../engine/index.js";
import { checkTables } from "./replay-check.js";

// Histories of all actions, replayed through JSON alone, commit by commit, through each kind of checkpoint,
// through log compaction and from a checksum, against a naive model. replay.stress.test.ts does the same with
// 10,000 histories.

describe("replay gives what a naive model gives, in every way", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.open();
  });
  afterAll(() => engine.close());

  it("for 500 histories, 100 to a table", () => checkTables(engine, 5, 100, { seed: 20_261_120 }));

  it("for 10 tables of one history", () => checkTables(engine, 10, 1, { seed: 20_261_120 }));
});
