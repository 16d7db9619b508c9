import { LakeError } from "../../core/index.js";

/**
 * Where a data file is. `path` has no percent escapes, no empty or dot segments and no leading slash when
 * relative; an absolute one begins with a slash. `authority` is the bucket or host, "" for local files.
 */
export type DataPath =
  | { readonly kind: "relative"; readonly path: string }
  | { readonly kind: "absolute"; readonly scheme: string; readonly authority: string; readonly path: string };

const URI = /^([A-Za-z][A-Za-z0-9+.-]*):(?:\/\/([^/]*))?(.*)$/s;

// Names that Hadoop and object stores have for one and the same scheme.
const SAME_SCHEME: Readonly<Record<string, string>> = { s3a: "s3", s3n: "s3" };

/**
 * Reads the `path` of an `add`, `remove` or `cdc` action: a URI, relative to the table's root or absolute
 * (PROTOCOL.md, "Add File and Remove File"). A path without a scheme that begins with a slash is a local file.
 *
 * @throws LakeError `corrupt` when an escape is broken or a relative path leaves the table.
 */
export function parseDataPath(text: string): DataPath {
  const uri = URI.exec(text);
  if (uri !== null) {
    const scheme = (uri[1] ?? "").toLowerCase();
    const path = normalize(decode(uri[3] ?? "", text), text, true);
    return {
      kind: "absolute",
      scheme: SAME_SCHEME[scheme] ?? scheme,
      authority: uri[2] ?? "",
      path: `/${path}`,
    };
  }
  const decoded = decode(text, text);
  if (text.startsWith("/")) {
    return { kind: "absolute", scheme: "file", authority: "", path: `/${normalize(decoded, text, true)}` };
  }
  return { kind: "relative", path: normalize(decoded, text, false) };
}

/**
 * Writes a path relative to the table's root, as it is on disk, the way actions hold it. What a URI's path
 * may hold stays as it is, so `p=a b%20/x.parquet` becomes `p=a%20b%2520/x.parquet`; a colon is escaped
 * too, since `a:b/x` would read as a URI of scheme `a`.
 */
export function encodeDataPath(relativePath: string): string {
  return relativePath.split("/").map(encodeSegment).join("/");
}

/**
 * A text that is the same for every spelling of one file's path, for comparing `add` and `remove` actions:
 * `special%20p`, `./special p` and, when the table is at `/t`, `file:///t/special%20p` are one file.
 * `root` is the table's own absolute location as a URI or a local path.
 */
export function canonicalDataPath(text: string, root?: string): string {
  const path = parseDataPath(text);
  if (path.kind === "relative") return path.path;
  const absolute = absoluteText(path);
  if (root === undefined) return absolute;
  const base = absoluteRoot(root);
  return absolute.startsWith(`${base}/`) ? absolute.slice(base.length + 1) : absolute;
}

/** A file outside the table's folder: its folder, as a store is opened at it, and its name there. */
export interface FileElsewhere {
  readonly folder: string;
  readonly name: string;
}

/**
 * Where a file lies that is not below the table's root. A URI is escaped, a local path is as it is. Pure.
 *
 * @param canonical as {@link canonicalDataPath} gives it
 */
export function fileElsewhere(canonical: string): FileElsewhere {
  const slash = canonical.lastIndexOf("/") + 1;
  const [, place = "", inside = canonical.slice(0, slash)] =
    /^([^/:]+:\/\/[^/]*)(\/.*)$/s.exec(canonical.slice(0, slash)) ?? [];
  const folder = place === "" ? inside : `${place}${encodeDataPath(inside)}`;
  return { folder, name: canonical.slice(slash) };
}

/** The root is a place, not an action's path: only a URI is escaped. */
function absoluteRoot(root: string): string {
  const path = URI.test(root) ? parseDataPath(root) : parseDataPath(encodeDataPath(root));
  const text = path.kind === "relative" ? path.path : absoluteText(path);
  return text.endsWith("/") ? text.slice(0, -1) : text;
}

function absoluteText(path: DataPath & { readonly kind: "absolute" }): string {
  return path.scheme === "file" && path.authority === ""
    ? path.path
    : `${path.scheme}://${path.authority}${path.path}`;
}

function decode(escaped: string, text: string): string {
  try {
    return decodeURIComponent(escaped);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    throw new LakeError(
      "corrupt",
      "data-path",
      `the log holds the path "${text}", whose escapes are broken`,
      {
        context: { path: text },
        cause: error,
      },
    );
  }
}

/** Drops empty and "." segments and resolves "..", as Hadoop's Path does; no leading slash. */
function normalize(path: string, text: string, absolute: boolean): string {
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment !== "..") segments.push(segment);
    else if (segments.pop() === undefined && !absolute) {
      throw new LakeError(
        "corrupt",
        "data-path",
        `the log holds the path "${text}", which leaves the table's folder`,
        {
          context: { path: text },
        },
      );
    }
  }
  if (segments.length === 0 && !absolute) {
    throw new LakeError("corrupt", "data-path", `the log holds the path "${text}", which names no file`, {
      context: { path: text },
    });
  }
  return segments.join("/");
}

// encodeURIComponent escapes these, which a path may hold as they are (RFC 2396, section 3.3, pchar).
const PATH_CHARACTERS: Readonly<Record<string, string>> = {
  "%40": "@",
  "%26": "&",
  "%3D": "=",
  "%2B": "+",
  "%24": "$",
  "%2C": ",",
};

function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replaceAll(
    /%(?:40|26|3D|2B|24|2C)/g,
    (code) => PATH_CHARACTERS[code] ?? code,
  );
}
