import type { Clock } from "../../../core/index.js";
import type { Session } from "../../../engine/index.js";
import type { WrittenFile } from "../../../formats/index.js";
import {
  type AddFile,
  type ChangeFile,
  DeletionVectorWriter,
  hasFeature,
  looseStatistics,
  type Metadata,
  type Replaced,
  type Snapshot,
} from "../../../table-format/index.js";
import {
  addsOf,
  adoptFiles,
  checkRequired,
  removeFiles,
  totalRows,
  type WriteOptions,
  type WriteTarget,
  writeDataFiles,
} from "../data-files.js";
import type { WrittenBeside } from "../table-operation.js";
import { type FileEdit, filesOf, type MatchedFile, needsChangeFiles, planFileEdits } from "./file-edits.js";
import { keptRowsSelect, materializedColumns, originColumn } from "./kept-rows.js";
import type { MatchedRows } from "./matched-rows.js";
import { FILE_BY_FILE, groupsOf, ONE_FILE, planRewrites, type RewritePlan } from "./rewrite-plan.js";

/** A change of rows: some leave the table, some come. */
export interface RowChange {
  /** Rows that are deleted, and those whose values are replaced. */
  readonly leaving?: MatchedRows | undefined;
  /** Rows that leave and come back with other values, where they can be told file by file. */
  readonly replaced?: ReplacedRows | undefined;
  /** Rows that come: new ones, and those that leave with other values. */
  readonly arriving: readonly ArrivingRows[];
  /** Whether some of the rows that come are rows that leave, with other values. */
  readonly updatesRows: boolean;
  /**
   * SELECTs of the changed rows, each of the table's columns and `_change_type`; asked for where the feed needs
   * them.
   */
  readonly changes: () => Promise<readonly string[]>;
}

/** Rows of which each stays in its file, or in one of that file's own, where its partition is the same. */
export interface ReplacedRows {
  /**
   * A SELECT of the replaced rows of these files: the table's columns, {@link materializedColumns} and
   * {@link originColumn}. What it needs in the session is there until it is asked again.
   */
  readonly select: (files: readonly MatchedFile[]) => Promise<string>;
  /** How many there are of a file. */
  readonly count: (file: MatchedFile) => bigint;
  /** Whether rows may go to another partition. */
  readonly moves: boolean;
}

export interface ArrivingRows {
  /** A SELECT of the table's columns by their names, as `rowsSelect` makes it, then of `extraColumns`. */
  readonly select: string;
  /** Of {@link materializedColumns}: those that the SELECT has too. */
  readonly extraColumns?: readonly string[] | undefined;
}

/** What a change of rows wrote beside the log. */
export interface RowChangeWrites {
  readonly edits: readonly FileEdit[];
  /** Files that got a deletion vector. */
  readonly marked: readonly AddFile[];
  /** Files with what stays of files that were rewritten, and with replaced rows beside it. */
  readonly kept: readonly AddFile[];
  /** Rows that were written again as they were. */
  readonly keptRows: bigint;
  /** Files with nothing but replaced rows. */
  readonly replaced: readonly AddFile[];
  /** For each of the arriving, in their order. */
  readonly arrived: readonly ArrivedRows[];
  readonly changes: readonly ChangeFile[];
}

export interface ArrivedRows {
  readonly adds: readonly AddFile[];
  readonly rows: bigint;
}

/** Whether changes mark rows of this table in deletion vectors. */
export function marksRows({ metadata, protocol }: Pick<Snapshot, "metadata" | "protocol">): boolean {
  return (
    metadata.configuration["delta.enableDeletionVectors"] === "true" &&
    hasFeature(protocol, "deletionVectors")
  );
}

/** Whether changes of this table are told in its change data feed. */
export function tellsChanges({ configuration }: Metadata): boolean {
  return configuration["delta.enableChangeDataFeed"] === "true";
}

/** All files that a change of rows brings into the table, and those that it replaces. */
export function fileActions({ edits, marked, kept, replaced, arrived }: RowChangeWrites): {
  readonly adds: readonly AddFile[];
  readonly replaces: Replaced;
} {
  return {
    adds: [...marked, ...kept, ...replaced, ...arrived.flatMap(({ adds }) => adds)],
    replaces:
      edits.length === 0
        ? { kind: "none" }
        : { kind: "files", files: edits.map(({ file: { add } }) => ({ ...add, partition: {} })) },
  };
}

/** Writes the deletion vectors and files of one change, and takes them back when there is no commit. */
export class RowChangeWork implements WrittenBeside {
  readonly #session: Session;
  readonly #snapshot: Snapshot;
  readonly #target: WriteTarget;
  readonly #clock: Clock;
  readonly #signal: AbortSignal | undefined;
  readonly #vectors: DeletionVectorWriter;
  readonly #files: WrittenFile[] = [];

  /**
   * @param snapshot the version that the change stands on; with the metadata that the commit will give it
   * @param session where the SELECTs run
   */
  constructor(
    session: Session,
    snapshot: Snapshot,
    target: WriteTarget,
    clock: Clock,
    signal: AbortSignal | undefined,
  ) {
    this.#session = session;
    this.#snapshot = snapshot;
    this.#target = target;
    this.#clock = clock;
    this.#signal = signal;
    this.#vectors = new DeletionVectorWriter(snapshot.folder.store, { signal });
  }

  /** @throws LakeError whatever the SELECTs throw; nothing is left of the files then. */
  async write({ leaving, replaced, arriving, updatesRows, changes }: RowChange): Promise<RowChangeWrites> {
    try {
      const edits = planFileEdits(leaving?.files ?? [], marksRows(this.#snapshot));
      const marked = leaving === undefined ? [] : await this.#mark(leaving, filesOf(edits, "mark"));
      const plan = planRewrites(edits, replaced !== undefined && !replaced.moves);
      const kept = leaving === undefined ? NO_ROWS : await this.#rewrite(leaving, plan, replaced);
      const gathered = replaced === undefined ? NO_ROWS : await this.#gather(plan, replaced);
      const arrived: ArrivedRows[] = [];
      for (const { select, extraColumns } of arriving) arrived.push(await this.#add(select, extraColumns));
      const isTold = tellsChanges(this.#target.metadata) && needsChangeFiles(edits, updatesRows);
      const told = isTold ? await this.#changes(await changes()) : [];
      return {
        edits,
        marked,
        kept: kept.adds,
        keptRows: kept.rows,
        replaced: gathered.adds,
        arrived,
        changes: told,
      };
    } catch (error) {
      await this.discard();
      throw error;
    }
  }

  async discard(): Promise<void> {
    await this.#vectors.discard();
    await removeFiles(this.#target, this.#files);
  }

  async #mark(leaving: MatchedRows, files: readonly MatchedFile[]): Promise<AddFile[]> {
    if (files.length === 0) return [];
    const adds: AddFile[] = [];
    for await (const { file, deleted } of leaving.deletedRows(files)) {
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

  /** Writes the rows of files again, so that those of one file are not spread over many. */
  async #rewrite(
    leaving: MatchedRows,
    { kept, together }: RewritePlan,
    replaced: ReplacedRows | undefined,
  ): Promise<ArrivedRows> {
    const adds: AddFile[] = [];
    let rows = 0n;
    const files = [...new Set([...kept, ...together])].sort((a, b) => (a.position < b.position ? -1 : 1));
    const extra = materializedColumns(this.#snapshot);
    const isOneFile = this.#target.metadata.partitionColumns.length === 0;
    for (const group of groupsOf(files, isOneFile ? ONE_FILE : FILE_BY_FILE)) {
      const [keeping, replacing] = [inBoth(group, kept), inBoth(group, together)];
      const selects: string[] = [];
      if (keeping.length > 0) {
        selects.push(await keptRowsSelect(this.#session, this.#snapshot, leaving, keeping, this.#signal));
      }
      if (replacing.length > 0 && replaced !== undefined) selects.push(await replaced.select(replacing));
      const all = selects.map((select) => `(${select})`).join(" UNION ALL ");
      const layout = isOneFile ? { ordered: true } : { splitBy: originColumn(this.#snapshot) };
      const written = await this.#add(all, extra, layout);
      adds.push(...written.adds);
      rows += replacing.reduce((left, file) => left - (replaced?.count(file) ?? 0n), written.rows);
    }
    return { adds, rows };
  }

  /** Writes the replaced rows that do not go with those of their file. */
  async #gather({ apart }: RewritePlan, replaced: ReplacedRows): Promise<ArrivedRows> {
    const files = apart.filter((file) => replaced.count(file) > 0n);
    if (files.length === 0) return NO_ROWS;
    return this.#add(await replaced.select(files), materializedColumns(this.#snapshot));
  }

  async #add(
    select: string,
    extraColumns: readonly string[] | undefined,
    layout: Pick<WriteOptions, "ordered" | "splitBy"> = {},
  ): Promise<ArrivedRows> {
    const written = await writeDataFiles(this.#session, this.#target, select, {
      ...layout,
      extraColumns,
      signal: this.#signal,
    });
    this.#files.push(...written);
    const adopted = await adoptFiles(this.#session, this.#target, written, this.#signal);
    checkRequired(this.#target, adopted);
    return { adds: addsOf(this.#target, adopted, this.#clock), rows: totalRows(written) };
  }

  async #changes(selects: readonly string[]): Promise<ChangeFile[]> {
    const files: ChangeFile[] = [];
    for (const select of selects) {
      const written = await writeDataFiles(this.#session, this.#target, select, {
        extraColumns: ["_change_type"],
        folder: "_change_data",
        signal: this.#signal,
      });
      this.#files.push(...written);
      const adopted = await adoptFiles(this.#session, this.#target, written, this.#signal);
      for (const { path, partitionValues, file } of adopted) {
        files.push({ path, partitionValues, size: file.sizeBytes, dataChange: false });
      }
    }
    return files;
  }
}

function inBoth(files: readonly MatchedFile[], others: readonly MatchedFile[]): MatchedFile[] {
  const known = new Set(others);
  return files.filter((file) => known.has(file));
}

const NO_ROWS: ArrivedRows = { adds: [], rows: 0n };
