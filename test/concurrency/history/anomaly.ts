/** What a history must not have. */
export type AnomalyKind =
  /** A transaction that was done is not in the log, or a change of it is gone. */
  | "lost"
  /** A transaction, a row or a file is there twice. */
  | "duplicated"
  /** A version is not whole: an entry, a file or part of what an operation does is missing. */
  | "torn"
  /** A commit of nobody, or of a transaction that failed. */
  | "foreign"
  /** No serial order has the commit: it does not follow from any rows that it may have read. */
  | "order"
  /** A transaction stood on a version older than the newest when it began. */
  | "stale"
  /** A commit came after a change of the table's metadata that it had not seen. */
  | "metadata"
  /** A transaction failed for a reason that is neither the store nor another writer. */
  | "failure";

export interface Anomaly {
  readonly kind: AnomalyKind;
  readonly message: string;
}

/** What the checker found out about a history. */
export interface CheckReport {
  readonly versions: number;
  readonly transactions: number;
  /** Of the transactions: what became of them, `killed` those whose process died in them. */
  readonly committed: number;
  readonly nothing: number;
  readonly failed: number;
  readonly unknown: number;
  readonly unknownInLog: number;
  readonly killed: number;
  readonly killedInLog: number;
  /** Commits by the kind of their operation. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Commits that stand elsewhere in the serial order than in the log. */
  readonly reordered: number;
  /** Of each version: its rows, the sums of their ids and of their values. */
  readonly totals: readonly (readonly [number, number, number])[];
  /** Replayed one by one in the serial order, the operations come to the rows of the last version. */
  readonly replayed: boolean;
  readonly anomalies: readonly Anomaly[];
}
