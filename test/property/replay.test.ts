import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine } from "../../engine/index.js";
import { LocalStore } from "../../object-store/index.js";
import {
  type Action,
  DeltaTable,
  type PartitionValues,
  serializeCommit,
  version,
  writeCheckpoint,
} from "../../table-format/index.js";
import { commitPath } from "../../table-format/log/log-path.js";
import { temporaryFolder } from "../support/temporary-folder.js";

// Random histories replayed by the engine, through JSON alone and through a checkpoint at a random
// version, against a model that a child could follow: a Map from path to the last add.

const SEED = 20_261_120;
const NOW = 1_800_000_000_000;
const PATHS = [
  "a.parquet",
  "p=1/b.parquet",
  "p=a%20b/c.parquet",
  "p=%C3%A9/d.parquet",
  "e%25.parquet",
  "f.parquet",
];

interface Commit {
  readonly adds: readonly {
    readonly path: string;
    readonly value: string | null;
    readonly size: number;
    readonly stats: boolean;
  }[];
  readonly removes: readonly string[];
  readonly txn: { readonly appId: string; readonly version: number } | null;
  readonly property: string | null;
}

const commitArbitrary: fc.Arbitrary<Commit> = fc
  .record({
    touched: fc.uniqueArray(
      fc.record({
        path: fc.constantFrom(...PATHS),
        remove: fc.boolean(),
        value: fc.constantFrom("1", "x y", "", null),
        size: fc.nat(1_000),
        stats: fc.boolean(),
      }),
      { selector: (touched) => touched.path, maxLength: 4 },
    ),
    txn: fc.option(fc.record({ appId: fc.constantFrom("app", "o'brien"), version: fc.nat(9) })),
    property: fc.option(fc.constantFrom("one", 'tw"o', "thr'ee"), { freq: 4 }),
  })
  .map(({ touched, txn, property }) => ({
    adds: touched.filter((file) => !file.remove),
    removes: touched.filter((file) => file.remove).map((file) => file.path),
    txn,
    property,
  }));

function actionsOf(commit: Commit, first: boolean): Action[] {
  const metaData = (configuration: Record<string, string>): Action => ({
    kind: "metaData",
    metaData: {
      id: "table-id",
      name: undefined,
      description: undefined,
      provider: "parquet",
      formatOptions: {},
      schemaString: '{"type":"struct","fields":[{"name":"p","type":"string","nullable":true,"metadata":{}}]}',
      partitionColumns: ["p"],
      configuration,
      createdTime: 1n,
    },
  });
  const actions: Action[] = [];
  if (first) {
    const protocol = {
      minReaderVersion: 1,
      minWriterVersion: 2,
      readerFeatures: undefined,
      writerFeatures: undefined,
    };
    actions.push({ kind: "protocol", protocol }, metaData({}));
  }
  if (commit.property !== null) actions.push(metaData({ note: commit.property }));
  if (commit.txn !== null) {
    const txn = { appId: commit.txn.appId, version: BigInt(commit.txn.version), lastUpdated: undefined };
    actions.push({ kind: "txn", txn });
  }
  for (const path of commit.removes) {
    const remove = {
      path,
      deletionTimestamp: BigInt(NOW),
      dataChange: true,
      extendedFileMetadata: true,
      partitionValues: {},
      size: 1n,
    } as const;
    actions.push({ kind: "remove", remove });
  }
  for (const { path, value, size, stats } of commit.adds) {
    const partitionValues: PartitionValues = { p: value };
    const add = { path, partitionValues, size: BigInt(size), modificationTime: 5n, dataChange: true };
    actions.push({ kind: "add", add: stats ? { ...add, stats: '{"numRecords":1}' } : add });
  }
  return actions;
}

interface Model {
  readonly files: Map<string, string>;
  readonly transactions: Map<string, bigint>;
  note: string | undefined;
}

function naive(history: readonly Commit[]): Model {
  const model: Model = { files: new Map(), transactions: new Map(), note: undefined };
  for (const commit of history) {
    for (const path of commit.removes) model.files.delete(path);
    for (const add of commit.adds) {
      model.files.set(add.path, JSON.stringify([add.value, add.size, add.stats ? '{"numRecords":1}' : null]));
    }
    if (commit.txn !== null) model.transactions.set(commit.txn.appId, BigInt(commit.txn.version));
    if (commit.property !== null) model.note = commit.property;
  }
  return model;
}

async function replayed(table: DeltaTable, engine: Engine, at: number): Promise<Model> {
  const snapshot = await table.snapshot({ version: version(at) });
  const rows = await snapshot.withFiles((files) =>
    engine.withSession((session) =>
      session.rows(
        `SELECT path, partition_values['p'] AS value, size::INTEGER AS size, stats FROM ${files.relation}`,
      ),
    ),
  );
  return {
    files: new Map(
      rows.map((row) => [String(row["path"]), JSON.stringify([row["value"], row["size"], row["stats"]])]),
    ),
    transactions: new Map([...snapshot.transactions].map(([appId, txn]) => [appId, txn.version])),
    note: snapshot.metadata.configuration["note"],
  };
}

describe("replay", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.open();
  });
  afterAll(() => engine.close());

  it("gives what a naive model gives, through JSON and through a checkpoint", async () => {
    const histories = fc.array(commitArbitrary, { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(histories, fc.nat(), async (history, choice) => {
        {
          const folder = await temporaryFolder();
          const store = new LocalStore(folder);
          for (const [n, commit] of history.entries()) {
            const entry = serializeCommit(actionsOf(commit, n === 0));
            await store.putIfAbsent(commitPath(version(n)), new TextEncoder().encode(entry));
          }
          const last = history.length - 1;
          const throughJson = new DeltaTable({ store, engine });
          for (const at of [0, last]) {
            expect(await replayed(throughJson, engine, at)).toEqual(naive(history.slice(0, at + 1)));
          }
          const checkpointed = choice % history.length;
          await writeCheckpoint(await throughJson.snapshot({ version: version(checkpointed) }), NOW);
          await throughJson.release();
          const throughCheckpoint = new DeltaTable({ store, engine });
          const snapshot = await throughCheckpoint.snapshot();
          expect(snapshot.segment.checkpoint?.version).toBe(BigInt(checkpointed));
          expect(await replayed(throughCheckpoint, engine, last)).toEqual(naive(history));
          await throughCheckpoint.release();
        }
      }),
      { seed: SEED, numRuns: 60 },
    );
  });
});
