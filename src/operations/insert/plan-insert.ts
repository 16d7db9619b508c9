import { newUuid } from "../../../core/index.js";
import { quoteIdentifier } from "../../../engine/index.js";
import {
  numberedColumns,
  planColumns,
  type RowRules,
  rowRulesFor,
  rowsSelect,
  type SourceColumn,
  sourceSchema,
  type TableState,
} from "../../../table-format/index.js";
import { evolvedTable, type SchemaEvolution, type WrittenTable } from "./evolve-schema.js";

/** How rows become rows of a table. */
export interface InsertPlan {
  readonly table: WrittenTable;
  readonly rules: RowRules;
  /** A SELECT of the table's columns, every row checked. */
  readonly select: string;
  /** Whether identity columns number the rows. */
  readonly numbers: boolean;
}

/** What comes: a query, and its columns with the names that they have in the table, in the query's order. */
export interface NamedQuery {
  readonly sql: string;
  readonly columns: readonly SourceColumn[];
}

/**
 * Plans how the rows of a query become rows of a table: every number exactly or not at all, columns that the query
 * does not give by the table's rules. Pure but for new ids.
 *
 * @param now milliseconds since the epoch
 * @throws LakeError `invalid-input` naming the column that does not fit.
 */
export function planInsert(
  label: string,
  state: TableState,
  query: NamedQuery,
  evolution: SchemaEvolution,
  now: number,
): InsertPlan {
  const table = evolvedTable(label, state, [query.columns], evolution);
  return plannedRows(table, query, now);
}

/** As {@link planInsert}, for a table whose schema is settled. */
export function plannedRows(table: WrittenTable, { sql, columns }: NamedQuery, now: number): InsertPlan {
  const { schema, metadata, protocol } = table;
  const { configuration } = metadata;
  const given = columns.map(({ name }) => name);
  const rules = rowRulesFor({ schema, configuration, protocol, given, marker: newUuid(), now });
  const source = planColumns(sourceSchema(rules), columns, "strict", { fit: "value" }).columns;
  const names = columns.length === 0 ? "" : `(${given.map(quoteIdentifier).join(", ")})`;
  const select = rowsSelect(rules, { from: `(${sql}\n) AS source${names}`, source });
  return { table, rules, select, numbers: numberedColumns(rules).length > 0 };
}
