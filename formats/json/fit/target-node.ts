import type { TargetField, TargetType } from "./target-type.js";

/** A target type made ready for reading record after record. */
export type TargetNode =
  | Exclude<TargetType, { readonly kind: "list" | "map" | "struct" }>
  | { readonly kind: "list"; readonly element: TargetNode }
  | { readonly kind: "map"; readonly value: TargetNode }
  | StructNode;

export interface FieldNode {
  /** As rescued values call it. */
  readonly name: string;
  /** The key under which the engine is to find it. */
  readonly key: string;
  /** The key as it usually stands in the text, with the quote behind it. */
  readonly keyBytes: Buffer;
  /** Whether the records have another key for it than the engine wants. */
  readonly isRenamed: boolean;
  readonly node: TargetNode;
}

/** The fields of an object, and which of them the object at hand has had. */
export class StructNode {
  readonly kind = "struct";
  readonly fields: readonly FieldNode[];
  readonly #exact: ReadonlyMap<string, number>;
  readonly #folded: ReadonlyMap<string, number>;
  /** For each field, the object that had it last, and the one that had it under its very name. */
  readonly #seen: Float64Array;
  readonly #seenExactly: Float64Array;

  constructor(fields: readonly TargetField[], keys: readonly string[]) {
    this.fields = fields.map(({ name, type }, index) => ({
      name,
      key: keys[index] ?? name,
      keyBytes: Buffer.from(JSON.stringify(name).slice(1)),
      isRenamed: keys[index] !== name,
      node: nodeOf(type),
    }));
    this.#exact = new Map(fields.map(({ name }, index) => [name, index]));
    // Of names that differ in case only, the first takes keys in other spellings.
    const folded = new Map<string, number>();
    for (const [index, { name }] of fields.entries()) {
      if (!folded.has(name.toLowerCase())) folded.set(name.toLowerCase(), index);
    }
    this.#folded = folded;
    this.#seen = new Float64Array(fields.length);
    this.#seenExactly = new Float64Array(fields.length);
  }

  /** The field of a key, -1 for none. */
  find(key: string, exactOnly: boolean): number {
    return this.#exact.get(key) ?? (exactOnly ? undefined : this.#folded.get(key.toLowerCase())) ?? -1;
  }

  /** Notes that an object has a field; says whether it had it before. */
  meet(index: number, object: number, isExact: boolean): "first" | "twice" | "in-two-spellings" {
    const before = this.#seen[index] === object;
    const exactlyBefore = this.#seenExactly[index] === object;
    this.#seen[index] = object;
    if (isExact) this.#seenExactly[index] = object;
    if (!before) return "first";
    return isExact && exactlyBefore ? "twice" : "in-two-spellings";
  }
}

export function nodeOf(type: TargetType): TargetNode {
  switch (type.kind) {
    case "list":
      return { kind: "list", element: nodeOf(type.element) };
    case "map":
      return { kind: "map", value: nodeOf(type.value) };
    case "struct":
      return new StructNode(
        type.fields,
        type.fields.map(({ name }) => name),
      );
    default:
      return type;
  }
}
