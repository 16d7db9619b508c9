import type { S3ErrorCode } from "./refusal.js";
import type { S3Operation } from "./request.js";

/** What a fault plan is told of a request. */
export interface FaultRequest {
  /** Counts all requests of the server, from 1. */
  readonly number: number;
  readonly operation: S3Operation;
  readonly bucket: string;
  /** The key, or the prefix of a listing. */
  readonly key: string;
  /** Whether it carries `If-None-Match: *`. */
  readonly ifAbsent: boolean;
}

/** What goes wrong with one request. */
export type Fault =
  /** It is answered with an error. `applied` says whether it was done all the same; default no. */
  | { readonly kind: "error"; readonly code: S3ErrorCode; readonly applied?: boolean }
  /** The connection is reset when the headers of the request have come; nothing is done. */
  | { readonly kind: "reset-on-arrival" }
  /** The connection is reset when half of the request's body has come; nothing is done. */
  | { readonly kind: "reset-in-request" }
  /** It is done, and the connection is reset instead of an answer. */
  | { readonly kind: "answer-lost" }
  /** It is done, and the connection is reset behind the headers of the answer. */
  | { readonly kind: "reset-after-headers" }
  /** It is done, and the connection is reset behind half of the answer's body. */
  | { readonly kind: "reset-in-answer" }
  /** It is done, and the connection is closed, as if all were well, behind half of the answer's body. */
  | { readonly kind: "truncated" }
  /** It is done, and answered so many milliseconds later. */
  | { readonly kind: "answer-late"; readonly ms: number }
  /**
   * The connection is reset; the request is done when so many further requests have come, or with
   * {@link Faults.applyDelayed}: what a retry of its sender may already have done.
   */
  | { readonly kind: "delayed"; readonly requests: number }
  /** It comes twice, and the second one's answer is given: a put that must find nothing then finds itself. */
  | { readonly kind: "repeated" }
  /** CompleteMultipartUpload is answered with status 200 and an error in the body; nothing is done. */
  | { readonly kind: "error-in-success"; readonly code: S3ErrorCode };

export type FaultPlan = (request: FaultRequest) => Fault | undefined;

/** A limit for keys and listings below a prefix, beyond which requests get SlowDown. */
export type Throttle =
  /** The first so many requests are refused. */
  | { readonly prefix: string; readonly first: number }
  /** Requests beyond so many in one second are refused. */
  | { readonly prefix: string; readonly perSecond: number };

/** What is wrong with the server as a whole. Plain data, so that it can be sent to another process. */
export interface FaultSwitches {
  /** Milliseconds that each request waits before it is applied, by operation; `all` for those not named. */
  readonly latencyMs: Readonly<Partial<Record<S3Operation | "all", number>>>;
  /** Whether that wait comes before the request is applied, or between that and its answer. */
  readonly latencyBefore: "apply" | "answer";
  /** How fast bytes flow in each body, in either direction; `undefined` for no limit. */
  readonly bytesPerSecond: number | undefined;
  readonly throttles: readonly Throttle[];
  /** Prefixes of keys below which every request gets AccessDenied. */
  readonly denied: readonly string[];
  /** Whether `If-None-Match` has no effect, as in services that do not know it. */
  readonly ignoresIfNoneMatch: boolean;
  /** Operations that get NotImplemented. */
  readonly unknown: readonly S3Operation[];
  /** Whether every bucket has vanished. */
  readonly bucketsGone: boolean;
  /** Whether requests must say that they pay. */
  readonly requesterPays: boolean;
  /** Milliseconds by which the server's clock is ahead. */
  readonly clockAheadMs: number;
}

export const NO_FAULTS: FaultSwitches = {
  latencyMs: {},
  latencyBefore: "apply",
  bytesPerSecond: undefined,
  throttles: [],
  denied: [],
  ignoresIfNoneMatch: false,
  unknown: [],
  bucketsGone: false,
  requesterPays: false,
  clockAheadMs: 0,
};

/** Probabilities, from 0 to 1, that a request meets a fault. */
export interface S3FaultRates {
  /** An error that passes: SlowDown, InternalError, ServiceUnavailable; of conditional puts, a conflict as well. */
  readonly error: number;
  /** A connection that breaks, a body that is cut short, an answer that is lost or late. */
  readonly connection: number;
  /** Of a request that changes something: it is done later, or twice, or done and answered with an error. */
  readonly outcome: number;
}

const PASSING: readonly S3ErrorCode[] = ["SlowDown", "InternalError", "ServiceUnavailable"];
const BROKEN: readonly Fault[] = [
  { kind: "reset-on-arrival" },
  { kind: "reset-in-request" },
  { kind: "answer-lost" },
  { kind: "reset-after-headers" },
  { kind: "reset-in-answer" },
  { kind: "truncated" },
  { kind: "answer-late", ms: 15 },
];
const MOST_DELAYED = 4;

/** Faults drawn from numbers between 0 and 1: the same for the same numbers and the same requests. */
export function drawnS3Faults(random: () => number, rates: S3FaultRates): FaultPlan {
  return ({ operation, ifAbsent }) => {
    // As many numbers for every request, so that one more fault does not change what all later ones meet.
    const [first, second, third] = [random(), random(), random()];
    const { error, connection, outcome } = rates;
    if (first < error) {
      if (ifAbsent && second < 0.25) return { kind: "error", code: "ConditionalRequestConflict" };
      return { kind: "error", code: PASSING[Math.floor(third * PASSING.length)] ?? "SlowDown" };
    }
    if (first < error + connection) return BROKEN[Math.floor(second * BROKEN.length)];
    if (!changes(operation) || first >= error + connection + outcome) return undefined;
    if (second < 0.4) return { kind: "delayed", requests: 1 + Math.floor(third * MOST_DELAYED) };
    if (second < 0.7) return { kind: "repeated" };
    return { kind: "error", code: "InternalError", applied: true };
  };
}

function changes(operation: S3Operation): boolean {
  switch (operation) {
    case "PutObject":
    case "DeleteObject":
    case "DeleteObjects":
    case "CreateMultipartUpload":
    case "UploadPart":
    case "CompleteMultipartUpload":
    case "AbortMultipartUpload":
      return true;
    default:
      return false;
  }
}
