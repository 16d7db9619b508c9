import fc from "fast-check";
import { stringifyJson } from "../../../core/index.js";
import type { ObjectStore } from "../../../object-store/index.js";
import {
  type Action,
  type AddFile,
  type DomainMetadata,
  type RemoveFile,
  type SetTransaction,
  serializeCommit,
  version,
} from "../../../table-format/index.js";
import { commitPath } from "../../../table-format/log/log-path.js";

// Histories in which everything happens that a checkpoint has to keep: deletion vectors that come and go, tags,
// row ids, domains that are removed, applications, changed properties; and a model of what each version holds
// that a child could follow.

export const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;

const PATHS = ["a.parquet", "p=1/b.parquet", "p=a%20b/c.parquet", "e%25.parquet", "f.parquet"];

type Touch = {
  readonly path: string;
  /** What becomes of a live file; one that is not live is added. */
  readonly fate: "remove" | "new-vector";
  readonly vector: 0 | 1 | 2;
  readonly value: string | null;
  readonly rich: boolean;
  readonly hoursAgo: number;
};

export interface Step {
  readonly touches: readonly Touch[];
  readonly txn: { readonly appId: string; readonly version: number; readonly hoursAgo: number | null } | null;
  readonly domain: { readonly domain: string; readonly removed: boolean } | null;
  readonly note: string | null;
}

export const stepArbitrary: fc.Arbitrary<Step> = fc.record({
  touches: fc.uniqueArray(
    fc.record({
      path: fc.constantFrom(...PATHS),
      fate: fc.constantFrom<Touch["fate"]>("remove", "new-vector"),
      vector: fc.constantFrom<Touch["vector"]>(0, 1, 2),
      value: fc.constantFrom("1", "x y", "", null),
      rich: fc.boolean(),
      hoursAgo: fc.nat(300),
    }),
    { selector: (touch) => touch.path, maxLength: 4 },
  ),
  txn: fc.option(
    fc.record({
      appId: fc.constantFrom("app", "o'brien", "a%20b"),
      version: fc.nat(9),
      hoursAgo: fc.option(fc.nat(300)),
    }),
  ),
  domain: fc.option(fc.record({ domain: fc.constantFrom("x", "y'z"), removed: fc.boolean() })),
  note: fc.option(fc.constantFrom("one", 'tw"o', "thr'ee"), { freq: 4 }),
});

/** What a version holds; keys of files are of path and deletion vector. */
export interface Model {
  readonly files: ReadonlyMap<string, AddFile>;
  readonly tombstones: ReadonlyMap<string, RemoveFile>;
  readonly transactions: ReadonlyMap<string, SetTransaction>;
  readonly domains: ReadonlyMap<string, DomainMetadata>;
  readonly note: string | undefined;
}

export interface History {
  readonly commits: readonly (readonly Action[])[];
  /** What the newest version holds. */
  readonly model: Model;
}

/** @param features of readers and writers */
export function historyOf(steps: readonly Step[], features: readonly string[]): History {
  const files = new Map<string, AddFile>();
  const tombstones = new Map<string, RemoveFile>();
  const transactions = new Map<string, SetTransaction>();
  const domains = new Map<string, DomainMetadata>();
  let note: string | undefined;
  const commits = steps.map((step, index) => {
    const actions: Action[] = [{ kind: "commitInfo", commitInfo: { operation: "TEST" } }];
    if (index === 0) actions.push(protocolOf(features), metadataOf(undefined));
    if (step.note !== null) {
      note = step.note;
      if (index === 0) actions.pop();
      actions.push(metadataOf(note));
    }
    if (step.txn !== null) {
      const { appId, hoursAgo } = step.txn;
      const lastUpdated = hoursAgo === null ? undefined : BigInt(NOW - hoursAgo * HOUR);
      const txn = { appId, version: BigInt(step.txn.version), lastUpdated };
      transactions.set(appId, txn);
      actions.push({ kind: "txn", txn });
    }
    if (step.domain !== null) {
      const domainMetadata = { ...step.domain, configuration: `{"at":${index}}` };
      if (step.domain.removed) domains.delete(step.domain.domain);
      else domains.set(step.domain.domain, domainMetadata);
      actions.push({ kind: "domainMetadata", domainMetadata });
    }
    for (const touch of step.touches) {
      const live = [...files].find(([, add]) => add.path === touch.path);
      const add = addOf(touch, index);
      const key = pairOf(add);
      if (live !== undefined) {
        const [oldKey, old] = live;
        // A pair may not be added and removed at once.
        if (touch.fate === "new-vector" && oldKey === key) continue;
        const remove = removeOf(old, touch);
        files.delete(oldKey);
        tombstones.set(oldKey, remove);
        actions.push({ kind: "remove", remove });
        if (touch.fate === "remove") continue;
      }
      tombstones.delete(key);
      files.set(key, add);
      actions.push({ kind: "add", add });
    }
    return actions;
  });
  return { commits, model: { files, tombstones, transactions, domains, note } };
}

export async function writeCommits(
  store: ObjectStore,
  commits: readonly (readonly Action[])[],
): Promise<void> {
  for (const [index, actions] of commits.entries()) {
    await store.putIfAbsent(commitPath(version(index)), new TextEncoder().encode(serializeCommit(actions)));
  }
}

function addOf({ path, vector, value, rich }: Touch, index: number): AddFile {
  return {
    path,
    partitionValues: { p: value },
    size: BigInt(100 + index),
    modificationTime: BigInt(index),
    dataChange: true,
    stats: `{"numRecords":${10 + index},"minValues":{"n":${index}},"maxValues":{"n":${index + 5}},"nullCount":{"n":0}}`,
    ...(vector === 0 ? {} : { deletionVector: vectorOf(vector) }),
    ...(rich
      ? {
          tags: { k: "v", none: null },
          baseRowId: BigInt(index) * 10n,
          defaultRowCommitVersion: 3n,
          clusteringProvider: "c",
        }
      : {}),
  };
}

/** One inline and one in a file: the second has an offset, which its id names. */
function vectorOf(vector: 1 | 2): NonNullable<AddFile["deletionVector"]> {
  return vector === 1
    ? {
        storageType: "i",
        pathOrInlineDv: "wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L",
        sizeInBytes: 40,
        cardinality: 6n,
      }
    : {
        storageType: "u",
        pathOrInlineDv: "ab^-aqEH.-t@S}K{vb[*k^",
        offset: 4,
        sizeInBytes: 40,
        cardinality: 6n,
      };
}

function removeOf(add: AddFile, { hoursAgo }: Touch): RemoveFile {
  const { path, partitionValues, size, deletionVector, baseRowId, defaultRowCommitVersion } = add;
  return {
    path,
    partitionValues,
    size,
    deletionVector,
    baseRowId,
    defaultRowCommitVersion,
    deletionTimestamp: BigInt(NOW - hoursAgo * HOUR),
    dataChange: true,
    extendedFileMetadata: true,
  };
}

export function pairOf({ path, deletionVector }: Pick<AddFile, "path" | "deletionVector">): string {
  return stringifyJson([path, deletionVector?.pathOrInlineDv ?? null]);
}

function protocolOf(features: readonly string[]): Action {
  const readerFeatures = features.filter((name) => ["v2Checkpoint", "deletionVectors"].includes(name));
  return {
    kind: "protocol",
    protocol: { minReaderVersion: 3, minWriterVersion: 7, readerFeatures, writerFeatures: features },
  };
}

function metadataOf(note: string | undefined): Action {
  const field = (name: string, type: string) => ({ name, type, nullable: true, metadata: {} });
  return {
    kind: "metaData",
    metaData: {
      id: "table-id",
      name: undefined,
      description: undefined,
      provider: "parquet",
      formatOptions: {},
      schemaString: JSON.stringify({ type: "struct", fields: [field("p", "string"), field("n", "long")] }),
      partitionColumns: ["p"],
      configuration: note === undefined ? {} : { note },
      createdTime: 1n,
    },
  };
}
