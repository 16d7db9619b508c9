import { expect, test } from "vitest";
import { temporaryLake } from "../support/temporary-lake.js";

test("columns may be called as the check calls its own", async () => {
  const { lake } = await temporaryLake();
  const names = [
    "file",
    "key",
    "stats",
    "fact",
    "path",
    "row_index",
    "least",
    "dv_id",
    "faults",
    "signature",
  ];
  const columns = names.map((name) => `'value of ${name}' AS "${name}"`).join(", ");
  await lake.sql(
    `CREATE TABLE t TBLPROPERTIES ('delta.enableDeletionVectors' = 'true') AS SELECT ${columns}, i FROM range(10) AS r(i)`,
  );
  await lake.sql("DELETE FROM t WHERE i = 3");
  const report = await (await lake.table("t")).fsck({ deep: true });
  expect(report.findings).toEqual([]);
});
