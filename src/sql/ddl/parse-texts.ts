import type { Alteration, DataType, FieldPath } from "../../../table-format/index.js";
import { StatementReader } from "../statement-reader.js";
import { tokenize } from "../tokens.js";
import { parseAlteration } from "./parse-alter-table.js";
import { parseType } from "./parse-type.js";

/** A type as SQL writes it. @throws LakeError `invalid-input` `sql-syntax`. */
export function dataTypeOf(text: string): DataType {
  return readAll(text, parseType);
}

/** A column as SQL writes it: `a`, `a.b`. @throws LakeError `invalid-input` `sql-syntax`. */
export function columnPathOf(text: string): FieldPath {
  return readAll(text, (reader) => reader.columnPath());
}

/** What follows the name of the table in ALTER TABLE. @throws LakeError `invalid-input` `sql-syntax`. */
export function alterationOf(text: string): Alteration {
  return readAll(text, parseAlteration);
}

function readAll<T>(text: string, read: (reader: StatementReader) => T): T {
  const reader = new StatementReader(text, tokenize(text));
  return reader.end(read(reader));
}
