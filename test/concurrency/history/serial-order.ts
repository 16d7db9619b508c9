import { applied, type Effect, effectOf, effectText, type State } from "./model.js";
import type { Operation } from "./operations.js";

/** A commit of the log: the operation that it says it is, and what it did. */
export interface Change {
  readonly version: number;
  readonly operation: Operation;
  readonly effect: Effect;
}

/** Commits that took part in a search at most; more are given up. */
const MAX_SEARCHED = 24;

/**
 * A serial order of the commits of a log, made as they come: each commit did what its operation does to the
 * rows that all commits before it in the order leave. It is the order of the log wherever that is one.
 * Commits that did not see each other may stand the other way around, unless the order is `strict`.
 */
export class SerialOrder {
  readonly #strict: boolean;
  readonly #versionRows: (version: number) => State;
  readonly #changes: Change[] = [];
  /** The state before each change, and the one after the last. */
  readonly #states: State[];
  /** Commits that do not stand where the log has them. */
  reordered = 0;

  constructor(first: State, strict: boolean, versionRows: (version: number) => State) {
    this.#strict = strict;
    this.#versionRows = versionRows;
    this.#states = [first];
  }

  /** The versions in the order, and the rows that they come to. */
  get versions(): number[] {
    return this.#changes.map(({ version }) => version);
  }

  get rows(): State {
    return this.#states.at(-1) ?? new Map();
  }

  /**
   * Finds the commit its place.
   *
   * @param readVersion what it stood on: commits after it may have to come later in the order
   * @returns whether there is one
   */
  add(change: Change, readVersion: number): boolean {
    if (this.#push(change)) return true;
    if (this.#strict) return false;
    const unseen = this.#changes.findIndex(({ version }) => version > readVersion);
    if (unseen === -1) return false;
    const tail = [...this.#changes.slice(unseen), change];
    const base = this.#states[unseen];
    if (base === undefined || tail.length > MAX_SEARCHED) return false;
    const order = this.#search(tail, base);
    if (order === undefined) return false;
    this.#changes.splice(unseen);
    this.#states.splice(unseen + 1);
    for (const placed of order) this.#push(placed);
    this.reordered++;
    return true;
  }

  /** Goes on from other rows, after a commit that has no place. */
  restart(rows: State): void {
    this.#changes.splice(0);
    this.#states.splice(0, this.#states.length, rows);
  }

  #push(change: Change): boolean {
    const next = this.#after(this.rows, change);
    if (next === undefined) return false;
    this.#changes.push(change);
    this.#states.push(next);
    return true;
  }

  /** The rows after a change; `undefined` when its operation does something else to these rows. */
  #after(state: State, { operation, effect }: Change): State | undefined {
    const expected = effectOf(operation, state, this.#versionRows);
    return effectText(expected) === effectText(effect) ? applied(state, effect) : undefined;
  }

  /** Any order in which every change does what it did. What changes leave does not depend on their order. */
  #search(changes: readonly Change[], base: State): readonly Change[] | undefined {
    const deadEnds = new Set<number>();
    const extend = (done: number, state: State): Change[] | undefined => {
      if (done === 2 ** changes.length - 1) return [];
      if (deadEnds.has(done)) return undefined;
      for (const [index, change] of changes.entries()) {
        if ((done & (1 << index)) !== 0) continue;
        const next = this.#after(state, change);
        const rest = next && extend(done | (1 << index), next);
        if (rest !== undefined) return [change, ...rest];
      }
      deadEnds.add(done);
      return undefined;
    };
    return extend(0, base);
  }
}
