import { stat } from "node:fs/promises";
import path from "node:path";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { Engine, quoteIdentifier, quoteString, type Session } from "../../engine/index.js";
import { FileLayouts } from "../../src/scan/far/read-layouts.js";
import { wantedGroups } from "../../src/scan/far/wanted-groups.js";
import type { Predicate } from "../../table-format/index.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import {
  type File,
  files,
  loadRows,
  PARTITIONS,
  predicateSql,
  predicates,
  SCHEMA,
  TABLE,
} from "./skipping-cases.js";

const SEED = 0x60d5;
const RUNS = Number(process.env["GRIZZLY_STRESS_SHARE"] ?? 1) < 1 ? 6 : 12;

/** Files of the engine, one for each file of the case, with one row group each. */
async function write(session: Session, folder: string, tableFiles: readonly File[]): Promise<string[]> {
  await loadRows(session, tableFiles);
  const columns = SCHEMA.fields
    .filter(({ name }) => !PARTITIONS.some((leaf) => leaf.path[0] === name))
    .map(({ name }) => quoteIdentifier(name));
  const written: string[] = [];
  for (const index of tableFiles.keys()) {
    const file = path.join(folder, `${index}.parquet`);
    const select = `SELECT ${columns.join(", ")} FROM rows WHERE file_number = ${index}`;
    await session.execute(`COPY (${select}) TO ${quoteString(file)} (FORMAT parquet)`);
    written.push(file);
  }
  return written;
}

async function passingFiles(session: Session, predicate: Predicate): Promise<Set<number>> {
  const passes = [true, false].map((unknown) => predicateSql(predicate, unknown)).join(" OR ");
  const rows = await session.rows(`SELECT DISTINCT file_number FROM rows WHERE ${passes}`);
  return new Set(rows.map((row) => Number(row["file_number"])));
}

test("no row group that holds a passing row is left out by its statistics", async () => {
  const engine = await Engine.open({ threads: 1 });
  onTestFinished(() => engine.close());
  const session = await engine.acquire();
  const folder = await temporaryFolder();
  let left = 0;
  await fc.assert(
    fc.asyncProperty(
      files,
      fc.array(predicates, { minLength: 25, maxLength: 25 }),
      async (tableFiles, asked) => {
        const names = await write(session, folder, tableFiles);
        const found = await new FileLayouts().of(
          session,
          await Promise.all(
            names.map(async (localPath) => ({
              key: localPath,
              localPath,
              dataEnd: (await stat(localPath)).size,
            })),
          ),
          undefined,
        );
        const layouts = found.flatMap((layout) => layout ?? []);
        expect(layouts.map(({ groups }) => groups.length)).toEqual(names.map(() => 1));
        for (const predicate of asked) {
          const wanted = await wantedGroups(session, TABLE, predicate, layouts, undefined);
          if (wanted === undefined) continue;
          const passing = await passingFiles(session, predicate);
          const wrong = wanted.flatMap(([isWanted], file) => {
            if (isWanted !== false) return [];
            left += 1;
            return passing.has(file) ? [file] : [];
          });
          expect(wrong, predicateSql(predicate, true)).toEqual([]);
        }
      },
    ),
    { seed: SEED, numRuns: RUNS, endOnFailure: true },
  );
  expect(left).toBeGreaterThan(RUNS * 20);
});
