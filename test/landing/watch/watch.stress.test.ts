import { mkdir } from "node:fs/promises";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openLake } from "../../../src/index.js";
import { seededRandom } from "../../concurrency/seeded-random.js";
import { stressAmount } from "../../support/stress-share.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { type FileHistory, RestlessFolder } from "./restless-folder.js";
import { WatchingProcess } from "./watching-process.js";

const SEED = 20_261_120;
/** How long a writer works under each policy; both together two minutes. */
const WRITING_MS = 60_000;
const FLAGS = ["--poll", "100ms", "--settle", "300ms"];

test.each([
  { policy: "replace", inPlace: true },
  // Rows of a half-written file would stay: the writer puts whole files in place, as docs/watch.md asks for.
  { policy: "append", inPlace: false },
] as const)(
  "a watch under a writer that creates, overwrites and deletes files keeps what --on-change $policy promises",
  async ({ policy, inPlace }) => {
    const folder = await temporaryFolder();
    const raw = path.join(folder, "raw");
    await mkdir(raw);
    const lakeFolder = path.join(folder, "lake");
    const env = { GRIZZLY_CACHE_DIR: path.join(folder, "cache"), TMPDIR: folder };
    const args = ["raw", "--into", "t", "--on-change", policy, "--lake", lakeFolder, ...FLAGS];
    let watch = new WatchingProcess(args, folder, env);
    onTestFinished(async () => {
      await watch.stop("SIGKILL");
    });
    const random = seededRandom(SEED);
    const writer = new RestlessFolder(raw, random, { inPlace });
    const writingMs = stressAmount(WRITING_MS);
    const end = performance.now() + writingMs;
    let kills = 0;
    for (let step = 1; performance.now() < end; step++) {
      await writer.step();
      // The writer is a little ahead of the watch, and stops now and then for it to come after.
      if (step % 50 === 0) await writer.write("sub0/beat.jsonl");
      if (step % 50 === 0) await watch.until(watch.lines.length, ({ event }) => event === "landed");
      // Half way the watch dies, and another one takes over.
      if (kills === 0 && performance.now() > end - writingMs / 2) {
        await watch.stop("SIGKILL");
        kills++;
        watch = new WatchingProcess(args, folder, env);
      }
    }
    // What was written last has been seen once the watch has caught up with a file that came after it.
    const told = watch.lines.length;
    await writer.write("sub0/last.jsonl");
    const seen = await watch.until(told, ({ event }) => event === "landed");
    await watch.until(seen, ({ event, growing }) => event === "caught-up" && growing === 0);
    expect(await watch.stop()).toBe(0);
    console.log(
      `seed ${SEED}: ${JSON.stringify(writer.counts)}, ${watch.lines.length} events since the kill of the first watch`,
    );

    const lake = await openLake(lakeFolder);
    onTestFinished(() => lake.close());
    const rows = await (
      await lake.sql(`SELECT file, version, count(*) AS rows, count(DISTINCT "row") AS distinct_rows
                      FROM t GROUP BY ALL ORDER BY ALL`)
    ).toArray();
    const landed = new Map<string, Map<number, number>>();
    for (const row of rows) {
      expect(row["rows"]).toBe(row["distinct_rows"]);
      const versions = landed.get(String(row["file"])) ?? new Map<number, number>();
      landed.set(String(row["file"]), versions.set(Number(row["version"]), Number(row["rows"])));
    }
    for (const [name, history] of writer.files) {
      checkFile(name, history, landed.get(name) ?? new Map<number, number>(), policy);
    }
    expect([...landed.keys()].filter((name) => !writer.files.has(name))).toEqual([]);
    expect(writer.counts.overwritten).toBeGreaterThan(10);
    expect(writer.counts.deleted).toBeGreaterThan(3);
    const report = await (await lake.table("t")).fsck({ deep: true });
    expect(report.findings).toEqual([]);
  },
);

/** What the policy promises of one file's rows. */
function checkFile(
  name: string,
  history: FileHistory,
  landed: ReadonlyMap<number, number>,
  policy: "replace" | "append",
): void {
  const last = history.versions.at(-1) ?? -1;
  for (const [version, rows] of landed) {
    const whole = history.rows.get(version);
    // Of a file that is gone there may be the half of a version that was seen last.
    if (policy === "append" || history.exists)
      expect({ name, version, rows }).toEqual({ name, version, rows: whole });
  }
  if (history.exists) expect(landed.get(last)).toBe(history.rows.get(last));
  // The rows of one version at a time; a file that is deleted leaves its rows, a file that came and went none.
  if (policy === "replace") expect(landed.size).toBeLessThanOrEqual(1);
}
