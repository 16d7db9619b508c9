import type { Action, AddFile, LiveFile, StagedCommit, TableRead } from "../../table-format/index.js";
import { literal, type Operation } from "./conflict-cases.js";
import type { Change, ModelFile } from "./conflict-model.js";

// What the log says of a change in the model.

function stats({ rows, deleted, hasStats }: ModelFile): string | undefined {
  if (!hasStats) return undefined;
  const known = rows.flatMap(({ n }) => (n === null ? [] : [n]));
  const bounds =
    known.length === 0
      ? {}
      : {
          minValues: { n: Math.min(...known) },
          maxValues: { n: Math.max(...known) },
        };
  return JSON.stringify({
    numRecords: rows.length,
    ...bounds,
    nullCount: { n: rows.length - known.length },
    tightBounds: deleted.size === 0,
  });
}

const partitionValues = ({ p }: ModelFile): AddFile["partitionValues"] => ({
  p: p === null ? null : String(p),
});

const vector = ({ deleted }: ModelFile): AddFile["deletionVector"] =>
  deleted.size === 0
    ? undefined
    : {
        storageType: "u",
        pathOrInlineDv: `ab^-aqEH.-t@S}K{vb[*k^${[...deleted].sort().join("")}`,
        offset: 1,
        sizeInBytes: 40,
        cardinality: BigInt(deleted.size),
      };

export function addOf(file: ModelFile, dataChange: boolean): AddFile {
  return {
    path: file.path,
    partitionValues: partitionValues(file),
    size: 1n,
    modificationTime: 0n,
    dataChange,
    stats: stats(file),
    deletionVector: vector(file),
  };
}

function liveFile(file: ModelFile): LiveFile {
  const values = partitionValues(file);
  return {
    path: file.path,
    size: 1n,
    partitionValues: values,
    partition: values,
    deletionVector: vector(file),
  };
}

const NAMES = {
  append: "WRITE",
  delete: "DELETE",
  update: "UPDATE",
  merge: "MERGE",
  copy: "WRITE",
  compact: "OPTIMIZE",
  overwrite: "WRITE",
} as const;

/** What an operation read; its predicates are those that a planner pushes down. */
function readsOf(operation: Operation): readonly TableRead[] {
  switch (operation.kind) {
    case "delete":
    case "update":
      return [{ predicate: operation.where, removals: false }];
    case "merge": {
      const keys = operation.keys.map(literal);
      return [
        {
          predicate: { kind: "in", column: ["n"], values: keys },
          removals: true,
        },
      ];
    }
    case "copy":
      return [{ predicate: operation.where, removals: true }];
    case "append":
    case "compact":
    case "overwrite":
      return [];
  }
}

export function stagedCommit(operation: Operation, change: Change): StagedCommit {
  const moves = operation.kind === "compact";
  return {
    operation: NAMES[operation.kind],
    operationParameters: {},
    operationMetrics: {},
    adds: change.added.map((file) => addOf(file, !moves)),
    replaces:
      operation.kind !== "overwrite"
        ? { kind: "files", files: change.removed.map(liveFile) }
        : "p" in operation
          ? {
              kind: "partitions",
              partitions: change.added.map(partitionValues),
            }
          : { kind: "all" },
    reads: readsOf(operation),
    dataChange: !moves,
    engineInfo: "model",
  };
}

export function actionsOf(operation: Operation, { removed, added }: Change, readVersion: bigint): Action[] {
  const dataChange = operation.kind !== "compact";
  return [
    {
      kind: "commitInfo",
      commitInfo: {
        operation: NAMES[operation.kind],
        isBlindAppend: operation.kind === "append",
        readVersion,
      },
    },
    ...removed.map(
      (file): Action => ({
        kind: "remove",
        remove: {
          path: file.path,
          deletionTimestamp: 0n,
          dataChange,
          extendedFileMetadata: true,
          partitionValues: partitionValues(file),
          size: 1n,
          deletionVector: vector(file),
        },
      }),
    ),
    ...added.map((file): Action => ({ kind: "add", add: addOf(file, dataChange) })),
  ];
}
