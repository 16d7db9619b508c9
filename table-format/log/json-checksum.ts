import { createHash } from "node:crypto";
import { isJsonObject, type JsonObject, type JsonValue } from "../../core/index.js";

/**
 * The MD5 of a JSON object in its canonical form (PROTOCOL.md, "JSON checksum"): 32 hexadecimal digits.
 * The top-level `checksum` is left out of it.
 */
export function jsonChecksum(json: JsonObject): string {
  const { checksum: _, ...rest } = json;
  return createHash("md5").update(canonicalText(rest)).digest("hex");
}

/** `"a"=10,"b"+"x"=null`: paths and values, sorted by the bytes of the paths. */
export function canonicalText(json: JsonValue): string {
  return leaves(json, "")
    .sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
    .map(({ path, value }) => `${path}=${value}`)
    .join(",");
}

interface Leaf {
  readonly path: string;
  readonly value: string;
}

function leaves(json: JsonValue, path: string): Leaf[] {
  const below = (name: string): string => (path === "" ? name : `${path}+${name}`);
  if (Array.isArray(json)) {
    return json.flatMap((item: JsonValue, index) => leaves(item, below(String(index))));
  }
  if (isJsonObject(json)) {
    return Object.entries(json).flatMap(([name, value]) =>
      value === undefined ? [] : leaves(value, below(quoted(name))),
    );
  }
  return [{ path, value: typeof json === "string" ? quoted(json) : String(json) }];
}

function quoted(text: string): string {
  return `"${urlEncode(text)}"`;
}

// Of what encodeURIComponent leaves alone, these five are reserved here.
const ALSO_RESERVED = /[!'()*]/g;

/** PROTOCOL.md, "How to URL encode keys and string values". */
function urlEncode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    ALSO_RESERVED,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
