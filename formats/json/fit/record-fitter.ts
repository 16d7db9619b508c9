import { describeTwice, JsonCursor } from "./json-cursor.js";
import { fitsScalar, type ScalarFit } from "./scalar-fit.js";
import type { StructNode, TargetNode } from "./target-node.js";

/** Bytes of a record, and the text that is to stand in their place. */
export interface Patch {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** A value of a record that does not fit its column, or has none. */
export interface Misfit {
  /** `value`: of a type that its column is not of. `field`: of a key that no column has. */
  readonly kind: "value" | "field";
  readonly path: string;
  readonly from: number;
  readonly to: number;
  /** What follows "which", in a sentence about the value. */
  readonly reason: string;
}

const QUOTE = 0x22;

/** What the records are: objects of these fields, values of one type, objects of any fields, or any values. */
export type RecordTarget =
  | { readonly kind: "any-object" }
  | { readonly kind: "any" }
  | { readonly kind: "object"; readonly struct: StructNode }
  | { readonly kind: "value"; readonly name: string; readonly node: TargetNode };

/**
 * Reads one record after another and says how each becomes one that the engine reads with the target's types, every
 * value kept exactly: by which patches, and without which misfits.
 */
export class RecordFitter {
  readonly cursor: JsonCursor;
  readonly #target: RecordTarget;
  readonly #path: string[] = [];
  readonly patches: Patch[] = [];
  readonly misfits: Misfit[] = [];
  #objects = 0;
  /** Lists and maps around the value: what does not fit in one is a misfit of all of it. */
  #containers = 0;
  #containerReason: string | undefined;
  #exactOnly = false;
  #isAmbiguous = false;

  constructor(target: RecordTarget, options: { readonly newlines: boolean }) {
    this.#target = target;
    const uniqueKeys = target.kind === "any-object" || target.kind === "any";
    this.cursor = new JsonCursor({ ...options, uniqueKeys });
  }

  /** Reads the record that begins at `at`; gives the position behind it, or -1 where it breaks, for `cursor.fault`. */
  read(at: number): number {
    const end = this.#read(at, false);
    // Where two keys differ in case only, each is taken by its very name alone.
    return this.#isAmbiguous ? this.#read(at, true) : end;
  }

  #read(at: number, exactOnly: boolean): number {
    this.patches.length = 0;
    this.misfits.length = 0;
    this.#path.length = 0;
    this.#containers = 0;
    this.#containerReason = undefined;
    this.#exactOnly = exactOnly;
    this.#isAmbiguous = false;
    const target = this.#target;
    if (target.kind === "value") return this.#value(target.node, at, target.name);
    const isObject = this.cursor.data[at] === 0x7b;
    if (isObject && target.kind === "object") return this.#struct(target.struct, at);
    const end = this.cursor.skip(at);
    if (target.kind === "any" || (isObject && target.kind === "any-object")) return end;
    return end < 0 ? -1 : this.cursor.fail(at, "the record is no object");
  }

  #value(node: TargetNode, at: number, name: string): number {
    const { cursor } = this;
    const byte = cursor.data[at];
    switch (node.kind) {
      case "struct": {
        if (byte !== 0x7b) return this.#other(node, at, name);
        this.#path.push(name);
        const end = this.#struct(node, at);
        this.#path.pop();
        return end;
      }
      case "list":
        return byte === 0x5b
          ? this.#container(at, name, () => this.#list(node.element, at))
          : this.#other(node, at, name);
      case "map":
        return byte === 0x7b
          ? this.#container(at, name, () => this.#map(node.value, at))
          : this.#other(node, at, name);
      default: {
        const end = cursor.skip(at);
        if (end < 0) return -1;
        const fit = fitsScalar(node, cursor, at, end);
        if (fit !== "as-is") this.#settle(fit, at, end, name);
        return end;
      }
    }
  }

  /** A value that is not of a nested type's shape. */
  #other(node: TargetNode, at: number, name: string): number {
    const end = this.cursor.skip(at);
    if (end < 0) return -1;
    const isNull = this.cursor.data[at] === 0x6e && end === at + 4;
    if (!isNull) this.#misfit(name, at, end, `is no ${NOUNS[node.kind]}`);
    return end;
  }

  #settle(fit: Exclude<ScalarFit, "as-is">, at: number, end: number, name: string): void {
    if (fit.kind === "rewritten") this.patches.push({ from: at, to: end, text: fit.text });
    else this.#misfit(name, at, end, fit.reason);
  }

  #struct(node: StructNode, at: number): number {
    const { cursor } = this;
    const { data } = cursor;
    const object = ++this.#objects;
    let expected = 0;
    let next = cursor.space(at + 1);
    while (data[next] !== 0x7d) {
      if (data[next] !== QUOTE) return cursor.key(next);
      const predicted = node.fields[expected];
      let index = expected;
      let behind = predicted === undefined ? -1 : behindKey(data, next + 1, predicted.keyBytes);
      let isExact = true;
      let name = predicted?.name ?? "";
      if (behind < 0) {
        behind = cursor.string(next + 1);
        if (behind < 0) return -1;
        name = cursor.textOf(next + 1, behind - 1);
        index = node.find(name, this.#exactOnly);
        isExact = index >= 0 && node.fields[index]?.name === name;
      }
      const value = cursor.colon(behind);
      if (value < 0) return -1;
      const field = node.fields[index];
      const end =
        field === undefined || index < 0
          ? this.#unknown(name, value)
          : this.#meets(node, index, object, isExact, next, behind)
            ? this.#value(field.node, value, name)
            : -1;
      if (end < 0) return -1;
      if (index >= 0) expected = index + 1;
      next = cursor.afterValue(end, 0x7d);
      if (next < 0) return -1;
    }
    return next + 1;
  }

  /** Takes a field's key, which stands from `key` to `behind`; false when the object has had it before. */
  #meets(
    node: StructNode,
    index: number,
    object: number,
    isExact: boolean,
    key: number,
    behind: number,
  ): boolean {
    const field = node.fields[index];
    const meeting = node.meet(index, object, isExact);
    if (meeting === "twice") {
      this.cursor.fail(key, describeTwice(field?.name ?? ""));
      return false;
    }
    if (meeting === "in-two-spellings") this.#isAmbiguous = true;
    if (field !== undefined && (!isExact || field.isRenamed)) {
      this.patches.push({ from: key, to: behind, text: JSON.stringify(field.key) });
    }
    return true;
  }

  /** A key that no field has. The engine passes over it. */
  #unknown(name: string, value: number): number {
    const end = this.cursor.skip(value);
    if (end < 0) return -1;
    if (this.#containers > 0)
      this.#containerReason ??= `has a field ${JSON.stringify(name)} that no column has`;
    else return this.#rescue({ kind: "field", from: value, to: end, reason: "no column has" }, name);
    return end;
  }

  #container(at: number, name: string, read: () => number): number {
    const { length } = this.patches;
    this.#containers++;
    const end = read();
    this.#containers--;
    if (end >= 0 && this.#containers === 0 && this.#containerReason !== undefined) {
      const reason = this.#containerReason;
      this.#containerReason = undefined;
      this.patches.length = length;
      return this.#misfit(name, at, end, reason);
    }
    return end;
  }

  #list(element: TargetNode, at: number): number {
    const { cursor } = this;
    let next = cursor.space(at + 1);
    while (cursor.data[next] !== 0x5d) {
      next = this.#value(element, next, "");
      if (next < 0) return -1;
      next = cursor.afterValue(next, 0x5d);
      if (next < 0) return -1;
    }
    return next + 1;
  }

  #map(value: TargetNode, at: number): number {
    const { cursor } = this;
    const keys = new Set<string>();
    let next = cursor.space(at + 1);
    while (cursor.data[next] !== 0x7d) {
      const key = next + 1;
      next = cursor.key(next);
      if (next < 0) return -1;
      const name = cursor.textOf(key, next - 1);
      if (keys.has(name)) return cursor.fail(key - 1, describeTwice(name));
      keys.add(name);
      next = cursor.colon(next);
      if (next < 0) return -1;
      next = this.#value(value, next, name);
      if (next < 0) return -1;
      next = cursor.afterValue(next, 0x7d);
      if (next < 0) return -1;
    }
    return next + 1;
  }

  #misfit(name: string, from: number, to: number, reason: string): number {
    if (this.#containers > 0) {
      this.#containerReason ??= `has a value that ${reason}`;
      return to;
    }
    this.patches.push({ from, to, text: "null" });
    return this.#rescue({ kind: "value", from, to, reason }, name);
  }

  /** Gives `to`, or -1 where the record has two values of one path, which only all of its text tells apart. */
  #rescue(misfit: Omit<Misfit, "path">, name: string): number {
    const path = [...this.#path, name].join(".");
    if (this.misfits.some((other) => other.path === path)) {
      return this.cursor.fail(misfit.from, `two fields are called ${JSON.stringify(path)}`);
    }
    this.misfits.push({ ...misfit, path });
    return misfit.to;
  }
}

const NOUNS: Readonly<Record<TargetNode["kind"], string>> = {
  struct: "object",
  map: "object",
  list: "array",
  text: "text",
  json: "value",
  whole: "whole number",
  decimal: "decimal number",
  double: "number",
  float: "number",
  boolean: "boolean",
  date: "date",
  "wall-clock": "timestamp",
  instant: "timestamp",
  none: "value of its column's type",
};

/** The position behind a key, -1 when another stands there. */
function behindKey(data: Buffer, at: number, keyBytes: Buffer): number {
  const { length } = keyBytes;
  for (let index = 0; index < length; index++) {
    if (data[at + index] !== keyBytes[index]) return -1;
  }
  return at + length;
}
