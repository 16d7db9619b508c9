import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { s3Error } from "../../object-store/s3/s3-error.js";
import { isOutcomeUnknown, isTransient, s3Failure } from "../../object-store/s3/s3-failure.js";

const ACTION = { doing: "read", object: "s3://b/k", endpoint: undefined };

/** An error as the SDK throws it for an answer of S3. */
function answered(name: string, status: number, fields: object = {}): unknown {
  return Object.assign(new Error(`${name} says the service`), {
    name,
    $metadata: { httpStatusCode: status, requestId: "R1" },
    ...fields,
  });
}

function system(code: string): unknown {
  return Object.assign(new Error(`connect ${code}`), { code, syscall: "connect" });
}

function broken(name: string): unknown {
  return Object.assign(new Error("it took too long"), { name });
}

test.each([
  [answered("NoSuchKey", 404), "not-found", "object-not-found"],
  [answered("NoSuchBucket", 404), "not-found", "bucket-not-found"],
  [answered("NotFound", 404), "unavailable", "not-s3"],
  [answered("SyntaxError", 404), "unavailable", "not-s3"],
  [answered("SyntaxError", 200), "unavailable", "not-s3"],
  [answered("NoSuchUpload", 404), "unavailable", "service-refused"],
  [answered("AccessDenied", 403), "unavailable", "access-denied"],
  [answered("Forbidden", 403), "unavailable", "access-denied"],
  [answered("InvalidAccessKeyId", 403), "unavailable", "credentials-refused"],
  [answered("SignatureDoesNotMatch", 403), "unavailable", "credentials-refused"],
  [answered("ExpiredToken", 400), "unavailable", "credentials-refused"],
  [answered("RequestTimeTooSkewed", 403), "unavailable", "clock-skew"],
  [answered("AuthorizationHeaderMalformed", 400, { Region: "eu-west-7" }), "invalid-input", "wrong-region"],
  [answered("UnknownError", 301), "invalid-input", "wrong-region"],
  [answered("InvalidBucketName", 400), "invalid-input", "bucket-name"],
  [answered("KeyTooLongError", 400), "invalid-input", "object-name"],
  [answered("InvalidObjectState", 403), "unavailable", "object-archived"],
  [answered("KMS.DisabledException", 400), "unavailable", "encryption-key"],
  [answered("NotImplemented", 501), "unsupported", "service-lacks"],
  [answered("EntityTooLarge", 400), "unsupported", "object-too-large"],
  [answered("SlowDown", 503), "unavailable", "throttled"],
  [answered("UnknownError", 429), "unavailable", "throttled"],
  [answered("InternalError", 500), "unavailable", "service-failed"],
  [answered("UnknownError", 502), "unavailable", "service-failed"],
  [answered("SomethingNew", 400), "unavailable", "service-refused"],
  [system("ECONNREFUSED"), "unavailable", "endpoint-down"],
  [system("ENOTFOUND"), "unavailable", "endpoint-down"],
  [system("ECONNRESET"), "unavailable", "endpoint-down"],
  [system("ETIMEDOUT"), "unavailable", "timeout"],
  [new AggregateError([system("ECONNREFUSED"), system("ECONNREFUSED")]), "unavailable", "endpoint-down"],
  [broken("TimeoutError"), "unavailable", "timeout"],
  [broken("CredentialsProviderError"), "unavailable", "no-credentials"],
  [system("CERT_HAS_EXPIRED"), "unavailable", "endpoint-tls"],
  [system("DEPTH_ZERO_SELF_SIGNED_CERT"), "unavailable", "endpoint-tls"],
  [new TypeError("a fault of ours"), "internal", "s3-request"],
  ["a text", "internal", "s3-request"],
])("%o is %s, %s", (thrown, kind, code) => {
  const error = s3Error(s3Failure(thrown), ACTION);
  expect(error).toMatchObject({ kind, code });
  expect(error.message).toMatch(/^cannot read s3:\/\/b\/k: /);
});

test("the right region is named", () => {
  const body = answered("AuthorizationHeaderMalformed", 400, { Region: "eu-west-7" });
  const header = answered("PermanentRedirect", 301, {
    $response: { headers: { "x-amz-bucket-region": "eu-west-8" } },
  });
  expect(s3Error(s3Failure(body), ACTION).message).toContain("eu-west-7");
  expect(s3Error(s3Failure(header), ACTION).message).toContain("eu-west-8");
});

describe("what is sent again", () => {
  test.each([
    [answered("InternalError", 500), true, true],
    [answered("ServiceUnavailable", 503), true, true],
    [answered("UnknownError", 504), true, true],
    [answered("RequestTimeout", 400), true, true],
    [system("ECONNRESET"), true, true],
    [answered("Error", 404, { code: "ECONNRESET" }), true, true],
    [answered("NoSuchKey", 404, { code: "NoSuchKey" }), false, false],
    [broken("TimeoutError"), true, true],
    [answered("SlowDown", 503), true, false],
    [system("ECONNREFUSED"), true, false],
    [answered("NotImplemented", 501), false, false],
    [answered("AccessDenied", 403), false, false],
    [answered("PreconditionFailed", 412), false, false],
    [answered("ConditionalRequestConflict", 409), false, false],
    [answered("SomethingNew", 400), false, false],
    [system("CERT_HAS_EXPIRED"), false, false],
    [new TypeError("a fault of ours"), false, false],
  ])("%o: %s, and whether it was done is unknown: %s", (thrown, transient, unknown) => {
    const failure = s3Failure(thrown);
    expect(isTransient(failure)).toBe(transient);
    expect(isOutcomeUnknown(failure)).toBe(unknown);
  });
});

test("nothing secret gets through", () => {
  const fields = {
    AWSAccessKeyId: "AKIAABCDEFGHIJKLMNOP",
    StringToSign: "hush",
    "Token-0": "hush",
    message:
      "AKIAABCDEFGHIJKLMNOP used https://u:hush@host/x?X-Amz-Signature=hush&X-Amz-Credential=hush, Signature = hush",
    $response: { headers: { authorization: "hush" } },
  };
  const error = s3Error(s3Failure(answered("SignatureDoesNotMatch", 403, fields)), ACTION);
  const text = inspect(error, { depth: 20, showHidden: true });
  expect(text).not.toMatch(/hush|AKIAABCDEFGHIJKLMNOP/);
  expect(error.context).toMatchObject({ s3Code: "SignatureDoesNotMatch", status: 403, requestId: "R1" });
});
