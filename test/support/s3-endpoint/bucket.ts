import { compareUtf8 } from "../../../object-store/index.js";
import type { Medium, ObjectFacts, StoredObject } from "./medium.js";

/** An upload in parts that is neither complete nor aborted. */
export interface Upload {
  readonly id: string;
  readonly key: string;
  /** Milliseconds since the epoch. */
  readonly initiated: number;
  readonly headers: Readonly<Record<string, string>>;
  /** By part number. */
  readonly parts: Map<number, UploadedPart>;
}

export interface UploadedPart {
  readonly bytes: Buffer;
  readonly etag: string;
}

/** One line of a listing with a delimiter: an object, or the prefix that several have in common. */
export type ListEntry =
  | { readonly kind: "object"; readonly object: StoredObject }
  | { readonly kind: "prefix"; readonly prefix: string };

export interface ListRange {
  readonly prefix: string;
  /** Exclusive. */
  readonly after: string;
  readonly delimiter: string;
  readonly limit: number;
}

/** A bucket. Uploads under way are held in memory only. */
export class Bucket {
  readonly uploads = new Map<string, Upload>();
  readonly #name: string;
  readonly #medium: Medium;
  readonly #objects: Map<string, StoredObject>;
  /** All keys, in the order of their UTF-8 bytes. */
  readonly #keys: string[];

  constructor(name: string, medium: Medium, objects: readonly StoredObject[] = []) {
    this.#name = name;
    this.#medium = medium;
    this.#objects = new Map(objects.map((object) => [object.key, object]));
    this.#keys = [...this.#objects.keys()].sort(compareUtf8);
  }

  get(key: string): StoredObject | undefined {
    return this.#objects.get(key);
  }

  /** All objects, in the order of their keys. */
  objects(): readonly StoredObject[] {
    return this.#keys.flatMap((key) => this.#objects.get(key) ?? []);
  }

  put(facts: ObjectFacts, bytes: Buffer): StoredObject {
    const stored = this.#medium.keep(this.#name, facts, bytes);
    if (!this.#objects.has(facts.key)) this.#keys.splice(this.#indexAfter(facts.key), 0, facts.key);
    this.#objects.set(facts.key, stored);
    return stored;
  }

  delete(key: string): void {
    if (!this.#objects.delete(key)) return;
    this.#medium.drop(this.#name, key);
    this.#keys.splice(this.#indexAfter(key) - 1, 1);
  }

  /** At most `limit` entries, and whether there are more. */
  list({ prefix, after, delimiter, limit }: ListRange): {
    readonly entries: readonly ListEntry[];
    readonly isTruncated: boolean;
  } {
    const entries: ListEntry[] = [];
    let common: string | undefined;
    // A key that equals the prefix is listed, so the search begins just before it.
    let at = compareUtf8(after, prefix) >= 0 ? this.#indexAfter(after) : this.#indexFrom(prefix);
    for (; at < this.#keys.length; at++) {
      const key = this.#keys[at];
      const object = key === undefined ? undefined : this.#objects.get(key);
      if (key === undefined || object === undefined || !key.startsWith(prefix)) break;
      const cut = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
      const group = cut < 0 ? undefined : key.slice(0, cut + delimiter.length);
      if (group !== undefined && (group === common || after.startsWith(group))) continue;
      if (entries.length === limit) return { entries, isTruncated: true };
      common = group;
      entries.push(group === undefined ? { kind: "object", object } : { kind: "prefix", prefix: group });
    }
    return { entries, isTruncated: false };
  }

  /** How many keys are not behind `key`. */
  #indexAfter(key: string): number {
    return this.#search((other) => compareUtf8(other, key) <= 0);
  }

  #indexFrom(key: string): number {
    return this.#search((other) => compareUtf8(other, key) < 0);
  }

  #search(isBefore: (key: string) => boolean): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const key = this.#keys[middle];
      if (key !== undefined && isBefore(key)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
