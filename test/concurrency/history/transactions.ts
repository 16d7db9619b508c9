import type { JournalEntry, Outcome } from "./journal.js";
import type { Operation } from "./operations.js";

/** A transaction as its process told it. */
export interface Transaction {
  readonly operation: Operation;
  /** The newest version when it began, and when it ended. */
  readonly newestBefore: number;
  readonly newestAfter: number | undefined;
  /** Ids of the entries that it put, or tried to. */
  readonly txnIds: readonly string[];
  /** `undefined`: its process died. */
  readonly outcome: Outcome | undefined;
}

/** The transactions of all journals, by their numbers. @throws Error when a number was used twice. */
export function transactionsOf(journals: readonly (readonly JournalEntry[])[]): Map<number, Transaction> {
  const transactions = new Map<number, Transaction>();
  for (const entry of journals.flat()) {
    if (entry.at === "begin") {
      const { operation, newest } = entry;
      if (transactions.has(operation.op)) throw new Error(`transaction ${operation.op} began twice`);
      transactions.set(operation.op, {
        operation,
        newestBefore: newest,
        newestAfter: undefined,
        txnIds: [],
        outcome: undefined,
      });
      continue;
    }
    const begun = transactions.get(entry.op);
    if (begun === undefined) throw new Error(`transaction ${entry.op} did not begin`);
    const told =
      entry.at === "put"
        ? { txnIds: [...begun.txnIds, entry.txnId] }
        : { newestAfter: entry.newest, outcome: entry.outcome };
    transactions.set(entry.op, { ...begun, ...told });
  }
  return transactions;
}
