import { describe, expect, it } from "vitest";
import { LakeError } from "../../core/index.js";
import { MemoryStore } from "../../object-store/index.js";
import type { Action } from "../../table-format/index.js";
import {
  checksumOf,
  checksumPath,
  firstChecksum,
  nextChecksum,
  readChecksum,
  type VersionChecksum,
  writeChecksum,
} from "../../table-format/log/checksum.js";
import { parseChecksum, serializeChecksum } from "../../table-format/log/checksum-text.js";
import { version } from "../../table-format/log/version.js";

const protocol = (...features: string[]): Action => ({
  kind: "protocol",
  protocol: { minReaderVersion: 3, minWriterVersion: 7, readerFeatures: features, writerFeatures: features },
});
const metaData = (configuration: Record<string, string> = {}): Action => ({
  kind: "metaData",
  metaData: {
    id: "id",
    name: undefined,
    description: undefined,
    provider: "parquet",
    formatOptions: {},
    schemaString: '{"type":"struct","fields":[]}',
    partitionColumns: [],
    configuration,
    createdTime: 1n,
  },
});
const vector = (cardinality: bigint) =>
  ({ storageType: "i", pathOrInlineDv: "x", sizeInBytes: 40, cardinality }) as const;
const file = { partitionValues: {}, dataChange: true };
const add = (path: string, size: bigint, deleted?: bigint): Action => ({
  kind: "add",
  add: {
    ...file,
    path,
    size,
    modificationTime: 1n,
    ...(deleted === undefined ? {} : { deletionVector: vector(deleted) }),
  },
});
const remove = (path: string, size: bigint, deleted?: bigint): Action => ({
  kind: "remove",
  remove: {
    ...file,
    path,
    size,
    deletionTimestamp: 1n,
    extendedFileMetadata: true,
    ...(deleted === undefined ? {} : { deletionVector: vector(deleted) }),
  },
});
const info = (fields: Record<string, string | number>): Action => ({
  kind: "commitInfo",
  commitInfo: fields,
});

function first(...actions: Action[]): VersionChecksum {
  const checksum = firstChecksum([protocol("deletionVectors"), metaData(), ...actions]);
  if (checksum === undefined) throw new Error("no checksum");
  return checksum;
}

describe("checksums of versions", () => {
  it("count from version 0 on, commit by commit", () => {
    const start = first(info({ txnId: "t0" }), add("a", 10n), add("b", 5n));
    expect(start).toMatchObject({ txnId: "t0", numFiles: 2n, tableSizeBytes: 15n, numDeletionVectors: 0n });
    const next = nextChecksum(start, [
      info({ txnId: "t1" }),
      remove("a", 10n),
      add("a", 10n, 3n),
      add("c", 7n),
      { kind: "txn", txn: { appId: "app", version: 4n, lastUpdated: undefined } },
      { kind: "domainMetadata", domainMetadata: { domain: "d", configuration: "{}", removed: false } },
    ]);
    expect(next).toMatchObject({
      txnId: "t1",
      numFiles: 3n,
      tableSizeBytes: 22n,
      numDeletionVectors: 1n,
      numDeletedRecords: 3n,
      setTransactions: [{ appId: "app", version: 4n }],
      domainMetadata: [{ domain: "d" }],
    });
    if (next === undefined) throw new Error("no checksum");
    const last = nextChecksum(next, [
      remove("a", 10n, 3n),
      { kind: "domainMetadata", domainMetadata: { domain: "d", configuration: "{}", removed: true } },
      metaData({ p: "v" }),
    ]);
    expect(last).toMatchObject({
      txnId: undefined,
      numFiles: 2n,
      tableSizeBytes: 12n,
      numDeletionVectors: 0n,
      numDeletedRecords: 0n,
      domainMetadata: [],
      metadata: { configuration: { p: "v" } },
    });
  });

  it("are not given where counting cannot be right", () => {
    const start = first(add("a", 10n));
    expect(nextChecksum(start, [remove("a", 0n)])).toBeUndefined();
    expect(nextChecksum(start, [add("b", 1n), add("b", 1n)])).toBeUndefined();
    expect(nextChecksum(start, [remove("x", 11n)])).toBeUndefined();
    expect(firstChecksum([protocol(), add("a", 1n)])).toBeUndefined();
  });

  it("carry the in-commit timestamp if and only if the table has them", () => {
    const on = { "delta.enableInCommitTimestamps": "true" };
    const start = first();
    const commit = [protocol("deletionVectors", "inCommitTimestamp"), metaData(on)];
    expect(nextChecksum(start, [info({ inCommitTimestamp: 99 }), ...commit])?.inCommitTimestamp).toBe(99n);
    expect(nextChecksum(start, commit)).toBeUndefined();
    expect(nextChecksum(start, [info({ inCommitTimestamp: 99 })])?.inCommitTimestamp).toBeUndefined();
  });

  it("leave lists out that would be long, and do not invent them later", () => {
    const txn = (appId: string): Action => ({
      kind: "txn",
      txn: { appId, version: 1n, lastUpdated: undefined },
    });
    const many = Array.from({ length: 101 }, (_, index) => txn(`app ${index}`));
    const start = first(...many);
    expect(start.setTransactions).toBeUndefined();
    expect(nextChecksum(start, [txn("one more")])?.setTransactions).toBeUndefined();
  });

  it("read back as they were written", () => {
    const checksum = checksumOf({
      txnId: "t",
      tableSizeBytes: 2n ** 62n,
      numFiles: 3n,
      numDeletedRecords: 4n,
      numDeletionVectors: 1n,
      metadata: first().metadata,
      protocol: first().protocol,
      transactions: [{ appId: "app", version: 2n ** 60n, lastUpdated: 5n }],
      domains: [
        { domain: "d", configuration: "{}", removed: false },
        { domain: "gone", configuration: "{}", removed: true },
      ],
    });
    expect(checksum.domainMetadata).toHaveLength(1);
    expect(parseChecksum(serializeChecksum(checksum))).toEqual({ status: "valid", checksum });
  });

  it("are broken when a required field is missing or wrong, and say which", () => {
    const text = serializeChecksum(first(add("a", 10n)));
    const without = (name: string): string => text.replace(`"${name}"`, `"x${name}"`);
    for (const name of ["tableSizeBytes", "numFiles", "numMetadata", "numProtocol"]) {
      expect(parseChecksum(without(name))).toMatchObject({
        status: "broken",
        reason: expect.stringContaining(name),
      });
    }
    for (const name of ["metadata", "protocol"]) {
      expect(parseChecksum(without(name))).toMatchObject({ status: "broken" });
    }
    expect(parseChecksum(text.slice(0, -5))).toMatchObject({ status: "broken" });
    expect(parseChecksum("[]")).toMatchObject({ status: "broken" });
  });

  it("are written once, and never fail the commit", async () => {
    const store = new MemoryStore();
    const checksum = first(add("a", 10n));
    expect(await writeChecksum(store, version(7), checksum)).toEqual({ status: "created" });
    expect(await writeChecksum(store, version(7), { ...checksum, numFiles: 9n })).toEqual({
      status: "exists",
    });
    expect(await readChecksum(store, version(7))).toEqual({ status: "valid", checksum });
    expect(await readChecksum(store, version(8))).toBeUndefined();
    expect(checksumPath(version(7))).toBe("_delta_log/00000000000000000007.crc");
    class Fails extends MemoryStore {
      override async putIfAbsent(): Promise<never> {
        throw new LakeError("unavailable", "down", "no answer");
      }
    }
    expect(await writeChecksum(new Fails(), version(1), checksum)).toMatchObject({ status: "failed" });
  });
});
