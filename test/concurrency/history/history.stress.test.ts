import path from "node:path";
import { expect, test } from "vitest";
import { stressAmount } from "../../support/stress-share.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { expectSound, summary } from "./expect-sound.js";
import { FAULTS, PROFILES } from "./profiles.js";
import { buildPrograms } from "./programs.js";
import { runHistory } from "./run-history.js";

const SEED = 4;
const PROCESSES = 8;
/** With the five tables, 2,000 transactions. */
const IN_FULL = 50;
const TRANSACTIONS = stressAmount(IN_FULL);

test.each(PROFILES)(
  `8 processes run ${8 * TRANSACTIONS} transactions on a table: $name (seed ${SEED})`,
  async (profile) => {
    const folder = await temporaryFolder();
    const programs = await buildPrograms(path.join(folder, "programs"));
    const result = await runHistory(programs, {
      folder,
      profile,
      seed: SEED,
      processes: PROCESSES,
      transactions: TRANSACTIONS,
      rates: FAULTS,
      kills: 0.3,
    });
    console.log(summary(result, profile.name));
    await expectSound(result);
    const { report, lives } = result;
    expect(report.transactions).toBe(PROCESSES * TRANSACTIONS);
    expect(report.committed).toBeGreaterThan(report.transactions / 3);
    // A share of a history may be without some of what the whole of it has.
    if (TRANSACTIONS < IN_FULL) return;
    // It was one of trouble, and work was done all the same.
    expect(report.failed).toBeGreaterThan(0);
    expect(lives).toBeGreaterThan(PROCESSES);
    const kinds = Object.keys(profile.mix);
    expect(Object.keys(report.kinds).sort()).toEqual(
      expect.arrayContaining(kinds.filter((kind) => !RARE.includes(kind))),
    );
  },
);

/** Operations that a history of this length may be without. */
const RARE = ["overwrite", "restore"];
