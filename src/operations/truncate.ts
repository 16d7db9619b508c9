import { isAppendOnly } from "../../table-format/index.js";
import { ENGINE_INFO } from "../product.js";
import { snapshotTotals } from "../snapshot-totals.js";
import type { ResolvedTable } from "../table-resolver.js";
import { appendOnly } from "./insert/insert-operation.js";
import type { TableOperation } from "./table-operation.js";

export interface TruncateReport {
  readonly table: string;
  /** The newest version afterwards. */
  readonly version: bigint;
  /** `undefined` where the statistics of a file do not tell its rows, or files came meanwhile. */
  readonly rowsDeleted: bigint | undefined;
  readonly filesRemoved: number;
}

/**
 * Deletes every row by taking every file out of the table; none is read. One commit, or none when the table is
 * empty. The change data feed tells the rows from the files that went.
 *
 * @throws LakeError `invalid-input` for an append-only table.
 */
export function truncateOperation(
  { table, label }: ResolvedTable,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): TableOperation<TruncateReport> {
  return {
    name: "TRUNCATE",
    prepare: async (found) => {
      const read = found ?? (await table.snapshot(undefined, signal));
      if (isAppendOnly(read.metadata.configuration)) throw appendOnly(label);
      const { numFiles: files, numRows: rows } = await snapshotTotals(read, signal);
      if (files === 0) {
        const result = { table: label, version: read.version, rowsDeleted: 0n, filesRemoved: 0 };
        return { status: "nothing", result };
      }
      return {
        status: "staged",
        staged: {
          operation: "TRUNCATE",
          operationParameters: {},
          operationMetrics: rows === undefined ? {} : { numDeletedRows: String(rows) },
          adds: [],
          replaces: { kind: "all" },
          engineInfo: ENGINE_INFO,
        },
        files: { discard: async () => {} },
        result: ({ version, filesRemoved }) => ({
          table: label,
          version,
          rowsDeleted: filesRemoved === files ? rows : undefined,
          filesRemoved,
        }),
      };
    },
  };
}
