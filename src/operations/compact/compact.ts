import type { Clock } from "../../../core/index.js";
import {
  type AddFile,
  isRawFileSql,
  liveAdds,
  type Snapshot,
  type StagedCommit,
} from "../../../table-format/index.js";
import { ENGINE_INFO } from "../../product.js";
import type { ResolvedTable } from "../../table-resolver.js";
import type { MatchedFile } from "../row-change/file-edits.js";
import type { TableOperation } from "../table-operation.js";
import { planCompaction } from "./plan-compaction.js";
import { Rewriting } from "./rewrite-files.js";

export interface OptimizeOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface OptimizeReport {
  readonly table: string;
  /** The newest version afterwards. */
  readonly version: bigint;
  /** False when there was nothing to rewrite, and there was no commit. */
  readonly changed: boolean;
  readonly filesAdded: number;
  readonly bytesAdded: bigint;
  readonly filesRemoved: number;
  readonly bytesRemoved: bigint;
  /** Rows that were written again; what their table holds is as it was. */
  readonly rows: bigint;
}

/**
 * Rewrites the data files of a table that are not Parquet as Parquet, in one commit that changes no row: deleted rows
 * stay out, and rows keep their ids.
 *
 * @throws LakeError `corrupt` for a file that cannot be read; `unsupported` for a table that tracks its rows and has
 *   a column that takes the place of the one that tells where a row lies.
 */
export function optimizeOperation(
  { clock }: { readonly clock: Clock },
  { table, label }: ResolvedTable,
  { signal }: OptimizeOptions = {},
): TableOperation<OptimizeReport> {
  return {
    name: "OPTIMIZE",
    prepare: async (read) => {
      const snapshot = read ?? (await table.snapshot(undefined, signal));
      const files = await rawFiles(snapshot, signal);
      if (files.length === 0) {
        return { status: "nothing", result: { ...NOTHING, table: label, version: snapshot.version } };
      }
      const work = new Rewriting(label, snapshot, table, clock, signal);
      const adds: AddFile[] = [];
      let rows = 0n;
      try {
        for (const group of planCompaction(files)) {
          const written = await work.rewrite(group);
          adds.push(...written.adds);
          rows += written.rows;
        }
      } catch (error) {
        await work.discard();
        throw error;
      }
      const removed = files.map(({ add }) => add);
      return {
        status: "staged",
        staged: stagedOptimize(adds, removed),
        files: work,
        result: ({ version }) => ({
          table: label,
          version,
          changed: true,
          filesAdded: adds.length,
          bytesAdded: totalSize(adds),
          filesRemoved: removed.length,
          bytesRemoved: totalSize(removed),
          rows,
        }),
      };
    },
  };
}

const NOTHING = {
  changed: false,
  filesAdded: 0,
  bytesAdded: 0n,
  filesRemoved: 0,
  bytesRemoved: 0n,
  rows: 0n,
};

/** The raw files of a version, in the order in which they came into the table. */
async function rawFiles(snapshot: Snapshot, signal: AbortSignal | undefined): Promise<MatchedFile[]> {
  const adds = await snapshot.withFiles(
    ({ relation }) =>
      snapshot.folder.engine.withSession((session) =>
        liveAdds(
          session,
          `SELECT *, rowid AS position FROM ${relation} WHERE ${isRawFileSql()} ORDER BY position`,
          signal,
        ),
      ),
    signal,
  );
  return adds.map(({ add, numRecords, row }) => ({
    add,
    numRecords,
    matched: 0n,
    position: BigInt(String(row["position"])),
  }));
}

/** As delta-spark's `OPTIMIZE` says it. */
function stagedOptimize(adds: readonly AddFile[], removed: readonly AddFile[]): StagedCommit {
  return {
    operation: "OPTIMIZE",
    operationParameters: { predicate: "[]", zOrderBy: "[]", auto: false },
    operationMetrics: {
      numAddedFiles: String(adds.length),
      numAddedBytes: String(totalSize(adds)),
      numRemovedFiles: String(removed.length),
      numRemovedBytes: String(totalSize(removed)),
    },
    adds,
    replaces: { kind: "files", files: removed.map((add) => ({ ...add, partition: {} })) },
    dataChange: false,
    engineInfo: ENGINE_INFO,
  };
}

/** Bytes. */
function totalSize(files: readonly AddFile[]): bigint {
  return files.reduce((sum, { size }) => sum + size, 0n);
}
