import { sep } from "node:path";
import { fileURLToPath } from "node:url";
import { LakeError } from "../../core/index.js";

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

/**
 * The path that a name stands for, which may be a `file://` URI.
 *
 * @throws LakeError `invalid-input` for a URI that is no path.
 */
export function localName(name: string): string {
  if (!/^file:\/\//i.test(name)) return name;
  try {
    return fileURLToPath(name);
  } catch (error) {
    throw new LakeError("invalid-input", "source-uri", `${name} names no local file`, {
      context: { file: name },
      cause: error,
    });
  }
}

function escaped(text: string): string {
  let result = "";
  for (const byte of Buffer.from(text)) result += `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  return result;
}
