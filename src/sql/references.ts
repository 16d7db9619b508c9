import { isJsonObject, type JsonObject, LakeError } from "../../core/index.js";
import { fileAlias } from "../file-sources/file-pattern.js";
import { splitAtCommas, type TokenRange, tableArgument } from "./call-arguments.js";
import { endOfName, isName } from "./keywords.js";
import { isPosition, parameterUses } from "./parameters.js";
import { listField, nodeField, textField } from "./syntax-tree.js";
import { findOccurrences, type Occurrences, type TableOccurrence } from "./table-scopes.js";
import { utf16Offsets } from "./text-edits.js";
import {
  closingParenthesis,
  identifierName,
  isSymbol,
  isWord,
  syntaxError,
  type Token,
  tokenize,
} from "./tokens.js";

/** What a FROM clause names. */
export type TableTarget =
  | {
      readonly kind: "table";
      readonly catalog: string | undefined;
      readonly namespace: string | undefined;
      readonly name: string;
    }
  /** ``delta.`PATH` `` or `delta_scan('PATH')`. */
  | { readonly kind: "path"; readonly path: string }
  /** A name that looks like a file or a pattern of files, such as `'raw/*.parquet'`. */
  | { readonly kind: "file"; readonly name: string }
  /** `table_changes(TABLE, from[, to])`; `table` as `TableResolver.resolve` takes it. */
  | {
      readonly kind: "changes";
      readonly table: string;
      readonly from: Constant;
      readonly to: Constant | undefined;
    };

/** An expression that the query's rows have no part in: SQL text whose parameters are `$1`, `$2`, ... or `$name`. */
export interface Constant {
  readonly expression: string;
  /** The identifiers of its parameters in the query, for `$1`, `$2`, ... in this order. */
  readonly parameters: readonly string[];
}

/** The expression of a time-travel clause. */
export interface AsOf extends Constant {
  readonly unit: "version" | "timestamp";
}

/** One table of a query, at its place in the text. */
export interface TableReference {
  readonly target: TableTarget;
  readonly asOf: AsOf | undefined;
  /** The name that the query's columns are qualified with. */
  readonly alias: string;
  /** Offset of its first character in the text, in UTF-16 units. */
  readonly offset: number;
}

/** A reference and the ranges of the text that a rewrite touches. */
export interface TableSite {
  readonly reference: TableReference;
  readonly occurrence: TableOccurrence;
  /** What the replacement stands in for: the name, or the whole call. */
  readonly range: { readonly start: number; readonly end: number };
  readonly explicitAlias: boolean;
  /** The AT clause, to be removed. */
  readonly atRange: { readonly start: number; readonly end: number } | undefined;
  /** The token before the reference. */
  readonly before: Token | undefined;
}

/** A query's text, its tokens, and every table in it that is not a common table expression. */
export interface QueryReferences {
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly sites: readonly TableSite[];
  /** The index in `tokens` of the token that begins at an offset. */
  readonly indexAt: ReadonlyMap<number, number>;
  readonly occurrences: Occurrences;
  readonly utf16: (byteOffset: number) => number;
}

/**
 * Finds the tables of a normalised query.
 *
 * @param text the query, after `normalizeTimeTravel`
 * @param tree what `session.parse(text)` gave for this very text
 * @throws LakeError `invalid-input` for time travel on a WITH query, or a `delta_scan` that is not
 *   understood.
 */
export function findReferences(text: string, tree: JsonObject): QueryReferences {
  const tokens = tokenize(text);
  const utf16 = utf16Offsets(text);
  const occurrences = findOccurrences(tree);
  const indexAt = new Map(tokens.map((token, index) => [token.start, index]));
  const reader = new ReferenceReader(text, tokens, indexAt);
  const sites = occurrences.tables.flatMap((occurrence) => {
    const site = reader.site(occurrence, utf16(occurrence.byteOffset));
    return site === undefined ? [] : [site];
  });
  return { text, tokens, sites, indexAt, occurrences, utf16 };
}

/** Reads what the tree does not hold, the extent of things, from the tokens. */
class ReferenceReader {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  readonly #indexAt: ReadonlyMap<number, number>;
  readonly #identifiers: ReadonlyMap<Token, string>;

  constructor(text: string, tokens: readonly Token[], indexAt: ReadonlyMap<number, number>) {
    this.#text = text;
    this.#tokens = tokens;
    this.#indexAt = indexAt;
    this.#identifiers = new Map(parameterUses(tokens).map(({ token, identifier }) => [token, identifier]));
  }

  site(occurrence: TableOccurrence, offset: number): TableSite | undefined {
    const first = this.#indexAt.get(offset);
    if (first === undefined) throw treeMismatch(this.#text, offset);
    if (occurrence.kind === "table") return this.#table(occurrence, first);
    switch (textField(nodeField(occurrence.node, "function") ?? {}, "function_name").toLowerCase()) {
      case "delta_scan":
        return this.#deltaScan(occurrence, first);
      case "table_changes":
        return this.#tableChanges(occurrence, first);
      default:
        return undefined;
    }
  }

  #table(occurrence: TableOccurrence, first: number): TableSite {
    const { node } = occurrence;
    const nameEnd = endOfName(this.#tokens, first);
    const at = nodeField(node, "at_clause");
    const atFrom = this.#endOfAlias(node, nameEnd);
    const atTo = at === undefined ? undefined : closingParenthesis(this.#tokens, atFrom + 1);
    if (at !== undefined && (atTo === undefined || !isWord(this.#tokens[atFrom], "at"))) {
      throw treeMismatch(this.#text, this.#start(atFrom));
    }
    const unit = at === undefined ? "" : textField(at, "unit").toLowerCase();
    return {
      occurrence,
      reference: {
        target: tableTarget(node),
        asOf: atTo === undefined ? undefined : this.#asOf(unit, atFrom + 4, atTo),
        alias: textField(node, "alias") || ownName(tableTarget(node)),
        offset: this.#start(first),
      },
      range: { start: this.#start(first), end: this.#end(nameEnd - 1) },
      explicitAlias: textField(node, "alias") !== "",
      atRange: atTo === undefined ? undefined : { start: this.#start(atFrom), end: this.#end(atTo) },
      before: this.#tokens[first - 1],
    };
  }

  #deltaScan(occurrence: TableOccurrence, first: number): TableSite {
    const call = nodeField(occurrence.node, "function") ?? {};
    const { open, close, parts } = this.#call(first);
    const [path, version] = parts;
    const problem = (at: number): LakeError =>
      syntaxError(
        this.#text,
        this.#start(at),
        "delta_scan takes the path of a table as a string and at most one of version => n or timestamp => t",
        "For example: FROM delta_scan('s3://bucket/table', version => 3).",
      );
    const [argument] = listField(call, "children");
    const value = isJsonObject(argument) ? nodeField(argument, "value") : undefined;
    const literal = typeof value?.["value"] === "string" ? value["value"] : undefined;
    if (path === undefined || literal === undefined || listField(call, "children").length > 2)
      throw problem(open);
    const unit =
      version === undefined ? undefined : identifierName(this.#tokens[version.from])?.toLowerCase();
    if (version !== undefined) {
      const named =
        isSymbol(this.#tokens[version.from + 1], "=>") || isSymbol(this.#tokens[version.from + 1], ":=");
      if (!named || (unit !== "version" && unit !== "timestamp")) throw problem(version.from);
    }
    const asOf = version === undefined ? undefined : this.#asOf(unit ?? "", version.from + 2, version.to);
    return this.#callSite(occurrence, first, close, { target: { kind: "path", path: literal }, asOf });
  }

  #tableChanges(occurrence: TableOccurrence, first: number): TableSite {
    const call = nodeField(occurrence.node, "function") ?? {};
    const { open, close, parts } = this.#call(first);
    const [, from, to] = parts;
    const [argument] = listField(call, "children");
    const table = isJsonObject(argument) ? tableArgument(argument) : undefined;
    if (table === undefined || from === undefined || parts.length > 3) {
      throw syntaxError(
        this.#text,
        this.#start(open),
        "table_changes takes a table, the version or timestamp to begin with, and at most one to end with",
        "For example: FROM table_changes('orders', 3, 5).",
      );
    }
    const target = {
      kind: "changes",
      table,
      from: this.#constant(from.from, from.to),
      to: to && this.#constant(to.from, to.to),
    } as const;
    return this.#callSite(occurrence, first, close, { target, asOf: undefined });
  }

  /** The parentheses of the call whose name begins at `first`, and its arguments. */
  #call(first: number): { readonly open: number; readonly close: number; readonly parts: TokenRange[] } {
    const open = endOfName(this.#tokens, first);
    const close = isSymbol(this.#tokens[open], "(") ? closingParenthesis(this.#tokens, open) : undefined;
    if (close === undefined) throw treeMismatch(this.#text, this.#start(first));
    return { open, close, parts: splitAtCommas(this.#tokens, open + 1, close) };
  }

  #callSite(
    occurrence: TableOccurrence,
    first: number,
    close: number,
    named: Pick<TableReference, "target" | "asOf">,
  ): TableSite {
    const alias = textField(occurrence.node, "alias");
    const name = textField(nodeField(occurrence.node, "function") ?? {}, "function_name");
    return {
      occurrence,
      reference: { ...named, alias: alias || name, offset: this.#start(first) },
      range: { start: this.#start(first), end: this.#end(close) },
      explicitAlias: alias !== "",
      atRange: undefined,
      before: this.#tokens[first - 1],
    };
  }

  /** The index after the alias that follows a name; `from` when it has none, or has it in front (`x: t`). */
  #endOfAlias(node: JsonObject, from: number): number {
    const alias = textField(node, "alias");
    const name = isWord(this.#tokens[from], "as") ? from + 1 : from;
    const token = this.#tokens[name];
    if (alias === "" || !isAliasToken(token) || aliasText(token) !== alias) return from;
    if (listField(node, "column_name_alias").length === 0) return name + 1;
    return (closingParenthesis(this.#tokens, name + 1) ?? name) + 1;
  }

  #asOf(unit: string, from: number, to: number): AsOf {
    return { unit: unit === "version" ? "version" : "timestamp", ...this.#constant(from, to) };
  }

  #constant(from: number, to: number): Constant {
    const parts: string[] = [];
    const parameters: string[] = [];
    let done = this.#start(from);
    for (const token of this.#tokens.slice(from, to)) {
      const identifier = this.#identifiers.get(token);
      if (identifier === undefined) continue;
      const known = parameters.indexOf(identifier);
      const position = known < 0 ? parameters.push(identifier) : known + 1;
      parts.push(this.#text.slice(done, token.start), isPosition(identifier) ? `$${position}` : token.text);
      done = token.end;
    }
    parts.push(this.#text.slice(done, this.#end(to - 1)));
    return { expression: parts.join(""), parameters };
  }

  #start(index: number): number {
    return this.#tokens[index]?.start ?? this.#text.length;
  }

  #end(index: number): number {
    return this.#tokens[index]?.end ?? this.#text.length;
  }
}

function tableTarget(node: JsonObject): TableTarget {
  const name = textField(node, "table_name");
  const namespace = textField(node, "schema_name") || undefined;
  const catalog = textField(node, "catalog_name") || undefined;
  if (catalog === undefined && namespace?.toLowerCase() === "delta") return { kind: "path", path: name };
  if (namespace === undefined && /[/.*]/.test(name)) return { kind: "file", name };
  return { kind: "table", catalog, namespace, name };
}

/** What the columns of a table without an alias are qualified with. */
function ownName(target: TableTarget): string {
  switch (target.kind) {
    case "table":
      return target.name;
    case "file":
      return fileAlias(target.name);
    case "path":
      return target.path;
    case "changes":
      return target.table;
  }
}

function isAliasToken(token: Token | undefined): boolean {
  return isName(token) || token?.kind === "string";
}

function aliasText(token: Token | undefined): string | undefined {
  return token?.kind === "string" ? token.text.slice(1, -1).replaceAll("''", "'") : identifierName(token);
}

function treeMismatch(text: string, offset: number): LakeError {
  return new LakeError("internal", "sql-tree", `the syntax tree does not fit the text at offset ${offset}`, {
    context: { position: offset, text: text.slice(offset, offset + 40) },
  });
}
