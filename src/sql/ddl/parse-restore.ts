import { takeAsOfValue } from "../as-of-value.js";
import type { StatementReader } from "../statement-reader.js";
import { isWord } from "../tokens.js";
import type { Restore } from "./table-statement.js";

/**
 * What follows `RESTORE`: `[TABLE] t TO VERSION AS OF n`, or `TIMESTAMP AS OF t`; AS OF may be left out.
 *
 * @throws LakeError `invalid-input` `sql-syntax` with the place.
 */
export function parseRestore(reader: StatementReader): Restore {
  reader.takeWords("table");
  const table = reader.tableName();
  reader.expectWords("to");
  if (!isWord(reader.peek(), "version", "timestamp")) throw reader.expected("VERSION or TIMESTAMP");
  const unit = reader.takeWords("version") ? "version" : "timestamp";
  if (unit === "timestamp") reader.takeWords("timestamp");
  reader.takeWords("as", "of");
  const first = reader.peek();
  takeAsOfValue(reader);
  return { table, to: { unit, expression: reader.textSince(first) } };
}
