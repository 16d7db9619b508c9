import { cancelledError, isLakeError, throwIfCancelled } from "../../core/index.js";
import { objectChanged } from "../object-changed.js";
import type { ObjectPart } from "../object-store.js";
import { bytesOf, endOf, type SpanSet, spanSet, union, without } from "./byte-spans.js";
import { checkPart, nameOf } from "./check-part.js";
import { CopyFiles } from "./copy-files.js";
import type { ByteSpan, FetchOptions, RemoteObject } from "./object-lease.js";
import { planFetch } from "./plan-fetch.js";
import type { RequestSlots } from "./request-slots.js";
import { type CopyContent, contentLine, readSpanLog, spanLine } from "./span-log.js";
import type { SparsePair } from "./sparse-files.js";

/** What a copy needs of the tier. */
export interface CopyHost {
  /** Shared by all copies. */
  readonly slots: RequestSlots;
  /** For calls that open files, of which a process may have few. */
  readonly fileCalls: RequestSlots;
  /** Names the start of the machine (machine-boot.ts). */
  readonly boot: string;
  /** Does what touches the tier's files; tells what goes wrong there. */
  atDisk<T>(work: () => Promise<T>): Promise<T>;
  /** Told of bytes that were added to the tier. */
  grown(bytes: number): Promise<void>;
  /** Told when the object is not what this is a copy of. */
  changed(): Promise<void>;
}

/** A request on its way. */
interface UnderWay {
  readonly span: ByteSpan;
  /** Over, whatever came of it; never rejects. */
  readonly over: Promise<void>;
}

/** One call of {@link SparseCopy.fetch}. */
interface Call {
  /** The object as the one who fetches knows it. */
  readonly object: RemoteObject;
  readonly owner: object;
  readonly signal: AbortSignal | undefined;
  /** The first of its requests that failed; none is begun after it. */
  failure: { readonly error: unknown } | undefined;
  requests: number;
  bytes: number;
  /** Seconds since the epoch: what the file's time becomes with its bytes. */
  fileTime: number;
}

/**
 * A sparse copy of an object, as all leases of this process share it. Which bytes are there is known from its log, where
 * each process appends a line for what it brought, after the bytes are written: a process that dies leaves bytes that
 * nobody knows of, and no line without bytes. Several may write the same bytes at the same place; they are the same, for
 * the first line of the log names the content, and answers of another one are not written.
 *
 * A machine that fails may lose bytes and keep the line. So a copy names the start of the machine that it was begun
 * after, and is not taken after the next (`isUsable`); flushing the bytes before each line would slow every query, to
 * spare fetching them again after a crash. Where the system does not name its starts there is no other way.
 *
 * What was read lately is in the memory of the system as any file is; the copy keeps no other.
 */
export class SparseCopy {
  readonly pair: SparsePair;
  readonly #size: number;
  readonly #host: CopyHost;
  #content: CopyContent | undefined;
  #present: SpanSet = [];
  readonly #underWay = new Set<UnderWay>();
  /** Bytes of the log that were read. */
  #logRead = 0;
  readonly #files: CopyFiles;
  #fileTime = 0;

  constructor(pair: SparsePair, size: number, host: CopyHost) {
    this.pair = pair;
    this.#files = new CopyFiles(pair);
    this.#size = size;
    this.#host = host;
    this.#learn(pair.log, 0);
  }

  /** Whether it holds the content of an etag, as far as is known. */
  mayBe(etag: string | undefined): boolean {
    return etag === undefined || this.#content === undefined || this.#content.etag === etag;
  }

  /** As `ObjectLease.fetch`. @param owner who is served in turn with other owners */
  async fetch(
    object: RemoteObject,
    owner: object,
    spans: readonly ByteSpan[] | "all",
    { signal, onFetch }: FetchOptions,
  ): Promise<void> {
    throwIfCancelled(signal);
    const wanted = spanSet(spans === "all" ? [{ offset: 0, length: this.#size }] : spans, this.#size);
    const call: Call = { object, owner, signal, failure: undefined, requests: 0, bytes: 0, fileTime: 0 };
    let asked = 0;
    try {
      // Another process may have brought them.
      if (without(wanted, this.#present).length > 0) await this.#readLog();
      for (;;) {
        throwIfCancelled(signal);
        this.#expect(object);
        const missing = without(wanted, this.#present);
        if (missing.length === 0) break;
        const others = [...this.#underWay];
        const coming = spanSet(
          others.map(({ span }) => span),
          this.#size,
        );
        const mine = without(missing, coming);
        asked += bytesOf(mine);
        if (mine.length > 0) call.fileTime = this.#nextFileTime();
        const requests = planFetch(mine, union(this.#present, coming));
        await Promise.all(requests.map((span) => this.#begin(span, call)));
        if (call.failure !== undefined) throw call.failure.error;
        // Where one of those failed its bytes are asked for in the next round.
        await overOrCancelled(
          others.filter(({ span }) => missing.some((one) => meet(one, span))),
          signal,
        );
      }
      if (call.bytes > 0) await this.#host.grown(call.bytes);
    } finally {
      onFetch?.({ requests: call.requests, bytes: call.bytes, hitBytes: bytesOf(wanted) - asked });
    }
  }

  /** Does a request; what goes wrong is kept in the call. */
  #begin(span: ByteSpan, call: Call): Promise<void> {
    const fail = (error: unknown): void => {
      call.failure ??= { error };
    };
    const over = this.#host.slots
      // A failure is known before the next request begins, which takes the place of this one.
      .run(call.owner, span.length, call.signal, () => this.#request(span, call).catch(fail))
      .catch(fail)
      .finally(() => this.#underWay.delete(underWay));
    const underWay = { span, over };
    this.#underWay.add(underWay);
    return over;
  }

  async #request(range: ByteSpan, call: Call): Promise<void> {
    if (call.failure !== undefined) return;
    const { object, signal } = call;
    call.requests++;
    const ifMatch = this.#content?.etag ?? object.etag;
    let part: ObjectPart;
    try {
      part = await object.store.read(object.path, { range, ifMatch, signal });
    } catch (error) {
      if (isLakeError(error, "conflict") && error.code === "object-changed") await this.#host.changed();
      throw error;
    }
    call.bytes += part.bytes.length;
    checkPart(part, range, object);
    await this.#host.atDisk(() => this.#files.whileOpen(() => this.#write(part, range, call)));
    this.#present = union(this.#present, [range]);
  }

  async #write({ bytes, etag }: ObjectPart, range: ByteSpan, { object, fileTime }: Call): Promise<void> {
    if (this.#content === undefined) {
      await this.#files.append(contentLine({ etag, boot: this.#host.boot }));
      // The first line counts, which may be another process's.
      const from = this.#logRead;
      this.#learn(await this.#files.logFrom(from), from);
    }
    if (this.#content?.etag !== etag) {
      await this.#host.changed();
      throw objectChanged(nameOf(object));
    }
    const isFlushed = this.#content.boot === "";
    await this.#files.place({ bytes, offset: range.offset, fileTime, isFlushed });
    await this.#files.append(spanLine(range));
  }

  /**
   * Later by a second than at any fetch before: the engine keeps what it has read of a file, were it a hole, until the
   * file's time is another one in whole seconds.
   */
  #nextFileTime(): number {
    this.#fileTime = Math.max(Math.floor(Date.now() / 1000), this.#fileTime + 1);
    return this.#fileTime;
  }

  /** What was added to the log, by other processes too. */
  async #readLog(): Promise<void> {
    await this.#host.atDisk(async () => {
      const from = this.#logRead;
      if ((await this.#files.logSize()) === from) return;
      this.#learn(await this.#host.fileCalls.run(this, 0, undefined, () => this.#files.logFrom(from)), from);
    });
  }

  /**
   * What was read twice, by calls that went on at the same time, is learned twice, to no effect.
   *
   * @param lines of the log, from a line's begin
   * @param from bytes of the log before them
   */
  #learn(lines: Uint8Array, from: number): void {
    const { content, spans, read } = readSpanLog(lines, this.#content);
    this.#content ??= content;
    this.#present = union(this.#present, spanSet(spans, this.#size));
    this.#logRead = Math.max(this.#logRead, from + read);
  }

  /** @throws LakeError `object-changed` when the object that is asked for is known to be another than this copy's. */
  #expect(object: RemoteObject): void {
    if (!this.mayBe(object.etag)) throw objectChanged(nameOf(object));
  }
}

/** Whether a copy with such a log may be used: one of this start of the machine, or one whose bytes were flushed. */
export function isUsable(log: Uint8Array, boot: string, etag: string | undefined): boolean {
  const { content } = readSpanLog(log);
  if (content === undefined) return true;
  return (content.boot === "" || content.boot === boot) && (etag === undefined || content.etag === etag);
}

function meet(a: ByteSpan, b: ByteSpan): boolean {
  return a.offset < endOf(b) && b.offset < endOf(a);
}

async function overOrCancelled(
  requests: readonly UnderWay[],
  signal: AbortSignal | undefined,
): Promise<void> {
  if (requests.length === 0) return;
  const all = Promise.all(requests.map(({ over }) => over));
  if (signal === undefined) {
    await all;
    return;
  }
  await new Promise<void>((resolve, reject) => {
    const giveUp = (): void => reject(cancelledError(signal));
    if (signal.aborted) return giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    void all.then(() => {
      signal.removeEventListener("abort", giveUp);
      resolve();
    });
  });
}
