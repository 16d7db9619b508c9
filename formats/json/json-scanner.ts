import { MAXIMUM_DEPTH } from "./fit/json-cursor.js";

/** Where JSON text breaks its grammar. Lines and columns count from 1, columns and offsets in bytes. */
export interface JsonFault {
  readonly line: number;
  readonly column: number;
  readonly offset: number;
  readonly what: string;
}

/** `lines`: one value a line. `values`: values one after another. `array`: the elements of one array. */
export type JsonLayout = "lines" | "values" | "array";

type State = "value" | "value-or-end" | "key-or-end" | "colon" | "after-value" | "string" | "escape" | "word";

const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const QUOTE = 0x22;
const NEWLINE = 0x0a;

// What DuckDB's reader takes: JSON numbers and literals, and NaN and infinities as Python writes them.
const WORD =
  /^(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null|-?(?:NaN|nan|Infinity|infinity|Inf|inf))$/;

/**
 * Finds the first fault in JSON bytes, and the size of the longest record. Used after the engine
 * refused a file: the engine names lines only approximately. As the engine does, it lets a comma
 * stand before a closing bracket.
 */
export class JsonScanner {
  readonly #layout: JsonLayout;
  readonly #nesting: number[] = [];
  #state: State = "value";
  #isKey = false;
  #word = "";
  #continuation = 0;
  #line = 1;
  #lineStart = 0;
  #offset = 0;
  #recordStart = 0;
  #longestRecord = 0;
  #fault: JsonFault | undefined;

  constructor(layout: JsonLayout) {
    this.#layout = layout;
  }

  get fault(): JsonFault | undefined {
    return this.#fault;
  }

  /** Bytes. */
  get longestRecord(): number {
    return this.#longestRecord;
  }

  push(chunk: Uint8Array): void {
    for (const byte of chunk) {
      if (this.#fault !== undefined) return;
      this.#take(byte);
      this.#offset++;
    }
  }

  end(): void {
    if (this.#fault !== undefined) return;
    if (this.#state === "word") this.#endWord();
    if (this.#nesting.length > 0 || this.#state === "string" || this.#state === "escape") {
      this.#fail("the text ends inside a value");
    }
    this.#endRecord();
  }

  #take(byte: number): void {
    if (byte === NEWLINE) this.#endLine();
    if (this.#state === "string") this.#takeInString(byte);
    else if (this.#state === "escape") this.#takeEscaped(byte);
    else if (this.#state === "word" && isWordByte(byte)) this.#word += String.fromCharCode(byte);
    else {
      if (this.#state === "word") this.#endWord();
      if (!isSpace(byte)) this.#takeStructural(byte, String.fromCharCode(byte));
    }
  }

  #takeEscaped(byte: number): void {
    if (!'"\\/bfnrtu'.includes(String.fromCharCode(byte))) this.#fail("a backslash begins no escape");
    this.#state = "string";
  }

  #takeInString(byte: number): void {
    if (this.#continuation > 0) {
      if ((byte & 0xc0) !== 0x80) this.#fail("the text is not UTF-8");
      this.#continuation--;
    } else if (byte >= 0x80) {
      this.#continuation = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
      if (byte < 0xc2 || byte > 0xf4) this.#fail("the text is not UTF-8");
    } else if (byte === QUOTE) this.#state = this.#isKey ? "colon" : "after-value";
    else if (byte === 0x5c) this.#state = "escape";
    else if (byte < 0x20) this.#fail("a control character stands in a string");
  }

  #takeStructural(byte: number, char: string): void {
    switch (this.#state) {
      case "colon":
        if (char === ":") this.#state = "value";
        else this.#fail(`expected ':' after a key, found ${JSON.stringify(char)}`);
        break;
      case "key-or-end":
        if (char === "}") this.#close(byte);
        else if (char === '"') {
          this.#isKey = true;
          this.#state = "string";
        } else this.#fail(`expected a key in quotes, found ${JSON.stringify(char)}`);
        break;
      case "after-value":
        this.#takeAfterValue(byte, char);
        break;
      case "value-or-end":
        if (char === "]") this.#close(byte);
        else this.#beginValue(byte);
        break;
      default:
        this.#beginValue(byte);
    }
  }

  #takeAfterValue(byte: number, char: string): void {
    const top = this.#nesting.at(-1);
    if (top !== undefined && char === ",") {
      if (this.#layout === "array" && this.#nesting.length === 1) this.#endRecord();
      this.#state = top === OPEN_BRACE ? "key-or-end" : "value-or-end";
    } else if (top !== undefined) this.#close(byte);
    else if (this.#layout === "values") this.#beginValue(byte);
    else {
      const end = this.#layout === "lines" ? "line" : "file";
      this.#fail(`expected the end of the ${end}, found ${JSON.stringify(char)}`);
    }
  }

  #beginValue(byte: number): void {
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      this.#nesting.push(byte);
      // The array around the records is none of their values.
      const depth = this.#nesting.length - (this.#layout === "array" ? 1 : 0);
      if (depth > MAXIMUM_DEPTH + 1) this.#fail(`values nest deeper than ${MAXIMUM_DEPTH} times`);
      this.#state = byte === OPEN_BRACE ? "key-or-end" : "value-or-end";
    } else if (byte === QUOTE) {
      this.#isKey = false;
      this.#state = "string";
    } else if (isWordByte(byte)) {
      this.#word = String.fromCharCode(byte);
      this.#state = "word";
    } else this.#fail(`expected a value, found ${JSON.stringify(String.fromCharCode(byte))}`);
  }

  #close(byte: number): void {
    const opened = this.#nesting.pop();
    const closes = opened === OPEN_BRACE ? 0x7d : 0x5d;
    if (byte !== closes) {
      const found = JSON.stringify(String.fromCharCode(byte));
      this.#fail(`expected ',' or '${String.fromCharCode(closes)}', found ${found}`);
    }
    this.#state = "after-value";
    if (this.#layout === "values" && this.#nesting.length === 0) this.#endRecord();
  }

  #endWord(): void {
    if (!WORD.test(this.#word)) this.#fail(`${this.#word} is not a value`, this.#word.length);
    this.#state = "after-value";
  }

  #endLine(): void {
    if (this.#layout === "lines") {
      if (this.#state === "word") this.#endWord();
      if (this.#nesting.length > 0 || this.#state === "string" || this.#state === "escape") {
        this.#fail("the line ends inside a value");
      }
      this.#state = "value";
      this.#endRecord();
    }
    this.#line++;
    this.#lineStart = this.#offset + 1;
  }

  #endRecord(): void {
    this.#longestRecord = Math.max(this.#longestRecord, this.#offset - this.#recordStart);
    this.#recordStart = this.#offset;
  }

  #fail(what: string, back = 0): void {
    if (this.#fault !== undefined) return;
    const offset = this.#offset - back;
    this.#fault = { line: this.#line, column: offset - this.#lineStart + 1, offset, what };
  }
}

const isSpace = (byte: number): boolean =>
  byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === NEWLINE;

/** Numbers and literals, and whatever else someone may have left without quotes. */
function isWordByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2d ||
    byte === 0x2b ||
    byte === 0x2e ||
    byte === 0x5f
  );
}
