import { LakeError, stringifyJson } from "../../core/index.js";
import { deletionVectorId } from "../deletion-vector/index.js";
import type { AddFile } from "../log/actions.js";
import { canonicalDataPath } from "../log/data-path.js";
import { ROW_TRACKING_DOMAIN } from "./row-ids.js";
import { type LiveFile, READS_EVERYTHING, type StagedCommit, type TableRead } from "./staged-commit.js";
import type { SharedCommit } from "./staged-file.js";

/** One statement of a transaction on a table: what it staged, on the version that the ones before it made. */
export interface StagedStatement {
  readonly staged: StagedCommit;
  /** The live files that it replaced there. */
  readonly removes: readonly LiveFile[];
}

/** What of the table decides how statements are merged. */
export interface MergeTarget {
  readonly label: string;
  /** The table's folder as a URI. */
  readonly root: string;
  readonly tracksRows: boolean;
}

/**
 * The one commit that does what several statements did one after the other. A file that one wrote and a later
 * one replaced is in neither; a file that got two deletion vectors gets the second. Pure.
 *
 * What each statement read counts against other writers, as if it had read the version that the transaction
 * stands on; where the transaction changes the schema its predicates cannot be told from that version, and it
 * has read everything. A statement that replaces whatever is there replaces what was there when it ran.
 *
 * @throws LakeError `unsupported` where one commit cannot say what the statements did.
 */
export function mergeStatements(statements: readonly StagedStatement[], target: MergeTarget): SharedCommit {
  const files = new NetFiles(target);
  for (const statement of statements) files.apply(statement);
  const all = statements.map(({ staged }) => staged);
  const first = all[0];
  if (first === undefined)
    throw new LakeError("internal", "no-statement", "a transaction without a statement");
  const last = <T>(of: (staged: StagedCommit) => T | undefined): T | undefined =>
    all.map(of).findLast((value) => value !== undefined);
  const names = all.map(({ operation }) => operation);
  const isOne = all.length === 1;
  const dataChange = all.some((staged) => staged.dataChange !== false);
  const adds = files.adds();
  const removes = files.removes();
  return {
    operation: isOne ? first.operation : "TRANSACTION",
    operationParameters: isOne ? first.operationParameters : { statements: stringifyJson(names) },
    operationMetrics: isOne ? first.operationMetrics : summed(all.map((staged) => staged.operationMetrics)),
    provenance: last(({ provenance }) => provenance),
    protocol: last(({ protocol }) => protocol),
    metadata: last(({ metadata }) => metadata),
    domains: lastOfEach(
      all.flatMap(({ domains = [] }) => domains),
      ({ domain }) => domain,
    ).filter(({ domain }) => domain !== ROW_TRACKING_DOMAIN),
    transactions: lastOfEach(
      all.flatMap(({ transactions = [] }) => transactions),
      ({ appId }) => appId,
    ),
    // Files that were only laid out anew count as changed rows where they share a commit with changes.
    adds: dataChange && !isOne ? adds.map((add) => ({ ...add, dataChange: true })) : adds,
    replaces: removes.length === 0 ? { kind: "none" } : { kind: "files", files: removes },
    changes: all.flatMap(({ changes = [] }) => changes),
    reads: readsOf(all),
    dataChange: dataChange ? undefined : false,
    engineInfo: first.engineInfo,
  };
}

/** The files that a row of statements adds and removes on balance. */
class NetFiles {
  readonly #target: MergeTarget;
  readonly #adds = new Map<string, AddFile>();
  readonly #removes = new Map<string, LiveFile>();
  /** Those that were removed and came back: they were there before. */
  readonly #restored = new Map<string, LiveFile>();
  /** Canonical paths of the files that have no row ids yet. */
  readonly #born = new Set<string>();

  constructor(target: MergeTarget) {
    this.#target = target;
  }

  apply({ staged, removes }: StagedStatement): void {
    for (const file of removes) {
      const key = this.#key(file);
      if (this.#target.tracksRows && this.#born.has(this.#path(file))) throw ownRows(this.#target.label);
      const wasThere = !this.#adds.delete(key) || this.#restored.has(key);
      if (wasThere) this.#removes.set(key, this.#restored.get(key) ?? file);
    }
    for (const add of staged.adds) {
      const key = this.#key(add);
      if (add.baseRowId === undefined) this.#born.add(this.#path(add));
      const removed = this.#removes.get(key);
      if (removed !== undefined) this.#restored.set(key, removed);
      this.#removes.delete(key);
      this.#adds.set(key, add);
    }
  }

  adds(): AddFile[] {
    return [...this.#adds.values()];
  }

  removes(): LiveFile[] {
    return [...this.#removes.values()];
  }

  #path({ path }: Pick<LiveFile, "path">): string {
    return canonicalDataPath(path, this.#target.root);
  }

  /** PROTOCOL.md, "Action Reconciliation": a file is known by its path and its deletion vector. */
  #key(file: Pick<LiveFile, "path" | "deletionVector">): string {
    const vector = file.deletionVector === undefined ? "" : deletionVectorId(file.deletionVector);
    return `${this.#path(file)}\n${vector}`;
  }
}

function readsOf(all: readonly StagedCommit[]): readonly TableRead[] {
  const replacesAnything = all.some(({ replaces: { kind } }) => kind === "all" || kind === "partitions");
  const reads = all.flatMap((staged) => staged.reads ?? []);
  const isMigrated = all.length > 1 && all.some(({ metadata }) => metadata !== undefined);
  return replacesAnything || (isMigrated && reads.length > 0) ? READS_EVERYTHING : reads;
}

/**
 * The statements whose changes the feed of their common commit would not tell: with one change file it tells changes by
 * these alone (PROTOCOL.md, "Change Data Files"). None where no statement has written any. Pure.
 */
export function untoldStatements(statements: readonly StagedStatement[]): readonly StagedStatement[] {
  const isTold = ({ staged: { changes = [] } }: StagedStatement): boolean => changes.length > 0;
  if (!statements.some(isTold)) return [];
  return statements.filter(
    (statement) =>
      !isTold(statement) &&
      ((statement.staged.dataChange !== false && statement.removes.length > 0) ||
        statement.staged.adds.some(({ dataChange }) => dataChange)),
  );
}

/** Rows of a file that is not committed have no row ids yet, and what is copied from it would keep wrong ones. */
function ownRows(label: string): LakeError {
  return new LakeError(
    "unsupported",
    "transaction-row-ids",
    `${label} tracks its rows: a transaction cannot change rows that it has written itself`,
    { hint: "Change the rows in one statement, or in two transactions." },
  );
}

function lastOfEach<T>(values: readonly T[], keyOf: (value: T) => string): T[] {
  return [...new Map(values.map((value) => [keyOf(value), value])).values()];
}

/** Metrics that count are added up, whatever their names. */
function summed(all: readonly StagedCommit["operationMetrics"][]): Readonly<Record<string, string>> {
  const sums = new Map<string, bigint>();
  for (const metrics of all) {
    for (const [name, text] of Object.entries(metrics)) {
      if (/^\d+$/.test(text)) sums.set(name, (sums.get(name) ?? 0n) + BigInt(text));
    }
  }
  return Object.fromEntries([...sums].map(([name, sum]) => [name, String(sum)]));
}
