import { type ErrorKind, LakeError } from "../../core/index.js";
import { causeOf, isTransient, OWN_CODES, type S3Failure } from "./s3-failure.js";

/** What was asked for, in words for a message: `cannot <doing> <object>: ...`. */
export interface S3Action {
  readonly doing: string;
  /** As `s3://bucket/key`, or the bucket. */
  readonly object: string;
  /** Where the service is; `undefined` for AWS. */
  readonly endpoint: string | undefined;
}

interface FailureRule {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly text: string;
  readonly hint?: string;
}

const NO_OBJECT: FailureRule = {
  kind: "not-found",
  code: "object-not-found",
  text: "there is no such object",
};
const ARCHIVED: FailureRule = {
  kind: "unavailable",
  code: "object-archived",
  text: "the object is in an archive",
  hint: "Restore it from its storage class first.",
};
const DENIED: FailureRule = {
  kind: "unavailable",
  code: "access-denied",
  text: "access is denied",
  hint: "Allow s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload below the prefix and s3:ListBucket on the bucket (without the last, S3 answers so for an absent object too).",
};
const CREDENTIALS: FailureRule = {
  kind: "unavailable",
  code: "credentials-refused",
  text: "the service refuses the credentials",
  hint: "Check the access key, its secret and the session token, and that they are of this service and have not expired.",
};
const CLOCK: FailureRule = {
  kind: "unavailable",
  code: "clock-skew",
  text: "the clock of this machine is off by more than the service allows (15 minutes)",
  hint: "Set the clock, best by NTP.",
};
const REGION: FailureRule = {
  kind: "invalid-input",
  code: "wrong-region",
  text: "the bucket lies in another region",
  hint: "Set the region, by AWS_REGION or as an option.",
};
const DOWN: FailureRule = {
  kind: "unavailable",
  code: "endpoint-down",
  text: "the service cannot be reached",
  hint: "Check the endpoint, its port and the network, and try again.",
};
const TLS: FailureRule = {
  kind: "unavailable",
  code: "endpoint-tls",
  text: "no secure connection can be made",
  hint: "Check whether the endpoint begins with the right http:// or https://, and its certificate (NODE_EXTRA_CA_CERTS names more authorities).",
};
const THROTTLED: FailureRule = {
  kind: "unavailable",
  code: "throttled",
  text: "the service asks for fewer requests",
  hint: "Try again later, or with fewer connections (GRIZZLY_S3_CONNECTIONS).",
};
const BROKEN: FailureRule = {
  kind: "unavailable",
  code: "service-failed",
  text: "the service failed",
  hint: "Try again later.",
};
const TRUNCATED: FailureRule = {
  kind: "unavailable",
  code: "truncated-answer",
  text: "the answer broke off, or is not of the bytes that were asked for",
  hint: "Try again later.",
};
/** versitygw, whose objects are files. */
const TAKEN: FailureRule = {
  kind: "already-exists",
  code: "path-taken",
  text: "a file has the name of a folder here, or a folder that of a file",
  hint: "This service cannot hold both `a` and `a/b`. Delete one of them.",
};
const KEYS_OF_KMS: FailureRule = {
  kind: "unavailable",
  code: "encryption-key",
  text: "the encryption key cannot be used",
  hint: "Check that the key exists, is enabled, and that this user may use it (kms:GenerateDataKey, kms:Decrypt).",
};

/** What a code means to the caller. */
const RULES: ReadonlyMap<string, FailureRule> = new Map([
  ["NoSuchKey", NO_OBJECT],
  [
    "NoSuchBucket",
    {
      kind: "not-found",
      code: "bucket-not-found",
      text: "there is no such bucket",
      hint: "Check its name, the endpoint and the region, or create the bucket.",
    },
  ],
  ["InvalidObjectState", ARCHIVED],
  ["AccessDenied", DENIED],
  ["AllAccessDisabled", DENIED],
  ["AccountProblem", DENIED],
  ["InvalidAccessKeyId", CREDENTIALS],
  ["SignatureDoesNotMatch", CREDENTIALS],
  ["ExpiredToken", CREDENTIALS],
  ["InvalidToken", CREDENTIALS],
  ["TokenRefreshRequired", CREDENTIALS],
  ["InvalidSecurity", CREDENTIALS],
  ["NotSignedUp", CREDENTIALS],
  // versitygw's word for an unknown key.
  ["XAdminUserNotFound", CREDENTIALS],
  [
    OWN_CODES.noCredentials,
    {
      kind: "unavailable",
      code: "no-credentials",
      text: "there are no credentials",
      hint: "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give credentials as an option.",
    },
  ],
  ["ExistingObjectIsDirectory", TAKEN],
  ["ObjectParentIsFile", TAKEN],
  ["RequestTimeTooSkewed", CLOCK],
  ["RequestExpired", CLOCK],
  ["PermanentRedirect", REGION],
  ["TemporaryRedirect", REGION],
  ["Redirect", REGION],
  ["AuthorizationHeaderMalformed", REGION],
  ["IllegalLocationConstraintException", REGION],
  [
    "InvalidBucketName",
    {
      kind: "invalid-input",
      code: "bucket-name",
      text: "a bucket cannot have this name",
      hint: "Write s3://bucket/prefix.",
    },
  ],
  [
    "KeyTooLongError",
    { kind: "invalid-input", code: "object-name", text: "the name is longer than 1024 bytes" },
  ],
  [
    "EntityTooLarge",
    { kind: "unsupported", code: "object-too-large", text: "the object is larger than the service takes" },
  ],
  [
    "NotImplemented",
    { kind: "unsupported", code: "service-lacks", text: "the service does not know such a request" },
  ],
  [OWN_CODES.timeout, { ...DOWN, code: "timeout", text: "the service did not answer in time" }],
  [OWN_CODES.truncated, TRUNCATED],
  [OWN_CODES.wrongPart, TRUNCATED],
  [
    OWN_CODES.notS3,
    {
      kind: "unavailable",
      code: "not-s3",
      text: "the answer is not one of S3",
      hint: "Check that the endpoint is that of an S3 service.",
    },
  ],
  ["ETIMEDOUT", { ...DOWN, code: "timeout", text: "the service did not answer in time" }],
  ["EPROTO", TLS],
]);

const TLS_ERRNO = /^(?:CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/;

/** The error for a failed request: `cannot <doing> <object>: <why>`. */
export function s3Error(failure: S3Failure, { doing, object, endpoint }: S3Action): LakeError {
  const { text, hint, kind, code } = ruleOf(failure);
  const right = failure.region === undefined ? "" : `, ${failure.region}`;
  return new LakeError(
    kind,
    code,
    `cannot ${doing} ${object}: ${text}${code === "wrong-region" ? right : ""} (${failure.code})`,
    {
      context: {
        object,
        operation: doing,
        endpoint,
        s3Code: failure.code,
        status: failure.status,
        requestId: failure.requestId,
        region: failure.region,
      },
      cause: causeOf(failure),
      ...(hint === undefined ? {} : { hint }),
    },
  );
}

function ruleOf(failure: S3Failure): FailureRule {
  const rule = RULES.get(failure.code);
  if (rule !== undefined) return rule;
  if (failure.code.startsWith("KMS.")) return KEYS_OF_KMS;
  if (failure.kind === "throttled") return THROTTLED;
  if (failure.status === undefined) {
    if (TLS_ERRNO.test(failure.code)) return TLS;
    return isTransient(failure) ? DOWN : { kind: "internal", code: "s3-request", text: failure.detail };
  }
  if (failure.kind === "broken" || failure.kind === "conflict") return BROKEN;
  return {
    kind: "unavailable",
    code: "service-refused",
    text: `the service refuses: ${failure.detail}`,
    hint: "Read what the service says; an option or the policy of the bucket may be in the way.",
  };
}
