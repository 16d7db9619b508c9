import { sep } from "node:path";

const PLAIN = /^[A-Za-z0-9\-._~!$&'()*+,;=:@/]*$/;
const ESCAPED = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/]+/gu;

/**
 * The `file://` URI of an absolute path. Of its UTF-8 bytes those that a path may hold stay as they are (RFC 3986,
 * section 3.3), all others are escaped. Node's `pathToFileURL` will not do where URIs are kept: what it escapes has
 * changed from one version to another.
 */
export function fileUri(path: string): string {
  const slashed = sep === "/" ? path : `/${path.replaceAll(sep, "/")}`;
  return PLAIN.test(slashed) ? `file://${slashed}` : `file://${slashed.replace(ESCAPED, escaped)}`;
}

function escaped(text: string): string {
  let result = "";
  for (const byte of Buffer.from(text)) result += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  return result;
}
