import { readFile } from "node:fs/promises";
import { expect, onTestFinished } from "vitest";
import {
  type ByteSpan,
  type FetchCounts,
  LocalTier,
  MemoryStore,
  type ObjectPart,
  type ObjectPath,
  type ReadOptions,
  type RemoteObject,
} from "../../object-store/index.js";
import { RemoteStore } from "./remote-store.js";

export const MIB = 1024 * 1024;

/** Bytes that differ from place to place, none of them zero, as a hole would be. */
export function content(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at++) bytes[at] = 1 + (((at * 31) ^ (at >> 8) ^ seed) & 0x7f);
  return bytes;
}

/** A tier that is closed when the test is over. */
export function tierIn(directory: string, maxBytes = 100 * MIB): LocalTier {
  const tier = new LocalTier({ directory, maxBytes });
  onTestFinished(() => tier.close());
  return tier;
}

/** Done before a read is answered; may wait, or throw. */
export type BeforeRead = (path: ObjectPath, options: ReadOptions) => Promise<void> | void;

/** A far store of objects in memory, whose reads can be held up or made to fail. */
export class FarObjects extends RemoteStore {
  beforeRead: BeforeRead = () => {};
  /** The ranges that were answered, in that order. */
  readonly answered: (ByteSpan & { readonly path: ObjectPath })[] = [];

  constructor(name = "far://bucket") {
    super(new MemoryStore(), name);
  }

  async object(path: ObjectPath, bytes: Uint8Array): Promise<RemoteObject> {
    await this.put(path, bytes);
    return { store: this, path, size: bytes.length };
  }

  override async read(path: ObjectPath, options: ReadOptions = {}): Promise<ObjectPart> {
    await this.beforeRead(path, options);
    const part = await super.read(path, options);
    const { range } = options;
    if (range !== undefined && "offset" in range) this.answered.push({ path, ...range });
    return part;
  }
}

/** Holds up who comes to it. */
export class Gate {
  #waiting: { readonly open: () => void; readonly name: string }[] = [];
  #arrivals: (() => void)[] = [];

  /** Waits until it is let through, or rejects when the signal fires. */
  pass(name: string, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ open: resolve, name });
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      for (const told of this.#arrivals.splice(0)) told();
    });
  }

  /** Resolves when so many wait. */
  async arrived(count: number): Promise<string[]> {
    while (this.#waiting.length < count) await new Promise<void>((resolve) => this.#arrivals.push(resolve));
    return this.#waiting.map(({ name }) => name);
  }

  open(): void {
    for (const { open } of this.#waiting.splice(0)) open();
  }
}

export function counter(): {
  readonly onFetch: (counts: FetchCounts) => void;
  readonly counts: FetchCounts[];
} {
  const counts: FetchCounts[] = [];
  return { counts, onFetch: (one) => counts.push(one) };
}

/** Whether the spans of a copy are those of the object, by default all of it, and the copy as large. */
export async function expectBytes(
  file: string,
  bytes: Uint8Array,
  spans: readonly ByteSpan[] = [{ offset: 0, length: bytes.length }],
): Promise<void> {
  const read = await readFile(file);
  expect(read.length).toBe(bytes.length);
  for (const { offset, length } of spans) {
    const end = offset + length;
    const difference = Buffer.compare(read.subarray(offset, end), bytes.subarray(offset, end));
    expect(difference, `bytes ${offset} to ${end}`).toBe(0);
  }
}
