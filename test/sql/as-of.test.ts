import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Engine, type Parameters, type Session } from "../../engine/index.js";
import { type AsOfValue, evaluateAsOf } from "../../src/sql/as-of.js";
import { findReferences } from "../../src/sql/references.js";
import { normalizeTimeTravel } from "../../src/sql/time-travel.js";

let engine: Engine;
let session: Session;
beforeAll(async () => {
  engine = await Engine.open({ threads: 1 });
  session = await engine.acquire();
});
afterAll(async () => {
  await engine.release(session);
  await engine.close();
});

async function asOf(sql: string, parameters?: Parameters): Promise<AsOfValue | undefined> {
  const { text } = normalizeTimeTravel(sql);
  const [site] = findReferences(text, await session.parse(text)).sites;
  const clause = site?.reference.asOf;
  return clause && evaluateAsOf(session, clause, parameters);
}

const NEW_YEAR = Date.UTC(2024, 0, 1);

describe("evaluateAsOf", () => {
  test.each<[string, Parameters | undefined, bigint]>([
    ["from t version as of 3", undefined, 3n],
    ["from t version as of '3'", undefined, 3n],
    ["from t@v9223372036854775807", undefined, 9223372036854775807n],
    ["from t version as of (1 + 2)", undefined, 3n],
    ["from t version as of ?", [4], 4n],
    ["select ? from t version as of ? where a = ?", ["x", 5n, 1], 5n],
    ["from t version as of ($3 - $1)", [1, "unused", 7], 6n],
    ["from t version as of $v", { V: 8, w: 1 }, 8n],
    ["from delta_scan('p', version => $v)", { v: 2 }, 2n],
  ])("%s", async (sql, parameters, version) => {
    expect(await asOf(sql, parameters)).toEqual({ unit: "version", version });
  });

  test.each<[string, Parameters | undefined, number]>([
    ["from t timestamp as of '2024-01-01'", undefined, NEW_YEAR],
    ["from t timestamp as of '2024-01-01T00:00:00.5Z'", undefined, NEW_YEAR + 500],
    ["from t timestamp as of '2024-01-01 02:00:00+02'", undefined, NEW_YEAR],
    ["from t timestamp as of timestamp '2024-01-01 00:00:00.001999'", undefined, NEW_YEAR + 1],
    ["from t timestamp as of date '2024-01-02' - interval 1 day", undefined, NEW_YEAR],
    ["from t timestamp as of timestamp '1969-12-31 23:59:59.999999'", undefined, -1],
    ["from t timestamp as of $at", { at: "2024-01-01" }, NEW_YEAR],
    ["from delta_scan('p', timestamp => '2024-01-01')", undefined, NEW_YEAR],
  ])("%s", async (sql, parameters, timestamp) => {
    expect(await asOf(sql, parameters)).toEqual({ unit: "timestamp", timestamp });
  });

  test.each([
    "from t version as of -1",
    "from t version as of 3.7",
    "from t version as of 'latest'",
    "from t version as of null::int",
    "from t version as of (null)",
    "from t timestamp as of 'yesterday'",
    "from t timestamp as of (null)",
    "from t timestamp as of (b)",
    "from t version as of ?",
  ])("%s is refused", async (sql) => {
    await expect(asOf(sql)).rejects.toMatchObject({ name: "LakeError", kind: "invalid-input" });
  });
});
