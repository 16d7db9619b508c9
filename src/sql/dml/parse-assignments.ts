import type { FieldPath } from "../../../table-format/index.js";
import type { QualifiedName, StatementReader, TableName } from "../statement-reader.js";
import { isSymbol, isWord, type Token } from "../tokens.js";
import type { Assignment } from "./row-statements.js";

/** The table that a statement changes, and what its expressions call it. */
export interface ChangedTable {
  readonly table: TableName;
  readonly alias: string | undefined;
}

/** `t [[AS] alias]`; `next` are the words that may follow, and so are no alias without an AS. */
export function parseChangedTable(reader: StatementReader, ...next: readonly string[]): ChangedTable {
  return { table: reader.tableName(), alias: parseAlias(reader, next) };
}

/** `[AS] name`; `undefined` where there is none. */
export function parseAlias(reader: StatementReader, next: readonly string[]): string | undefined {
  if (reader.takeWords("as")) return reader.name("an alias");
  return reader.isName() && !isWord(reader.peek(), ...next) ? reader.name("an alias") : undefined;
}

/**
 * `column = expression | DEFAULT, ...`, where the column may be qualified by the table.
 *
 * @param isEnd where the last expression ends, beside the end of the statement
 */
export function parseAssignments(
  reader: StatementReader,
  changed: ChangedTable,
  isEnd: (token: Token) => boolean,
): Assignment[] {
  return reader.items(() => {
    const column = parseTarget(reader, changed);
    reader.expectSymbol("=");
    return { column, value: parseValue(reader, isEnd) };
  });
}

/** A column of the table that is changed, without the name or the alias of the table before it. */
export function parseTarget(reader: StatementReader, changed: ChangedTable): FieldPath {
  const path = reader.columnPath();
  const qualified = qualifiers(changed).find((names) => startsWith(path, names));
  return path.slice(qualified?.length ?? 0);
}

/** An expression, or DEFAULT as `undefined`. */
export function parseValue(reader: StatementReader, isEnd: (token: Token) => boolean): string | undefined {
  const after = reader.peek(1);
  const isLast = after === undefined || isSymbol(after, ",") || isSymbol(after, ")") || isEnd(after);
  if (isLast && reader.takeWords("default")) return undefined;
  return reader.expression((token) => isSymbol(token, ",") || isEnd(token));
}

/** What may stand before a column of the table: its alias, which hides its name. */
function qualifiers({ table, alias }: ChangedTable): readonly (readonly string[])[] {
  if (alias !== undefined) return [[alias]];
  return table.kind === "path" ? [] : namesOf(table);
}

function namesOf({ namespace, name }: QualifiedName): readonly (readonly string[])[] {
  return namespace === undefined ? [[name]] : [[namespace, name], [name]];
}

/** Whether a path begins with these names, and has more. */
function startsWith(path: readonly string[], names: readonly string[]): boolean {
  return (
    path.length > names.length &&
    names.every((name, index) => path[index]?.toLowerCase() === name.toLowerCase())
  );
}
