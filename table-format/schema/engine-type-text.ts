import { LakeError } from "../../core/index.js";
import { quoteIdentifier } from "../../engine/index.js";

/**
 * A DuckDB type, parsed from its text. `scalar` names are DuckDB's own (`"INTEGER"`,
 * `"TIMESTAMP WITH TIME ZONE"`, `"NULL"`); aliases that people write (`INT`, `TEXT`) are folded.
 */
export type EngineType =
  | { readonly kind: "scalar"; readonly name: string }
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  | { readonly kind: "enum" }
  | { readonly kind: "list"; readonly element: EngineType; readonly size: number | undefined }
  | { readonly kind: "map"; readonly key: EngineType; readonly value: EngineType }
  | { readonly kind: "struct"; readonly fields: readonly EngineField[] }
  | { readonly kind: "union"; readonly fields: readonly EngineField[] };

export interface EngineField {
  readonly name: string;
  readonly type: EngineType;
}

const ALIASES: Readonly<Record<string, string>> = {
  TEXT: "VARCHAR",
  STRING: "VARCHAR",
  CHAR: "VARCHAR",
  BPCHAR: "VARCHAR",
  BOOL: "BOOLEAN",
  LOGICAL: "BOOLEAN",
  INT1: "TINYINT",
  INT2: "SMALLINT",
  SHORT: "SMALLINT",
  INT: "INTEGER",
  INT4: "INTEGER",
  SIGNED: "INTEGER",
  INT8: "BIGINT",
  LONG: "BIGINT",
  INT16: "HUGEINT",
  REAL: "FLOAT",
  FLOAT4: "FLOAT",
  FLOAT8: "DOUBLE",
  BYTEA: "BLOB",
  BINARY: "BLOB",
  VARBINARY: "BLOB",
  DATETIME: "TIMESTAMP",
  TIMESTAMP_US: "TIMESTAMP",
  TIMESTAMPTZ: "TIMESTAMP WITH TIME ZONE",
  TIMETZ: "TIME WITH TIME ZONE",
  VARINT: "BIGNUM",
  BITSTRING: "BIT",
};

/**
 * Parses the text of a DuckDB type, as DESCRIBE, `typeof` or a result's columns print it.
 *
 * @throws LakeError `unsupported` when the text is no type this parser knows the form of.
 */
export function parseEngineType(text: string): EngineType {
  const parser = new TypeParser(text);
  const type = parser.type();
  parser.end();
  return type;
}

/** A parsed type as DuckDB writes it. */
export function engineText(engine: EngineType): string {
  switch (engine.kind) {
    case "scalar":
      return engine.name;
    case "decimal":
      return `DECIMAL(${engine.precision},${engine.scale})`;
    case "enum":
      return "ENUM";
    case "list":
      return `${engineText(engine.element)}[${engine.size ?? ""}]`;
    case "map":
      return `MAP(${engineText(engine.key)}, ${engineText(engine.value)})`;
    case "struct":
    case "union": {
      const fields = engine.fields.map((field) => `${quoteIdentifier(field.name)} ${engineText(field.type)}`);
      return `${engine.kind.toUpperCase()}(${fields.join(", ")})`;
    }
  }
}

type Token = {
  readonly kind: "word" | "quoted" | "string" | "number" | "symbol" | "end";
  readonly text: string;
};

const TOKEN =
  /\s*(?:([A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)|"((?:[^"]|"")*)"|'((?:[^']|'')*)'|(\d+)|([(),[\]]))/y;

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  let end = 0;
  while (text.slice(end).trim() !== "") {
    const match = TOKEN.exec(text);
    if (match === null) throw malformed(text);
    end = TOKEN.lastIndex;
    const [, word, quoted, string, number, symbol] = match;
    if (word !== undefined) tokens.push({ kind: "word", text: word });
    else if (quoted !== undefined) tokens.push({ kind: "quoted", text: quoted.replaceAll('""', '"') });
    else if (string !== undefined) tokens.push({ kind: "string", text: string });
    else if (number !== undefined) tokens.push({ kind: "number", text: number });
    else tokens.push({ kind: "symbol", text: symbol ?? "" });
  }
  return tokens;
}

class TypeParser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
  }

  type(): EngineType {
    let type = this.#base();
    while (this.#skip("[")) {
      const size = this.#peek().kind === "number" ? Number(this.#take().text) : undefined;
      this.#expect("]");
      type = { kind: "list", element: type, size };
    }
    return type;
  }

  end(): void {
    if (this.#peek().kind !== "end") throw malformed(this.#text);
  }

  #base(): EngineType {
    const token = this.#take();
    if (token.kind === "quoted") return { kind: "scalar", name: token.text.toUpperCase() };
    if (token.kind !== "word") throw malformed(this.#text);
    const name = token.text.toUpperCase();
    switch (name) {
      case "STRUCT":
      case "ROW":
        return { kind: "struct", fields: this.#fields() };
      case "UNION":
        return { kind: "union", fields: this.#fields() };
      case "MAP":
        return this.#map();
      case "ENUM":
        this.#enumValues();
        return { kind: "enum" };
      case "DECIMAL":
      case "NUMERIC":
        return this.#decimal();
      default:
        return { kind: "scalar", name: this.#scalarName(name) };
    }
  }

  #scalarName(name: string): string {
    if ((name === "TIMESTAMP" || name === "TIME") && this.#skipWords(["WITH", "TIME", "ZONE"])) {
      return `${name} WITH TIME ZONE`;
    }
    if (this.#skip("(")) {
      while (!this.#skip(")")) this.#takeBefore();
    }
    return ALIASES[name] ?? name;
  }

  #fields(): EngineField[] {
    this.#expect("(");
    const fields: EngineField[] = [];
    do {
      const name = this.#take();
      if (name.kind !== "word" && name.kind !== "quoted") throw malformed(this.#text);
      if (isEndOfField(this.#peek())) throw unnamedField(this.#text);
      fields.push({ name: name.text, type: this.type() });
    } while (this.#skip(","));
    this.#expect(")");
    return fields;
  }

  #map(): EngineType {
    this.#expect("(");
    const key = this.type();
    this.#expect(",");
    const value = this.type();
    this.#expect(")");
    return { kind: "map", key, value };
  }

  #enumValues(): void {
    if (!this.#skip("(")) return;
    while (!this.#skip(")")) this.#takeBefore();
  }

  #decimal(): EngineType {
    if (!this.#skip("(")) return { kind: "decimal", precision: 18, scale: 3 };
    const precision = Number(this.#take().text);
    const scale = this.#skip(",") ? Number(this.#take().text) : 0;
    this.#expect(")");
    return { kind: "decimal", precision, scale };
  }

  #peek(): Token {
    return this.#tokens[this.#next] ?? { kind: "end", text: "" };
  }

  #take(): Token {
    const token = this.#peek();
    this.#next += 1;
    return token;
  }

  /** Takes one token of a list that must still be closed. */
  #takeBefore(): void {
    if (this.#take().kind === "end") throw malformed(this.#text);
  }

  #skip(symbol: string): boolean {
    const token = this.#peek();
    if (token.kind !== "symbol" || token.text !== symbol) return false;
    this.#next += 1;
    return true;
  }

  #skipWords(words: readonly string[]): boolean {
    const found = words.every((word, index) => {
      const token = this.#tokens[this.#next + index];
      return token?.kind === "word" && token.text.toUpperCase() === word;
    });
    if (found) this.#next += words.length;
    return found;
  }

  #expect(symbol: string): void {
    if (!this.#skip(symbol)) throw malformed(this.#text);
  }
}

function isEndOfField(token: Token): boolean {
  return token.kind === "end" || (token.kind === "symbol" && token.text !== "[");
}

function malformed(text: string): LakeError {
  return new LakeError("unsupported", "engine-type", `the type ${text} is not one this version can store`, {
    context: { type: text },
  });
}

function unnamedField(text: string): LakeError {
  return new LakeError("unsupported", "engine-type", `the type ${text} has fields without names`, {
    context: { type: text },
    hint: "Name them, for example {'a': x, 'b': y} instead of row(x, y).",
  });
}
