import { isLakeError, LakeError } from "../../../../core/index.js";

const HINT =
  "Put the file back from a backup. Or land with --again, which lands every file that is given and begins " +
  "a ledger that knows those files only.";

/** Whether a file of a ledger was not there. Of an old version it may be deleted; of the newest it is lost. */
export function isLedgerFileMissing(error: unknown): boolean {
  return isLakeError(error, "corrupt") && error.code === "ledger-file-missing";
}

/** Not a `not-found`: a ledger of which a file is lost is not an empty one. */
export function ledgerFileMissing(file: string, cause?: unknown): LakeError {
  return new LakeError("corrupt", "ledger-file-missing", `${file}, a file of the landing ledger, is gone`, {
    context: { file },
    cause,
    hint: HINT,
  });
}

export function ledgerDamaged(file: string, what: string, cause?: unknown): LakeError {
  return new LakeError("corrupt", "ledger-damaged", `${file}, a file of the landing ledger, ${what}`, {
    context: { file },
    cause,
    hint: HINT,
  });
}
