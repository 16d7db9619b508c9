import path from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { expectSound } from "./expect-sound.js";
import { FAULTS, PROFILES } from "./profiles.js";
import { buildPrograms } from "./programs.js";
import { runHistory } from "./run-history.js";

const SEED = 20_261_120;

/** Processes that start and end take long on a machine that is busy. */
const TIMEOUT_MS = 180_000;

const name = `4 processes run 60 transactions on a store that fails: a serial order has them all (seed ${SEED})`;

test(name, { timeout: TIMEOUT_MS }, async () => {
  const folder = await temporaryFolder();
  const programs = await buildPrograms(path.join(folder, "programs"));
  const [profile] = PROFILES;
  if (profile === undefined) throw new Error("there is a profile");
  const result = await runHistory(programs, {
    folder,
    profile,
    seed: SEED,
    processes: 4,
    transactions: 15,
    rates: FAULTS,
    kills: 0.3,
  });
  await expectSound(result);
  expect(result.report.transactions).toBe(60);
  expect(result.report.committed).toBeGreaterThan(20);
});
