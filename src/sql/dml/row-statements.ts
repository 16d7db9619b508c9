import type { FieldPath } from "../../../table-format/index.js";
import type { TableName } from "../statement-reader.js";

// What statements that change rows say. Expressions, conditions and queries are texts of SQL that the engine
// runs; in them every `?` has become `$1`, `$2`, ... by its place in the statement, so that each text can be run
// on its own.

export interface Insert {
  readonly table: TableName;
  /** The columns that the query gives values for, in its order; default all, in the table's order. */
  readonly columns: readonly FieldPath[] | undefined;
  /** Columns are told by the names of the query (`BY NAME`). */
  readonly byName: boolean;
  readonly mode: InsertMode;
  /** `SELECT ...`, `VALUES ...`, `FROM ...`, `TABLE ...`. */
  readonly query: string;
  /** New columns join the table (`WITH SCHEMA EVOLUTION`). */
  readonly evolve: boolean;
}

/** What becomes of the rows that are there. */
export type InsertMode =
  | { readonly kind: "append" }
  /** `INSERT OVERWRITE`: they all go. */
  | { readonly kind: "overwrite" }
  /** `INSERT INTO t REPLACE WHERE condition`: those of the condition go, which all new rows must meet. */
  | { readonly kind: "replace-where"; readonly condition: string };

/** What a column is set to; `undefined`: its default. */
export interface Assignment {
  readonly column: FieldPath;
  readonly value: string | undefined;
}

export interface Update {
  readonly table: TableName;
  /** What expressions call the table; its own name does as well where there is none. */
  readonly alias: string | undefined;
  readonly set: readonly Assignment[];
  readonly where: string | undefined;
}

export interface Delete {
  readonly table: TableName;
  readonly alias: string | undefined;
  readonly where: string | undefined;
}

export interface Merge {
  readonly table: TableName;
  readonly alias: string | undefined;
  /** As in a FROM clause, without its alias: the name of a table (with AS OF, where it has one), or a query in parentheses. */
  readonly source: string;
  readonly sourceAlias: string | undefined;
  readonly on: string;
  /** In their order: of each kind the first whose condition is TRUE applies. */
  readonly clauses: readonly MergeClause[];
  /** New columns of the source that clauses mention join the table (`MERGE WITH SCHEMA EVOLUTION INTO`). */
  readonly evolve: boolean;
}

export type MergeClause =
  /** For a row of the table with a row of the source. */
  | {
      readonly when: "matched";
      readonly condition: string | undefined;
      readonly action: MergeDelete | MergeUpdate;
    }
  /** For a row of the source with none of the table. */
  | {
      readonly when: "not-matched";
      readonly condition: string | undefined;
      readonly action: MergeInsert;
    }
  /** For a row of the table with none of the source. */
  | {
      readonly when: "not-matched-by-source";
      readonly condition: string | undefined;
      readonly action: MergeDelete | MergeUpdate;
    };

export interface MergeDelete {
  readonly kind: "delete";
}

export interface MergeUpdate {
  readonly kind: "update";
  /** `all` (`UPDATE SET *`): every column of the source, by its name. */
  readonly set: readonly Assignment[] | "all";
}

export interface MergeInsert {
  readonly kind: "insert";
  /** `all` (`INSERT *`): every column of the source, by its name. */
  readonly values: readonly Assignment[] | "all";
}
