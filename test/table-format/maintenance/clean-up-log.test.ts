import { readdir, utimes } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../../engine/index.js";
import { LocalStore, objectPath } from "../../../object-store/index.js";
import type { CheckpointKind } from "../../../table-format/checkpoint/checkpoint-kind.js";
import { writeCheckpoint } from "../../../table-format/checkpoint/write-checkpoint.js";
import { type Action, DeltaTable, version } from "../../../table-format/index.js";
import { cleanUpLog } from "../../../table-format/maintenance/clean-up-log.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { historyOf, type Step, writeCommits } from "../checkpoint/rich-history.js";

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 4, 20, 13);

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.open();
});
afterAll(() => engine.close());

const step: Step = { touches: [], txn: null, domain: null, note: null };
const steps = ["a.parquet", "f.parquet", "e%25.parquet", "p=1/b.parquet"].map(
  (file): Step => ({
    ...step,
    touches: [{ path: file, fate: "remove", vector: 0, value: "1", rich: false, hoursAgo: 0 }],
  }),
);

/** Commits 0 to 3, each some days older than the next, with checkpoints of the kind at versions 0 and 2. */
async function oldTable(
  kind: CheckpointKind,
  days: readonly number[],
  configuration: Readonly<Record<string, string>> = {},
): Promise<{ readonly store: LocalStore; readonly log: string }> {
  const folder = await temporaryFolder();
  const store = new LocalStore(folder);
  const { commits } = historyOf(steps, kind === "classic" ? [] : ["v2Checkpoint"]);
  await writeCommits(
    store,
    commits.map((actions) => actions.map((action) => configured(action, configuration))),
  );
  const table = new DeltaTable({ store, engine });
  for (const at of [0, 2]) {
    await writeCheckpoint(await table.snapshot({ version: version(at) }), NOW, undefined, { kind });
  }
  await table.release();
  const log = path.join(folder, "_delta_log");
  for (const name of await readdir(log, { recursive: true })) {
    const age = /^\d{20}/.test(name) ? days[Number(name.slice(0, 20))] : Math.max(...days);
    const time = new Date(NOW - (age ?? 0) * DAY);
    await utimes(path.join(log, name), time, time);
  }
  return { store, log };
}

function configured(action: Action, configuration: Readonly<Record<string, string>>): Action {
  return action.kind === "metaData" ? { ...action, metaData: { ...action.metaData, configuration } } : action;
}

async function cleaned(store: LocalStore): Promise<unknown> {
  const table = new DeltaTable({ store, engine });
  try {
    return await cleanUpLog(await table.snapshot(), NOW);
  } finally {
    await table.release();
  }
}

async function filesAt(store: LocalStore, at: number): Promise<number> {
  const table = new DeltaTable({ store, engine });
  try {
    return await (await table.snapshot({ version: version(at) })).withFiles(async (files) => files.count);
  } finally {
    await table.release();
  }
}

describe("cleanUpLog", () => {
  it("deletes what is before the checkpoint of the cut-off, and every kept version stays readable", async () => {
    const { store, log } = await oldTable("classic", [50, 45, 40, 35]);
    expect(await cleaned(store)).toMatchObject({ status: "cleaned", oldest: 2n, logFiles: 3, sidecars: 0 });
    expect((await readdir(log)).sort()).toEqual([
      "00000000000000000002.checkpoint.parquet",
      "00000000000000000002.json",
      "00000000000000000003.json",
      "_last_checkpoint",
    ]);
    expect([await filesAt(store, 2), await filesAt(store, 3)]).toEqual([3, 4]);
    await expect(filesAt(store, 1)).rejects.toMatchObject({ kind: "not-found" });
    expect(await cleaned(store)).toEqual({ status: "kept", reason: "nothing-expired" });
  });

  it.each(["v2-json", "v2-parquet"] as const)(
    "keeps the sidecars of the %s checkpoint that stays",
    async (kind) => {
      const { store, log } = await oldTable(kind, [50, 45, 40, 35]);
      expect(await readdir(path.join(log, "_sidecars"))).toHaveLength(2);
      expect(await cleaned(store)).toMatchObject({ status: "cleaned", oldest: 2n, sidecars: 1 });
      expect(await readdir(path.join(log, "_sidecars"))).toHaveLength(1);
      expect([await filesAt(store, 2), await filesAt(store, 3)]).toEqual([3, 4]);
    },
  );

  it("keeps young sidecars, whoever they are for", async () => {
    const { store, log } = await oldTable("v2-json", [50, 45, 40, 35]);
    for (const name of await readdir(path.join(log, "_sidecars"))) {
      await utimes(path.join(log, "_sidecars", name), new Date(NOW), new Date(NOW));
    }
    expect(await cleaned(store)).toMatchObject({ status: "cleaned", sidecars: 0 });
    expect(await readdir(path.join(log, "_sidecars"))).toHaveLength(2);
  });

  it("touches nothing when the checkpoint that would have to do is not whole", async () => {
    const { store, log } = await oldTable("v2-json", [50, 45, 40, 35]);
    const before = await readdir(log);
    const [first, second] = await readdir(path.join(log, "_sidecars"));
    await store.delete([first, second].map((name) => objectPath(`_delta_log/_sidecars/${name}`)));
    expect(await cleaned(store)).toEqual({ status: "kept", reason: "in-doubt" });
    expect(await readdir(log)).toEqual(before);
  });

  it("goes by the newest commit before the cut-off, which is midnight", async () => {
    const { store } = await oldTable("classic", [50, 45, 20, 10]);
    expect(await cleaned(store)).toEqual({ status: "kept", reason: "nothing-expired" });
    const shorter = await oldTable("classic", [50, 45, 20, 10], {
      "delta.logRetentionDuration": "interval 15 days",
    });
    expect(await cleaned(shorter.store)).toMatchObject({ status: "cleaned", oldest: 2n });
  });

  it("does as the table says", async () => {
    const { store } = await oldTable("classic", [50, 45, 40, 35], {
      "delta.enableExpiredLogCleanup": "false",
    });
    expect(await cleaned(store)).toEqual({ status: "kept", reason: "switched-off" });
  });
});
