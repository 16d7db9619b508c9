import { mkdir } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { temporaryLake } from "../../support/temporary-lake.js";
import { relation, relationOf } from "../cells.js";
import { SparkError, sparkRead, sparkSql, sparkTable, sparkWrite } from "./spark.js";

// The peer itself: what the other interop tests rely on.

test("Spark writes a table, reads its versions, and we read the same rows", async () => {
  const { lake, folder } = await temporaryLake();
  const table = path.join(folder, "theirs");
  await sparkWrite(table, { query: "SELECT id, id % 3 AS part FROM range(10)" }, { partitionBy: ["part"] });
  const after = await sparkSql([
    `DELETE FROM ${sparkTable(table)} WHERE part = 1`,
    `SELECT * FROM ${sparkTable(table)}`,
  ]);
  expect(after.rows).toHaveLength(7);
  expect(await relationOf(await lake.sql(`SELECT * FROM delta.\`${table}\``))).toEqual(
    relation(after.columns, after.rows),
  );
  const { files, schema } = await sparkRead(`SELECT * FROM ${sparkTable(table, { version: 0 })}`);
  expect(schema).toMatchObject({ type: "struct", fields: [{ name: "id", type: "long" }, { name: "part" }] });
  expect(await (await lake.sql(`SELECT count(*) AS n FROM ${files}`)).toArray()).toEqual([{ n: 10n }]);
});

test("a refusal has its class, its condition and its message", async () => {
  const table = path.join(await temporaryFolder(), "none");
  await mkdir(table);
  const refusal = await sparkSql(`SELECT * FROM ${sparkTable(table)}`).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(refusal).toBeInstanceOf(SparkError);
  expect(refusal).toMatchObject({ class: "AnalysisException", condition: expect.any(String) });
});

test("what the peer itself cannot do is no refusal of Spark", async () => {
  const unfit = sparkSql("SELECT INTERVAL '1' DAY AS no_cell_has_this");
  await expect(unfit).rejects.toThrow(/the Spark peer failed: /);
  await expect(unfit).rejects.not.toBeInstanceOf(SparkError);
});

test("a setting holds for one request", async () => {
  const setting = "spark.databricks.delta.properties.defaults.enableChangeDataFeed";
  const seen = async (configuration: Record<string, string>): Promise<unknown> =>
    (await sparkSql(`SET ${setting}`, configuration)).rows[0]?.[1];
  expect(await seen({ [setting]: "true" })).toBe("true");
  expect(await seen({})).not.toBe("true");
});
