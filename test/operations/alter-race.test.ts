import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { silentLogger, systemClock } from "../../core/index.js";
import { Engine } from "../../engine/index.js";
import { openStore } from "../../object-store/index.js";
import type { Lake } from "../../src/index.js";
import { alterTable } from "../../src/operations/alter-table.js";
import { DeltaTable } from "../../table-format/index.js";
import { type TemporaryLake, temporaryLake } from "../support/temporary-lake.js";

async function land(lake: Lake, folder: string, id: number): Promise<void> {
  const file = path.join(folder, `row-${id}.jsonl`);
  await writeFile(file, `{"id": ${id}}\n`);
  await lake.ingest([file], { into: "t" });
}

/** Adds `id > 0` to the table while another writer lands a row, once the rows that are there were looked at. */
async function addConstraintWhileLanding({ lake, folder }: TemporaryLake, id: number): Promise<number> {
  const engine = await Engine.open({ threads: 1 });
  onTestFinished(() => engine.close());
  const table = await lake.table("t");
  const resolved = {
    label: "t",
    location: table.location,
    table: new DeltaTable({ store: openStore(table.location), engine }, systemClock),
  };
  let looked = 0;
  const rows: Parameters<typeof alterTable>[0]["rows"] = {
    scan: async (_, options) => {
      const result = await table.scan(options);
      looked++;
      if (looked === 1) await land(lake, folder, id);
      return result;
    },
  };
  await alterTable({ clock: systemClock, logger: silentLogger, rows }, resolved, {
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
