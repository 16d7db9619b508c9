import type { Clock } from "../../../core/index.js";
import type { Parameters, Session } from "../../../engine/index.js";
import type { WrittenFile } from "../../../formats/index.js";
import type { AddFile } from "../../../table-format/index.js";
import {
  addsOf,
  adoptFiles,
  checkRequired,
  removeFiles,
  totalRows,
  totalSize,
  type WriteTarget,
  writeDataFiles,
} from "../data-files.js";
import type { WrittenBeside } from "../table-operation.js";

/** New rows as files of a table. */
export interface RowFiles {
  readonly adds: readonly AddFile[];
  readonly rows: bigint;
  readonly bytes: bigint;
}

export interface WriteRowsOptions {
  readonly parameters?: Parameters | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Writes rows that come to a table, and takes their files back when there is no commit. */
export class WrittenRows implements WrittenBeside {
  readonly #clock: Clock;
  readonly #written: { readonly target: WriteTarget; readonly files: readonly WrittenFile[] }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * @param select the table's columns by their names, as `rowsSelect` makes it
   * @throws LakeError whatever the SELECT throws; nothing is left of the files then.
   */
  async write(
    session: Session,
    target: WriteTarget,
    select: string,
    { parameters, signal }: WriteRowsOptions = {},
  ): Promise<RowFiles> {
    try {
      const written = await writeDataFiles(session, target, select, { parameters, signal });
      this.#written.push({ target, files: written });
      const adopted = await adoptFiles(session, target, written, signal);
      checkRequired(target, adopted);
      return {
        adds: addsOf(target, adopted, this.#clock),
        rows: totalRows(written),
        bytes: totalSize(written),
      };
    } catch (error) {
      await this.discard();
      throw error;
    }
  }

  async discard(): Promise<void> {
    for (const { target, files } of this.#written) await removeFiles(target, files);
  }
}
