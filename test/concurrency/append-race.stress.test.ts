import { test } from "vitest";
import { appendRace } from "./append-race.js";

test.each([true, false])("50 processes append to one table, which exists: %s", async (tableExists) => {
  await appendRace({ processes: 50, tableExists });
});
