import type { Session } from "../../engine/index.js";
import { openStore } from "../../object-store/index.js";
import type { TableFolder } from "../snapshot/snapshot.js";
import type { CheckedState } from "./check-state.js";
import { ColumnRules } from "./column-rules.js";
import { checkDeletionVectors } from "./deletion-vector-rules.js";
import { checkFilePresence } from "./file-presence.js";
import type { FindingLog } from "./finding-log.js";
import { forEachPage, type PageProgress } from "./footers.js";
import { readPageColumns } from "./page-values.js";
import { checkRawFilesFeature, type RawCopy } from "./raw-file-rules.js";
import { checkRowCounts, checkStatistics } from "./statistics-rules.js";
import type { FoundState } from "./table-state.js";

export interface DataCheckOptions {
  /** Whether every value is read, and not the footers alone. */
  readonly deep: boolean;
  readonly onProgress: PageProgress;
  /** How data files are read that are not Parquet. */
  readonly rawCopy: RawCopy;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Checks the live data files: that they are there and whole, that their columns fit the table's, and that what
 * the log says of them is so. With `deep` it reads every value of every column.
 */
export async function checkData(
  session: Session,
  folder: Pick<TableFolder, "store" | "openStore">,
  state: FoundState,
  { schema }: CheckedState,
  findings: FindingLog,
  { deep, onProgress, rawCopy, signal }: DataCheckOptions,
): Promise<void> {
  const { store } = folder;
  const open = folder.openStore ?? openStore;
  const place = { store, open };
  await checkFilePresence(session, open, findings, signal);
  await findings.attempt("the deletion vectors", () =>
    checkDeletionVectors(session, place, findings, signal),
  );
  const metadata = state.metadata?.value;
  const columns =
    schema === undefined || metadata === undefined || !schema.isMapped
      ? undefined
      : new ColumnRules(schema, metadata);
  const check = async (): Promise<void> => {
    await checkRowCounts(session, findings, signal);
    if (schema === undefined || columns === undefined) return;
    await columns.checkPage(session, findings, signal);
    if (deep) await readPageColumns(session, place, schema, findings, signal);
    await checkStatistics(session, schema, { withoutDeleted: deep }, findings, signal);
  };
  const isolated = async (): Promise<void> => {
    await findings.attempt("the columns of some data files", check);
  };
  if (state.protocol !== undefined) {
    await checkRawFilesFeature(session, state.protocol.value, findings, signal);
  }
  const reading = { deep, rawCopy, check: isolated, progress: onProgress };
  await forEachPage(session, place, findings, reading, signal);
}
