import { describe, expect, test } from "vitest";
import { temporaryLake } from "../support/temporary-lake.js";
import { unpushed } from "./filters.js";
import { conformanceSuite } from "./suite.js";
import { fixtureTables } from "./tables.js";

// Tables of fixtures/, which Spark and delta-rs wrote.

const tables = await fixtureTables();

describe("fixtures", () => conformanceSuite(tables));

test("the form of a condition that is not pushed lets the planner skip nothing", async () => {
  const { lake } = await temporaryLake();
  const table = tables.find(({ name }) => name === "spark/strings");
  const filterOf = async (condition: string): Promise<unknown> => {
    const explained = await lake.sql(`EXPLAIN SELECT * FROM delta.\`${table?.path}\` WHERE ${condition}`);
    return (await explained.toArray())[0];
  };
  expect(await filterOf("id = 1")).toMatchObject({ filter: "id = 1", files_read: 1n });
  expect(await filterOf(unpushed("id = 1"))).toMatchObject({ files_skipped: 0n });
});
