import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { temporaryLake } from "../support/temporary-lake.js";

// Other writers spell one value in other ways (PROTOCOL.md, "Partition Value Serialization").
test.each([
  ["TIMESTAMPTZ '2024-01-31 10:00:00Z'", "2024-01-31 10:00:00"],
  ["TIMESTAMPTZ '2024-01-31 10:00:00.5Z'", "2024-01-31 10:00:00.500"],
  ["1.50::DECIMAL(9,2)", "1.5"],
  ["42::BIGINT", "+42"],
  ["NULL::VARCHAR", ""],
])("the partition of %s is replaced, its files' value being %j", async (value, text) => {
  const { lake, folder } = await temporaryLake();
  const source = path.join(folder, "source.parquet");
  const land = async (id: number, part: string, mode: "append" | "overwrite-partitions"): Promise<void> => {
    await (await lake.sql(`SELECT ${id} AS id, ${part} AS part`)).writeTo(source);
    await lake.ingest([source], {
      into: "t",
      mode,
      again: true,
      ...(mode === "append" ? { partitionBy: ["part"] } : {}),
    });
  };
  await land(1, value, "append");
  await respellPartition(fileURLToPath((await lake.table("t")).location), text);
  await land(2, value, "overwrite-partitions");
  expect(await (await lake.sql("SELECT id FROM t")).toArray()).toEqual([{ id: 2 }]);
});

/** Rewrites the only entry of a log as a writer would have that spells the partition value `text`. */
async function respellPartition(table: string, text: string): Promise<void> {
  const entry = path.join(table, "_delta_log/00000000000000000000.json");
  const lines = (await readFile(entry, "utf8")).trimEnd().split("\n");
  const respelled = lines.map((line) => {
    const action = JSON.parse(line);
    if (action.add !== undefined) action.add.partitionValues.part = text;
    return `${JSON.stringify(action)}\n`;
  });
  await writeFile(entry, respelled.join(""));
}
