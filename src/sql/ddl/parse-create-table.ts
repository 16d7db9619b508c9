import type { ColumnDefinition, TableDefinition } from "../../../table-format/index.js";
import { beginsQuery } from "../query-start.js";
import type { StatementReader } from "../statement-reader.js";
import { isSymbol, isWord } from "../tokens.js";
import { parseColumnDefinition } from "./parse-column.js";
import { parseProperties } from "./parse-properties.js";
import type { CreateTable, CreateTableAs } from "./table-statement.js";

/** A table by its columns, or by a query. */
export type CreatedTable =
  | ({ readonly kind: "create-table" } & CreateTable)
  | ({ readonly kind: "create-table-as" } & CreateTableAs);

/**
 * What follows `CREATE TABLE`: `[IF NOT EXISTS] t`, the columns and constraints in parentheses or else `AS query`
 * at the end, and between them, in any order, `USING DELTA`, `PARTITIONED BY`, `CLUSTER BY`, `COMMENT`,
 * `TBLPROPERTIES`.
 *
 * @param orReplace whether `OR REPLACE` stood before TABLE
 * @throws LakeError `invalid-input` `sql-syntax` with the place.
 */
export function parseCreateTable(reader: StatementReader, orReplace = false): CreatedTable {
  const ifNotExists = reader.takeWords("if", "not", "exists");
  if (ifNotExists && orReplace) {
    throw reader.problem("OR REPLACE and IF NOT EXISTS exclude each other", reader.peek(-1));
  }
  const table = reader.tableName();
  if (isWord(reader.peek(), "like")) throw noLike(reader);
  if (isSymbol(reader.peek(), "(")) {
    if (orReplace) throw replacesByQuery(reader);
    return { kind: "create-table", table, ifNotExists, definition: parseDefinition(reader) };
  }
  const definition = parseClauses(reader);
  if (!reader.takeWords("as")) throw reader.expected("the columns in parentheses, or AS and a query");
  if (!beginsQuery(reader)) throw reader.expected("a query");
  const query = reader.takeRestText();
  return { kind: "create-table-as", table, ifNotExists, orReplace, definition, query };
}

function parseDefinition(reader: StatementReader): TableDefinition {
  const columns: ColumnDefinition[] = [];
  const constraints = new Map<string, string>();
  reader.list(() => {
    if (!isWord(reader.peek(), "constraint", "check")) columns.push(parseColumnDefinition(reader));
    else takeConstraint(reader, constraints);
  });
  const clauses = parseClauses(reader);
  if (isWord(reader.peek(), "as")) throw columnsOfQuery(reader);
  if (columns.length === 0) throw reader.problem("a table needs at least one column");
  return { columns, ...clauses, constraints: Object.fromEntries(constraints) };
}

/** `CONSTRAINT name CHECK (condition)`. */
export function parseConstraint(reader: StatementReader): {
  readonly name: string;
  readonly expression: string;
} {
  reader.expectWords("constraint");
  const name = reader.name("the name of a constraint");
  if (!reader.takeWords("check")) {
    throw reader.problem(
      `Delta has CHECK constraints only, found ${JSON.stringify(reader.peek()?.text ?? "the end")}`,
    );
  }
  return { name, expression: reader.expressionInParentheses() };
}

function takeConstraint(reader: StatementReader, constraints: Map<string, string>): void {
  const at = reader.peek(1);
  const { name, expression } = parseConstraint(reader);
  if ([...constraints.keys()].some((other) => other.toLowerCase() === name.toLowerCase())) {
    throw reader.problem(`the constraint ${name} stands here twice`, at);
  }
  constraints.set(name, expression);
}

type Clauses = Pick<TableDefinition, "partitionBy" | "clusterBy" | "comment" | "properties">;

function parseClauses(reader: StatementReader): Clauses {
  const clauses: { -readonly [Name in keyof Clauses]: Clauses[Name] } = {};
  const once = (clause: keyof Clauses): void => {
    if (clauses[clause] !== undefined) throw reader.problem("a clause stands here twice");
  };
  for (;;) {
    if (reader.takeWords("using")) {
      if (!reader.takeWords("delta")) throw reader.expected("DELTA, the one format there is");
    } else if (reader.takeWords("partitioned", "by")) {
      once("partitionBy");
      clauses.partitionBy = reader.list(() => reader.columnName());
    } else if (reader.takeWords("cluster", "by")) {
      once("clusterBy");
      clauses.clusterBy = reader.list(() => reader.columnPath());
    } else if (reader.takeWords("comment")) {
      once("comment");
      clauses.comment = reader.string("a comment in quotes");
    } else if (reader.takeWords("tblproperties")) {
      once("properties");
      clauses.properties = parseProperties(reader);
    } else if (isWord(reader.peek(), "location")) {
      throw reader.problem(
        "a table's folder is not chosen by LOCATION",
        reader.peek(),
        "Write CREATE TABLE delta.`PATH` (...) for a table at a path of its own.",
      );
    } else return clauses;
  }
}

function columnsOfQuery(reader: StatementReader): ReturnType<StatementReader["problem"]> {
  return reader.problem(
    "the columns of CREATE TABLE ... AS are those of its query, and not listed",
    reader.peek(),
    "Name and cast them in the query: AS SELECT CAST(a AS BIGINT) AS id.",
  );
}

function replacesByQuery(reader: StatementReader): ReturnType<StatementReader["problem"]> {
  return reader.problem(
    "CREATE OR REPLACE TABLE takes a query, not columns",
    reader.peek(),
    "Write CREATE OR REPLACE TABLE t AS SELECT ....",
  );
}

function noLike(reader: StatementReader): ReturnType<StatementReader["problem"]> {
  return reader.problem(
    "CREATE TABLE takes columns or AS query, not LIKE",
    reader.peek(),
    "Write CREATE TABLE t AS SELECT * FROM u WHERE false.",
  );
}
