import type { ColumnDefinition, TableDefinition } from "../../table-format/index.js";
import { columnPathOf, dataTypeOf } from "../sql/ddl/parse-texts.js";

/** A column of a new table. `type` is SQL, such as `BIGINT` or `STRUCT<a: INT>`; see docs/alter-table.md. */
export interface NewColumn extends Omit<ColumnDefinition, "type"> {
  readonly type: string;
}

/** A table to create. At least one column. */
export interface NewTable {
  readonly columns: readonly NewColumn[];
  readonly partitionBy?: readonly string[] | undefined;
  /** Columns, or fields of structs (`a.b`). */
  readonly clusterBy?: readonly string[] | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
  readonly comment?: string | undefined;
  /** CHECK constraints: conditions by name. */
  readonly constraints?: Readonly<Record<string, string>> | undefined;
}

/** @throws LakeError `invalid-input` `sql-syntax` for a type or a column that cannot be read. */
export function tableDefinition({ columns, clusterBy, ...table }: NewTable): TableDefinition {
  return {
    ...table,
    columns: columns.map(({ type, ...column }) => ({ ...column, type: dataTypeOf(type) })),
    clusterBy: clusterBy?.map(columnPathOf),
  };
}
