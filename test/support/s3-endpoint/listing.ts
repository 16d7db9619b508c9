import type { Bucket } from "./bucket.js";
import { S3Refusal } from "./refusal.js";
import type { Reply } from "./reply.js";
import { parameter, type S3Request } from "./request.js";
import { document, element } from "./xml.js";

const MOST_KEYS = 1000;

export function listObjects(bucket: Bucket, request: S3Request): Reply {
  const encoding = parameter(request, "encoding-type");
  if (encoding !== undefined && encoding !== "url") throw new S3Refusal("InvalidArgument");
  const shown = (text: string): string => (encoding === "url" ? encodeURIComponent(text) : text);
  const prefix = parameter(request, "prefix") ?? "";
  const delimiter = parameter(request, "delimiter") ?? "";
  const startAfter = parameter(request, "start-after");
  const token = parameter(request, "continuation-token");
  const limit = Number(parameter(request, "max-keys") ?? MOST_KEYS);
  if (!Number.isInteger(limit) || limit < 0) throw new S3Refusal("InvalidArgument");
  const after = token === undefined ? (startAfter ?? "") : Buffer.from(token, "base64url").toString("utf8");
  const { entries, isTruncated } = bucket.list({
    prefix,
    after,
    delimiter,
    limit: Math.min(limit, MOST_KEYS),
  });
  const last = entries.at(-1);
  const next = last === undefined ? "" : last.kind === "object" ? last.object.key : last.prefix;
  const content = [
    element("Name", request.bucket),
    element("Prefix", shown(prefix)),
    element("KeyCount", entries.length),
    element("MaxKeys", Math.min(limit, MOST_KEYS)),
    element("IsTruncated", isTruncated && limit > 0),
    delimiter === "" ? "" : element("Delimiter", shown(delimiter)),
    encoding === undefined ? "" : element("EncodingType", encoding),
    startAfter === undefined ? "" : element("StartAfter", shown(startAfter)),
    token === undefined ? "" : element("ContinuationToken", token),
    isTruncated && limit > 0
      ? element("NextContinuationToken", Buffer.from(next, "utf8").toString("base64url"))
      : "",
    ...entries.map((entry) => {
      if (entry.kind === "prefix")
        return `<CommonPrefixes>${element("Prefix", shown(entry.prefix))}</CommonPrefixes>`;
      const { key, lastModified, etag, size } = entry.object;
      const facts = [
        element("Key", shown(key)),
        element("LastModified", new Date(lastModified).toISOString()),
        element("ETag", etag),
        element("Size", size),
        element("StorageClass", "STANDARD"),
      ];
      return `<Contents>${facts.join("")}</Contents>`;
    }),
  ];
  return { status: 200, headers: {}, body: document("ListBucketResult", content.join("")) };
}
