import path from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { expectSound } from "./expect-sound.js";
import { failingS3, S3_FAULTS } from "./on-s3.js";
import { NO_FAULTS, PROFILES } from "./profiles.js";
import { buildPrograms } from "./programs.js";
import { runHistory } from "./run-history.js";

const SEED = 6;
/** Processes that start and end take long on a machine that is busy. */
const TIMEOUT_MS = 180_000;

const name = `4 processes run 40 transactions on an S3 endpoint with every fault: a serial order has them all (seed ${SEED})`;

test(name, { timeout: TIMEOUT_MS }, async () => {
  const folder = await temporaryFolder();
  const programs = await buildPrograms(path.join(folder, "programs"));
  const profile = PROFILES.find((each) => each.name === "deletion vectors");
  if (profile === undefined) throw new Error("there is such a profile");
  const result = await runHistory(programs, {
    folder,
    place: await failingS3(path.join(folder, "s3"), SEED, S3_FAULTS),
    profile,
    seed: SEED,
    processes: 4,
    transactions: 10,
    rates: NO_FAULTS,
    kills: 0.3,
  });
  await expectSound(result);
  expect(result.report.transactions).toBe(40);
  expect(result.report.committed).toBeGreaterThan(15);
});
