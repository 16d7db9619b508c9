import { mkdir } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { type Finished, grizzly } from "../support/grizzly.js";
import { LakeOfTransactions } from "../support/lake-of-transactions.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { seededRandom } from "./seeded-random.js";

const SCRIPT = `BEGIN;
UPDATE a SET n = n + 1 WHERE id = 1;
UPDATE b SET n = n + 1 WHERE id = 1;
INSERT INTO a VALUES ((SELECT max(id) + 1 FROM a), 0);
INSERT INTO b SELECT id, n FROM a WHERE id = (SELECT max(id) FROM a);
COMMIT;`;

test("6 processes killed at random moments of a transaction leave whole transactions", async () => {
  const seed = 7;
  const random = seededRandom(seed);
  const folder = await temporaryFolder();
  const lakeFolder = path.join(folder, "lake");
  await mkdir(path.join(folder, "tmp"));
  const lake = await LakeOfTransactions.open(lakeFolder);
  for (const name of ["a", "b"]) {
    await lake.create(name, { columns: ["id", "n"].map((column) => ({ name: column, type: "BIGINT" })) });
    await lake.insert(name, "VALUES (1, 0)");
  }
  const run = (stopAfterMs?: number): Promise<Finished> =>
    grizzly(["sql", SCRIPT, "--lake", lakeFolder], {
      cwd: folder,
      // What a killed engine leaves in the temporary folder goes with the test's.
      env: { TMPDIR: path.join(folder, "tmp") },
      onStart: (child) => {
        if (stopAfterMs === undefined) return;
        const timer = setTimeout(() => child.kill("SIGKILL"), stopAfterMs);
        child.on("exit", () => clearTimeout(timer));
      },
    });
  const started = performance.now();
  expect(await run()).toMatchObject({ code: 0 });
  let lifeMs = performance.now() - started;
  let done = 1n;
  for (let killed = 0; killed < 6; ) {
    // Most moments are of the last half of its life, when it writes and commits.
    const began = performance.now();
    const { code } = await run((0.4 + 0.6 * random()) * lifeMs);
    if (code === 0) lifeMs = performance.now() - began;
    else killed++;
    const [row] = await lake.rows(
      "SELECT a.n AS a, b.n AS b, (SELECT count(*) FROM a) AS rows_a, (SELECT count(*) FROM b) AS rows_b FROM a JOIN b USING (id) WHERE id = 1",
    );
    const now = BigInt(String(row?.["a"]));
    expect(row, `seed ${seed}, ${killed} killed`).toEqual({
      a: now,
      b: now,
      rows_a: now + 1n,
      rows_b: now + 1n,
    });
    expect(now - done).toBeGreaterThanOrEqual(code === 0 ? 1n : 0n);
    expect(now - done).toBeLessThanOrEqual(1n);
    done = now;
  }
  expect(await run()).toMatchObject({ code: 0 });
  expect(await lake.rows("SELECT a.n FROM a JOIN b USING (id, n) WHERE id = 1")).toEqual([{ n: done + 1n }]);
  for (const name of ["a", "b"]) expect(await lake.findings(name)).toEqual([]);
}, 120_000);
