import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { expect } from "vitest";
import type { Engine } from "../../engine/index.js";
import { LocalStore } from "../../object-store/index.js";
import type { CheckpointKind } from "../../table-format/checkpoint/checkpoint-kind.js";
import { writeCheckpoint } from "../../table-format/checkpoint/write-checkpoint.js";
import { DeltaTable, type Snapshot, version } from "../../table-format/index.js";
import { checksumOf, writeChecksum } from "../../table-format/log/checksum.js";
import { canonicalDataPath } from "../../table-format/log/data-path.js";
import { compactLog } from "../../table-format/maintenance/compact-log.js";
import { deletionVectorIdSql } from "../../table-format/snapshot/action-columns.js";
import { withFileActions, withLocalSegment } from "../../table-format/snapshot/local-segment.js";
import { tombstonesSql } from "../../table-format/snapshot/tombstones.js";
import {
  checkpointText,
  type Model,
  type Played,
  play,
  type TableHistory,
  tableHistory,
  vectorId,
} from "./log-histories.js";

/** Random numbers that a check may use: which versions are read and checkpointed. */
interface Choices {
  readonly at: number;
  readonly first: number;
  readonly second: number;
  readonly statistics: "json" | "both" | "struct";
}

const CHOICES: fc.Arbitrary<Choices> = fc.record({
  at: fc.nat(),
  first: fc.nat(),
  second: fc.nat(),
  statistics: fc.constantFrom("json", "both", "struct"),
});

/**
 * Checks random tables of so many histories each.
 *
 * @throws Error that names the seed and the path of the failure; `path: "..."` beside the seed repeats it.
 */
export async function checkTables(
  engine: Engine,
  tables: number,
  histories: number,
  repeat: { readonly seed: number; readonly path?: string },
): Promise<void> {
  const property = fc.asyncProperty(tableHistory(histories), CHOICES, (history, choices) =>
    checkHistory(engine, history, choices, histories),
  );
  const { failed, seed, counterexamplePath, errorInstance } = await fc.check(property, {
    ...repeat,
    numRuns: tables,
    // One history is small enough to look for a smaller one.
    endOnFailure: histories > 1,
  });
  if (!failed) return;
  throw new Error(`a table of ${histories} histories, seed ${seed}, path "${counterexamplePath}"`, {
    cause: errorInstance,
  });
}

const STATISTICS: Readonly<Record<Choices["statistics"], Readonly<Record<string, string>>>> = {
  json: {},
  both: { "delta.checkpoint.writeStatsAsStruct": "true" },
  struct: { "delta.checkpoint.writeStatsAsStruct": "true", "delta.checkpoint.writeStatsAsJson": "false" },
};

const V1 = ["deletionVectors"];
const V2 = ["deletionVectors", "v2Checkpoint"];

interface Log {
  readonly folder: string;
  readonly store: LocalStore;
  readonly played: Played;
}

/** Replays one history in every way there is, each from a log of its own, and compares it with the model. */
async function checkHistory(
  engine: Engine,
  history: TableHistory,
  choices: Choices,
  histories: number,
): Promise<void> {
  const last = history.length - 1;
  const first = choices.first % history.length;
  const second = first + (choices.second % (history.length - first));
  const inLog = (
    features: readonly string[],
    check: (log: Log, table: DeltaTable) => Promise<unknown>,
  ): Promise<void> => withLog(engine, history, features, choices, check);

  await inLog(V1, async ({ played }, table) => {
    const at = choices.at % history.length;
    await compare(table, played, at, at);
    await compare(table, played, last);
  });
  await inLog(V1, async ({ folder, played }, table) => {
    const tail = await hideAfter(folder, first);
    await compare(table, played, first);
    for (const [index, name] of tail.entries()) {
      await rename(path.join(folder, "hidden", name), path.join(folder, "_delta_log", name));
      await compare(table, played, first + 1 + index);
    }
  });

  const kinds: readonly [CheckpointKind, readonly string[]][] = [
    ["classic", V1],
    ["multi-part", V1],
    ["v2-json", V2],
    ["v2-parquet", V2],
  ];
  for (const [kind, features] of kinds) {
    await inLog(features, async ({ folder, played }, table) => {
      for (const at of new Set([first, second])) {
        const snapshot = await table.snapshot({ version: version(at) });
        await writeCheckpoint(snapshot, 0, undefined, { kind, actionsPerPart: 4 * histories });
        await table.release();
      }
      await removeCommits(folder, 0, second);
      const snapshot = await compare(table, played, last);
      expect(snapshot.segment.checkpoint?.version).toBe(BigInt(second));
      if (kind !== "v2-parquet") return;
      // The same content under a classic name (PROTOCOL.md, "Classic checkpoint").
      await table.release();
      await renameToClassic(folder);
      const classic = await compare(table, played, last);
      expect(classic.segment.checkpoint?.files[0].kind).toBe("classic-checkpoint");
    });
  }
  await inLog(V2, async ({ folder, played }, table) => {
    const model = modelAt(played, second);
    const name = `${digits(second)}.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json`;
    await writeFile(path.join(folder, "_delta_log", name), checkpointText(model, second));
    await removeCommits(folder, 0, second);
    await compare(table, played, last);
  });
  await inLog(V1, async ({ folder, store, played }, table) => {
    if (first < second) {
      await compactLog({ store, engine }, { from: version(first), to: version(second) });
      await removeCommits(folder, first, second);
    }
    const snapshot = await compare(table, played, last);
    expect(snapshot.segment.commits).toHaveLength(history.length - (second - first));
  });
  await inLog(V1, async ({ store, played }, table) => {
    const snapshot = await table.snapshot({ version: version(second) });
    await writeChecksum(store, version(second), await checksum(snapshot));
    await table.release();
    const opened = await compare(table, played, last);
    expect(opened.segment.checksum?.version).toBe(BigInt(second));
  });
}

async function withLog(
  engine: Engine,
  history: TableHistory,
  features: readonly string[],
  choices: Choices,
  check: (log: Log, table: DeltaTable) => Promise<unknown>,
): Promise<void> {
  const folder = await mkdtemp(path.join(tmpdir(), "grizzly-replay-"));
  const table = new DeltaTable({ store: new LocalStore(folder), engine });
  try {
    const store = new LocalStore(folder);
    const played = play(history, store.uri, features, STATISTICS[choices.statistics]);
    await mkdir(path.join(folder, "_delta_log"));
    for (const [n, entry] of played.entries.entries()) {
      await writeFile(path.join(folder, "_delta_log", `${digits(n)}.json`), entry);
    }
    await check({ folder, store, played }, table);
  } finally {
    await table.release();
    await rm(folder, { recursive: true, force: true });
  }
}

function digits(n: number): string {
  return String(n).padStart(20, "0");
}

function modelAt(played: Played, at: number): Model {
  const model = played.models[at];
  if (model === undefined) throw new Error(`there is no version ${at}`);
  return model;
}

async function removeCommits(folder: string, from: number, to: number): Promise<void> {
  for (let n = from; n <= to; n++) await rm(path.join(folder, "_delta_log", `${digits(n)}.json`));
}

/** Moves the commits after one out of the log; gives their names. */
async function hideAfter(folder: string, at: number): Promise<string[]> {
  await mkdir(path.join(folder, "hidden"));
  const names = (await readdir(path.join(folder, "_delta_log"))).sort().slice(at + 1);
  for (const name of names) {
    await rename(path.join(folder, "_delta_log", name), path.join(folder, "hidden", name));
  }
  return names;
}

async function renameToClassic(folder: string): Promise<void> {
  const log = path.join(folder, "_delta_log");
  const names = await readdir(log);
  for (const name of names.filter((one) => /\.checkpoint\..*\.parquet$/.test(one))) {
    await rename(path.join(log, name), path.join(log, `${name.slice(0, 20)}.checkpoint.parquet`));
  }
}

async function checksum(snapshot: Snapshot): Promise<Parameters<typeof writeChecksum>[2]> {
  const { protocol, metadata, state } = snapshot;
  const totals = await snapshot.withFiles(async (files) => ({
    numFiles: BigInt(files.count),
    tableSizeBytes: files.sizeInBytes,
  }));
  return checksumOf({
    ...totals,
    protocol,
    metadata,
    numDeletedRecords: undefined,
    numDeletionVectors: undefined,
    transactions: state.transactions.values(),
    domains: state.domains.values(),
  });
}

/** Compares a version, by default as the newest one, with the model; gives its snapshot. */
async function compare(table: DeltaTable, played: Played, at: number, asOf?: number): Promise<Snapshot> {
  const snapshot = await table.snapshot(asOf === undefined ? undefined : { version: version(asOf) });
  const model = modelAt(played, at);
  expect(snapshot.version).toBe(BigInt(at));
  expect(await stateOf(snapshot)).toEqual(stateOfModel(model, snapshot.folder.store.uri));
  return snapshot;
}

const VECTOR_IDS = [0, 1, 2, 3].map((vector) => ({ vector, id: vectorId(vector) }));

function stateOfModel(model: Model, root: string): unknown {
  const files = [...model.files.values()].map((add) => {
    const { path: uri, size, modificationTime, partitionValues, stats, tags } = add;
    const {
      deletionVector = null,
      baseRowId = null,
      defaultRowCommitVersion = null,
      clusteringProvider = null,
    } = add;
    const statistics = typeof stats === "string" ? JSON.parse(stats) : null;
    const rows = { baseRowId, defaultRowCommitVersion, clusteringProvider };
    return {
      uri,
      size,
      modificationTime,
      partitionValues,
      statistics,
      tags: tags ?? null,
      deletionVector,
      ...rows,
    };
  });
  return {
    files: sorted(files.map(text)),
    tombstones: sorted([...model.tombstones.keys()]),
    transactions: sorted([...model.transactions.values()].map(text)),
    domains: sorted([...model.domains.values()].map(text)),
    protocol: model.protocol,
    configuration: model.metadata["configuration"],
    root,
  };
}

async function stateOf(snapshot: Snapshot): Promise<unknown> {
  const { folder, state, metadata, protocol } = snapshot;
  const { uri } = folder.store;
  const files = await snapshot.withFiles((table) =>
    folder.engine.withSession((session) =>
      session.rows(
        `SELECT CAST(to_json({uri: path, size: size, modificationTime: modification_time, partitionValues: partition_values,
           statistics: stats, tags: tags, deletionVector: deletion_vector, baseRowId: base_row_id,
           defaultRowCommitVersion: default_row_commit_version, clusteringProvider: clustering_provider}) AS VARCHAR) AS file
         FROM ${table.relation}`,
      ),
    ),
  );
  const { minReaderVersion, minWriterVersion, readerFeatures, writerFeatures } = protocol;
  return {
    files: sorted(files.map((row) => text(fileOf(String(row["file"]))))),
    tombstones: sorted(await tombstonesOf(snapshot)),
    transactions: sorted(
      [...state.transactions.values()].map(({ appId, version: of }) => text({ appId, version: Number(of) })),
    ),
    domains: sorted([...state.domains.values()].map((domain) => text({ ...domain }))),
    protocol: { minReaderVersion, minWriterVersion, readerFeatures, writerFeatures },
    configuration: metadata.configuration,
    root: uri,
  };
}

function fileOf(json: string): Record<string, unknown> {
  const file = JSON.parse(json);
  const { statistics, deletionVector } = file;
  const vector =
    deletionVector && Object.fromEntries(Object.entries(deletionVector).filter(([, v]) => v !== null));
  return { ...file, statistics: statistics === null ? null : JSON.parse(statistics), deletionVector: vector };
}

async function tombstonesOf({ folder, segment }: Snapshot): Promise<string[]> {
  const { store, engine } = folder;
  const { uri } = store;
  const rows = await engine.withSession((session) =>
    withLocalSegment(folder, segment, uri, (local) =>
      withFileActions(session, folder, local, uri, (checkpoint) =>
        session.rows(
          `SELECT remove.path AS path, ${deletionVectorIdSql("remove.deletionVector")} AS vector
           FROM (${tombstonesSql(local.commits, checkpoint, uri)})`,
        ),
      ),
    ),
  );
  expect(rows.every((row) => VECTOR_IDS.some(({ id }) => id === row["vector"]))).toBe(true);
  return rows.map((row) => `${canonicalDataPath(String(row["path"]), uri)} ${row["vector"]}`);
}

/** The same text for equal values, whatever the order of their members. */
function text(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) =>
    typeof one === "object" && one !== null && !Array.isArray(one)
      ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1)))
      : one,
  );
}

function sorted(texts: readonly string[]): string[] {
  return [...texts].sort();
}
