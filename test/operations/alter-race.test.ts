import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import type { Lake } from "../../src/index.js";
import { alterTable } from "../../src/operations/alter-table.js";
import { operationsOn } from "../support/operations.js";
import { type TemporaryLake, temporaryLake } from "../support/temporary-lake.js";

async function land(lake: Lake, folder: string, id: number): Promise<void> {
  const file = path.join(folder, `row-${id}.jsonl`);
  await writeFile(file, `{"id": ${id}}\n`);
  await lake.ingest([file], { into: "t" });
}

/** Adds `id > 0` to the table while another writer lands a row, once the rows that are there were looked at. */
async function addConstraintWhileLanding({ lake, folder }: TemporaryLake, id: number): Promise<number> {
  const { planner, context, target } = await operationsOn(lake.uri);
  let looked = 0;
  const rows: Parameters<typeof alterTable>[0]["rows"] = {
    scan: (...read) => planner.scan(...read),
    changes: (...read) => planner.changes(...read),
    release: (query) => planner.release(query),
    planOver: async (...query) => {
      const planned = await planner.planOver(...query);
      looked++;
      if (looked === 1) await land(lake, folder, id);
      return planned;
    },
  };
  await alterTable({ ...context, rows }, await target("t"), {
    kind: "add-constraint",
    name: "positive",
    expression: "id > 0",
  });
  return looked;
}

test("a row that lands while the others are looked at is looked at too", async () => {
  const temporary = await temporaryLake();
  await land(temporary.lake, temporary.folder, 1);
  await expect(addConstraintWhileLanding(temporary, -1)).rejects.toMatchObject({
    code: "rows-break-rule",
    context: { rows: 1n },
  });
  expect((await (await temporary.lake.table("t")).describe()).properties).toEqual({});
});

test("one that keeps the rule does not stop it", async () => {
  const temporary = await temporaryLake();
  await land(temporary.lake, temporary.folder, 1);
  expect(await addConstraintWhileLanding(temporary, 2)).toBe(2);
  expect((await (await temporary.lake.table("t")).describe()).properties).toEqual({
    "delta.constraints.positive": "id > 0",
  });
});
