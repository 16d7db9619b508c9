import path from "node:path";
import { expect, test } from "vitest";
import { temporaryLake } from "../support/temporary-lake.js";
import { type Relation, relation, relationOf } from "./cells.js";
import { type Dataset, readTable, writeSource, writeTable } from "./delta-rs.js";

const ROWS_A_COMMIT = 5;

test.each(["we", "delta-rs"])("10 commits by turns to one table that %s made", async (maker) => {
  const { lake, folder } = await temporaryLake();
  const table = path.join(folder, "shared");
  const rows: Relation["rows"][number][] = [];
  for (let commit = 0; commit <= 10; commit++) {
    const dataset: Dataset = { name: "numbers", first: commit * ROWS_A_COMMIT, count: ROWS_A_COMMIT };
    const source = path.join(folder, `turn-${commit}.parquet`);
    rows.push(...(await writeSource(dataset, source)).rows);
    if ((commit % 2 === 0) === (maker === "we")) await lake.ingest([source], { into: table });
    else await writeTable(table, [{ do: "write", dataset }]);

    const expected = relation(["id", "text", "day"], rows);
    expect(await relationOf(await lake.sql(`SELECT * FROM delta.\`${table}\``))).toEqual(expected);
    expect(await readTable(table)).toMatchObject({ version: commit, rows: expected, pyarrowRows: expected });
  }
  const history = await (await lake.table(table)).history();
  expect(history.map(({ version }) => Number(version))).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
  const writers = history.map(({ engineInfo }) => (engineInfo?.startsWith("delta-rs") ? "delta-rs" : "we"));
  expect(writers.filter((writer) => writer === maker)).toHaveLength(6);
});
