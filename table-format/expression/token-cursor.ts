import type { LakeError } from "../../core/index.js";
import { unsupportedExpression } from "./failure.js";
import { type Token, tokenize } from "./tokens.js";

/** Reads the tokens of one expression from left to right. Words are compared whatever their case. */
export class TokenCursor {
  readonly #sql: string;
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(sql: string) {
    this.#sql = sql;
    this.#tokens = tokenize(sql);
  }

  peek(ahead = 0): Token {
    const end = { kind: "end", text: "", at: this.#sql.length } as const;
    return this.#tokens[this.#next + ahead] ?? end;
  }

  take(): Token {
    const token = this.peek();
    this.#next++;
    return token;
  }

  isWord(word: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === "word" && token.text.toLowerCase() === word;
  }

  isSymbol(symbol: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === "symbol" && token.text === symbol;
  }

  /** Takes the word when it comes next. */
  skipWord(word: string): boolean {
    const found = this.isWord(word);
    if (found) this.#next++;
    return found;
  }

  skipSymbol(symbol: string): boolean {
    const found = this.isSymbol(symbol);
    if (found) this.#next++;
    return found;
  }

  expectWord(word: string): void {
    if (!this.skipWord(word)) throw this.unexpected(word.toUpperCase());
  }

  expectSymbol(symbol: string): void {
    if (!this.skipSymbol(symbol)) throw this.unexpected(symbol);
  }

  unexpected(wanted: string): LakeError {
    const { kind, text, at } = this.peek();
    const found = kind === "end" ? "the end" : `"${text}"`;
    return unsupportedExpression(
      `${found} at character ${at + 1} of ${this.#sql}, where ${wanted} was expected`,
      { at },
    );
  }
}
