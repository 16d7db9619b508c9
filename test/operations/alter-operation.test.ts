import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { alterOperation } from "../../src/operations/alter-table.js";
import { createOperation } from "../../src/operations/create-table.js";
import type { TableOperation } from "../../src/operations/table-operation.js";
import type { Alteration, TableDefinition } from "../../table-format/index.js";
import { operationsOn } from "../support/operations.js";
import { type TemporaryLake, temporaryLake } from "../support/temporary-lake.js";

const ROW_TRACKING: Alteration = {
  kind: "set-properties",
  properties: { "delta.enableRowTracking": "true" },
};

async function land({ lake, folder }: TemporaryLake, ids: readonly number[]): Promise<void> {
  const file = path.join(folder, "rows.jsonl");
  await writeFile(file, ids.map((id) => `{"id": ${id}}\n`).join(""));
  await lake.ingest([file], { into: "t", again: true });
}

test("one operation is one commit: what takes several is refused", async () => {
  const temporary = await temporaryLake();
  const { lake } = temporary;
  await land(temporary, [1, 2]);
  const { run, context, target } = await operationsOn(lake.uri);
  const table = await target("t");
  await expect(run(table, alterOperation(context, table, ROW_TRACKING))).rejects.toMatchObject({
    kind: "unsupported",
    code: "several-commits",
  });
  await lake.sql("DELETE FROM t");
  const report = await run(table, alterOperation(context, table, ROW_TRACKING));
  expect(report).toMatchObject({ version: 2n, operation: "SET TBLPROPERTIES", changed: true });
  expect(report.featuresAdded).toContain("rowTracking");
});

test("the rows that a rule is made for are those of the version that the operation stands on", async () => {
  const temporary = await temporaryLake();
  await land(temporary, [-1, -2]);
  const { context, target } = await operationsOn(temporary.lake.uri);
  const table = await target("t");
  const read = await table.table.snapshot();
  await temporary.lake.sql("DELETE FROM t");
  const operation = alterOperation(context, table, {
    kind: "add-constraint",
    name: "positive",
    expression: "id > 0",
  });
  await expect(operation.prepare(read)).rejects.toMatchObject({
    code: "rows-break-rule",
    context: { rows: 2n },
  });
  expect(await operation.prepare(await table.table.snapshot())).toMatchObject({ status: "staged" });
});

/** The operation, with another process creating the table once it is prepared. */
function afterAnother<R>(
  operation: TableOperation<R>,
  create: () => Promise<unknown>,
): { readonly operation: TableOperation<R>; readonly tries: () => number } {
  let tries = 0;
  const prepare: TableOperation<R>["prepare"] = async (read) => {
    tries++;
    const change = await operation.prepare(read);
    if (tries === 1) await create();
    return change;
  };
  return { operation: { ...operation, prepare }, tries: () => tries };
}

const ONE_COLUMN: TableDefinition = { columns: [{ name: "id", type: { type: "integer" } }] };

test.each([
  [true, { version: 0n, changed: false, notes: ["t exists already and stays as it is"] }],
  [false, undefined],
])("a table that another process creates first stays (IF NOT EXISTS: %s)", async (ifNotExists, report) => {
  const { lake } = await temporaryLake();
  const { run, context, target } = await operationsOn(lake.uri);
  const table = await target(path.join(lake.uri.replace("file://", ""), "default/t"));
  const labelled = { ...table, label: "t" };
  const creating = createOperation(context, labelled, ONE_COLUMN, { ifNotExists, isManaged: true });
  const raced = afterAnother(creating, () =>
    lake.createTable("t", { columns: [{ name: "name", type: "STRING" }] }),
  );
  const outcome = run(labelled, raced.operation);
  if (report !== undefined) expect(await outcome).toMatchObject(report);
  else await expect(outcome).rejects.toMatchObject({ kind: "already-exists", code: "table-exists" });
  expect(raced.tries()).toBe(2);
  expect((await (await lake.table("t")).describe()).schema).toMatchObject([{ name: "name" }]);
});
