import type { Dialect } from "./dialect.js";

/** How a field is written. */
export const BARE = 0;
export const QUOTED = 1;
/** In quotes, with escapes in it: {@link unescaped} gives its text. */
export const ESCAPED = 2;

/** Where the fields of one record lie among the bytes that are cut; used again for the next record. */
export class FieldSpans {
  count = 0;
  /** Of the text itself, without quotes. */
  starts = new Int32Array(64);
  ends = new Int32Array(64);
  forms = new Uint8Array(64);

  push(start: number, end: number, form: number): void {
    if (this.count === this.starts.length) this.#grow();
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.forms[this.count] = form;
    this.count++;
  }

  /** Whether there is nothing between two delimiters. */
  isEmpty(field: number): boolean {
    return this.forms[field] === BARE && this.starts[field] === this.ends[field];
  }

  #grow(): void {
    const [starts, ends, forms] = [this.starts, this.ends, this.forms];
    this.starts = new Int32Array(starts.length * 2);
    this.ends = new Int32Array(ends.length * 2);
    this.forms = new Uint8Array(forms.length * 2);
    this.starts.set(starts);
    this.ends.set(ends);
    this.forms.set(forms);
  }
}

/** What is made of the records. Spans and bytes are good until it returns. */
export interface RecordVisitor {
  /** A record; `line`, from 1, is where it begins. */
  record(line: number, bytes: Uint8Array, start: number, end: number, fields: FieldSpans): void;
  /** A line that no record begins with. */
  broken(line: number, bytes: Uint8Array, start: number, end: number, reason: string): void;
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Records whose quotes hold more than this are taken for ones whose quote is never closed. */
const MAXIMUM_QUOTED_BYTES = 16 * 1024 * 1024;

const NOT_YET = -1;

/**
 * Cuts the bytes of a delimited text into records, as the engine's reader does where that can read them: a quote
 * counts at the start of a field only, spaces behind a closing quote and before the first of a line do not, a line feed, a carriage return or both
 * end a record.
 *
 * Where a quote is not closed, or text follows the closing one, the line that the record begins with is broken, and
 * the next line begins a record again: a stray quote costs a line and not all the text behind it.
 */
export class CsvCutter {
  readonly #delimiter: number;
  readonly #escape: number;
  readonly #visitor: RecordVisitor;
  readonly #fields = new FieldSpans();
  #line = 1;
  #hasEscapes = false;
  #linesInside = 0;

  constructor(dialect: Dialect, visitor: RecordVisitor) {
    this.#delimiter = dialect.delimiter.charCodeAt(0);
    this.#escape = dialect.escape.charCodeAt(0);
    this.#visitor = visitor;
  }

  /**
   * Cuts the records that end in `bytes`; gives how many bytes they took. The others are to come again, with what
   * follows them.
   *
   * @param isLast Whether nothing follows: the end of the bytes ends the last record.
   */
  cut(bytes: Uint8Array, isLast: boolean): number {
    for (let at = 0; at < bytes.length; ) {
      const next = this.#cutRecord(bytes, at, isLast);
      if (next === NOT_YET) return at;
      at = next;
    }
    return bytes.length;
  }

  /** Where the next record begins, or {@link NOT_YET}. */
  #cutRecord(bytes: Uint8Array, start: number, isLast: boolean): number {
    const { length } = bytes;
    const delimiter = this.#delimiter;
    const fields = this.#fields;
    fields.count = 0;
    let lines = 1;
    for (let at = startOfFirstField(bytes, start); ; at++) {
      let end = at;
      if (bytes[at] === QUOTE) {
        const closing = this.#closingQuote(bytes, at + 1, isLast);
        if (closing === NOT_YET) {
          if (!isLast && length - start <= MAXIMUM_QUOTED_BYTES) return NOT_YET;
          return this.#breakLine(bytes, start, isLast, "a quote is not closed");
        }
        fields.push(at + 1, closing, this.#hasEscapes ? ESCAPED : QUOTED);
        lines += this.#linesInside;
        end = closing + 1;
        while (end < length && bytes[end] === SPACE) end++;
        if (end < length && !isEndOfField(bytes[end], delimiter)) {
          return this.#breakLine(bytes, start, isLast, "text follows a closing quote");
        }
      } else {
        while (end < length && !isEndOfField(bytes[end], delimiter)) end++;
        fields.push(at, end, BARE);
      }
      if (end === length && !isLast) return NOT_YET;
      if (bytes[end] === delimiter && end < length) {
        at = end;
        continue;
      }
      const next = endOfLine(bytes, end, isLast);
      if (next === NOT_YET) return NOT_YET;
      this.#visitor.record(this.#line, bytes, start, end, fields);
      this.#line += lines;
      return next;
    }
  }

  /** Where the quote closes that opens before `from`; tells, beside, of escapes and lines between the two. */
  #closingQuote(bytes: Uint8Array, from: number, isLast: boolean): number {
    const { length } = bytes;
    const hides = this.#escape;
    this.#hasEscapes = false;
    this.#linesInside = 0;
    for (let at = from; at < length; at++) {
      const byte = bytes[at];
      if (byte === QUOTE) {
        if (hides !== QUOTE) return at;
        if (at + 1 === length && !isLast) return NOT_YET;
        if (bytes[at + 1] !== QUOTE) return at;
        this.#hasEscapes = true;
        at++;
      } else if (byte === hides) {
        this.#hasEscapes = true;
        at++;
        if (bytes[at] === LINE_FEED) this.#linesInside++;
      } else if (byte === LINE_FEED || (byte === CARRIAGE_RETURN && bytes[at + 1] !== LINE_FEED)) {
        this.#linesInside++;
      }
    }
    return NOT_YET;
  }

  #breakLine(bytes: Uint8Array, start: number, isLast: boolean, reason: string): number {
    let end = start;
    while (end < bytes.length && bytes[end] !== LINE_FEED && bytes[end] !== CARRIAGE_RETURN) end++;
    const next = endOfLine(bytes, end, isLast);
    if (next === NOT_YET) return NOT_YET;
    this.#visitor.broken(this.#line, bytes, start, end, reason);
    this.#line++;
    return next;
  }
}

/** Spaces before a quote at the start of a line do not count. */
function startOfFirstField(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at] === SPACE) at++;
  return bytes[at] === QUOTE ? at : start;
}

function isEndOfField(byte: number | undefined, delimiter: number): boolean {
  return byte === delimiter || byte === LINE_FEED || byte === CARRIAGE_RETURN;
}

/** Where the next line begins, given where this one ends. */
function endOfLine(bytes: Uint8Array, end: number, isLast: boolean): number {
  if (end === bytes.length) return isLast ? end : NOT_YET;
  if (bytes[end] === LINE_FEED) return end + 1;
  if (end + 1 === bytes.length && !isLast) return NOT_YET;
  return bytes[end + 1] === LINE_FEED ? end + 2 : end + 1;
}

/** The text of a field with escapes in it, as bytes. */
export function unescaped(
  bytes: Uint8Array,
  start: number,
  end: number,
  hides: Dialect["escape"],
): Uint8Array {
  const text = new Uint8Array(end - start);
  const hidden = hides === "\\" ? BACKSLASH : QUOTE;
  let length = 0;
  for (let at = start; at < end; at++) {
    if (bytes[at] === hidden) at++;
    text[length++] = bytes[at] ?? 0;
  }
  return text.subarray(0, length);
}
