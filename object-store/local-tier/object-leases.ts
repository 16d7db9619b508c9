import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { throwIfCancelled } from "../../core/index.js";
import { nameOf } from "./check-part.js";
import { KeyedTurns } from "./keyed-turns.js";
import type { TierLease } from "./local-tier.js";
import { machineBoot } from "./machine-boot.js";
import type { ObjectLease, ObjectLeaseOptions, RemoteObject } from "./object-lease.js";
import { expectListeners, RequestSlots } from "./request-slots.js";
import { SMALL_OBJECT, smallObjectLease } from "./small-object.js";
import { isUsable, SparseCopy } from "./sparse-copy.js";
import { release, type SparseFiles } from "./sparse-files.js";

const MEBIBYTE = 1024 * 1024;
/** Answers are held in memory until they are on the disk. */
const LIMITS = { requests: 32, bytes: 128 * MEBIBYTE };
/** Calls that open files of the tier, at a time: processes have few to open. */
const FILE_CALLS = { requests: 16, bytes: 0 };

/** The tier, as leases of objects see it. */
export interface ObjectHost {
  /** The folder of this process; not made yet. */
  ownFolder(): Promise<string>;
  /** Does what touches the tier's files; tells what goes wrong there. */
  atDisk<T>(work: () => Promise<T>): Promise<T>;
  /** Told of bytes that were added to the tier. */
  grown(bytes: number): Promise<void>;
  /** As `LocalTier.lease`. */
  leaseWhole(key: string, make: (localPath: string) => Promise<void>, keep: boolean): Promise<TierLease>;
}

/** A sparse copy that this process has leased. */
interface Held {
  readonly copy: SparseCopy;
  leases: number;
}

/** The leases of remote objects in this process. */
export class ObjectLeases {
  readonly #files: SparseFiles;
  readonly #host: ObjectHost;
  readonly #slots = new RequestSlots(LIMITS);
  readonly #fileCalls = new RequestSlots(FILE_CALLS);
  readonly #turns = new KeyedTurns();
  readonly #held = new Map<string, Held>();

  constructor(files: SparseFiles, host: ObjectHost) {
    this.#files = files;
    this.#host = host;
  }

  /** As `LocalTier.leaseObject`. */
  async lease(object: RemoteObject, { signal, keep = true }: ObjectLeaseOptions): Promise<ObjectLease> {
    throwIfCancelled(signal);
    if (object.size <= SMALL_OBJECT) {
      return smallObjectLease(wholeKeyOf(object), object, {
        folder: await this.#host.ownFolder(),
        slots: this.#slots,
        atDisk: this.#host.atDisk,
        leaseWhole: (key, make) => this.#host.leaseWhole(key, make, keep),
      });
    }
    const key = sparseKeyOf(object);
    const held = await this.#turns.run(key, () => this.#hold(key, object, keep));
    return this.#leaseOf(key, object, held);
  }

  /** Forgets every lease; their files are gone already. */
  clear(): void {
    this.#held.clear();
  }

  #leaseOf(key: string, object: RemoteObject, held: Held): ObjectLease {
    let released = false;
    const lease: ObjectLease = {
      localPath: held.copy.pair.dataFile,
      fetch: (spans, options = {}) => {
        expectListeners(options.signal);
        return held.copy.fetch(object, lease, spans, options);
      },
      release: async () => {
        if (released) return;
        released = true;
        await this.#turns.run(key, () => this.#letGo(key, held));
      },
    };
    return lease;
  }

  async #hold(key: string, object: RemoteObject, keep: boolean): Promise<Held> {
    const known = this.#held.get(key);
    if (known?.copy.mayBe(object.etag)) {
      known.leases++;
      return known;
    }
    if (known !== undefined) await this.#drop(key, known.copy);
    const boot = await machineBoot();
    const copy = await this.#fileCalls.run(this, 0, undefined, () =>
      this.#host.atDisk(() => this.#open(key, object, boot, keep)),
    );
    const held = { copy, leases: 1 };
    this.#held.set(key, held);
    return held;
  }

  async #open(key: string, { size, etag }: RemoteObject, boot: string, keep: boolean): Promise<SparseCopy> {
    const folder = await this.#host.ownFolder();
    await mkdir(folder, { recursive: true });
    const isFit = (log: Uint8Array): boolean => isUsable(log, boot, etag);
    let pair = await this.#files.take(key, size, folder, isFit);
    if (pair === undefined) {
      const begun = await this.#files.begin(key, size, folder);
      if (keep) await this.#files.keep(begun);
      // Another process may have begun one at the same time.
      pair = await this.#files.take(key, size, folder, isFit, begun.name);
      if (pair === undefined) pair = begun;
      else {
        await this.#files.removeCopy(begun.name);
        await release(begun);
      }
    }
    const copy: SparseCopy = new SparseCopy(pair, size, {
      slots: this.#slots,
      fileCalls: this.#fileCalls,
      boot,
      atDisk: this.#host.atDisk,
      grown: this.#host.grown,
      changed: () => this.#drop(key, copy),
    });
    return copy;
  }

  /** Nobody gets this copy any more; who has leased it keeps what is in it. */
  async #drop(key: string, copy: SparseCopy): Promise<void> {
    if (this.#held.get(key)?.copy === copy) this.#held.delete(key);
    await this.#host.atDisk(() => this.#files.removeCopy(copy.pair.name));
  }

  async #letGo(key: string, held: Held): Promise<void> {
    held.leases--;
    if (held.leases > 0) return;
    if (this.#held.get(key) === held) this.#held.delete(key);
    await this.#host.atDisk(() => release(held.copy.pair));
  }
}

/**
 * The object by its full name, from whatever folder its store was opened at. The content is not in the key, for it is
 * known when the first bytes come.
 */
function sparseKeyOf(object: RemoteObject): string {
  return digestOf([nameOf(object), String(object.size)]);
}

function wholeKeyOf(object: RemoteObject): string {
  return `object-${digestOf([nameOf(object), String(object.size), object.etag ?? ""])}`;
}

function digestOf(parts: readonly string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 40);
}
