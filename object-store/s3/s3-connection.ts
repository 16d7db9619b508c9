import { cancelledError, isLakeError, throwIfCancelled } from "../../core/index.js";
import { onAbort } from "./abort-listeners.js";
import { backoffMs } from "./backoff.js";
import { Permits } from "./permits.js";
import { connectS3, type S3Service } from "./s3-client.js";
import { s3Error } from "./s3-error.js";
import { isTransient, OWN_CODES, ownFailure, type S3Failure, s3Failure, withoutKeys } from "./s3-failure.js";
import type { S3Settings } from "./s3-settings.js";

/** Uploads under way at once, each with a part of a file in memory. */
const UPLOADS = 8;
/** Bytes a second below which a request that does go on is given up all the same. */
const SLOWEST = 64 * 1024;

/** Milliseconds for which the answer to a write is waited for after its caller has asked to stop. */
const CANCEL_GRACE = 1_000;

/** What a request is, for its time limit, its end, and messages. */
export interface S3Call {
  /** `read`, `write`, ... */
  readonly doing: string;
  /** `s3://bucket/key`. */
  readonly object: string;
  readonly signal?: AbortSignal | undefined;
  /** Bytes that are sent; 0 when left out. */
  readonly sends?: number | undefined;
  /**
   * Whether a signal that fires while it is under way lets it come to an answer for a moment, so that what was cancelled
   * is known not to have happened. What it came to is then given and no `cancelled` thrown.
   */
  readonly settles?: boolean | undefined;
}

/** One try: what it works with. */
export interface S3Try extends S3Service {
  /** Ends the try. To be given to the SDK and heard by whoever reads a body. */
  readonly abortSignal: AbortSignal;
  /** Says that so many bytes are to be read from here on, for which there is time. */
  expect(bytes: number): void;
}

export type S3Answer<T> =
  | { readonly status: "answered"; readonly value: T }
  | { readonly status: "failed"; readonly failure: S3Failure };

/** Throw it in a try to make the try fail. */
export class FailedTry extends Error {
  readonly failure: S3Failure;

  constructor(failure: S3Failure) {
    super(failure.detail);
    this.failure = failure;
  }
}

/** A service as one user reaches it: one client, a bound on what is under way, and the one loop that tries again. */
export class S3Connection {
  readonly settings: S3Settings;
  /** Lends who uploads a file the right to hold a part of it in memory. */
  readonly uploads = new Permits(UPLOADS);
  readonly #requests: Permits;
  #service: Promise<S3Service> | undefined;

  constructor(settings: S3Settings) {
    this.settings = settings;
    this.#requests = new Permits(settings.connections);
  }

  /** The client; loaded and made when it is first asked for. */
  service(): Promise<S3Service> {
    this.#service ??= connectS3(this.settings).catch((error: unknown) => {
      this.#service = undefined;
      throw error;
    });
    return this.#service;
  }

  /**
   * Sends a request that may be sent again, until it is answered, refused, or has failed as often as the settings allow.
   *
   * @throws LakeError `cancelled` when the call's signal fires, at once.
   */
  async ask<T>(call: S3Call, send: (tried: S3Try) => Promise<T>): Promise<S3Answer<T>> {
    for (let tries = 1; ; tries++) {
      const answer = await this.once(call, send);
      if (answer.status === "answered" || !isTransient(answer.failure)) return answer;
      if (tries >= this.settings.attempts) return answer;
      await this.wait(tries, answer.failure, call.signal);
    }
  }

  /** As {@link ask}. @throws LakeError what the failure means. */
  async demand<T>(call: S3Call, send: (tried: S3Try) => Promise<T>): Promise<T> {
    const answer = await this.ask(call, send);
    if (answer.status === "answered") return answer.value;
    throw await this.error(answer.failure, call);
  }

  /** Waits as long as is right after so many failed tries. @throws LakeError `cancelled`. */
  async wait(failures: number, failure: S3Failure, signal: AbortSignal | undefined): Promise<void> {
    throwIfCancelled(signal);
    await new Promise<void>((resolve, reject) => {
      const end = (): void => {
        forget();
        resolve();
      };
      const timeout = setTimeout(end, backoffMs(failures, failure.kind === "throttled", Math.random()));
      const forget = onAbort(signal, () => {
        clearTimeout(timeout);
        if (signal !== undefined) reject(cancelledError(signal));
      });
    });
  }

  async error(failure: S3Failure, { doing, object }: S3Call): Promise<Error> {
    const { endpoint } = await this.service();
    return s3Error(withoutKeys(failure, await this.#keys(failure)), { doing, object, endpoint });
  }

  /** What a service may have quoted. Where there are no keys, none were sent. */
  async #keys({ code }: S3Failure): Promise<string[]> {
    if (code === OWN_CODES.noCredentials) return [];
    const { client } = await this.service();
    const keys = await client.config.credentials().catch(() => undefined);
    return [keys?.accessKeyId ?? "", keys?.secretAccessKey ?? "", keys?.sessionToken ?? ""];
  }

  /** Sends a request once. @throws LakeError `cancelled`. */
  once<T>(call: S3Call, send: (tried: S3Try) => Promise<T>): Promise<S3Answer<T>> {
    const { signal } = call;
    return this.#requests.with(signal, async () => {
      const service = await this.service();
      throwIfCancelled(signal);
      const controller = new AbortController();
      let isLate = false;
      let timeout: NodeJS.Timeout | undefined;
      const endIn = (milliseconds: number): void => {
        clearTimeout(timeout);
        timeout = setTimeout(() => {
          isLate = true;
          controller.abort();
        }, milliseconds);
      };
      const expect = (bytes: number): void => {
        if (!signal?.aborted) endIn(2 * this.settings.timeoutMs + (1000 * bytes) / SLOWEST);
      };
      const onCancel = (): void => (call.settles === true ? endIn(CANCEL_GRACE) : controller.abort());
      const forget = onAbort(signal, onCancel);
      expect(call.sends ?? 0);
      try {
        const value = await send({ ...service, abortSignal: controller.signal, expect });
        return { status: "answered", value };
      } catch (error) {
        // Whatever of an answer has not been read is not read any more.
        controller.abort();
        if (signal?.aborted && call.settles !== true) throw cancelledError(signal);
        if (isLakeError(error)) throw error;
        if (error instanceof FailedTry) return { status: "failed", failure: error.failure };
        if (isLate) {
          return { status: "failed", failure: ownFailure(OWN_CODES.timeout, "the request took too long") };
        }
        return { status: "failed", failure: s3Failure(error) };
      } finally {
        clearTimeout(timeout);
        forget();
      }
    });
  }
}
