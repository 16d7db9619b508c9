import { messageOf, newUuid } from "../../../core/index.js";
import type { ObjectPath } from "../../../object-store/index.js";
import {
  type Conflict,
  conflictSoFar,
  hasFeature,
  mergeStatements,
  type ProvisionalVersion,
  provisionalVersion,
  type SharedCommit,
  type Snapshot,
  type StagedCommit,
  type StagedStatement,
  serializeStaged,
  stagedPath,
  untoldStatements,
} from "../../../table-format/index.js";
import type { QueryPlanner } from "../../sql/query-planner.js";
import type { ResolvedTable } from "../../table-resolver.js";
import type { WrittenBeside } from "../table-operation.js";
import { tellChanges } from "./told-changes.js";

/** A statement that was run, and the version that it made for those after it. */
interface Step {
  readonly statement: StagedStatement;
  readonly made: ProvisionalVersion;
}

/** One table of an open transaction: the version that it stands on, and what the statements made of it. */
export class TableInTransaction {
  readonly resolved: ResolvedTable;
  /** `undefined` when there was no table. */
  readonly base: Snapshot | undefined;
  readonly #planner: QueryPlanner;
  #steps: readonly Step[] = [];
  readonly #files: WrittenBeside[] = [];

  constructor(resolved: ResolvedTable, base: Snapshot | undefined, planner: QueryPlanner) {
    this.resolved = resolved;
    this.base = base;
    this.#planner = planner;
  }

  /** The table as the transaction sees it; `undefined` when there is none. */
  get current(): Snapshot | undefined {
    return this.#steps.at(-1)?.made.snapshot ?? this.base;
  }

  get isChanged(): boolean {
    return this.#steps.length > 0;
  }

  /**
   * Takes a statement in: what comes after it sees what it did.
   *
   * @param files goes when this throws
   * @throws LakeError `unsupported` where it cannot be in one commit with the statements before it.
   */
  async add(
    staged: StagedCommit,
    files: WrittenBeside | undefined,
    now: number,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly version: bigint; readonly filesRemoved: number }> {
    const { folder } = this.resolved.table;
    const written = files === undefined ? [] : [files];
    let made: ProvisionalVersion | undefined;
    try {
      made = await provisionalVersion(folder, this.current, staged, now, signal);
      const { snapshot, removes } = made;
      const steps = await this.#told(
        [...this.#steps, { statement: { staged, removes }, made }],
        written,
        signal,
      );
      mergeStatements(
        steps.map(({ statement }) => statement),
        this.#mergeTarget(snapshot),
      );
      this.#steps = steps;
      this.#files.push(...written);
      return { version: snapshot.version, filesRemoved: removes.length };
    } catch (error) {
      if (made !== undefined) await this.#forget([made]);
      for (const each of written) await each.discard();
      throw error;
    }
  }

  /**
   * The statements with the change files that their commit needs: where one has written some, all have to.
   *
   * @param written gets the files that are written for it
   */
  async #told(
    steps: readonly Step[],
    written: WrittenBeside[],
    signal: AbortSignal | undefined,
  ): Promise<readonly Step[]> {
    const versions = [this.base, ...steps.map(({ made }) => made.snapshot)];
    const isOn = versions.some(
      (snapshot) => snapshot?.metadata.configuration["delta.enableChangeDataFeed"] === "true",
    );
    if (!isOn) return steps;
    const untold = new Set(untoldStatements(steps.map(({ statement }) => statement)));
    const told: Step[] = [];
    for (const { statement, made } of steps) {
      if (!untold.has(statement)) {
        told.push({ statement, made });
        continue;
      }
      const { changes, files } = await tellChanges(this.#planner, this.resolved, made.snapshot, signal);
      written.push(files);
      told.push({ statement: { ...statement, staged: { ...statement.staged, changes } }, made });
    }
    return told;
  }

  /** What the table is to commit, where it is the only one: one statement as it is, of several the sum. */
  alone(): StagedCommit {
    const [first] = this.#steps;
    return first !== undefined && this.#steps.length === 1 ? first.statement.staged : this.merged();
  }

  merged(): SharedCommit {
    const statements = this.#steps.map(({ statement }) => statement);
    return mergeStatements(statements, this.#mergeTarget(this.current));
  }

  conflict(staged: StagedCommit, signal: AbortSignal | undefined): Promise<Conflict | undefined> {
    return conflictSoFar(this.resolved.table.folder, this.base, staged, signal);
  }

  /** Writes durably, beside the log, what any process needs to know to commit it. */
  async stage(staged: SharedCommit, signal: AbortSignal | undefined): Promise<ObjectPath> {
    const path = stagedPath(this.base === undefined ? 0n : this.base.version + 1n, newUuid());
    const data = new TextEncoder().encode(serializeStaged(staged));
    await this.resolved.table.folder.store.put(path, data, { signal });
    return path;
  }

  /** Removes everything: no commit holds it, and none will. */
  async discard(): Promise<void> {
    await this.release();
    for (const files of this.#files) await files.discard();
  }

  /** Frees the versions that were only the transaction's. */
  async release(): Promise<void> {
    await this.#forget(this.#steps.map(({ made }) => made));
  }

  /** @returns why a file is left behind, where one is */
  async unstage(path: ObjectPath): Promise<string | undefined> {
    try {
      await this.resolved.table.folder.store.delete([path]);
      return undefined;
    } catch (error) {
      return `${path} is left behind: ${messageOf(error)}`;
    }
  }

  async #forget(versions: readonly ProvisionalVersion[]): Promise<void> {
    for (const { snapshot } of versions) await snapshot.retire();
    if (versions.length > 0) await this.resolved.table.folder.store.delete(versions.map(({ path }) => path));
  }

  #mergeTarget(after: Snapshot | undefined): Parameters<typeof mergeStatements>[1] {
    const versions = [this.base, after].filter((snapshot) => snapshot !== undefined);
    return {
      label: this.resolved.label,
      root: this.resolved.table.where,
      tracksRows: versions.some(({ protocol }) => hasFeature(protocol, "rowTracking")),
    };
  }
}
