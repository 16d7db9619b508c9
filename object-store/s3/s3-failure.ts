/** What a try of a request came to when it did not do what was asked. */
export type S3FailureKind =
  /** There is no object of that key. */
  | "no-object"
  | "no-bucket"
  /** The multipart upload is over, one way or the other. */
  | "no-upload"
  /** If-None-Match or If-Match does not hold. */
  | "precondition"
  /** Another writer of the same key was under way: nothing was done. */
  | "conflict"
  /** The range lies past the end. */
  | "range"
  /** The service does not know the request, or a header of it. */
  | "not-implemented"
  /** The service asks for fewer requests. */
  | "throttled"
  /** No connection came about: nothing was sent. */
  | "unsent"
  /** The service, or the way to it, failed; whether the request was done is not known. */
  | "broken"
  /** The service refused; sending it again would change nothing. */
  | "refused";

/** A failure, without anything secret. */
export interface S3Failure {
  readonly kind: S3FailureKind;
  /** S3's own code (`AccessDenied`), an errno (`ECONNREFUSED`), or one of {@link OWN_CODES}. */
  readonly code: string;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  /** The region that the service says is the right one. */
  readonly region: string | undefined;
  /** What the service or the system says, in its words. */
  readonly detail: string;
}

/** Codes for what neither S3 nor the system has a code for. */
export const OWN_CODES = {
  timeout: "Timeout",
  truncated: "TruncatedBody",
  wrongPart: "WrongPart",
  notS3: "NotAnAnswerOfS3",
  noCredentials: "NoCredentials",
} as const;

const KINDS: Readonly<Record<string, S3FailureKind>> = {
  NoSuchKey: "no-object",
  NoSuchBucket: "no-bucket",
  NoSuchUpload: "no-upload",
  PreconditionFailed: "precondition",
  ConditionalRequestConflict: "conflict",
  OperationAborted: "conflict",
  InvalidRange: "range",
  NotImplemented: "not-implemented",
  MethodNotAllowed: "not-implemented",
  SlowDown: "throttled",
  SlowDownRead: "throttled",
  SlowDownWrite: "throttled",
  Throttling: "throttled",
  ThrottlingException: "throttled",
  TooManyRequests: "throttled",
  RequestLimitExceeded: "throttled",
  BandwidthLimitExceeded: "throttled",
  InternalError: "broken",
  ServiceUnavailable: "broken",
  RequestTimeout: "broken",
  IncompleteBody: "broken",
  BadDigest: "broken",
  XAmzContentSHA256Mismatch: "broken",
  [OWN_CODES.timeout]: "broken",
  [OWN_CODES.truncated]: "broken",
  [OWN_CODES.wrongPart]: "broken",
};

/** Errors of the system and of Node's HTTP parser after which a request may be sent again. */
const BROKEN_CONNECTION =
  /^(?:ECONN(?:RESET|ABORTED)|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENETDOWN|ERR_STREAM_PREMATURE_CLOSE|HPE_\w+)$/;
const NO_CONNECTION = /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EADDRNOTAVAIL)$/;

/** Names that the SDK gives to errors for which it has found no code of S3. */
const NO_CODE: ReadonlySet<string> = new Set([
  "",
  "Error",
  "SyntaxError",
  "TypeError",
  "Unknown",
  "UnknownError",
  "NotFound",
  "Forbidden",
]);

/**
 * Reads what the SDK, or the stream of a body, threw: the one place that looks into errors of theirs. What it does not
 * take over stays behind, for such errors hold requests, keys and signatures.
 */
export function s3Failure(error: unknown): S3Failure {
  const fields = fieldsOf(error);
  const metadata = fieldsOf(fields["$metadata"]);
  const status = numberIn(metadata["httpStatusCode"]);
  const name = textIn(fields["name"]) ?? "";
  const errno = textIn(fields["code"]) ?? errnoOfAny(fields["errors"]);
  const facts = {
    status,
    requestId: textIn(metadata["requestId"]),
    region: textIn(fields["Region"]) ?? headerOf(fields["$response"], "x-amz-bucket-region"),
    detail: redacted(textIn(fields["message"]) ?? String(error)),
  };
  if (status === undefined) {
    if (/^(?:CredentialsProviderError|TokenProviderError|ProviderError)$/.test(name)) {
      return { ...facts, kind: "refused", code: OWN_CODES.noCredentials };
    }
    if (name === "TimeoutError" && errno === undefined) {
      return { ...facts, kind: "broken", code: OWN_CODES.timeout };
    }
    const code = errno ?? name;
    if (NO_CONNECTION.test(code)) return { ...facts, kind: "unsent", code };
    return { ...facts, kind: BROKEN_CONNECTION.test(code) ? "broken" : "refused", code };
  }
  if (NO_CODE.has(name) && errno !== undefined && BROKEN_CONNECTION.test(errno)) {
    // The connection broke in the answer, before the code in it: the status alone does not tell an absent object from an
    // absent bucket.
    return { ...facts, kind: "broken", code: errno };
  }
  const code = NO_CODE.has(name) ? codeOfStatus(status) : name;
  return { ...facts, kind: KINDS[code] ?? kindOfStatus(status), code };
}

/** A failure that this side has found. */
export function ownFailure(code: (typeof OWN_CODES)[keyof typeof OWN_CODES], detail: string): S3Failure {
  const kind = KINDS[code] ?? "refused";
  return { kind, code, status: undefined, requestId: undefined, region: undefined, detail };
}

/** Whether the same request, sent again, may fare better. */
export function isTransient({ kind }: S3Failure): boolean {
  return kind === "throttled" || kind === "unsent" || kind === "broken";
}

/** Whether the request may have been done all the same, or may yet be. */
export function isOutcomeUnknown({ kind }: S3Failure): boolean {
  return kind === "broken";
}

/** An error beneath ours, made of what is known not to be secret. */
export function causeOf({ code, status, requestId, detail }: S3Failure): Error {
  const facts = [
    status === undefined ? "" : `HTTP ${status}`,
    requestId === undefined ? "" : `request ${requestId}`,
  ];
  const told = facts.filter((fact) => fact !== "").join(", ");
  return new Error(`${code}${told === "" ? "" : ` (${told})`}: ${detail}`);
}

// A 404 without S3's code may come from any web server: it is no absence.
function codeOfStatus(status: number): string {
  switch (status) {
    case 301:
    case 307:
    case 308:
      return "PermanentRedirect";
    case 403:
      return "AccessDenied";
    case 412:
      return "PreconditionFailed";
    case 416:
      return "InvalidRange";
    case 429:
      return "SlowDown";
    case 501:
      return "NotImplemented";
    default:
      return status >= 500 ? "InternalError" : OWN_CODES.notS3;
  }
}

function kindOfStatus(status: number): S3FailureKind {
  if (status === 429) return "throttled";
  if (status === 501) return "not-implemented";
  return status >= 500 ? "broken" : "refused";
}

/** Takes out what may be a key, a token or a signature. */
function redacted(text: string): string {
  return text
    .replaceAll(/\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{8,}\b/g, "(key)")
    .replaceAll(
      /((?:X-Amz-)?(?:Signature|Credential|Security-Token))(\s*[=:]\s*)[^\s&,;"]+/gi,
      "$1$2(removed)",
    )
    .replaceAll(/\/\/[^/@\s]+@/g, "//(removed)@");
}

/**
 * Takes keys out that a service quotes ("No such key: ..."): those of other services than AWS have no form by which they
 * could be told from other words.
 */
export function withoutKeys(failure: S3Failure, keys: readonly string[]): S3Failure {
  const taken = (text: string, key: string): string => (key === "" ? text : text.replaceAll(key, "(key)"));
  return { ...failure, detail: keys.reduce(taken, failure.detail) };
}

// The border: errors of the SDK are objects of which nothing is promised.
function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function textIn(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function numberIn(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** Where a host has several addresses, the system gives an error for each. */
function errnoOfAny(errors: unknown): string | undefined {
  return Array.isArray(errors) ? textIn(fieldsOf(errors[0])["code"]) : undefined;
}

function headerOf(response: unknown, name: string): string | undefined {
  return textIn(fieldsOf(fieldsOf(response)["headers"])[name]);
}
