import type { Parameters } from "../engine/index.js";
import type { GivenRows } from "./operations/insert/insert-rows.js";
import type { ForApplication } from "./operations/lake-changes.js";
import type { NewTable } from "./operations/table-definition.js";
import type { ApplicationTransaction } from "./operations/table-operation.js";

export type { GivenRows } from "./operations/insert/insert-rows.js";
export type { ApplicationTransaction } from "./operations/table-operation.js";

// What callers of the library say of changes of rows. Conditions, expressions and queries are SQL of the engine.
// In them `?` stands for the parameters in turn: in the order of the members here, and within one from left to
// right.

interface ChangeOptions extends ForApplication {
  /** Values for `?`, `$1` (array) or `$name` (record): bound, never spliced into the text. */
  readonly parameters?: Parameters | undefined;
  readonly signal?: AbortSignal | undefined;
  /** A job that runs twice writes once: what this application has committed, by its version, is skipped. */
  readonly application?: ApplicationTransaction | undefined;
}

/** Expressions by column, or field of a struct (`address.city`); `DEFAULT` is the column's default. */
export type NewValues = Readonly<Record<string, string>>;

export interface TableDeleteOptions extends ChangeOptions {
  /** What the condition calls the table; default its name. */
  readonly alias?: string | undefined;
  /** Rows for which it is TRUE go. Default every row. */
  readonly where?: string | undefined;
}

export interface TableUpdateOptions extends ChangeOptions {
  /** What expressions call the table; default its name. */
  readonly alias?: string | undefined;
  readonly set: NewValues;
  /** Rows for which it is TRUE are updated. Default every row. */
  readonly where?: string | undefined;
}

interface InsertedOptions {
  /** `append` (default), or `overwrite`: the rows that are there go. */
  readonly mode?: "append" | "overwrite" | undefined;
  /** A condition: the rows that meet it go, and every new one must meet it. */
  readonly replaceWhere?: string | undefined;
  /**
   * `strict` (default) refuses columns that the table does not have, `merge` adds them, `overwrite` makes the
   * new ones the table's and goes with the mode `overwrite` only.
   */
  readonly schema?: "strict" | "merge" | "overwrite" | undefined;
}

export interface TableInsertOptions extends ChangeOptions, InsertedOptions {
  /** `SELECT ...`, `VALUES ...` over the tables of the lake. */
  readonly query: string;
  /** The columns that the query gives values for, in its order; default all, in the table's order. */
  readonly columns?: readonly string[] | undefined;
  /** Columns are told by the names of the query. */
  readonly byName?: boolean | undefined;
}

/** Rows of a program, by the names of their columns. */
export type TableInsertRowsOptions = InsertedOptions & Omit<ChangeOptions, "parameters"> & GivenRows;

export interface TableMergeOptions extends ChangeOptions {
  /** A query in parentheses, or a table as in a FROM clause: `updates`, `updates VERSION AS OF 3`. */
  readonly source: string;
  /** What expressions call the source; default its name, where it has one. */
  readonly sourceAlias?: string | undefined;
  /** What expressions call the table; default its name. */
  readonly alias?: string | undefined;
  /** Which row of the source is which row of the table. */
  readonly on: string;
  /** For a row of the table with one of the source: the first whose `if` is TRUE. */
  readonly whenMatched?: readonly (MergeUpdateClause<"all" | NewValues> | MergeDeleteClause)[] | undefined;
  /** For a row of the source with none of the table. */
  readonly whenNotMatched?: readonly MergeInsertClause[] | undefined;
  /** For a row of the table with none of the source. */
  readonly whenNotMatchedBySource?: readonly (MergeUpdateClause<NewValues> | MergeDeleteClause)[] | undefined;
  /** `merge`: new columns of the source that clauses mention join the table. Default `strict`. */
  readonly schema?: "strict" | "merge" | undefined;
}

export interface MergeUpdateClause<Values> {
  readonly if?: string | undefined;
  /** `all`: every column of the source, by its name. */
  readonly update: Values;
}

export interface MergeDeleteClause {
  readonly if?: string | undefined;
  readonly delete: true;
}

export interface MergeInsertClause {
  readonly if?: string | undefined;
  /** `all`: every column of the source, by its name. */
  readonly insert: "all" | NewValues;
}

/** A table whose columns are those of a query. */
export interface NewTableAs extends Omit<NewTable, "columns" | "constraints"> {
  /** `SELECT ...` over the tables of the lake. */
  readonly as: string;
}

export interface NewTableAsOptions extends ChangeOptions {
  /** Leaves a table that exists as it is; default it is an error. */
  readonly ifNotExists?: boolean | undefined;
  /** Puts the new table in the place of one that exists, whose history stays. */
  readonly orReplace?: boolean | undefined;
}

/** The report of a change, and whether it was skipped because the application had made it before. */
export type Applied<R> = R & {
  /** `undefined` where the change was made. */
  readonly skipped: { readonly committedVersion: bigint } | undefined;
};
