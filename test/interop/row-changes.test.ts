import path from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { type Lake, openLake } from "../../src/index.js";
import { stressCases } from "../support/stress-share.js";
import { type SharedFolder, sharedFolder } from "../support/temporary-folder.js";
import { kindsOf, type RowChangeCase } from "./row-changes/case.js";
import { compare, Templates } from "./row-changes/comparison.js";
import { DELETE_CASES } from "./row-changes/delete-cases.js";
import type { Kind } from "./row-changes/fixtures.js";
import { INSERT_CASES } from "./row-changes/insert-cases.js";
import { MERGE_CASES } from "./row-changes/merge-cases.js";
import { RESTORE_CASES } from "./row-changes/restore-cases.js";
import { UPDATE_CASES } from "./row-changes/update-cases.js";

// Each statement is run by Spark and by us, on two tables of the same content. Then each side reads both
// tables, and every reading gives the same rows; where the tables have them also the same row ids and the same
// change data feed. What Spark refuses we refuse.

let folder: SharedFolder;
let lake: Lake;
let templates: Templates;
beforeAll(async () => {
  folder = await sharedFolder();
  lake = await openLake(path.join(folder.path, "lake"));
  templates = new Templates(folder.path);
});
afterAll(async () => {
  await lake.close();
  await folder.remove();
});

describe.each([
  ["DELETE", DELETE_CASES],
  ["UPDATE", UPDATE_CASES],
  ["MERGE", MERGE_CASES],
  ["INSERT", INSERT_CASES],
  ["RESTORE", RESTORE_CASES],
])("%s", (name, all) => {
  const cases = new Set(stressCases(name, all));
  for (const [place, change] of all.entries()) {
    if (!cases.has(change)) continue;
    for (const kind of kindsOf(change, place)) {
      test(title(change, kind), () => compare(lake, templates, change, kind));
    }
  }
});

function title({ name, table, isRefused, isStricter }: RowChangeCase, kind: Kind): string {
  const who = isRefused === true ? "both refuse: " : isStricter === true ? "we refuse: " : "";
  return `${who}${name} (${table}; ${kind.name})`;
}
