import { cp, readFile } from "node:fs/promises";
import path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type FsckReport, openLake } from "../../src/index.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { DamagedTable } from "./damaged-table.js";

// Whatever happens to one file of a table, fsck says so, or it does not matter.

const SEED = 20_240_131;
const RUNS = 60;

type Damage =
  | { readonly kind: "delete" }
  /** Keeps this share of the bytes. */
  | { readonly kind: "cut"; readonly share: number }
  /** Turns around the byte at this share of the file. */
  | { readonly kind: "flip"; readonly share: number };

const share = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const damages: fc.Arbitrary<Damage> = fc.oneof(
  fc.constant({ kind: "delete" as const }),
  share.map((part) => ({ kind: "cut" as const, share: part })),
  share.map((part) => ({ kind: "flip" as const, share: part })),
);

async function inflict(table: DamagedTable, file: string, damage: Damage): Promise<void> {
  if (damage.kind === "delete") return table.remove(file);
  const { length } = await readFile(table.file(file));
  const at = Math.floor(damage.share * length);
  return damage.kind === "cut" ? table.cut(file, at) : table.flip(file, at);
}

interface Outcome {
  readonly report: FsckReport;
  /** The rows as a query reads them; `undefined` when it does not. */
  readonly rows: readonly unknown[] | undefined;
}

async function outcome(table: DamagedTable): Promise<Outcome> {
  const lake = await openLake(path.join(table.folder, "..", "lake"));
  try {
    const report = await (await lake.table(table.folder)).fsck({ deep: true, limit: 1 });
    const query = `SELECT * FROM delta.\`${table.folder}\` ORDER BY id`;
    const rows = await lake
      .sql(query)
      .then((result) => result.toArray())
      .catch(() => undefined);
    return { report, rows };
  } finally {
    await lake.close();
  }
}

test("damage is reported, or the table reads as before", async () => {
  const whole = await DamagedTable.ours({ checkpoint: true, checksums: true });
  const files = await whole.files();
  const before = await outcome(whole);
  expect(before.rows).toHaveLength(6);
  expect(before.report.verdict).toBe("sound");
  const reported = new Set<boolean>();
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...files), damages, async (file, damage) => {
      const folder = path.join(await temporaryFolder(), "table");
      await cp(whole.folder, folder, { recursive: true });
      const table = new DamagedTable(folder);
      await inflict(table, file, damage);
      const { report, rows } = await outcome(table);
      reported.add(report.verdict !== "sound");
      if (report.verdict !== "sound") return;
      // Parquet has no checksum that the engine keeps or checks, so a value that still decodes, within the
      // stated bounds, is as good as the one before it.
      const mayDiffer = damage.kind === "flip" && file.endsWith(".parquet") && !file.startsWith("_delta_log");
      if (mayDiffer) expect(rows).toHaveLength(6);
      else expect(rows).toEqual(before.rows);
    }),
    { seed: SEED, numRuns: RUNS },
  );
  // Both happened, so both were tested.
  expect([...reported].sort()).toEqual([false, true]);
}, 300_000);
