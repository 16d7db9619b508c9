import { LakeError } from "../../../core/index.js";
import { quoteIdentifier } from "../../../engine/index.js";

/** What a JSON value has to become. */
export type TargetType =
  | { readonly kind: "text" }
  /** A VARCHAR of JSON text, whose strings keep their quotes. */
  | { readonly kind: "json" }
  | { readonly kind: "whole"; readonly type: string; readonly minimum: bigint; readonly maximum: bigint }
  | { readonly kind: "decimal"; readonly precision: number; readonly scale: number }
  | { readonly kind: "double" }
  | { readonly kind: "float" }
  | { readonly kind: "boolean" }
  | { readonly kind: "date" }
  | { readonly kind: "wall-clock" }
  | { readonly kind: "instant" }
  /** A type, as SQL text, that no JSON value is of but null: bytes, for one. */
  | { readonly kind: "none"; readonly type: string }
  | { readonly kind: "list"; readonly element: TargetType }
  /** Of texts; a map with other keys is `none`. */
  | { readonly kind: "map"; readonly value: TargetType }
  | { readonly kind: "struct"; readonly fields: readonly TargetField[] };

export interface TargetField {
  readonly name: string;
  readonly type: TargetType;
}

const whole = (type: string, bits: bigint): TargetType => ({
  kind: "whole",
  type,
  minimum: -(1n << (bits - 1n)),
  maximum: (1n << (bits - 1n)) - 1n,
});

const NAMED: ReadonlyMap<string, TargetType> = new Map<string, TargetType>([
  ["TINYINT", whole("TINYINT", 8n)],
  ["SMALLINT", whole("SMALLINT", 16n)],
  ["INTEGER", whole("INTEGER", 32n)],
  ["INT", whole("INTEGER", 32n)],
  ["BIGINT", whole("BIGINT", 64n)],
  ["FLOAT", { kind: "float" }],
  ["REAL", { kind: "float" }],
  ["DOUBLE", { kind: "double" }],
  ["BOOLEAN", { kind: "boolean" }],
  ["VARCHAR", { kind: "text" }],
  ["DATE", { kind: "date" }],
  ["TIMESTAMP", { kind: "wall-clock" }],
  ["TIMESTAMP WITH TIME ZONE", { kind: "instant" }],
  ["TIMESTAMPTZ", { kind: "instant" }],
]);

/**
 * Reads the text of a DuckDB type: `BIGINT`, `STRUCT("a" VARCHAR, b DECIMAL(10,2)[])`.
 *
 * @throws LakeError `internal` for text that is no type.
 */
export function targetTypeOf(text: string): TargetType {
  const reader = new TypeReader(text);
  const type = reader.type();
  reader.end();
  return type;
}

/** The type as SQL text. */
export function engineType(type: TargetType): string {
  switch (type.kind) {
    case "text":
    case "json":
      return "VARCHAR";
    case "decimal":
      return `DECIMAL(${type.precision},${type.scale})`;
    case "wall-clock":
      return "TIMESTAMP";
    case "instant":
      return "TIMESTAMP WITH TIME ZONE";
    case "whole":
    case "none":
      return type.type;
    case "list":
      return `${engineType(type.element)}[]`;
    case "map":
      return `MAP(VARCHAR, ${engineType(type.value)})`;
    case "struct": {
      const fields = type.fields.map((field) => `${quoteIdentifier(field.name)} ${engineType(field.type)}`);
      return `STRUCT(${fields.join(", ")})`;
    }
    default:
      return type.kind.toUpperCase();
  }
}

/** One part of a type's text: a quoted name, a word with the number after it, or a sign. */
const TOKEN = /\s*(?:"((?:[^"]|"")*)"|([A-Za-z0-9_]+)|(.))/gsu;

class TypeReader {
  readonly #text: string;
  readonly #tokens: readonly string[];
  readonly #names: readonly (string | undefined)[];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    const matches = [...text.trim().matchAll(TOKEN)];
    this.#names = matches.map(([, quoted, word]) => quoted?.replaceAll('""', '"') ?? word);
    this.#tokens = matches.map(([, , word, sign]) => word?.toUpperCase() ?? sign ?? "");
  }

  type(): TargetType {
    let type = this.#plain();
    while (this.#tokens[this.#at] === "[" && this.#tokens[this.#at + 1] === "]") {
      this.#at += 2;
      type = { kind: "list", element: type };
    }
    return type;
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw this.#broken();
  }

  #plain(): TargetType {
    let word = this.#tokens[this.#at++] ?? "";
    if (word === "STRUCT") return { kind: "struct", fields: this.#fields() };
    if (word === "MAP") return this.#map();
    if (word === "DECIMAL" || word === "NUMERIC") return this.#decimal();
    while (/^[A-Z]/.test(this.#tokens[this.#at] ?? "")) word += ` ${this.#tokens[this.#at++]}`;
    if (!/^[A-Z]/.test(word)) throw this.#broken();
    return NAMED.get(word) ?? { kind: "none", type: word };
  }

  #fields(): TargetField[] {
    const fields: TargetField[] = [];
    this.#take("(");
    do {
      const name = this.#names[this.#at++];
      if (name === undefined) throw this.#broken();
      fields.push({ name, type: this.type() });
    } while (this.#isTaken(","));
    this.#take(")");
    return fields;
  }

  #map(): TargetType {
    this.#take("(");
    const key = this.type();
    this.#take(",");
    const value = this.type();
    this.#take(")");
    if (key.kind === "text") return { kind: "map", value };
    return { kind: "none", type: `MAP(${engineType(key)}, ${engineType(value)})` };
  }

  #decimal(): TargetType {
    if (this.#tokens[this.#at] !== "(") return { kind: "decimal", precision: 18, scale: 3 };
    this.#take("(");
    const precision = this.#number();
    const scale = this.#isTaken(",") ? this.#number() : 0;
    this.#take(")");
    return { kind: "decimal", precision, scale };
  }

  #number(): number {
    const word = this.#tokens[this.#at++] ?? "";
    if (!/^[0-9]+$/.test(word)) throw this.#broken();
    return Number(word);
  }

  #isTaken(sign: string): boolean {
    if (this.#tokens[this.#at] !== sign) return false;
    this.#at++;
    return true;
  }

  #take(sign: string): void {
    if (!this.#isTaken(sign)) throw this.#broken();
  }

  #broken(): LakeError {
    return new LakeError("internal", "engine-type", `not a type: ${this.#text}`);
  }
}
