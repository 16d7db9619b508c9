import { LakeError } from "../../core/index.js";
import type { QueryPlanner } from "./query-planner.js";
import type { Statement } from "./statements.js";
import type { TableStatements } from "./table-statements.js";
import { syntaxError } from "./tokens.js";

/** Where statements run: on the lake, each by itself, or in a transaction that is open. */
export interface StatementScope {
  readonly planner: QueryPlanner;
  readonly tables: TableStatements;
}

/** An open transaction. */
export interface SqlTransaction extends StatementScope {
  /** @throws LakeError `conflict` when other writers changed what it stands on: then nothing is committed. */
  commit(signal: AbortSignal | undefined): Promise<readonly TableVersion[]>;
  /** Ends it without a trace. */
  rollback(): Promise<void>;
}

/** A table that a transaction changed, and the version that it made. */
export interface TableVersion {
  readonly table: string;
  readonly version: bigint;
}

/**
 * Checks that transactions of a script begin and end, and that what is in them can be. Pure; nothing has run yet.
 *
 * @throws LakeError `invalid-input` `sql-transaction` with the place.
 */
export function checkTransactions(script: string, statements: readonly Statement[]): void {
  let begun: Statement | undefined;
  for (const statement of statements) {
    switch (statement.kind) {
      case "begin":
        if (begun !== undefined) throw misplaced(script, statement, "BEGIN stands inside a transaction");
        begun = statement;
        break;
      case "commit":
      case "rollback":
        if (begun === undefined) {
          const word = statement.kind.toUpperCase();
          throw misplaced(script, statement, `${word} stands outside of a transaction`);
        }
        begun = undefined;
        break;
      default:
        if (begun !== undefined) checkInside(statement, (problem) => misplaced(script, statement, problem));
    }
  }
  if (begun !== undefined) {
    throw misplaced(script, begun, "the transaction has no COMMIT and no ROLLBACK: nothing was run");
  }
}

const NOT_UNDONE =
  "is not part of a transaction: names are the catalog's, where it would take effect at once";

/** Why statements cannot be part of a transaction. */
const OUTSIDE: Readonly<Partial<Record<Statement["kind"], string>>> = {
  "create-view": `CREATE VIEW ${NOT_UNDONE}`,
  "drop-view": `DROP VIEW ${NOT_UNDONE}`,
  "drop-table": `DROP TABLE ${NOT_UNDONE}`,
  "rename-table": `ALTER TABLE ... RENAME TO ${NOT_UNDONE}`,
  "describe-detail": "DESCRIBE DETAIL is not part of a transaction: it tells what is committed",
};

/** @throws what `refused` makes of the reason why a statement cannot be part of a transaction. */
export function checkInside(statement: Statement, refused: (problem: string) => LakeError): void {
  const problem = OUTSIDE[statement.kind];
  if (problem !== undefined) throw refused(problem);
}

/** The error of a statement that begins or ends a transaction, or cannot be in one, where it stands alone. */
export function transactionProblem(problem: string): LakeError {
  return new LakeError("invalid-input", "sql-transaction", problem, {
    hint: "Put BEGIN, the statements and COMMIT into one script, or use lake.transaction(async (tx) => { ... }).",
  });
}

function misplaced(script: string, { slice }: Statement, problem: string): LakeError {
  const { message, context } = syntaxError(script, slice.offset, problem);
  return new LakeError("invalid-input", "sql-transaction", message, { context });
}
