import { cp } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import type { Table } from "../../src/index.js";
import { ROOT } from "../support/grizzly.js";
import { temporaryLake } from "../support/temporary-lake.js";

// Tables that Spark wrote, one a feature, get a column, a comment and a property, or are refused by the name
// of the feature that stands in the way; their rows stay as they were.

const TABLES = path.join(ROOT, "fixtures/spark");

const CHANGED = [
  "append-only",
  "char-varchar",
  "check-constraints",
  "checkpoint-multi-part",
  "checkpoint-protection",
  "checkpoint-v2-parquet",
  "clustering-mapped",
  "column-mapping-id",
  "column-mapping-name",
  "column-mapping-names",
  "defaults",
  "dv-partitioned",
  "generated",
  "identity",
  "in-commit-timestamps-later",
  "invariant",
  "row-tracking",
];

/** The table, and the features that this release does not write. */
const REFUSED = [
  ["iceberg-compat-v1", "icebergCompatV1"],
  ["iceberg-compat-v2", "icebergCompatV2"],
  ["iceberg-compat-v3", "icebergCompatV3"],
  ["materialized-partitions", "materializePartitionColumns"],
  ["variant", "variantType"],
  ["variant-preview", "variantType-preview"],
  ["variant-shredded", "variantShredding-preview, variantType"],
] as const;

async function copied(name: string): Promise<Table> {
  const { lake, folder } = await temporaryLake();
  const copy = path.join(folder, name);
  await cp(path.join(TABLES, name, "delta"), copy, { recursive: true });
  return lake.table(`${copy}/`);
}

test.each(REFUSED)("%s is refused for %s", async (name, features) => {
  const table = await copied(name);
  await expect(table.alter("ADD COLUMN added_by_us INT")).rejects.toMatchObject({
    kind: "unsupported",
    context: { features },
  });
});

test.each(CHANGED)("%s is changed", async (name) => {
  const table = await copied(name);
  const before = await table.describe();
  const rows = async (): Promise<bigint> => {
    let count = 0n;
    for await (const batch of (await table.scan()).batches()) count += BigInt(batch.numRows);
    return count;
  };
  const had = await rows();
  await table.alter("ADD COLUMN added_by_us STRUCT<a: INT> FIRST");
  await table.alter("ALTER COLUMN added_by_us COMMENT 'ours'");
  await table.setProperties({ owner: "us" });
  const after = await table.describe();
  expect(after.schema.map((column) => column.name)).toEqual([
    "added_by_us",
    ...before.schema.map((column) => column.name),
  ]);
  expect(after).toMatchObject({
    features: before.features,
    properties: { ...before.properties, owner: "us", ...changedCount(after.properties) },
    version: before.version + 3n,
  });
  expect(await rows()).toBe(had);
});

/** The one property that a new column changes: how many there ever were. */
function changedCount(properties: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const count = properties["delta.columnMapping.maxColumnId"];
  return count === undefined ? {} : { "delta.columnMapping.maxColumnId": count };
}
