import { cancelledError, isLakeError } from "../../../core/index.js";
import type { CommitOutcome, DeltaTable, Metadata, Snapshot } from "../../../table-format/index.js";
import type { Append } from "./append.js";
import { applicationsOf, type Grouping, groupAppends, stagedGroup } from "./append-group.js";

type Committed = Extract<CommitOutcome, { readonly status: "committed" }>;

/** What became of an append. */
export type AppendOutcome =
  | {
      readonly status: "committed";
      readonly committed: Committed;
      /** What the commit left to be done, of which its checksum is a part. */
      readonly maintained: Promise<void>;
    }
  | Extract<CommitOutcome, { readonly status: "conflict" }>
  /** It is certainly not in the log. */
  | { readonly status: "not-tried"; readonly error: unknown };

/** Does what a commit leaves to be done. */
export type Maintain = (committed: Committed, metadata: Metadata) => Promise<void>;

interface WaitingAppend extends Append {
  readonly settle: (outcome: AppendOutcome) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * The appends of this process to one table. The first one is committed at once. Those that come while it is on its way
 * wait, and are then committed together, in one entry of the log: one put for all of them, where each would have had
 * to win the race against all the others. Nobody waits for company.
 */
export class AppendQueue {
  readonly #table: DeltaTable;
  readonly #label: string;
  readonly #maintain: Maintain;
  #waiting: readonly WaitingAppend[] = [];
  #isCommitting = false;
  /** What is being committed, and how to stop it. */
  #flight: { readonly appends: readonly WaitingAppend[]; readonly stop: AbortController } | undefined;
  /** The newest version that came of this queue. */
  #committed = -1n;
  /** The work that the commits leave, one after the other: a checksum follows on from the one before. Never rejected. */
  #maintained: Promise<void> = Promise.resolve();

  /** @param label the table, as a person would name it */
  constructor(table: DeltaTable, label: string, maintain: Maintain) {
    this.#table = table;
    this.#label = label;
    this.#maintain = maintain;
  }

  /**
   * Commits an append, by itself or with others.
   *
   * @param append one that `isBlindAppend`
   * @throws LakeError as `DeltaTable.commit`: a failure of the store, which may leave it open whether the entry is in
   *   the log, is one for all that share the entry.
   */
  commit(append: Append): Promise<AppendOutcome> {
    const { signal } = append;
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        if (signal === undefined) return;
        if (this.#waiting.includes(waiting)) {
          this.#waiting = this.#waiting.filter((each) => each !== waiting);
          waiting.fail(cancelledError(signal));
        } else if (this.#flight?.appends.includes(waiting) === true) {
          this.#flight.stop.abort(signal.reason);
        }
      };
      const ended = (): void => signal?.removeEventListener("abort", onAbort);
      const waiting: WaitingAppend = {
        ...append,
        settle: (outcome) => {
          ended();
          resolve(outcome);
        },
        fail: (error) => {
          ended();
          reject(error);
        },
      };
      if (signal?.aborted) return waiting.fail(cancelledError(signal));
      signal?.addEventListener("abort", onAbort);
      this.#waiting = [...this.#waiting, waiting];
      if (!this.#isCommitting) void this.#commitWaiting();
    });
  }

  async #commitWaiting(): Promise<void> {
    this.#isCommitting = true;
    while (this.#waiting.length > 0) {
      const appends = this.#waiting;
      this.#waiting = [];
      await this.#commitNext(appends);
      this.#flight = undefined;
    }
    this.#isCommitting = false;
  }

  /** Commits the first group of some appends; the others wait on, or are committed each by itself. */
  async #commitNext(appends: readonly WaitingAppend[]): Promise<void> {
    let base: Snapshot;
    let grouping: Grouping<WaitingAppend>;
    try {
      base = await this.#base(appends, this.#takeOff(appends));
      grouping = groupAppends(base, appends);
    } catch (error) {
      if (this.#stopped(appends, error)) return;
      for (const append of appends) append.settle({ status: "not-tried", error });
      return;
    }
    const { together, apart, later } = grouping;
    for (const append of apart) void this.#commitAlone(append);
    this.#waitOn(later);
    if (together.length > 0) await this.#commitTogether(base, together);
  }

  /** From now on these are what is being committed. @returns a signal that fires when one of them is stopped */
  #takeOff(appends: readonly WaitingAppend[]): AbortSignal {
    const stop = new AbortController();
    this.#flight = { appends, stop };
    const stopped = appends.find(isStopped);
    if (stopped !== undefined) stop.abort(stopped.signal?.reason);
    return stop.signal;
  }

  /**
   * The version to commit on: the newest that one of the appends has read. Where this queue has committed since, a put
   * would surely be lost, so the table is looked at again.
   */
  async #base(appends: readonly WaitingAppend[], signal: AbortSignal): Promise<Snapshot> {
    const [first, ...others] = appends.map(({ read }) => read);
    if (first === undefined) throw new RangeError("a group of no appends");
    const newest = others.reduce((best, read) => (read.version > best.version ? read : best), first);
    return newest.version < this.#committed ? this.#table.snapshot(undefined, signal) : newest;
  }

  async #commitTogether(base: Snapshot, appends: readonly WaitingAppend[]): Promise<void> {
    let outcome: CommitOutcome;
    const signal = this.#takeOff(appends);
    try {
      const staged = stagedGroup(appends, { label: this.#label, root: this.#table.where });
      outcome = await this.#table.commit(base, staged, signal);
    } catch (error) {
      if (!this.#stopped(appends, error)) for (const append of appends) append.fail(error);
      return;
    }
    if (outcome.status === "committed") {
      this.#landed(outcome, base.metadata, appends);
    } else if (outcome.conflict.reason === "duplicate-application-commit" && appends.length > 1) {
      // That an application has committed is in nobody else's way.
      const isOfApplication = (append: Append): boolean => applicationsOf(append).length > 0;
      for (const append of appends.filter(isOfApplication)) void this.#commitAlone(append);
      this.#waitOn(appends.filter((append) => !isOfApplication(append)));
    } else {
      // Everything else that an append can lose to was done to the table, and all lose to it.
      for (const append of appends) append.settle(outcome);
    }
  }

  async #commitAlone(append: WaitingAppend): Promise<void> {
    const { read, staged, signal } = append;
    try {
      const outcome = await this.#table.commit(read, staged, signal);
      if (outcome.status === "committed") this.#landed(outcome, read.metadata, [append]);
      else append.settle(outcome);
    } catch (error) {
      append.fail(error);
    }
  }

  /** The next group need not wait for what this commit leaves to be done; who made it does. */
  #landed(committed: Committed, metadata: Metadata, appends: readonly WaitingAppend[]): void {
    this.#committed = committed.version;
    const maintained = this.#maintained.then(() => this.#maintain(committed, metadata));
    // Whoever waits for it is told of a failure.
    this.#maintained = maintained.catch(() => undefined);
    for (const append of appends) append.settle({ status: "committed", committed, maintained });
  }

  /** Where some appends were stopped before there was an entry, only these fail; `false` for any other error. */
  #stopped(appends: readonly WaitingAppend[], error: unknown): boolean {
    const stopped = appends.filter(isStopped);
    if (!isLakeError(error, "cancelled") || stopped.length === 0) return false;
    for (const append of stopped) append.fail(error);
    this.#waitOn(appends.filter((append) => !stopped.includes(append)));
    return true;
  }

  /** Appends that came before all that wait now. */
  #waitOn(appends: readonly WaitingAppend[]): void {
    this.#waiting = [...appends.filter((append) => !isStopped(append)), ...this.#waiting];
    for (const append of appends) {
      if (append.signal?.aborted) append.fail(cancelledError(append.signal));
    }
  }
}

function isStopped({ signal }: Append): boolean {
  return signal?.aborted === true;
}
