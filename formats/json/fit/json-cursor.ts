/** Values inside values, at most: deeper ones are taken for an attack on the stack, not for data. */
export const MAXIMUM_DEPTH = 500;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;

const [TRUE, FALSE, NULL] = [Buffer.from("true"), Buffer.from("false"), Buffer.from("null")];
/** What the engine's reader takes beside JSON's numbers. */
const NON_FINITE = /^-?(?:NaN|nan|Infinity|infinity|Inf|inf)(?![A-Za-z0-9_.+-])/;

/** What is wrong with an object that has a key twice. */
export const describeTwice = (key: string): string =>
  `the key ${JSON.stringify(key)} occurs twice in an object`;

/**
 * Walks over JSON text in a buffer, and finds where it breaks the grammar. What it takes the engine takes too: JSON,
 * NaN and infinities, and a comma before a closing bracket.
 *
 * Methods take a position and give the one behind what they read, or -1 after a fault. The byte behind the last
 * one must be one that no value goes on with: a newline, or 0.
 */
export class JsonCursor {
  data: Buffer = Buffer.alloc(0);
  /** Whether a newline is white space, as it is where records are not lines. */
  readonly #newlines: boolean;
  /** Whether {@link skip} refuses objects in which a key occurs twice. */
  #uniqueKeys: boolean;
  #faultAt = -1;
  #fault = "";
  /** Of the string that was read last: whether it has escapes. */
  escaped = false;
  /** Of the number that was read last: whether it has neither fraction nor exponent, and how many digits. */
  isWhole = false;
  digits = 0;
  hasExponent = false;
  isNonFinite = false;

  constructor(options: { readonly newlines: boolean; readonly uniqueKeys: boolean }) {
    this.#newlines = options.newlines;
    this.#uniqueKeys = options.uniqueKeys;
  }

  /** The position of the last fault, and what is wrong there. */
  get fault(): { readonly at: number; readonly what: string } {
    return { at: this.#faultAt, what: this.#fault };
  }

  fail(at: number, what: string): -1 {
    this.#faultAt = at;
    this.#fault = what;
    return -1;
  }

  space(at: number): number {
    const { data } = this;
    for (let next = at; ; next++) {
      const byte = data[next];
      if (byte === 0x20 || byte === 0x09 || byte === 0x0d || (byte === 0x0a && this.#newlines)) continue;
      return next;
    }
  }

  /** The rest of a string whose opening quote stands before `at`. */
  string(at: number): number {
    const { data } = this;
    this.escaped = false;
    for (let next = at; ; next++) {
      const byte = data[next] ?? 0;
      if (byte === QUOTE) return next + 1;
      if (byte === BACKSLASH) {
        this.escaped = true;
        next = this.#escape(next + 1);
        if (next < 0) return -1;
      } else if (byte < 0x20) {
        if (byte === 0x0a || next >= data.length - 1) return this.fail(next, "the text ends inside a string");
        return this.fail(next, "a control character stands in a string");
      }
    }
  }

  /** The text of a string between its quotes. */
  textOf(from: number, to: number): string {
    const raw = this.data.toString("utf8", from, to);
    return raw.includes("\\") ? String(JSON.parse(`"${raw}"`)) : raw;
  }

  /** Gives the position of the escape's last byte. */
  #escape(at: number): number {
    const byte = this.data[at] ?? 0;
    if (byte !== 0x75) {
      return '"\\/bfnrt'.includes(String.fromCharCode(byte))
        ? at
        : this.fail(at, "a backslash begins no escape");
    }
    const unit = this.#codeUnit(at + 1);
    if (unit < 0) return this.fail(at, "a backslash begins no escape");
    if (unit >= 0xdc00 && unit <= 0xdfff) return this.fail(at, "half of a surrogate pair stands alone");
    if (unit < 0xd800 || unit > 0xdbff) return at + 4;
    const isPair = this.data[at + 5] === BACKSLASH && this.data[at + 6] === 0x75;
    const low = isPair ? this.#codeUnit(at + 7) : -1;
    return low >= 0xdc00 && low <= 0xdfff ? at + 10 : this.fail(at, "half of a surrogate pair stands alone");
  }

  #codeUnit(at: number): number {
    const digits = this.data.toString("latin1", at, at + 4);
    return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : -1;
  }

  number(at: number): number {
    const { data } = this;
    let next = data[at] === 0x2d ? at + 1 : at;
    const first = next;
    while (isDigit(data[next])) next++;
    this.digits = next - first;
    this.isWhole = true;
    this.hasExponent = false;
    this.isNonFinite = false;
    if (next === first) return this.#nonFinite(at);
    if (data[first] === 0x30 && next > first + 1) return this.fail(at, "a number begins with a zero");
    if (data[next] === 0x2e) {
      const fraction = ++next;
      while (isDigit(data[next])) next++;
      if (next === fraction) return this.fail(next, "a number ends with its point");
      this.isWhole = false;
    }
    if (data[next] === 0x65 || data[next] === 0x45) {
      next++;
      if (data[next] === 0x2b || data[next] === 0x2d) next++;
      const exponent = next;
      while (isDigit(data[next])) next++;
      if (next === exponent) return this.fail(next, "a number ends with its exponent's sign");
      this.isWhole = false;
      this.hasExponent = true;
    }
    return next;
  }

  #nonFinite(at: number): number {
    const [word] = NON_FINITE.exec(this.data.toString("latin1", at, at + 12)) ?? [];
    if (word === undefined) return this.#noValue(at);
    this.isWhole = false;
    this.isNonFinite = true;
    return at + word.length;
  }

  /** Any value. */
  skip(at: number, depth = 0): number {
    const byte = this.data[at];
    if (byte === QUOTE) return this.string(at + 1);
    if (byte === 0x2d || isDigit(byte)) return this.number(at);
    if (byte === 0x7b) return this.#skipObject(at, depth + 1);
    if (byte === 0x5b) return this.#skipList(at, depth + 1);
    return this.word(at);
  }

  /** Any value, keys that occur twice included. */
  cut(at: number): number {
    const uniqueKeys = this.#uniqueKeys;
    this.#uniqueKeys = false;
    const end = this.skip(at);
    this.#uniqueKeys = uniqueKeys;
    return end;
  }

  /** `true`, `false`, `null`, or a number that is not finite. */
  word(at: number): number {
    const { data } = this;
    const word = data[at] === TRUE[0] ? TRUE : data[at] === FALSE[0] ? FALSE : NULL;
    for (let index = 0; index < word.length; index++) {
      if (data[at + index] !== word[index]) return this.#nonFinite(at);
    }
    return at + word.length;
  }

  #skipList(at: number, depth: number): number {
    if (depth > MAXIMUM_DEPTH) return this.fail(at, `values nest deeper than ${MAXIMUM_DEPTH} times`);
    let next = this.space(at + 1);
    while (this.data[next] !== 0x5d) {
      next = this.skip(next, depth);
      if (next < 0) return -1;
      next = this.afterValue(next, 0x5d);
      if (next < 0) return -1;
    }
    return next + 1;
  }

  #skipObject(at: number, depth: number): number {
    if (depth > MAXIMUM_DEPTH) return this.fail(at, `values nest deeper than ${MAXIMUM_DEPTH} times`);
    const keys = this.#uniqueKeys ? new Set<string>() : undefined;
    let next = this.space(at + 1);
    while (this.data[next] !== 0x7d) {
      const key = next + 1;
      next = this.key(next);
      if (next < 0) return -1;
      if (keys !== undefined && !isNew(keys, this.textOf(key, next - 1))) {
        return this.fail(key - 1, describeTwice(this.textOf(key, next - 1)));
      }
      next = this.colon(next);
      if (next < 0) return -1;
      next = this.skip(next, depth);
      if (next < 0) return -1;
      next = this.afterValue(next, 0x7d);
      if (next < 0) return -1;
    }
    return next + 1;
  }

  /** A key with its quotes. */
  key(at: number): number {
    return this.data[at] === QUOTE ? this.string(at + 1) : this.fail(at, "expected a key in quotes");
  }

  /** A colon and the white space around it. */
  colon(at: number): number {
    const next = this.data[at] === COLON ? at : this.space(at);
    return this.data[next] === COLON ? this.space(next + 1) : this.fail(next, "expected ':' after a key");
  }

  /** A comma and the white space around it, or that before `closing`. */
  afterValue(at: number, closing: number): number {
    const { data } = this;
    const next = data[at] === COMMA ? at : this.space(at);
    if (data[next] === COMMA) return this.space(next + 1);
    return data[next] === closing
      ? next
      : this.fail(next, `expected ',' or '${String.fromCharCode(closing)}'`);
  }

  #noValue(at: number): -1 {
    const isEnd = at >= this.data.length - 1 || this.data[at] === 0x0a;
    return this.fail(at, isEnd ? "the text ends where a value is expected" : "expected a value");
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function isNew(set: Set<string>, value: string): boolean {
  const { size } = set;
  return set.add(value).size > size;
}
