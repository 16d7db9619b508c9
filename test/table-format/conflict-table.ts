import type {
  Action,
  AddFile,
  LiveFile,
  Metadata,
  Predicate,
  RemoveFile,
  StagedCommit,
  TableRead,
} from "../../table-format/index.js";

// The table of the conflict tests, partitioned by p, with files a (p=1, n from 0 to 9), b (p=1, n from 10 to 19)
// and c (p=2, n from 0 to 9), and what transactions do to it.

export const SCHEMA = (...more: string[]): string =>
  JSON.stringify({
    type: "struct",
    fields: ["p", "n", ...more].map((name) => ({ name, type: "integer", nullable: true, metadata: {} })),
  });

/** The schema with n as an identity column that gave out values up to a number; another writer's JSON. */
export const identitySchema = (highWaterMark: number): string =>
  JSON.stringify({
    fields: ["p", "n"].map((name) => ({
      metadata:
        name === "p"
          ? {}
          : {
              "delta.identity.highWaterMark": highWaterMark,
              "delta.identity.start": 1,
              "delta.identity.step": 1,
              "delta.identity.allowExplicitInsert": false,
            },
      nullable: true,
      type: name === "p" ? "integer" : "long",
      name,
    })),
    type: "struct",
  });

/** The schema with physical names: c-p and c-n. */
export const mappedSchema = (): string =>
  JSON.stringify({
    type: "struct",
    fields: ["p", "n"].map((name, index) => ({
      name,
      type: "integer",
      nullable: true,
      metadata: { "delta.columnMapping.id": index + 1, "delta.columnMapping.physicalName": `c-${name}` },
    })),
  });

export const metadata = (configuration: Record<string, string> = {}, schemaString = SCHEMA()): Metadata => ({
  id: "m",
  name: undefined,
  description: undefined,
  provider: "parquet",
  formatOptions: {},
  schemaString,
  partitionColumns: ["p"],
  configuration,
  createdTime: undefined,
});

export const PROTOCOL: Action = {
  kind: "protocol",
  protocol: {
    minReaderVersion: 3,
    minWriterVersion: 7,
    readerFeatures: ["deletionVectors"],
    writerFeatures: ["deletionVectors", "domainMetadata"],
  },
};

export type Bounds = readonly [least: number, greatest: number] | undefined;

export const statsOf = (bounds: Bounds): string | undefined =>
  bounds &&
  JSON.stringify({
    numRecords: 10,
    minValues: { n: bounds[0] },
    maxValues: { n: bounds[1] },
    nullCount: { n: 0 },
  });

export function file(path: string, p: string | null, bounds: Bounds, more: Partial<AddFile> = {}): AddFile {
  const stats = statsOf(bounds);
  return { path, partitionValues: { p }, size: 1n, modificationTime: 0n, dataChange: true, stats, ...more };
}

export const A = file("p=1/a", "1", [0, 9]);
export const B = file("p=1/b", "1", [10, 19]);
export const C = file("p=2/c", "2", [0, 9]);

export const add = (added: AddFile): Action => ({ kind: "add", add: added });

export function remove(removed: AddFile, more: Partial<RemoveFile> = {}): Action {
  const { path, partitionValues, size, deletionVector } = removed;
  return {
    kind: "remove",
    remove: {
      path,
      partitionValues,
      size,
      deletionVector,
      deletionTimestamp: 0n,
      dataChange: true,
      extendedFileMetadata: true,
      ...more,
    },
  };
}

export const info = (operation: string, more: Record<string, boolean | string | number> = {}): Action => ({
  kind: "commitInfo",
  commitInfo: {
    operation,
    engineInfo: "Apache-Spark/4.0.0 Delta-Lake/4.0.0",
    timestamp: 1_700_000_000_000,
    ...more,
  },
});

export const live = ({ path, size, partitionValues }: AddFile): LiveFile => ({
  path,
  size,
  partitionValues,
  partition: partitionValues,
});

export const vector = (cardinality: bigint): AddFile["deletionVector"] => ({
  storageType: "u",
  pathOrInlineDv: `ab^-aqEH.-t@S}K{vb[*k^${cardinality}`,
  offset: 1,
  sizeInBytes: 40,
  cardinality,
});

export const compare = (column: string, op: "=" | "<" | ">", value: number): Predicate => ({
  kind: "compare",
  column: [column],
  op,
  value: { type: "INTEGER", text: String(value) },
});
export const both = (...operands: Predicate[]): Predicate => ({ kind: "and", operands });
export const reading = (predicate: Predicate, removals = false): { reads: TableRead[] } => ({
  reads: [{ predicate, removals }],
});

export const staged = (more: Partial<StagedCommit>): StagedCommit => ({
  operation: "TEST",
  operationParameters: {},
  operationMetrics: {},
  adds: [],
  replaces: { kind: "none" },
  engineInfo: "test",
  ...more,
});

export const replacing = (...files: AddFile[]): Pick<StagedCommit, "replaces"> => ({
  replaces: { kind: "files", files: files.map(live) },
});

export const append = (path: string, p: string | null, bounds: Bounds): Action[] => [
  info("WRITE", { isBlindAppend: true }),
  add(file(path, p, bounds)),
];
/** Rows of a file rewritten. */
export const rewrite = (before: AddFile, after: AddFile): Action[] => [
  info("UPDATE", { isBlindAppend: false }),
  remove(before),
  add(after),
];
/** Rows of a file marked as deleted. */
export const mark = (before: AddFile, operation = "DELETE"): Action[] => [
  info(operation, { isBlindAppend: false }),
  remove(before),
  add({ ...before, deletionVector: vector(3n) }),
];

export const update = { ...replacing(A), adds: [file("p=1/a2", "1", [0, 9])] };
