import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../engine/index.js";
import { LocalStore } from "../../object-store/index.js";
import { CHECKPOINT_KINDS, type CheckpointKind } from "../../table-format/checkpoint/checkpoint-kind.js";
import { withCheckpointSources } from "../../table-format/checkpoint/checkpoint-sources.js";
import { writeCheckpoint } from "../../table-format/checkpoint/write-checkpoint.js";
import { DeltaTable, type Snapshot, version } from "../../table-format/index.js";
import { commitPath } from "../../table-format/log/log-path.js";
import { compactLog } from "../../table-format/maintenance/compact-log.js";
import { sharedFolder } from "../support/temporary-folder.js";
import {
  historyOf,
  type Model,
  NOW,
  pairOf,
  stepArbitrary,
  writeCommits,
} from "../table-format/checkpoint/rich-history.js";

// Random histories, checkpointed at a random version in every kind, then once more at the end, out of the
// first checkpoint; the commits are deleted, so that nothing but checkpoints is read.

const SEED = 20_261_120;
const HOUR = 3_600_000;
const FEATURES = ["deletionVectors", "domainMetadata", "rowTracking", "clustering"];

const featuresFor = (kind: CheckpointKind): string[] =>
  kind.startsWith("v2") ? [...FEATURES, "v2Checkpoint"] : FEATURES;

/** The live files and the rest of a snapshot, in the form of {@link expected}. */
async function held(snapshot: Snapshot): Promise<Record<string, unknown>> {
  const files = await snapshot.withFiles((table) =>
    snapshot.folder.engine.withSession(async (session) => {
      const rows = await session.rows(`SELECT to_json(f)::VARCHAR AS row FROM ${table.relation} f`);
      return rows.map((row): unknown => JSON.parse(String(row["row"])));
    }),
  );
  const tombstones = await snapshot.folder.engine.withSession((session) =>
    withCheckpointSources(session, snapshot, undefined, async ({ tombstones: select }) => {
      const rows = await session.rows(`SELECT to_json(remove)::VARCHAR AS row FROM (${select})`);
      return rows.map((row): unknown => JSON.parse(String(row["row"])));
    }),
  );
  return {
    files: sorted(files),
    tombstones: sorted(tombstones),
    transactions: snapshot.transactions,
    domains: snapshot.state.domains,
    note: snapshot.metadata.configuration["note"],
  };
}

/** What a checkpoint keeps of a model: tombstones of a week, without what only commits have. */
function expected(model: Model): Record<string, unknown> {
  const vector = (descriptor: object | undefined): unknown =>
    descriptor === undefined ? null : plain({ offset: null, ...descriptor });
  const files = [...model.files.values()].map((add) => ({
    path: add.path,
    size: Number(add.size),
    modification_time: Number(add.modificationTime),
    partition_values: add.partitionValues,
    stats: add.stats,
    tags: add.tags ?? null,
    deletion_vector: vector(add.deletionVector),
    base_row_id: add.baseRowId === undefined ? null : Number(add.baseRowId),
    default_row_commit_version:
      add.defaultRowCommitVersion === undefined ? null : Number(add.defaultRowCommitVersion),
    clustering_provider: add.clusteringProvider ?? null,
  }));
  const tombstones = [...model.tombstones.values()]
    .filter((remove) => remove.deletionTimestamp > BigInt(NOW - 7 * 24 * HOUR))
    .map((remove) => ({
      path: remove.path,
      deletionTimestamp: Number(remove.deletionTimestamp),
      dataChange: false,
      extendedFileMetadata: true,
      partitionValues: remove.partitionValues,
      size: Number(remove.size),
      stats: null,
      tags: null,
      deletionVector: vector(remove.deletionVector),
      baseRowId: remove.baseRowId === undefined ? null : Number(remove.baseRowId),
      defaultRowCommitVersion:
        remove.defaultRowCommitVersion === undefined ? null : Number(remove.defaultRowCommitVersion),
    }));
  return {
    files: sorted(files),
    tombstones: sorted(tombstones),
    transactions: model.transactions,
    domains: model.domains,
    note: model.note,
  };
}

function plain(descriptor: object): unknown {
  return JSON.parse(
    JSON.stringify(descriptor, (_, value: unknown) => (typeof value === "bigint" ? Number(value) : value)),
  );
}

function sorted(items: readonly unknown[]): unknown[] {
  const key = (item: unknown): string => {
    const file = Object(item) as { path: string; deletion_vector?: never; deletionVector?: never };
    return pairOf({ path: file.path, deletionVector: file.deletion_vector ?? file.deletionVector });
  };
  return [...items].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

describe("checkpoints", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.open();
  });
  afterAll(() => engine.close());

  it.each(CHECKPOINT_KINDS)(
    "of the kind %s keep every action of a random history",
    async (kind) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(stepArbitrary, { minLength: 1, maxLength: 7 }),
          fc.nat(),
          fc.boolean(),
          async (steps, choice, isCompacted) => {
            const folder = await sharedFolder();
            try {
              const store = new LocalStore(folder.path);
              const { commits, model } = historyOf(steps, featuresFor(kind));
              await writeCommits(store, commits);
              const last = commits.length - 1;
              const first = choice % commits.length;
              const throughCommits = new DeltaTable({ store, engine });
              await writeCheckpoint(
                await throughCommits.snapshot({ version: version(first) }),
                NOW,
                undefined,
                {
                  kind,
                  actionsPerPart: 6,
                },
              );
              if (isCompacted && last - first >= 2) {
                await compactLog({ store, engine }, { from: version(first + 1), to: version(last) });
              }
              await throughCommits.release();
              // Without them a checkpoint that cannot be read cannot be gone round either.
              await store.delete(commits.slice(0, first + 1).map((_, index) => commitPath(version(index))));

              const throughBoth = new DeltaTable({ store, engine });
              const snapshot = await throughBoth.snapshot();
              expect(snapshot.segment.checkpoint?.version).toBe(BigInt(first));
              const report = await writeCheckpoint(snapshot, NOW, undefined, { kind, actionsPerPart: 6 });
              await throughBoth.release();

              await store.delete(commits.map((_, index) => commitPath(version(index))));
              const throughCheckpoint = new DeltaTable({ store, engine });
              const read = await throughCheckpoint.snapshot();
              expect(read.version).toBe(BigInt(last));
              const found = await held(read);
              expect(found).toEqual(expected(model));
              await throughCheckpoint.release();
              expect(report.version).toBe(BigInt(last));
            } finally {
              await folder.remove();
            }
          },
        ),
        { seed: SEED, numRuns: 20 },
      );
    },
    120_000,
  );
});
