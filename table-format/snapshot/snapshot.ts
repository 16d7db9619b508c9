import { LakeError } from "../../core/index.js";
import type { Engine, Session } from "../../engine/index.js";
import type { LocalTier, ObjectStore, StoreOpener } from "../../object-store/index.js";
import type { Metadata, Protocol, SetTransaction } from "../log/actions.js";
import { usesInCommitTimestamps } from "../log/in-commit-timestamps.js";
import { type CommitFile, LAST_CHECKPOINT_PATH } from "../log/log-path.js";
import type { LogSegment } from "../log/segment.js";
import type { Version } from "../log/version.js";
import { parseSchema, type StructType } from "../schema/index.js";
import { instantPaths } from "./checkpoint-adds.js";
import { checkAgainstLog, type KnownTotals } from "./checksum-check.js";
import { FileTable } from "./file-table.js";
import { fetchLocalFiles } from "./local-files.js";
import { type LocalSegment, withLocalSegment } from "./local-segment.js";
import { isLogVanished, readingCommits } from "./log-damage.js";
import { overReadableSegment } from "./readable-segment.js";
import { advanceFiles, type FileReplay, replayFiles } from "./replay-files.js";
import type { TableState } from "./state.js";

export type { FileTable };

/** The folder of one table: a store whose root is that folder, the engine that replays its log. */
export interface TableFolder {
  readonly store: ObjectStore;
  readonly engine: Engine;
  /**
   * Where copies of files are kept that are far away or slow to read. Default for data files the user's own; files of
   * the log are then copied each time.
   */
  readonly tier?: LocalTier | undefined;
  /** Opens the stores of files that lie elsewhere, which the log names by absolute URIs; default by scheme. */
  readonly openStore?: StoreOpener | undefined;
}

/** How a snapshot may come by its file table sooner than by replaying its segment. */
export interface SnapshotOrigin {
  /** An earlier version, and the commits since. */
  readonly after?: {
    readonly snapshot: Snapshot;
    readonly commits: readonly CommitFile[];
  };
  /** What the version's own checksum says, where the state was taken from it. */
  readonly checksum?: KnownTotals | undefined;
}

/** Files of a table so large that one list of them is enough: an older one is made again when asked for. */
const LARGE = 100_000;

/** From so many commits on the log is replayed as a whole, which a checkpoint has made shorter. */
const MOST_COMMITS_AFTER = 100;

/**
 * One version of a table, immutable. Cheap to make: its list of files is replayed when first asked
 * for, into a table of the engine, never into the JavaScript heap.
 */
export class Snapshot {
  readonly folder: TableFolder;
  readonly state: TableState;
  readonly schema: StructType;
  #segment: LogSegment;
  #origin: SnapshotOrigin;
  #files: Promise<FileTable> | undefined;

  constructor(folder: TableFolder, segment: LogSegment, state: TableState, origin: SnapshotOrigin = {}) {
    this.folder = folder;
    this.state = state;
    this.schema = parseSchema(state.metadata.schemaString);
    this.#segment = segment;
    this.#origin = origin;
  }

  /** The files of the log that give this version, as far as is known: another checkpoint where one failed. */
  get segment(): LogSegment {
    return this.#segment;
  }

  get version(): Version {
    return this.#segment.version;
  }

  get metadata(): Metadata {
    return this.state.metadata;
  }

  get protocol(): Protocol {
    return this.state.protocol;
  }

  get transactions(): ReadonlyMap<string, SetTransaction> {
    return this.state.transactions;
  }

  /**
   * When this version was committed, in milliseconds since the epoch: its in-commit timestamp where the
   * table has them (PROTOCOL.md, "Recommendations for Readers of Tables with In-Commit Timestamps"), else
   * the time of the commit's file, or of what stands in for a commit that was cleaned up.
   */
  get timestamp(): number {
    const { inCommitTimestamp } = this.state;
    if (inCommitTimestamp !== undefined && usesInCommitTimestamps(this.state))
      return Number(inCommitTimestamp);
    const { commit, commits, checkpoint } = this.#segment;
    const last = commit ?? commits.at(-1) ?? checkpoint?.files[0];
    if (last === undefined) throw new LakeError("internal", "empty-segment", "a segment holds no file");
    return last.lastModified;
  }

  /** Lends the file table to `work`; it stays until `work` is done, whatever {@link retire} says. */
  async withFiles<T>(work: (files: FileTable) => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (;;) {
      this.#files ??= this.#forgetting(this.#makeFiles(signal));
      const files = await this.#files;
      // It may have been retired while it was waited for; then it is made again.
      if (files.lend()) return returning(files, work);
    }
  }

  /**
   * Begins to make the file table, for whoever is going to ask for it: of a table that is far away it takes a while.
   * What goes wrong is told to who asks.
   */
  expectFiles(signal?: AbortSignal): void {
    if (this.folder.store.localPath(LAST_CHECKPOINT_PATH) !== undefined) return;
    this.#files ??= this.#forgetting(this.#makeFiles(signal));
    this.#files.catch(() => {});
  }

  /** As {@link withFiles} where the file table is made or being made; else `undefined`, at once. */
  async withFilesAtHand<T>(work: (files: FileTable) => Promise<T>): Promise<T | undefined> {
    const files = await this.#files?.catch(() => undefined);
    return files?.lend() === true ? returning(files, work) : undefined;
  }

  /** Makes the file table now, out of log files that are at hand for something else. */
  async makeFiles(
    make: (replay: FileReplay) => Promise<void>,
    session: Session,
    signal?: AbortSignal,
  ): Promise<void> {
    this.#origin = {};
    this.#files ??= this.#forgetting(this.#table(session, make, signal));
    await this.#files;
  }

  /** The origin of a version some commits after this one. */
  originAfter(commits: readonly CommitFile[]): SnapshotOrigin {
    if (this.#files !== undefined) return { after: { snapshot: this, commits } };
    const { after } = this.#origin;
    if (after === undefined || after.commits.length + commits.length > MOST_COMMITS_AFTER) return {};
    return { after: { snapshot: after.snapshot, commits: [...after.commits, ...commits] } };
  }

  /**
   * The rows of this version under other metadata, as a commit that changes both sees them. The metadata must
   * be such that the files of this version can be read under it.
   */
  withMetadata(metadata: Metadata): Snapshot {
    const origin = { after: { snapshot: this, commits: [] } };
    return new Snapshot(this.folder, this.#segment, { ...this.state, metadata }, origin);
  }

  /**
   * Reads something of this version's log from a segment that can be read, which is kept for later.
   *
   * @throws LakeError as {@link overReadableSegment}.
   */
  async withReadableSegment<T>(read: (segment: LogSegment) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { store } = this.folder;
    const { result, segment } = await overReadableSegment(store, store.uri, this.#segment, read, signal);
    this.#segment = segment;
    return result;
  }

  /** Frees the file table as soon as nobody uses it. The snapshot may still be used: it replays again. */
  async retire(): Promise<void> {
    const files = this.#files;
    this.#files = undefined;
    await (await files?.catch(() => undefined))?.retire();
  }

  #forgetting(making: Promise<FileTable>): Promise<FileTable> {
    const files = making.catch((error: unknown) => {
      if (this.#files === files) this.#files = undefined;
      throw error;
    });
    return files;
  }

  async #makeFiles(signal: AbortSignal | undefined): Promise<FileTable> {
    const { after, checksum } = this.#origin;
    // What is made once need not be made from the earlier version again, and that one can go.
    this.#origin = { checksum };
    const { engine } = this.folder;
    return engine.withSession(async (session) => {
      try {
        const advanced = await after?.snapshot.withFilesAtHand((files) =>
          this.#table(session, (replay) => this.#advance(replay, files, after.commits), signal),
        );
        if (advanced !== undefined) {
          if (advanced.count > LARGE) await after?.snapshot.retire();
          return advanced;
        }
      } catch (error) {
        if (!isLogVanished(error)) throw error;
      }
      const files = await this.withReadableSegment(
        (segment) => this.#table(session, (replay) => this.#replay(replay, segment), signal),
        signal,
      );
      if (checksum !== undefined) await checkAgainstLog(session, this, files, checksum, signal);
      return files;
    });
  }

  #replay(replay: FileReplay, segment: LogSegment): Promise<void> {
    const { place, where, signal } = replay;
    const work = (local: LocalSegment): Promise<void> => replayFiles(replay, local);
    return withLocalSegment(place, segment, where, work, signal);
  }

  async #advance(replay: FileReplay, base: FileTable, commits: readonly CommitFile[]): Promise<void> {
    const { place, where, signal } = replay;
    const local = await readingCommits(where, () => fetchLocalFiles(place, commits, { signal }));
    try {
      await advanceFiles(replay, base.relation, local.files);
    } finally {
      await local.release();
    }
  }

  #table(
    session: Session,
    make: (replay: FileReplay) => Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<FileTable> {
    const { folder } = this;
    const { engine, store } = folder;
    const instants = instantPaths(this.schema, this.metadata);
    return FileTable.make(
      engine,
      session,
      (target) => make({ session, place: folder, target, where: store.uri, instants, signal }),
      signal,
    );
  }
}

async function returning<T>(files: FileTable, work: (files: FileTable) => Promise<T>): Promise<T> {
  try {
    return await work(files);
  } finally {
    await files.giveBack();
  }
}
