import { isUtf8 } from "node:buffer";
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { LakeError } from "../../core/index.js";
import { invalidSource } from "../failure.js";
import { eachFile } from "../source/file-stamp.js";
import type { SourceFile } from "../source/source-file.js";
import { BARE, CsvCutter, type FieldSpans, type RecordVisitor } from "./csv-cutter.js";
import { BROKEN_CSV } from "./csv-records.js";
import type { CsvLayout } from "./layout.js";

const LINE_FEED = 0x0a;
const QUOTE = 0x22;

/** Bytes that are gathered before they are written. */
const PIECE_BYTES = 1024 * 1024;
/** Three numbers of at most 16 digits, each with a delimiter, and the end of a line. */
const PLACE_BYTES = 64;

/** Fields that follow those of each record: the place of its file among the files, its line, its place in the file; from 1. */
export const PLACE_FIELDS = 3;

/**
 * Whether all records of a file can be written anew, one behind another, so that the engine reads what it would read
 * in the file: each has the fields of the layout, and nothing in it is for us to cut.
 *
 * @param bytes all of the file
 */
export function isPlainlyCut(bytes: Uint8Array, layout: CsvLayout): boolean {
  if (layout.dialect.escape !== '"' || !isUtf8(bytes)) return false;
  let isPlain = true;
  const refuse = (): void => {
    isPlain = false;
  };
  const hasQuotes = bytes.includes(QUOTE);
  const look = (_line: number, fields: FieldSpans): void => {
    if (hasQuotes && hasStrayQuote(bytes, fields)) isPlain = false;
  };
  new CsvCutter(layout.dialect, new RecordPicker(layout, look, refuse)).cut(bytes, true);
  return isPlain;
}

/** A quote inside a field that does not begin with one: behind spaces the engine takes it for one that opens. */
function hasStrayQuote(bytes: Uint8Array, { count, starts, ends, forms }: FieldSpans): boolean {
  for (let field = 0; field < count; field++) {
    if (forms[field] === BARE && bytes.subarray(starts[field], ends[field]).includes(QUOTE)) return true;
  }
  return false;
}

/**
 * Writes the records of small files of one layout, one file after another and without their headers, to a new file;
 * {@link PLACE_FIELDS} follow each. The engine takes many times as long to open a file as to read one.
 *
 * @throws LakeError `unavailable` naming the file that cannot be read; `invalid-input` with the line of a record that
 *   is not of the layout, as there is none in a file that {@link isPlainlyCut}.
 */
export async function joinCsv(
  files: readonly SourceFile[],
  layout: CsvLayout,
  targetPath: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const target = openSync(targetPath, "wx");
  try {
    const records = new RecordWriter(target, layout);
    await eachFile(files, (file) => records.addFile(file), signal);
    records.flush();
  } finally {
    closeSync(target);
  }
}

/** Gathers records as bytes and writes them, many at a time. */
class RecordWriter {
  readonly #target: number;
  readonly #layout: CsvLayout;
  readonly #delimiter: number;
  #bytes = Buffer.allocUnsafe(PIECE_BYTES);
  #end = 0;
  #files = 0;

  constructor(target: number, layout: CsvLayout) {
    this.#target = target;
    this.#layout = layout;
    this.#delimiter = layout.dialect.delimiter.charCodeAt(0);
  }

  addFile(file: SourceFile): void {
    const content = contentOf(file);
    const place = ++this.#files;
    let row = 0;
    const write = (line: number, fields: FieldSpans): void => {
      row++;
      this.#add(content, fields, [place, line, row]);
    };
    const refuse = (line: number, reason: string): never => {
      throw invalidSource(file.uri, BROKEN_CSV, reason, { line });
    };
    new CsvCutter(this.#layout.dialect, new RecordPicker(this.#layout, write, refuse)).cut(content, true);
  }

  flush(): void {
    for (let at = 0; at < this.#end; ) at += writeSync(this.#target, this.#bytes, at, this.#end - at);
    this.#end = 0;
  }

  #add(content: Uint8Array, { count, starts, ends, forms }: FieldSpans, places: readonly number[]): void {
    for (let field = 0; field < count; field++) {
      const [start, end] = [starts[field] ?? 0, ends[field] ?? 0];
      this.#makeRoom(end - start + 3);
      const isQuoted = forms[field] !== BARE;
      if (field > 0) this.#bytes[this.#end++] = this.#delimiter;
      if (isQuoted) this.#bytes[this.#end++] = QUOTE;
      this.#bytes.set(content.subarray(start, end), this.#end);
      this.#end += end - start;
      if (isQuoted) this.#bytes[this.#end++] = QUOTE;
    }
    this.#makeRoom(PLACE_BYTES);
    for (const place of places) {
      this.#bytes[this.#end++] = this.#delimiter;
      this.#end += this.#bytes.write(String(place), this.#end, "latin1");
    }
    this.#bytes[this.#end++] = LINE_FEED;
  }

  #makeRoom(length: number): void {
    if (this.#end + length <= this.#bytes.length) return;
    this.flush();
    if (length > this.#bytes.length) this.#bytes = Buffer.allocUnsafe(length);
  }
}

/** Passes on the records behind the header that are of the layout, and what is wrong with the others. */
class RecordPicker implements RecordVisitor {
  readonly #width: number;
  readonly #pick: (line: number, fields: FieldSpans) => void;
  readonly #refuse: (line: number, reason: string) => void;
  #isHeader: boolean;

  constructor(
    { header, names }: CsvLayout,
    pick: (line: number, fields: FieldSpans) => void,
    refuse: (line: number, reason: string) => void,
  ) {
    this.#isHeader = header;
    this.#width = names.length;
    this.#pick = pick;
    this.#refuse = refuse;
  }

  record(line: number, _bytes: Uint8Array, _start: number, _end: number, fields: FieldSpans): void {
    // To the engine, too, an empty line is a record of one column only.
    if (this.#width > 1 && fields.count === 1 && fields.isEmpty(0)) return;
    if (fields.count !== this.#width) {
      this.#refuse(line, `the record has ${fields.count} fields where ${this.#width} are expected`);
    } else if (this.#isHeader) this.#isHeader = false;
    else this.#pick(line, fields);
  }

  broken(line: number, _bytes: Uint8Array, _start: number, _end: number, reason: string): void {
    this.#refuse(line, reason);
  }
}

function contentOf(file: SourceFile): Uint8Array {
  try {
    return readFileSync(file.localPath);
  } catch (error) {
    throw new LakeError("unavailable", "source-read", `cannot read ${file.uri}`, {
      context: { file: file.uri },
      cause: error,
    });
  }
}
