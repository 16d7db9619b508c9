import { expect, it } from "vitest";
import { Engine } from "../../engine/index.js";

// Before the engine's library looks at it for the first time in this process.
process.env["TZ"] = "America/New_York";

const INSTANT =
  "SELECT current_setting('TimeZone') AS zone, '2024-01-01 00:00:00+00'::TIMESTAMPTZ::VARCHAR AS text";

it("is UTC whatever the process's time zone is", async () => {
  const engine = await Engine.open({ threads: 1 });
  await engine.withSession(async (session) => {
    expect(await session.rows(INSTANT)).toEqual([{ zone: "UTC", text: "2024-01-01 00:00:00+00" }]);
    expect(await session.rows("SELECT TIMESTAMP '2024-01-01 00:00:00' AT TIME ZONE 'UTC' AS t")).toEqual([
      { t: "2024-01-01T00:00:00Z" },
    ]);
    await session.execute("RESET TimeZone");
    expect(await session.rows(INSTANT)).toEqual([
      { zone: "America/New_York", text: "2023-12-31 19:00:00-05" },
    ]);
  });
  await engine.close();
});
