import { LakeError } from "../../../core/index.js";
import type { Session } from "../../../engine/index.js";
import {
  liveAdds,
  loadDeletionVectors,
  type RowIndexSet,
  RowIndexSetBuilder,
  type Snapshot,
} from "../../../table-format/index.js";
import { filePathSql } from "../../scan/file-names.js";
import type { MatchedFile } from "./file-edits.js";

/** Temporary tables of the session. */
const MATCHED = "gl_matched";
const TOUCHED = "gl_touched";

/** The rows of a version that leave it, kept in the session: where they are, not what they hold. */
export class MatchedRows {
  readonly #session: Session;
  readonly #snapshot: Snapshot;
  readonly #signal: AbortSignal | undefined;
  /** The touched files by their numbers, which count from 0. */
  readonly files: readonly MatchedFile[];
  readonly #ordinals: ReadonlyMap<MatchedFile, number>;

  private constructor(
    session: Session,
    snapshot: Snapshot,
    files: readonly MatchedFile[],
    signal: AbortSignal | undefined,
  ) {
    this.#session = session;
    this.#snapshot = snapshot;
    this.files = files;
    this.#ordinals = new Map(files.map((file, ordinal) => [file, ordinal]));
    this.#signal = signal;
  }

  /**
   * @param select a SELECT of `file` and `row_index`, as `_metadata` has them, and of whatever else is to be kept
   *   of each row, for {@link matchedRelation}
   */
  static async find(
    session: Session,
    snapshot: Snapshot,
    select: { readonly sql: string; readonly parameters: Parameters<Session["execute"]>[1] },
    signal: AbortSignal | undefined,
  ): Promise<MatchedRows> {
    // Rows can be many: a file's number takes the place of its name.
    const adds = await snapshot.withFiles(async ({ relation }) => {
      const known = `SELECT rowid AS file_number, ${fileSql(snapshot)} AS path FROM ${relation}`;
      await session.execute(
        `CREATE OR REPLACE TEMP TABLE ${MATCHED} AS
         SELECT k.file_number, m.* EXCLUDE (file) FROM (${select.sql}\n) AS m LEFT JOIN (${known}) AS k ON k.path = m.file`,
        select.parameters,
      );
      await session.execute(
        `CREATE OR REPLACE TEMP TABLE ${TOUCHED} AS
         SELECT row_number() OVER (ORDER BY file_number) - 1 AS ordinal, file_number, matched, k.path AS file
         FROM (SELECT file_number, count(*) AS matched FROM ${MATCHED} GROUP BY file_number)
         LEFT JOIN (${known}) AS k USING (file_number)`,
        { signal },
      );
      return liveAdds(
        session,
        `SELECT f.*, f.rowid AS position, t.ordinal, t.matched FROM ${relation} AS f JOIN ${TOUCHED} AS t ON t.file_number = f.rowid
         ORDER BY t.ordinal`,
        signal,
      );
    }, signal);
    const files = adds.map(({ add, row, numRecords }, index) => {
      if (row["ordinal"] !== BigInt(index)) throw unknownFile();
      const [matched, position] = [BigInt(String(row["matched"])), BigInt(String(row["position"]))];
      return { add, numRecords, matched, position };
    });
    const [touched] = await session.rows(`SELECT count(*) AS files FROM ${TOUCHED}`, { signal });
    if (touched?.["files"] !== BigInt(files.length)) throw unknownFile();
    return new MatchedRows(session, snapshot, files, signal);
  }

  get count(): bigint {
    return this.files.reduce((sum, { matched }) => sum + matched, 0n);
  }

  /** Whether a row was found more than once. */
  async hasDuplicates(): Promise<boolean> {
    const twice = await this.#session.rows(
      `SELECT 1 FROM ${MATCHED} GROUP BY file_number, row_index HAVING count(*) > 1 LIMIT 1`,
      { signal: this.#signal },
    );
    return twice.length > 0;
  }

  /** A condition over the file table: whether the file is one of these. */
  isFileSql(files: readonly MatchedFile[]): string {
    return `${fileSql(this.#snapshot)} IN (SELECT file FROM ${TOUCHED} WHERE ordinal IN (${this.#ordinalsOf(files)}))`;
  }

  /** A relation of these files: `ordinal`, which counts from 0 in the order of {@link files}, and `file`. */
  filesRelation(files: readonly MatchedFile[]): string {
    return `(SELECT ordinal, file FROM ${TOUCHED} WHERE ordinal IN (${this.#ordinalsOf(files)}))`;
  }

  /** A relation of the rows found in these files: the file's `ordinal`, `row_index`, and what else was kept. */
  matchedRelation(files: readonly MatchedFile[]): string {
    return `(SELECT t.ordinal, m.* EXCLUDE (file_number) FROM ${MATCHED} AS m JOIN ${TOUCHED} AS t USING (file_number)
      WHERE t.ordinal IN (${this.#ordinalsOf(files)}))`;
  }

  /** For each of the files: its rows that were deleted before or are found now. */
  async *deletedRows(
    files: readonly MatchedFile[],
  ): AsyncGenerator<{ readonly file: MatchedFile; readonly deleted: RowIndexSet }> {
    const before = await this.#vectors(files);
    for await (const { ordinal, found } of this.#found(files)) {
      const file = this.files[ordinal];
      if (file === undefined) throw unknownFile();
      yield { file, deleted: before.get(file)?.union(found) ?? found };
    }
  }

  /** Frees what a session keeps of a search. */
  static async drop(session: Session): Promise<void> {
    await session.execute(`DROP TABLE IF EXISTS ${MATCHED}; DROP TABLE IF EXISTS ${TOUCHED}`);
  }

  #ordinalsOf(files: readonly MatchedFile[]): string {
    return files.map((file) => this.#ordinals.get(file)).join(", ");
  }

  async *#found(
    files: readonly MatchedFile[],
  ): AsyncGenerator<{ readonly ordinal: number; readonly found: RowIndexSet }> {
    const stream = await this.#session.stream(
      `SELECT t.ordinal::INTEGER AS ordinal, m.row_index FROM ${MATCHED} AS m JOIN ${TOUCHED} AS t USING (file_number)
       WHERE t.ordinal IN (${this.#ordinalsOf(files)}) ORDER BY t.ordinal`,
      { signal: this.#signal },
    );
    let ordinal: number | undefined;
    let builder = new RowIndexSetBuilder();
    for await (const batch of stream.batches()) {
      const of = batch.getChild("ordinal")?.toArray();
      const rows = batch.getChild("row_index")?.toArray();
      if (!(of instanceof Int32Array) || !(rows instanceof BigInt64Array)) {
        throw new LakeError("internal", "row-index-type", "the engine gave row indexes of another type");
      }
      for (let from = 0; from < of.length; ) {
        const current = of[from] ?? 0;
        let to = from;
        while (to < of.length && of[to] === current) to++;
        if (ordinal !== undefined && ordinal !== current) {
          yield { ordinal, found: builder.build() };
          builder = new RowIndexSetBuilder();
        }
        ordinal = current;
        builder.add(rows.subarray(from, to));
        from = to;
      }
    }
    if (ordinal !== undefined) yield { ordinal, found: builder.build() };
  }

  async #vectors(files: readonly MatchedFile[]): Promise<Map<MatchedFile, RowIndexSet>> {
    const wanted = files.flatMap((file, fileIndex) => {
      const { deletionVector: descriptor } = file.add;
      return descriptor === undefined ? [] : [{ fileIndex, descriptor, numRecords: file.numRecords }];
    });
    const vectors = new Map<MatchedFile, RowIndexSet>();
    const { store, openStore } = this.#snapshot.folder;
    for await (const { fileIndex, deleted } of loadDeletionVectors(store, wanted, {
      openStore,
      signal: this.#signal,
    })) {
      const file = files[fileIndex];
      if (file !== undefined) vectors.set(file, deleted);
    }
    return vectors;
  }
}

/** Rows must never be deleted from another file than the one they were found in. */
function unknownFile(): LakeError {
  return new LakeError(
    "internal",
    "unknown-file",
    "rows were found in a file that the snapshot does not list",
  );
}

/** A file of the file table as `_metadata.file_path` has it. */
function fileSql(snapshot: Snapshot): string {
  return `(${filePathSql(snapshot)})`;
}
