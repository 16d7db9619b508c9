import type {
  AddedColumn,
  ColumnDefinition,
  ColumnPosition,
  IdentityDefinition,
} from "../../../table-format/index.js";
import type { StatementReader } from "../statement-reader.js";
import { isSymbol, isWord, type Token } from "../tokens.js";
import { parseInteger, parseType } from "./parse-type.js";

interface ColumnOptions {
  nullable: boolean;
  comment?: string;
  default?: string;
  generatedAs?: string;
  identity?: IdentityDefinition;
}

/** `name type [NOT NULL] [DEFAULT e] [GENERATED ...] [COMMENT '...']`, the options in any order. */
export function parseColumnDefinition(reader: StatementReader): ColumnDefinition {
  const name = reader.columnName();
  const type = parseType(reader);
  const options: ColumnOptions = { nullable: true };
  while (takeOption(reader, options));
  return { name, type, ...options };
}

function takeOption(reader: StatementReader, options: ColumnOptions): boolean {
  const start = reader.peek();
  if (reader.takeWords("not", "null")) {
    options.nullable = false;
    return true;
  }
  if (reader.takeWords("comment")) {
    checkOnce(reader, options.comment, start);
    options.comment = reader.string("a comment in quotes");
    return true;
  }
  if (reader.takeWords("default")) {
    checkOnce(reader, options.default, start);
    options.default = reader.expression((token) => endsDefault(reader, token));
    return true;
  }
  if (!reader.takeWords("generated")) return false;
  checkOnce(reader, options.generatedAs ?? options.identity, start);
  const byDefault = reader.takeWords("by", "default");
  if (!byDefault) reader.expectWords("always");
  reader.expectWords("as");
  if (reader.takeWords("identity")) {
    options.identity = { ...parseIdentity(reader), allowExplicitInsert: byDefault };
    return true;
  }
  if (byDefault) throw reader.expected("IDENTITY");
  options.generatedAs = reader.expressionInParentheses();
  return true;
}

function checkOnce(reader: StatementReader, value: unknown, at: Token | undefined): void {
  if (value !== undefined) throw reader.problem(`${at?.text.toUpperCase() ?? ""} stands here twice`, at);
}

/** `[(START WITH n INCREMENT BY m)]`, in any order; both are 1 when they are not given. */
function parseIdentity(reader: StatementReader): { readonly start: bigint; readonly step: bigint } {
  let [start, step] = [1n, 1n];
  if (!reader.takeSymbol("(")) return { start, step };
  while (!reader.takeSymbol(")")) {
    if (reader.takeWords("start")) {
      reader.takeWords("with");
      start = parseInteger(reader, "a whole number to start with");
    } else if (reader.takeWords("increment")) {
      reader.takeWords("by");
      step = parseInteger(reader, "a whole number to count by");
    } else {
      throw reader.expected("START WITH, INCREMENT BY or a closing parenthesis");
    }
    reader.takeSymbol(",");
  }
  return { start, step };
}

/** A default ends where the next option of the column begins, or the column itself ends. */
function endsDefault(reader: StatementReader, token: Token): boolean {
  if (isSymbol(token, ",") || isWord(token, "comment", "generated", "first", "after")) return true;
  return isWord(token, "not") && isWord(reader.peek(1), "null");
}

/** `path type [COMMENT '...'] [FIRST | AFTER name]`: a column that a table is to get. */
export function parseAddedColumn(reader: StatementReader): AddedColumn {
  const path = reader.columnPath();
  const type = parseType(reader);
  let comment: string | undefined;
  let position: ColumnPosition | undefined;
  for (;;) {
    const at = reader.peek();
    const where = parsePosition(reader);
    if (where !== undefined) position = where;
    else if (reader.takeWords("comment")) comment = reader.string("a comment in quotes");
    else if (isWord(at, "not", "default", "generated")) {
      throw reader.problem(
        `a column that is added has no ${at?.text.toUpperCase()}: the rows that are there have no value for it`,
        at,
        isWord(at, "default")
          ? "Add the column first, then ALTER COLUMN ... SET DEFAULT for the rows to come."
          : undefined,
      );
    } else return { path, type, comment, position };
  }
}

/** `FIRST` or `AFTER name`; `undefined` when neither stands here. */
export function parsePosition(reader: StatementReader): ColumnPosition | undefined {
  if (reader.takeWords("first")) return { kind: "first" };
  return reader.takeWords("after") ? { kind: "after", name: reader.columnName() } : undefined;
}
