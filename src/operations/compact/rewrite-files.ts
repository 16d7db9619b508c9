import { type Clock, LakeError } from "../../../core/index.js";
import { quoteIdentifier, quoteString, type Session } from "../../../engine/index.js";
import type { WrittenFile } from "../../../formats/index.js";
import type { AddFile, DeltaTable, Snapshot } from "../../../table-format/index.js";
import { hidesMetadata, METADATA_COLUMN, materializedRowColumns } from "../../scan/metadata-column.js";
import { scanRelation } from "../../scan/scan-relation.js";
import {
  addsOf,
  adoptFiles,
  removeFiles,
  totalRows,
  type WriteTarget,
  writeDataFiles,
} from "../data-files.js";
import type { MatchedFile } from "../row-change/file-edits.js";
import type { WrittenBeside } from "../table-operation.js";

/** Writes rows of a version again as they are, and takes the files back when there is no commit. */
export class Rewriting implements WrittenBeside {
  readonly #label: string;
  readonly #snapshot: Snapshot;
  readonly #target: WriteTarget;
  readonly #clock: Clock;
  readonly #signal: AbortSignal | undefined;
  readonly #files: WrittenFile[] = [];

  /** @param label of the table, for messages */
  constructor(
    label: string,
    snapshot: Snapshot,
    table: DeltaTable,
    clock: Clock,
    signal: AbortSignal | undefined,
  ) {
    this.#label = label;
    this.#snapshot = snapshot;
    this.#target = { table, schema: snapshot.schema, metadata: snapshot.metadata };
    this.#clock = clock;
    this.#signal = signal;
  }

  /**
   * Writes the rows of some files that are not deleted, in their order. None of the adds changes data.
   *
   * @param files of one partition
   * @throws LakeError `corrupt` where they do not have the rows that the log says.
   */
  async rewrite(
    files: readonly MatchedFile[],
  ): Promise<{ readonly adds: readonly AddFile[]; readonly rows: bigint }> {
    // What a scan keeps, the copies of raw files for one, it keeps as long as its session.
    const written = await this.#snapshot.folder.engine.withSession((session) => this.#write(session, files));
    this.#files.push(...written);
    const rows = totalRows(written);
    checkRows(this.#label, files, rows);
    const adopted = await this.#snapshot.folder.engine.withSession((session) =>
      adoptFiles(session, this.#target, written, this.#signal),
    );
    const adds = addsOf(this.#target, adopted, this.#clock).map((add) => ({ ...add, dataChange: false }));
    return { adds, rows };
  }

  async discard(): Promise<void> {
    await removeFiles(this.#target, this.#files);
  }

  async #write(session: Session, files: readonly MatchedFile[]): Promise<WrittenFile[]> {
    const { schema, metadata } = this.#snapshot;
    const kept = materializedRowColumns(metadata.configuration);
    const withMetadata = kept.length > 0;
    if (withMetadata && hidesMetadata(schema)) throw hidden(this.#label);
    const paths = files.map(({ add }) => quoteString(add.path));
    const { sql } = await scanRelation(
      session,
      "gl_compacted",
      {
        snapshot: this.#snapshot,
        columns: "all",
        predicate: { kind: "constant", value: true },
        files: `path IN (${paths.join(", ")})`,
        withMetadata,
      },
      this.#signal,
    );
    const columns = [
      ...schema.fields.map(({ name }) => `r.${quoteIdentifier(name)}`),
      ...kept.map(({ column, member }) => `r.${METADATA_COLUMN}.${member} AS ${quoteIdentifier(column)}`),
    ];
    return writeDataFiles(session, this.#target, `SELECT ${columns.join(", ")} FROM (${sql}) AS r`, {
      ordered: metadata.partitionColumns.length === 0,
      extraColumns: kept.map(({ column }) => column),
      signal: this.#signal,
    });
  }
}

/** Rows that are neither written again nor known to be deleted would be lost without a word. */
function checkRows(label: string, files: readonly MatchedFile[], rows: bigint): void {
  let stated = 0n;
  for (const { add, numRecords } of files) {
    if (numRecords === undefined) return;
    stated += numRecords - (add.deletionVector?.cardinality ?? 0n);
  }
  if (stated === rows) return;
  const names = files.slice(0, 3).map(({ add }) => add.path);
  throw new LakeError(
    "corrupt",
    "row-count",
    `${label}: the files ${names.join(", ")}${files.length > 3 ? ", ..." : ""} have ${rows} rows, and the log says ${stated}`,
    {
      context: { files: files.length, rows, stated },
      hint: "Check the table: grizzly fsck. Nothing was committed.",
    },
  );
}

function hidden(label: string): LakeError {
  return new LakeError(
    "unsupported",
    "metadata-column",
    `rows of ${label} cannot be written again with their ids: it has a column called ${METADATA_COLUMN}`,
    { context: { column: METADATA_COLUMN }, hint: "Rename the column first; that needs column mapping." },
  );
}
