import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { knownFeatures } from "../../table-format/index.js";
import { ROOT } from "../support/grizzly.js";

test("docs/delta.md has every feature, once, and says which are read and written in full", async () => {
  const page = await readFile(path.join(ROOT, "docs/delta.md"), "utf8");
  const rows = [...page.matchAll(/^\| ((?:`[\w.-]+`(?:, )?)+) \| ([^|]+) \| ([^|]+) \|/gm)].flatMap(
    ([, names = "", reads = "", writes = ""]) =>
      [...names.matchAll(/`([\w.-]+)`/g)].map(([, name = ""]) => ({
        name,
        reads: reads === "yes",
        writes: writes === "yes",
      })),
  );
  const known = knownFeatures().map(({ name, reads, writes }) => ({
    name,
    reads: reads === "supported",
    writes: writes === "supported",
  }));
  const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
    a.name < b.name ? -1 : 1;
  expect(rows.toSorted(byName)).toEqual(known.toSorted(byName));
});
