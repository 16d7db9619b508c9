import { test } from "vitest";
import { appendRace } from "./append-race.js";

test.each([true, false])("8 processes append to one table, which exists: %s", async (tableExists) => {
  await appendRace({ processes: 8, tableExists });
});
