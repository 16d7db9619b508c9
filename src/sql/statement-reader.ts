import type { LakeError } from "../../core/index.js";
import { isName, isNamespaceName } from "./keywords.js";
import { parameterUses } from "./parameters.js";
import { applyEdits } from "./text-edits.js";
import { identifierName, isSymbol, isWord, stringContent, syntaxError, type Token } from "./tokens.js";

/** A piece of a script; `offset` is where it begins in the script, in UTF-16 units. */
export interface SqlSlice {
  readonly text: string;
  readonly offset: number;
}

/** A name with the namespace that stands before it. */
export interface QualifiedName {
  readonly namespace: string | undefined;
  readonly name: string;
}

/** A table as a statement names it: by its name, or by its path as in ``delta.`PATH` ``. */
export type TableName =
  | ({ readonly kind: "name" } & QualifiedName)
  | { readonly kind: "path"; readonly path: string };

/** Reads one statement from left to right. */
export class StatementReader {
  #next = 0;
  /** The numbers of the parameters that have none: each `?`, by its place in the statement. */
  readonly #numbers: ReadonlyMap<Token, string>;

  constructor(
    readonly script: string,
    readonly tokens: readonly Token[],
  ) {
    const unnumbered = parameterUses(tokens).filter(({ token }) => token.text === "?");
    this.#numbers = new Map(unnumbered.map(({ token, identifier }) => [token, identifier]));
  }

  peek(ahead = 0): Token | undefined {
    return this.tokens[this.#next + ahead];
  }

  /** The tokens that are not taken yet. */
  remaining(): readonly Token[] {
    return this.tokens.slice(this.#next);
  }

  /** Takes the next token, whatever it is. */
  take(): Token | undefined {
    const token = this.peek();
    if (token !== undefined) this.#next++;
    return token;
  }

  /** Takes these words, or none of them. */
  takeWords(...words: readonly string[]): boolean {
    const all = words.every((word, index) => isWord(this.peek(index), word));
    if (all) this.#next += words.length;
    return all;
  }

  takeSymbol(symbol: string): boolean {
    const taken = isSymbol(this.peek(), symbol);
    if (taken) this.#next++;
    return taken;
  }

  expectWords(...words: readonly string[]): void {
    if (!this.takeWords(...words)) throw this.expected(words.join(" ").toUpperCase());
  }

  expectSymbol(symbol: string): void {
    if (!this.takeSymbol(symbol)) throw this.expected(JSON.stringify(symbol));
  }

  skipParentheses(): void {
    while (this.peek() !== undefined && !isSymbol(this.peek(), ")")) this.#next++;
    this.#next++;
  }

  /** Whether a name comes next. */
  isName(): boolean {
    return isName(this.peek());
  }

  name(what: string): string {
    const token = this.peek();
    const name = identifierName(token);
    if (!isName(token) || name === undefined) throw this.expected(what);
    this.#next++;
    return name;
  }

  namespace(): string {
    const name = identifierName(this.peek());
    if (!isNamespaceName(this.peek()) || name === undefined) throw this.expected("a namespace");
    this.#next++;
    return name;
  }

  /** `[namespace.]name`; `what` is what the name is of. */
  qualifiedName(what: string): QualifiedName {
    const first = isSymbol(this.peek(1), ".") ? this.namespace() : this.name(what);
    if (!this.takeSymbol(".")) return { namespace: undefined, name: first };
    const name = this.name(what);
    if (isSymbol(this.peek(), ".")) throw this.expected("a name of the form [namespace.]name");
    return { namespace: first, name };
  }

  /** `[namespace.]name`, or ``delta.`PATH` ``. */
  tableName(): TableName {
    const { namespace, name } = this.qualifiedName("the name of a table");
    return namespace?.toLowerCase() === "delta"
      ? { kind: "path", path: name }
      : { kind: "name", namespace, name };
  }

  /** The name of a column: any identifier, keywords among them, where nothing but a name can stand. */
  columnName(what = "the name of a column"): string {
    const name = identifierName(this.peek());
    if (name === undefined) throw this.expected(what);
    this.#next++;
    return name;
  }

  /** `a`, `a.b`, ...: a column, or a part of one. */
  columnPath(): string[] {
    const path = [this.columnName()];
    while (this.takeSymbol(".")) path.push(this.columnName("the name of a field"));
    return path;
  }

  /** The content of `'...'`. */
  string(what: string): string {
    const text = stringContent(this.peek());
    if (text === undefined) throw this.expected(what);
    this.#next++;
    return text;
  }

  /** `(a, b)`; empty when there is none. */
  nameList(): string[] {
    return isSymbol(this.peek(), "(") ? this.list(() => this.name("the name of a column")) : [];
  }

  /** `(item, item, ...)`, at least one. */
  list<T>(item: () => T): T[] {
    this.expectSymbol("(");
    const items = this.items(item);
    if (!this.takeSymbol(")")) throw this.expected("a closing parenthesis");
    return items;
  }

  /** `item, item, ...`, at least one. */
  items<T>(item: () => T): T[] {
    const items: T[] = [];
    do items.push(item());
    while (this.takeSymbol(","));
    return items;
  }

  /**
   * The text of an expression, which is not looked into: everything up to `isEnd`, outside of parentheses,
   * brackets and `CASE ... END`, or the end of the statement. Every `?` in it has become `$1`, `$2`, ...
   */
  expression(isEnd: (token: Token) => boolean, what = "an expression"): string {
    const first = this.peek();
    let last: Token | undefined;
    let depth = 0;
    let cases = 0;
    for (let token = first; token !== undefined; token = this.peek()) {
      // What a dot stands before is a name, whatever it is called.
      const isPart = isSymbol(last, ".");
      if (depth === 0 && cases === 0 && !isPart && isEnd(token)) break;
      if (["(", "[", "{"].some((open) => isSymbol(token, open))) depth++;
      if ([")", "]", "}"].some((close) => isSymbol(token, close)) && --depth < 0) break;
      if (depth === 0 && !isPart && isWord(token, "case")) cases++;
      if (depth === 0 && !isPart && isWord(token, "end")) cases = Math.max(0, cases - 1);
      last = token;
      this.#next++;
    }
    if (first === undefined || last === undefined || depth > 0) throw this.expected(what);
    return this.#textBetween(first.start, last.end);
  }

  /** `(expression)`, without the parentheses. */
  expressionInParentheses(): string {
    this.expectSymbol("(");
    const text = this.expression(() => false);
    if (!this.takeSymbol(")")) throw this.expected("a closing parenthesis");
    return text;
  }

  /** The text from here to the end of the statement. */
  rest(): SqlSlice {
    const offset = this.peek()?.start ?? 0;
    return { offset, text: this.script.slice(offset, this.tokens.at(-1)?.end ?? offset) };
  }

  /** Takes the rest of the statement, in which every `?` becomes `$1`, `$2`, ... */
  takeRestText(): string {
    const { offset, text } = this.rest();
    this.#next = this.tokens.length;
    return this.#textBetween(offset, offset + text.length);
  }

  /** The text of the tokens from `first` to the one before the next, with its parameters numbered. */
  textSince(first: Token | undefined): string {
    const last = this.peek(-1);
    return first === undefined || last === undefined ? "" : this.#textBetween(first.start, last.end);
  }

  /** A whole number from 0. */
  count(what: string): number {
    const text = this.peek()?.text ?? "";
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) throw this.expected(what);
    this.#next++;
    return value;
  }

  /**
   * Takes a WITH clause and the word behind it, and gives the clause; `undefined` when no such word follows it, or
   * is a name of the query since what comes next is not `isNext`.
   */
  takeWithBefore(word: string, isNext: (token: Token | undefined) => boolean): string | undefined {
    if (!isWord(this.peek(), "with")) return undefined;
    const first = this.#next;
    let depth = 0;
    for (let index = first; index < this.tokens.length; index++) {
      const token = this.tokens[index];
      if (isSymbol(token, "(")) depth++;
      if (isSymbol(token, ")")) depth--;
      if (depth > 0 || !isSymbol(token, ")") || !isWord(this.tokens[index + 1], word)) continue;
      if (!isNext(this.tokens[index + 2])) continue;
      this.#next = index + 1;
      const clause = this.textSince(this.tokens[first]);
      this.#next++;
      return clause;
    }
    return undefined;
  }

  /** `statement`, once nothing is left to read. */
  end<T>(statement: T): T {
    if (this.peek() !== undefined) throw this.expected("the end of the statement");
    return statement;
  }

  #textBetween(start: number, end: number): string {
    const inside = [...this.#numbers].filter(([token]) => start <= token.start && token.end <= end);
    const edits = inside.map(([token, number]) => ({
      start: token.start - start,
      end: token.end - start,
      replacement: [`$${number}`],
    }));
    return applyEdits(this.script.slice(start, end), edits).text;
  }

  expected(what: string): LakeError {
    const token = this.peek();
    const found = token === undefined ? "the end" : JSON.stringify(token.text);
    return this.problem(`expected ${what}, found ${found}`);
  }

  /** A `sql-syntax` error at `token`, or where the reader is. */
  problem(what: string, token: Token | undefined = this.peek(), hint?: string): LakeError {
    const offset = token?.start ?? this.tokens.at(-1)?.end ?? 0;
    return syntaxError(this.script, offset, what, hint);
  }
}
