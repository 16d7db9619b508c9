import { describe, expect, it } from "vitest";
import {
  type Action,
  type AddFile,
  type Metadata,
  type Protocol,
  READS_EVERYTHING,
  type StagedCommit,
} from "../../table-format/index.js";
import { version } from "../../table-format/log/version.js";
import { commitEntryActions, type EntryPlace } from "../../table-format/transaction/commit-entry.js";
import { assignRowIds, rowIdHighWaterMark } from "../../table-format/transaction/row-ids.js";

const metadata: Metadata = {
  id: "m",
  name: undefined,
  description: undefined,
  provider: "parquet",
  formatOptions: {},
  schemaString: "{}",
  partitionColumns: [],
  configuration: {},
  createdTime: undefined,
};

const protocol = (...writerFeatures: string[]): Protocol => ({
  minReaderVersion: 1,
  minWriterVersion: 7,
  readerFeatures: undefined,
  writerFeatures,
});

function add(path: string, rows: number, more: Partial<AddFile> = {}): AddFile {
  const stats = JSON.stringify({ numRecords: rows });
  return { path, partitionValues: {}, size: 1n, modificationTime: 0n, dataChange: true, stats, ...more };
}

const staged: StagedCommit = {
  operation: "WRITE",
  operationParameters: {},
  operationMetrics: {},
  adds: [add("a", 10), add("b", 5)],
  replaces: { kind: "none" },
  engineInfo: "test",
};

const place: EntryPlace = {
  target: version(7),
  readVersion: version(5),
  protocol: protocol(),
  metadata,
  rowIdHighWaterMark: 99n,
  previousTimestamp: undefined,
  now: 1_000,
  txnId: "t",
};

const addsOf = (actions: readonly Action[]): AddFile[] =>
  actions.flatMap((action) => (action.kind === "add" ? [action.add] : []));
const infoOf = (actions: readonly Action[]): unknown =>
  actions[0]?.kind === "commitInfo" ? actions[0].commitInfo : undefined;

describe("row ids", () => {
  it("numbers the rows of new files after the greatest id there is, and moves the mark", () => {
    const { adds, domain } = assignRowIds(staged.adds, version(7), 99n);
    expect(adds).toMatchObject([
      { path: "a", baseRowId: 100n, defaultRowCommitVersion: 7n },
      { path: "b", baseRowId: 110n, defaultRowCommitVersion: 7n },
    ]);
    expect(rowIdHighWaterMark(domain)).toBe(114n);
  });

  it("leaves a file that is added again its ids and its version", () => {
    const again = add("a", 10, { baseRowId: 3n, defaultRowCommitVersion: 2n });
    expect(assignRowIds([again], version(7), 99n)).toEqual({ adds: [again], domain: undefined });
  });

  it("are given out where the table has the feature, and nowhere else", () => {
    expect(addsOf(commitEntryActions(staged, [], place))).toEqual(staged.adds);
    const tracked = commitEntryActions(staged, [], { ...place, protocol: protocol("rowTracking") });
    expect(addsOf(tracked).map((file) => file.baseRowId)).toEqual([100n, 110n]);
    expect(tracked.filter((action) => action.kind === "domainMetadata")).toMatchObject([
      { domainMetadata: { domain: "delta.rowTracking", configuration: '{"rowIdHighWaterMark":114}' } },
    ]);
  });

  it("cannot be given to a file whose rows are not known", () => {
    expect(() => assignRowIds([add("a", 1, { stats: undefined })], version(1), -1n)).toThrow(/numRecords/);
  });
});

describe("in-commit timestamps", () => {
  const enabled = { ...metadata, configuration: { "delta.enableInCommitTimestamps": "true" } };

  it("are later than the version before, whatever the clock says", () => {
    const late = { ...place, metadata: enabled, previousTimestamp: 5_000 };
    expect(infoOf(commitEntryActions(staged, [], late))).toMatchObject({
      inCommitTimestamp: 5_001n,
      timestamp: 5_001n,
    });
    const early = { ...place, metadata: enabled, previousTimestamp: 10 };
    expect(infoOf(commitEntryActions(staged, [], early))).toMatchObject({ inCommitTimestamp: 1_000n });
  });

  it("say from which version on they hold, in the commit that turns them on", () => {
    const turnedOn = commitEntryActions({ ...staged, metadata: enabled }, [], {
      ...place,
      previousTimestamp: 2_000,
    });
    expect(turnedOn.find((action) => action.kind === "metaData")).toMatchObject({
      metaData: {
        configuration: {
          "delta.inCommitTimestampEnablementVersion": "7",
          "delta.inCommitTimestampEnablementTimestamp": "2001",
        },
      },
    });
  });

  it("need no such word in a new table", () => {
    const created = commitEntryActions({ ...staged, metadata: enabled }, [], {
      ...place,
      target: version(0),
      readVersion: undefined,
      protocol: undefined,
      metadata: undefined,
    });
    expect(created.find((action) => action.kind === "metaData")).toMatchObject({
      metaData: { configuration: enabled.configuration },
    });
    expect(infoOf(created)).toMatchObject({ inCommitTimestamp: 1_000n });
  });

  it("are absent where nobody asked for them", () => {
    expect(infoOf(commitEntryActions(staged, [], place))).not.toHaveProperty("inCommitTimestamp");
  });
});

describe("commitInfo", () => {
  const levelled = (more: Partial<StagedCommit>, level?: string): unknown =>
    infoOf(
      commitEntryActions({ ...staged, ...more }, [], {
        ...place,
        metadata: {
          ...metadata,
          configuration: level === undefined ? {} : { "delta.isolationLevel": level },
        },
      }),
    );
  const moved = { adds: [add("a", 1, { dataChange: false })], dataChange: false } as const;
  const replaced = { kind: "files", files: [] } as const;

  it("says which isolation held", () => {
    expect(levelled({})).toMatchObject({ isolationLevel: "WriteSerializable" });
    expect(levelled({}, "Serializable")).toMatchObject({ isolationLevel: "Serializable" });
    expect(levelled({}, "writeserializable")).toMatchObject({ isolationLevel: "WriteSerializable" });
    expect(levelled({ ...moved, replaces: replaced })).toMatchObject({ isolationLevel: "SnapshotIsolation" });
    // More than a rearrangement of files.
    expect(levelled({ ...moved, metadata })).toMatchObject({ isolationLevel: "WriteSerializable" });
    expect(levelled({ adds: [], metadata })).toMatchObject({ isolationLevel: "WriteSerializable" });
  });

  it("calls an append blind that rests on nothing the table holds", () => {
    expect(levelled({})).toMatchObject({ isBlindAppend: true });
    expect(levelled({ reads: READS_EVERYTHING })).toMatchObject({ isBlindAppend: false });
    expect(levelled({ replaces: { kind: "all" } })).toMatchObject({ isBlindAppend: false });
    expect(levelled(moved)).toMatchObject({ isBlindAppend: false });
  });
});
