import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { S3Credentials } from "../../../object-store/index.js";
import { S3Refusal } from "./refusal.js";
import { header, type S3Request } from "./request.js";

const ALGORITHM = "AWS4-HMAC-SHA256";
const LARGEST_SKEW_MS = 15 * 60_000;

/**
 * Checks the signature in the headers of a request: AWS Signature Version 4 (S3 API reference, "Authenticating
 * Requests: Using the Authorization Header"). The payload hash is taken as the header states it; whoever reads the
 * body compares. The signatures of the chunks of a STREAMING-AWS4-HMAC-SHA256-PAYLOAD body are not checked.
 *
 * @param now milliseconds since the epoch
 * @throws S3Refusal
 */
export function checkSignature(
  request: S3Request,
  credentials: S3Credentials,
  region: string,
  now: number,
): void {
  const authorization = header(request, "authorization");
  if (authorization === undefined) throw new S3Refusal("AccessDenied");
  const parsed =
    /^AWS4-HMAC-SHA256 Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/.exec(
      authorization,
    );
  const [, scope = "", signedHeaders = "", signature = ""] = parsed ?? [];
  const [keyId, date, signedRegion, service, last] = scope.split("/");
  if (parsed === null || date === undefined || service !== "s3" || last !== "aws4_request") {
    throw new S3Refusal("AuthorizationHeaderMalformed");
  }
  if (keyId !== credentials.accessKeyId) throw new S3Refusal("InvalidAccessKeyId");
  if (header(request, "x-amz-security-token") !== credentials.sessionToken) {
    throw new S3Refusal("InvalidToken");
  }
  const signed = signedHeaders.split(";");
  const mustBeSigned = Object.keys(request.headers).filter((name) => name.startsWith("x-amz-"));
  if (!["host", ...mustBeSigned].every((name) => signed.includes(name))) throw new S3Refusal("AccessDenied");
  const time = header(request, "x-amz-date") ?? "";
  const stated = timeOf(time);
  if (stated === undefined || !time.startsWith(date)) throw new S3Refusal("AccessDenied");
  if (Math.abs(stated - now) > LARGEST_SKEW_MS) throw new S3Refusal("RequestTimeTooSkewed");
  if (signedRegion !== region) throw new S3Refusal("AuthorizationHeaderMalformed");

  const toSign = [
    ALGORITHM,
    time,
    `${date}/${region}/s3/aws4_request`,
    createHash("sha256").update(canonicalRequest(request, signed)).digest("hex"),
  ].join("\n");
  const expected = hmac(signingKey(credentials.secretAccessKey, date, region), toSign);
  if (!timingSafeEqual(expected, Buffer.from(signature, "hex"))) throw new S3Refusal("SignatureDoesNotMatch");
}

function canonicalRequest(request: S3Request, signedHeaders: readonly string[]): string {
  const path = request.rawPath
    .split("/")
    .map((segment) => escaped(decodeURIComponent(segment)))
    .join("/");
  const query = request.query
    .map(([name, value]) => [escaped(name), escaped(value)] as const)
    .sort(([a, aValue], [b, bValue]) => (a === b ? compare(aValue, bValue) : compare(a, b)))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
  const headers = signedHeaders.map(
    (name) => `${name}:${(header(request, name) ?? "").trim().replace(/ +/g, " ")}\n`,
  );
  const payload = header(request, "x-amz-content-sha256") ?? "";
  return [request.method, path, query, headers.join(""), signedHeaders.join(";"), payload].join("\n");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Every byte but the unreserved ones is escaped, with upper-case digits. */
function escaped(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** `20260131T235959Z`, as milliseconds since the epoch. */
function timeOf(text: string): number | undefined {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? [];
  if (second === undefined) return undefined;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}

let keptKey: { readonly of: string; readonly key: Buffer } | undefined;

function signingKey(secret: string, date: string, region: string): Buffer {
  const of = `${secret}\n${date}\n${region}`;
  if (keptKey?.of === of) return keptKey.key;
  const key = ["s3", "aws4_request"].reduce(hmac, hmac(hmac(Buffer.from(`AWS4${secret}`), date), region));
  keptKey = { of, key };
  return key;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
