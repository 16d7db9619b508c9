import { isLakeError } from "../../../core/index.js";
import type { Snapshot, TableFolder } from "../../../table-format/index.js";
import type { ChangePolicy } from "./ledger/choose-files.js";
import { type Ledger, type LedgerOptions, openLedger, renewedLedger } from "./ledger/ledger.js";

/**
 * The ledger to land by. Who lands files again does not mind what has landed, so that is the way out of a damaged one.
 *
 * @throws LakeError as {@link openLedger}.
 */
export async function landingLedger(
  folder: TableFolder,
  read: Snapshot | undefined,
  { again, onChange }: ChangePolicy,
  options: LedgerOptions,
): Promise<Ledger> {
  try {
    return await openLedger(folder, read, options);
  } catch (error) {
    if (again && onChange !== "replace" && isLakeError(error, "corrupt"))
      return renewedLedger(folder, read, options);
    throw error;
  }
}
