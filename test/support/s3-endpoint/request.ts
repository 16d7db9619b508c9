import type { IncomingHttpHeaders, IncomingMessage } from "node:http";

export type S3Operation =
  | "CreateBucket"
  | "HeadBucket"
  | "ListObjectsV2"
  | "ListMultipartUploads"
  | "DeleteObjects"
  | "PutObject"
  | "GetObject"
  | "HeadObject"
  | "DeleteObject"
  | "CreateMultipartUpload"
  | "UploadPart"
  | "CompleteMultipartUpload"
  | "AbortMultipartUpload"
  /** Anything else, which is answered with NotImplemented. */
  | "Other";

/** One request, its address taken apart. */
export interface S3Request {
  readonly operation: S3Operation;
  readonly bucket: string;
  /** Decoded; empty where the bucket is meant. */
  readonly key: string;
  readonly method: string;
  /** As it was sent, without the query. */
  readonly rawPath: string;
  /** Decoded, in the order in which they were sent. */
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly headers: IncomingHttpHeaders;
}

/** A query parameter that has no effect: it names the operation for the reader of a log. */
const NAMES_OPERATION = "x-id";
const LIST_PARAMETERS = new Set([
  "list-type",
  "prefix",
  "start-after",
  "continuation-token",
  "max-keys",
  "delimiter",
  "encoding-type",
  "fetch-owner",
]);

/** The bucket stands in the path, or is the first label of a host that ends in `.localhost`. */
export function parseRequest(message: IncomingMessage): S3Request {
  const { method = "", url = "/", headers } = message;
  const mark = url.indexOf("?");
  const rawPath = mark < 0 ? url : url.slice(0, mark);
  const query = mark < 0 ? [] : parseQuery(url.slice(mark + 1));
  const ofHost = /^(.+)\.localhost(?::\d+)?$/.exec(headers.host ?? "")?.[1];
  const path = decodeURIComponent(rawPath).slice(1);
  const slash = ofHost === undefined ? path.indexOf("/") : -1;
  const bucket = ofHost ?? (slash < 0 ? path : path.slice(0, slash));
  const key = ofHost === undefined ? (slash < 0 ? "" : path.slice(slash + 1)) : path;
  const parts = { bucket, key, method, rawPath, query, headers };
  return { ...parts, operation: operationOf(parts) };
}

export function parameter({ query }: Pick<S3Request, "query">, name: string): string | undefined {
  return query.find(([given]) => given === name)?.[1];
}

export function header({ headers }: Pick<S3Request, "headers">, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(", ") : value;
}

function parseQuery(text: string): [string, string][] {
  const pairs = text.split("&").filter((pair) => pair !== "");
  return pairs.map((pair) => {
    const equals = pair.indexOf("=");
    const name = equals < 0 ? pair : pair.slice(0, equals);
    return [decodeURIComponent(name), equals < 0 ? "" : decodeURIComponent(pair.slice(equals + 1))];
  });
}

function operationOf(request: Omit<S3Request, "operation">): S3Operation {
  const { method, bucket, key } = request;
  const names = new Set(request.query.map(([name]) => name).filter((name) => name !== NAMES_OPERATION));
  const only = (...expected: readonly string[]): boolean =>
    names.size === expected.length && expected.every((name) => names.has(name));
  if (bucket === "" || header(request, "x-amz-copy-source") !== undefined) return "Other";
  if (key === "") {
    if (method === "PUT" && only()) return "CreateBucket";
    if (method === "HEAD" && only()) return "HeadBucket";
    if (method === "POST" && only("delete")) return "DeleteObjects";
    if (method !== "GET") return "Other";
    if (names.has("uploads")) return "ListMultipartUploads";
    const lists = parameter(request, "list-type") === "2";
    return lists && [...names].every((name) => LIST_PARAMETERS.has(name)) ? "ListObjectsV2" : "Other";
  }
  if (method === "PUT") return only() ? "PutObject" : only("partNumber", "uploadId") ? "UploadPart" : "Other";
  if (method === "GET") return only() ? "GetObject" : "Other";
  if (method === "HEAD") return only() ? "HeadObject" : "Other";
  if (method === "DELETE") {
    return only() ? "DeleteObject" : only("uploadId") ? "AbortMultipartUpload" : "Other";
  }
  if (method !== "POST") return "Other";
  return only("uploads") ? "CreateMultipartUpload" : only("uploadId") ? "CompleteMultipartUpload" : "Other";
}
