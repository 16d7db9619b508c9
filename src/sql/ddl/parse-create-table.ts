import type { ColumnDefinition, TableDefinition } from "../../../table-format/index.js";
import type { StatementReader } from "../statement-reader.js";
import { isWord } from "../tokens.js";
import { parseColumnDefinition } from "./parse-column.js";
import { parseProperties } from "./parse-properties.js";
import type { CreateTable } from "./table-statement.js";

/**
 * What follows `CREATE TABLE`: `[IF NOT EXISTS] t (columns and constraints)` and, in any order,
 * `USING DELTA`, `PARTITIONED BY`, `CLUSTER BY`, `COMMENT`, `TBLPROPERTIES`.
 *
 * @throws LakeError `invalid-input` `sql-syntax` with the place.
 */
export function parseCreateTable(reader: StatementReader): CreateTable {
  const ifNotExists = reader.takeWords("if", "not", "exists");
  const table = reader.tableName();
  if (isWord(reader.peek(), "as", "like")) throw noQuery(reader);
  const columns: ColumnDefinition[] = [];
  const constraints = new Map<string, string>();
  reader.list(() => {
    if (!isWord(reader.peek(), "constraint", "check")) columns.push(parseColumnDefinition(reader));
    else takeConstraint(reader, constraints);
  });
  const clauses = parseClauses(reader);
  if (isWord(reader.peek(), "as")) throw noQuery(reader);
  if (columns.length === 0) throw reader.problem("a table needs at least one column");
  return {
    table,
    ifNotExists,
    definition: { columns, ...clauses, constraints: Object.fromEntries(constraints) },
  };
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

function noQuery(reader: StatementReader): ReturnType<StatementReader["problem"]> {
  return reader.problem(
    "CREATE TABLE takes columns, not a query",
    reader.peek(),
    "Rows of files land by ingest, which creates the table.",
  );
}
