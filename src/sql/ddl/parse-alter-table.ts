import type { Alteration, ColumnChange } from "../../../table-format/index.js";
import type { StatementReader } from "../statement-reader.js";
import { isSymbol } from "../tokens.js";
import { parseAddedColumn, parsePosition } from "./parse-column.js";
import { parseConstraint } from "./parse-create-table.js";
import { parseProperties, parsePropertyNames } from "./parse-properties.js";
import { parseType } from "./parse-type.js";

/** One change of a table. @throws LakeError `invalid-input` `sql-syntax` with the place. */
export function parseAlteration(reader: StatementReader): Alteration {
  if (reader.takeWords("set", "tblproperties")) {
    return { kind: "set-properties", properties: parseProperties(reader) };
  }
  if (reader.takeWords("unset", "tblproperties")) {
    const ifExists = reader.takeWords("if", "exists");
    return { kind: "unset-properties", names: parsePropertyNames(reader), ifExists };
  }
  if (reader.takeWords("cluster", "by")) {
    const columns = reader.takeWords("none") ? [] : reader.list(() => reader.columnPath());
    return { kind: "cluster-by", columns };
  }
  if (reader.takeWords("rename")) {
    reader.expectWords("column");
    const column = reader.columnPath();
    reader.expectWords("to");
    return { kind: "rename-column", column, to: reader.columnName("the new name of the column") };
  }
  if (reader.takeWords("add")) return parseAdd(reader);
  if (reader.takeWords("drop")) return parseDrop(reader);
  if (reader.takeWords("alter") || reader.takeWords("change")) {
    reader.takeWords("column");
    return { kind: "change-column", column: reader.columnPath(), change: parseChange(reader) };
  }
  throw reader.expected(
    "SET TBLPROPERTIES, UNSET TBLPROPERTIES, ADD, DROP, RENAME COLUMN, ALTER COLUMN or CLUSTER BY",
  );
}

function parseAdd(reader: StatementReader): Alteration {
  if (reader.takeWords("columns") || reader.takeWords("column")) {
    const columns = isSymbol(reader.peek(), "(")
      ? reader.list(() => parseAddedColumn(reader))
      : reader.items(() => parseAddedColumn(reader));
    return { kind: "add-columns", columns };
  }
  if (reader.peek()?.text.toLowerCase() === "constraint") {
    return { kind: "add-constraint", ...parseConstraint(reader) };
  }
  throw reader.expected("COLUMN, COLUMNS or CONSTRAINT");
}

function parseDrop(reader: StatementReader): Alteration {
  if (reader.takeWords("columns") || reader.takeWords("column")) {
    const ifExists = reader.takeWords("if", "exists");
    const columns = isSymbol(reader.peek(), "(")
      ? reader.list(() => reader.columnPath())
      : reader.items(() => reader.columnPath());
    return { kind: "drop-columns", columns, ifExists };
  }
  if (reader.takeWords("constraint")) {
    const ifExists = reader.takeWords("if", "exists");
    return { kind: "drop-constraint", name: reader.name("the name of a constraint"), ifExists };
  }
  if (reader.takeWords("feature")) {
    return { kind: "drop-feature", feature: parseFeature(reader) };
  }
  throw reader.expected("COLUMN, COLUMNS, CONSTRAINT or FEATURE");
}

/** Names of features may hold dots, and dashes, which only quotes keep together. */
function parseFeature(reader: StatementReader): string {
  const what = "the name of a feature";
  if (reader.peek()?.kind === "string") return reader.string(what);
  let name = reader.name(what);
  while (reader.takeSymbol(".")) name += `.${reader.name(what)}`;
  return name;
}

function parseChange(reader: StatementReader): ColumnChange {
  if (reader.takeWords("type") || reader.takeWords("set", "data", "type")) {
    return { kind: "type", type: parseType(reader) };
  }
  if (reader.takeWords("set", "not", "null")) return { kind: "nullable", nullable: false };
  if (reader.takeWords("drop", "not", "null")) return { kind: "nullable", nullable: true };
  if (reader.takeWords("set", "default")) {
    return { kind: "default", expression: reader.expression(() => false) };
  }
  if (reader.takeWords("drop", "default")) return { kind: "default", expression: undefined };
  if (reader.takeWords("comment")) return { kind: "comment", comment: reader.string("a comment in quotes") };
  const position = parsePosition(reader);
  if (position !== undefined) return { kind: "position", position };
  throw reader.expected(
    "TYPE, SET NOT NULL, DROP NOT NULL, SET DEFAULT, DROP DEFAULT, COMMENT, FIRST or AFTER",
  );
}
