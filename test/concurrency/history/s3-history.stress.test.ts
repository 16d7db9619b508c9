import path from "node:path";
import { expect, test } from "vitest";
import { stressAmount } from "../../support/stress-share.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { expectSound, summary } from "./expect-sound.js";
import { failingS3, S3_FAULTS } from "./on-s3.js";
import { FAULTS, PROFILES } from "./profiles.js";
import { buildPrograms } from "./programs.js";
import { runHistory } from "./run-history.js";

const SEED = 66;
const PROCESSES = 8;
/** With the five tables, 2,000 transactions. */
const IN_FULL = 50;
const TRANSACTIONS = stressAmount(IN_FULL);

test.each(PROFILES)(
  `8 processes run ${8 * TRANSACTIONS} transactions on S3 with every fault: $name (seed ${SEED})`,
  async (profile) => {
    const folder = await temporaryFolder();
    const programs = await buildPrograms(path.join(folder, "programs"));
    const result = await runHistory(programs, {
      folder,
      place: await failingS3(path.join(folder, "s3"), SEED, S3_FAULTS),
      profile,
      seed: SEED,
      processes: PROCESSES,
      transactions: TRANSACTIONS,
      // What fails is the service; processes die at any call of theirs, and are killed at any time.
      rates: { ...FAULTS, read: 0, write: 0 },
      kills: 0.3,
    });
    console.log(summary(result, `S3, ${profile.name}`));
    await expectSound(result);
    const { report, lives } = result;
    expect(report.transactions).toBe(PROCESSES * TRANSACTIONS);
    expect(report.committed).toBeGreaterThan(report.transactions / 4);
    if (TRANSACTIONS === IN_FULL) expect(lives).toBeGreaterThan(PROCESSES);
  },
);
