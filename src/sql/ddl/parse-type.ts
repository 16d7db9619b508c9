import type { LakeError } from "../../../core/index.js";
import { type DataType, newField, type StructField } from "../../../table-format/index.js";
import type { StatementReader } from "../statement-reader.js";
import { isSymbol } from "../tokens.js";

// Spark SQL's names, and those of DuckDB that mean the same. TIMESTAMP is an instant, as in Spark.
const SIMPLE: Readonly<Record<string, Exclude<DataType["type"], "decimal" | "struct" | "array" | "map">>> = {
  boolean: "boolean",
  bool: "boolean",
  tinyint: "byte",
  byte: "byte",
  int1: "byte",
  smallint: "short",
  short: "short",
  int2: "short",
  int: "integer",
  integer: "integer",
  int4: "integer",
  bigint: "long",
  long: "long",
  int8: "long",
  float: "float",
  real: "float",
  float4: "float",
  double: "double",
  float8: "double",
  string: "string",
  text: "string",
  varchar: "string",
  binary: "binary",
  blob: "binary",
  bytea: "binary",
  varbinary: "binary",
  date: "date",
  timestamp: "timestamp",
  timestamp_ltz: "timestamp",
  timestamptz: "timestamp",
  timestamp_ntz: "timestamp_ntz",
  datetime: "timestamp_ntz",
  variant: "variant",
};

/** What to write instead of a type that Delta does not have. */
const INSTEAD: Readonly<Record<string, string>> = {
  char: "Delta keeps text of any length: write STRING, and a CHECK constraint for its length.",
  bpchar: "Delta keeps text of any length: write STRING, and a CHECK constraint for its length.",
  utinyint: "Write SMALLINT, which holds all its values.",
  usmallint: "Write INT, which holds all its values.",
  uinteger: "Write BIGINT, which holds all its values.",
  ubigint: "Write DECIMAL(20,0), which holds all its values.",
  hugeint: "Write DECIMAL(38,0).",
  uuid: "Write STRING.",
  json: "Write STRING.",
  time: "Write STRING.",
};

/**
 * A type: Spark SQL's (`STRUCT<a: INT, b: ARRAY<STRING>>`, `MAP<STRING, INT>`) or DuckDB's
 * (`STRUCT(a INT)`, `INT[]`, `MAP(VARCHAR, INT)`).
 *
 * @throws LakeError `invalid-input` `sql-syntax` for what is no type that Delta has.
 */
export function parseType(reader: StatementReader): DataType {
  let type = parseItem(reader);
  while (reader.takeSymbol("[")) {
    reader.expectSymbol("]");
    type = { type: "array", elementType: type, containsNull: true };
  }
  return type;
}

function parseItem(reader: StatementReader): DataType {
  const token = reader.peek();
  if (token?.kind !== "word") throw reader.expected("a type");
  const name = token.text.toLowerCase();
  switch (name) {
    case "struct":
      return inBrackets(reader, () => ({ type: "struct", fields: reader.items(() => parseField(reader)) }));
    case "array":
      return inBrackets(reader, () => ({
        type: "array",
        elementType: parseType(reader),
        containsNull: true,
      }));
    case "map":
      return inBrackets(reader, () => {
        const keyType = parseType(reader);
        reader.expectSymbol(",");
        return { type: "map", keyType, valueType: parseType(reader), valueContainsNull: true };
      });
    case "decimal":
    case "dec":
    case "numeric":
      return parseDecimal(reader);
    default:
      return parseSimple(reader, name);
  }
}

function parseSimple(reader: StatementReader, name: string): DataType {
  const token = reader.peek();
  const type = Object.hasOwn(SIMPLE, name) ? SIMPLE[name] : undefined;
  if (type === undefined) {
    throw reader.problem(`Delta has no type ${token?.text ?? ""}`, token, INSTEAD[name]);
  }
  reader.take();
  if (isSymbol(reader.peek(), "(")) {
    throw reader.problem(
      `the type ${token?.text ?? ""} takes no length`,
      reader.peek(),
      type === "string" ? INSTEAD["char"] : undefined,
    );
  }
  if (name === "double") reader.takeWords("precision");
  if (name === "timestamp" && reader.takeWords("without", "time", "zone")) return { type: "timestamp_ntz" };
  if (name === "timestamp") reader.takeWords("with", "time", "zone");
  return { type };
}

function parseDecimal(reader: StatementReader): DataType {
  reader.take();
  const open = reader.peek();
  if (!isSymbol(open, "(")) return { type: "decimal", precision: 10, scale: 0 };
  const [precision = 0, scale = 0, ...more] = reader.list(() => digits(reader));
  if (precision < 1 || precision > 38 || scale > precision || more.length > 0) {
    throw reader.problem(
      "a DECIMAL has 1 to 38 digits, and no more of them after the point than there are",
      open,
    );
  }
  return { type: "decimal", precision, scale };
}

function digits(reader: StatementReader): number {
  const token = reader.peek();
  if (token?.kind !== "number" || !/^\d{1,4}$/.test(token.text)) throw reader.expected("a number of digits");
  reader.take();
  return Number(token.text);
}

/** `name: type` or `name type`, with NOT NULL and COMMENT. */
function parseField(reader: StatementReader): StructField {
  const name = reader.columnName("the name of a field");
  reader.takeSymbol(":");
  const field = newField(name, parseType(reader));
  const nullable = !reader.takeWords("not", "null");
  if (!reader.takeWords("comment")) return { ...field, nullable };
  return { ...field, nullable, metadata: { comment: reader.string("a comment in quotes") } };
}

/** What stands in `<...>` or `(...)` after the next word. */
function inBrackets(reader: StatementReader, content: () => DataType): DataType {
  reader.take();
  const close = reader.takeSymbol("<") ? ">" : reader.takeSymbol("(") ? ")" : undefined;
  if (close === undefined) throw reader.expected('"<"');
  const type = content();
  reader.expectSymbol(close);
  return type;
}

/** A whole number, with or without a sign. */
export function parseInteger(reader: StatementReader, what: string): bigint {
  const negative = reader.takeSymbol("-");
  if (!negative) reader.takeSymbol("+");
  const token = reader.peek();
  if (token?.kind !== "number" || !/^\d+$/.test(token.text)) throw reader.expected(what);
  reader.take();
  const value = negative ? -BigInt(token.text) : BigInt(token.text);
  if (BigInt.asIntN(64, value) !== value) throw tooLarge(reader, what);
  return value;
}

function tooLarge(reader: StatementReader, what: string): LakeError {
  return reader.problem(`${what} has at most 64 bits`);
}
