import { mkdir } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../support/temporary-folder.js";
import type { AnomalyKind, CheckReport } from "./anomaly.js";
import { counted, expectSound } from "./expect-sound.js";
import { NO_FAULTS } from "./profiles.js";
import { buildPrograms, type PlantedBug, type Programs, plant } from "./programs.js";
import { type HistoryOptions, type HistoryResult, runHistory, type TableProfile } from "./run-history.js";

/** A bug, a history that brings it to light, and what the checker then finds. */
interface Planting {
  readonly bug: PlantedBug;
  readonly history: Pick<HistoryOptions, "rates"> & Pick<TableProfile, "mix" | "properties">;
  readonly finds: readonly AnomalyKind[];
}

const RULES = "table-format/transaction/conflict.js";

const PLANTINGS: readonly Planting[] = [
  {
    bug: {
      name: "rows that another writer added are not looked for",
      file: RULES,
      text: "...addedRowDoubts(scope, winner),",
      instead: "",
    },
    history: {
      properties: { "delta.isolationLevel": "Serializable" },
      mix: { append: 2, update: 2, delete: 1 },
      rates: NO_FAULTS,
    },
    finds: ["order"],
  },
  {
    bug: {
      name: "files that another writer replaced are replaced again",
      file: RULES,
      text: "    fileChanged,\n",
      instead: "",
    },
    history: { properties: {}, mix: { update: 2, delete: 1, compact: 1, append: 1 }, rates: NO_FAULTS },
    finds: ["lost", "order", "duplicated"],
  },
  {
    bug: {
      name: "a change of metadata is no conflict",
      file: RULES,
      text: "    metadataChanged,\n",
      instead: "",
    },
    history: { properties: {}, mix: { "set-property": 2, append: 1 }, rates: NO_FAULTS },
    finds: ["lost"],
  },
  {
    bug: {
      name: "a put whose answer was lost is taken for a lost race",
      file: "table-format/log/committer.js",
      text: 'return { status: isOurs(entry) ? "committed" : "conflict" };',
      instead: 'return { status: "conflict" };',
    },
    history: { properties: {}, mix: { append: 1 }, rates: { ...NO_FAULTS, write: 0.3 } },
    finds: ["duplicated"],
  },
];

/** Histories with the bug, at most. */
const SEEDS = [1, 2, 3, 4];
const PROCESSES = 4;
const TRANSACTIONS = 20;

test.each(PLANTINGS)(
  `the checker finds it when $bug.name (seeds ${SEEDS.join(", ")})`,
  async ({ bug, history, finds }) => {
    const folder = await temporaryFolder();
    const sound = await buildPrograms(path.join(folder, "sound"));
    const planted = await plant(sound, bug, path.join(folder, "planted"));
    const run = async (programs: Programs, seed: number, name: string): Promise<HistoryResult> => {
      const work = path.join(folder, `${name}-${seed}`);
      await mkdir(work);
      const { rates, ...profile } = history;
      return runHistory(programs, {
        folder: work,
        profile: { name, partitioned: false, ...profile },
        seed,
        processes: PROCESSES,
        transactions: TRANSACTIONS,
        rates,
        kills: 0,
      });
    };
    let found: CheckReport | undefined;
    for (const seed of SEEDS) {
      // The very same transactions are sound without the bug.
      await expectSound(await run(sound, seed, "sound-run"));
      const { report } = await run(planted, seed, "planted-run");
      found = report;
      if (counted(report, ...finds) > 0) break;
    }
    expect(found && counted(found, ...finds)).toBeGreaterThan(0);
    const shown = found?.anomalies.find(({ kind }) => finds.includes(kind));
    console.log(`${bug.name}: ${shown?.kind}: ${shown?.message.slice(0, 200)}`);
  },
);
