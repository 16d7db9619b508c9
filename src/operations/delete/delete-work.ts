import type { Clock } from "../../../core/index.js";
import type { Session } from "../../../engine/index.js";
import type { WrittenFile } from "../../../formats/index.js";
import {
  type AddFile,
  type ChangeFile,
  DeletionVectorWriter,
  looseStatistics,
  type Snapshot,
} from "../../../table-format/index.js";
import {
  addsOf,
  adoptFiles,
  removeFiles,
  totalRows,
  type WriteTarget,
  writeDataFiles,
} from "../data-files.js";
import type { WrittenBeside } from "../table-operation.js";
import type { MatchedRows } from "./matched-rows.js";
import { type DeleteEdits, filesOf, type MatchedFile } from "./plan-delete.js";
import { changedRowsSelect, keptRowsSelect, materializedColumns } from "./rewritten-rows.js";

/** What a DELETE wrote beside the log. */
export interface DeleteWrites {
  readonly marked: readonly AddFile[];
  readonly rewritten: readonly AddFile[];
  readonly copiedRows: bigint;
  readonly changes: readonly ChangeFile[];
}

/** Writes deletion vectors and files, and takes them back when there is no commit. */
export class DeleteWork implements WrittenBeside {
  readonly #session: Session;
  readonly #snapshot: Snapshot;
  readonly #target: WriteTarget;
  readonly #matched: MatchedRows;
  readonly #clock: Clock;
  readonly #signal: AbortSignal | undefined;
  readonly #vectors: DeletionVectorWriter;
  readonly #files: WrittenFile[] = [];

  constructor(
    session: Session,
    snapshot: Snapshot,
    target: WriteTarget,
    matched: MatchedRows,
    clock: Clock,
    signal: AbortSignal | undefined,
  ) {
    this.#session = session;
    this.#snapshot = snapshot;
    this.#target = target;
    this.#matched = matched;
    this.#clock = clock;
    this.#signal = signal;
    this.#vectors = new DeletionVectorWriter(snapshot.folder.store, { signal });
  }

  async write({ edits, writesChanges }: DeleteEdits): Promise<DeleteWrites> {
    try {
      const marked = await this.#mark(filesOf(edits, "mark"));
      const copied = await this.#rewrite(filesOf(edits, "rewrite"));
      const changes = writesChanges ? await this.#changes() : [];
      return { marked, rewritten: copied.adds, copiedRows: copied.rows, changes };
    } catch (error) {
      await this.discard();
      throw error;
    }
  }

  async #mark(files: readonly MatchedFile[]): Promise<AddFile[]> {
    if (files.length === 0) return [];
    const adds: AddFile[] = [];
    for await (const { file, deleted } of this.#matched.deletedRows(files)) {
      const deletionVector = await this.#vectors.add(deleted);
      const { stats } = file.add;
      adds.push({
        ...file.add,
        deletionVector,
        stats: stats === undefined ? undefined : looseStatistics(stats),
      });
    }
    await this.#vectors.finish();
    return adds;
  }

  async #rewrite(
    files: readonly MatchedFile[],
  ): Promise<{ readonly adds: AddFile[]; readonly rows: bigint }> {
    if (files.length === 0) return { adds: [], rows: 0n };
    const written = await writeDataFiles(
      this.#session,
      this.#target,
      await keptRowsSelect(this.#session, this.#snapshot, this.#matched, files, this.#signal),
      { extraColumns: materializedColumns(this.#snapshot), signal: this.#signal },
    );
    this.#files.push(...written);
    const adopted = await adoptFiles(this.#session, this.#target, written, this.#signal);
    return { adds: addsOf(this.#target, adopted, this.#clock), rows: totalRows(written) };
  }

  async #changes(): Promise<ChangeFile[]> {
    const written = await writeDataFiles(
      this.#session,
      this.#target,
      await changedRowsSelect(this.#session, this.#snapshot, this.#matched, this.#signal),
      { extraColumns: ["_change_type"], folder: "_change_data", signal: this.#signal },
    );
    this.#files.push(...written);
    const adopted = await adoptFiles(this.#session, this.#target, written, this.#signal);
    return adopted.map(({ path, partitionValues, file }) => ({
      path,
      partitionValues,
      size: file.sizeBytes,
      dataChange: false,
    }));
  }

  async discard(): Promise<void> {
    await this.#vectors.discard();
    await removeFiles(this.#files);
  }
}
