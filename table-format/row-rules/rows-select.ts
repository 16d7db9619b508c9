import { LakeError } from "../../core/index.js";
import { quoteIdentifier } from "../../engine/index.js";
import { engineType, type StructType } from "../schema/index.js";
import { type IdentityColumn, identitySql } from "./identity.js";
import type { ColumnRule, RowRules } from "./row-rules.js";
import { checkedSelect, exhaustedIdentitySql } from "./violation.js";

/** The columns that the rows bring, which is what `planColumns` fits a source to. */
export function sourceSchema(rules: RowRules): StructType {
  return {
    type: "struct",
    fields: rules.columns.flatMap((column) => (column.kind === "source" ? [column.field] : [])),
  };
}

/** The identity columns that the write makes values for. */
export function numberedColumns(rules: RowRules): readonly IdentityColumn[] {
  return rules.columns.flatMap((column) => (column.kind === "identity" ? [column.identity] : []));
}

export interface RowsSelect {
  /** A relation in the FROM clause: a table's name, or a SELECT in parentheses with an alias. */
  readonly from: string;
  /** For each column of {@link sourceSchema}: its name, and SQL over `from`, of the type of `engineType`. */
  readonly source: readonly { readonly name: string; readonly sql: string }[];
  /** Columns that follow those of the table: their names, which the table does not have, and SQL over `from`. */
  readonly carried?: readonly { readonly name: string; readonly sql: string }[] | undefined;
  /** Rows that the same commit has written before, which identity columns go on from; default none. */
  readonly rowsBefore?: bigint | undefined;
}

/**
 * The SELECT that makes the rows to be written: the table's columns in their order, by their logical names,
 * every row checked. What it throws when it runs goes through `violationOf`.
 *
 * @throws LakeError `invalid-input` `identity-exhausted` when an identity column has no value left.
 */
export function rowsSelect(rules: RowRules, rows: RowsSelect): string {
  const made = rules.columns.filter(isMade);
  const { carried = [] } = rows;
  const inner = [
    ...rules.columns
      .filter((column) => !isMade(column))
      .map((column) => `${givenSql(column, rows)} AS ${quoteIdentifier(column.field.name)}`),
    ...carried.map(({ name, sql }) => `${sql} AS ${quoteIdentifier(name)}`),
  ];
  // A row of nothing but made columns still needs a row to be made for.
  const given = `SELECT ${inner.length === 0 ? "1" : inner.join(", ")} FROM ${rows.from}`;
  const all =
    made.length === 0
      ? given
      : `SELECT ${[...rules.columns.map((column) => outerSql(column, rules, rows)), ...carried.map(({ name }) => quoteIdentifier(name))].join(", ")} FROM (${given}) AS given`;
  return checkedSelect(all, rules.constraints, rules.marker);
}

/** Whether a column is made from the others of its row, or from the row's place. */
function isMade(column: ColumnRule): boolean {
  return column.kind === "generated" || column.kind === "identity";
}

function givenSql(column: ColumnRule, { source }: RowsSelect): string {
  switch (column.kind) {
    case "source": {
      const found = source.find(({ name }) => name === column.field.name);
      if (found !== undefined) return found.sql;
      throw new LakeError("internal", "row-rules", `no expression for column ${column.field.name}`);
    }
    case "default":
      return column.sql;
    default:
      return `CAST(NULL AS ${engineType(column.field.type)})`;
  }
}

function outerSql(column: ColumnRule, { marker }: RowRules, { rowsBefore = 0n }: RowsSelect): string {
  const name = quoteIdentifier(column.field.name);
  switch (column.kind) {
    case "generated":
      return `${generatedValue(column)} AS ${name}`;
    case "identity":
      return `${identitySql(column.identity, rowsBefore, exhaustedIdentitySql(marker, column.field.name))} AS ${name}`;
    default:
      return name;
  }
}

function generatedValue({ sql, field }: ColumnRule & { readonly kind: "generated" }): string {
  return `CAST(${sql} AS ${engineType(field.type)})`;
}
