import { invalidSource } from "../failure.js";
import { columnNames } from "../inference/column-names.js";
import type { Misfits } from "../opened-source.js";
import { readBytes } from "../source/byte-range.js";
import type { SourceFile } from "../source/source-file.js";
import { type Dialect, sniffDialect, splitRecords } from "./dialect.js";
import { hasHeader } from "./header.js";

/** How a file is cut into records and what its columns are called. */
export interface CsvLayout {
  readonly dialect: Dialect;
  readonly header: boolean;
  readonly names: readonly string[];
  readonly notes: readonly string[];
}

const SNIFFED_BYTES = 256 * 1024;
const SNIFFED_RECORDS = 1000;

/** @throws LakeError `invalid-input` when the start of the file holds no record, unless that is to be rescued. */
export async function sniffLayout(file: SourceFile, misfits: Misfits): Promise<CsvLayout> {
  const head = await readBytes(file.localPath, 0, SNIFFED_BYTES);
  return layoutOf(file, head, file.size <= head.length, misfits);
}

/**
 * The same, given the first bytes of the file.
 *
 * @param complete whether they are all of it
 */
export function layoutOf(file: SourceFile, head: Uint8Array, complete: boolean, misfits: Misfits): CsvLayout {
  const text = new TextDecoder().decode(head);
  const known = file.form?.kind === "csv" ? file.form : undefined;
  const dialect = known?.dialect ?? sniffDialect(text, complete);
  const records = splitRecords(text, dialect, complete, SNIFFED_RECORDS);
  const first = records[0] ?? (misfits === "rescue" ? [""] : undefined);
  if (first === undefined) throw invalidSource(file.uri, "no-records", "the file holds no complete record");
  const header = known === undefined ? hasHeader(records) : known.header !== undefined;
  const spelled = first.map((field, index) => (header ? field.trim() : `column${index + 1}`));
  const { names, notes } = columnNames(spelled);
  const delimiter = { ",": "comma", "\t": "tab", ";": "semicolon", "|": "bar" }[dialect.delimiter];
  const about = `delimiter ${delimiter}, quote ", escape ${dialect.escape}, ${header ? "first line names the columns" : "no header"}, empty fields are NULL`;
  return { dialect, header, names, notes: [about, ...notes] };
}

/** Whether two files are cut alike, and have the same columns. Pure. */
export function sameLayout(a: CsvLayout, b: CsvLayout): boolean {
  return (
    a.dialect.delimiter === b.dialect.delimiter &&
    a.dialect.escape === b.dialect.escape &&
    a.header === b.header &&
    a.names.length === b.names.length &&
    a.names.every((name, index) => name === b.names[index])
  );
}
