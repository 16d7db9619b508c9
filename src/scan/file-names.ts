import { quoteString } from "../../engine/index.js";
import { type ObjectStore, objectPath } from "../../object-store/index.js";
import type { Snapshot } from "../../table-format/index.js";

/** A list of more names than this stays in the engine, in a variable. */
export const MAX_LITERAL_FILES = 1_000;

/**
 * SQL of the file of `path`, a column with a path of the log (PROTOCOL.md, "Add File and Remove File": a URI,
 * relative to the table or absolute), decoded: the local path, or for a file of a store that is far away
 * `<store>://...`.
 */
export function loggedFileSql(snapshot: Snapshot): string {
  return fileSql(snapshot, "");
}

/** As {@link loggedFileSql}, of local files as `file:/...`: what `_metadata.file_path` says. */
export function filePathSql(snapshot: Snapshot): string {
  return fileSql(snapshot, "file:");
}

/** SQL that makes of a {@link loggedFileSql} what `_metadata.file_path` says. */
export function filePathOfSql(file: string): string {
  return `CASE WHEN ${isFarSql(file)} THEN ${file} ELSE 'file:' || ${file} END`;
}

/** SQL of whether a {@link loggedFileSql} names an object of a store that is far away. */
export function isFarSql(file: string): string {
  return `(NOT starts_with(${file}, '/') AND contains(${file}, '://'))`;
}

/** What the names of a store's objects begin with where the store is far away: its URI, decoded, with a slash behind. */
export function farRoot({ uri }: ObjectStore): string {
  const hierarchical = /^[^:/]+:\/\//.test(uri) ? uri : uri.replace(":", "://");
  return `${decoded(hierarchical).replace(/\/+$/, "")}/`;
}

/** What is no URI, for a percent sign in it says nothing, stands for itself. */
function decoded(uri: string): string {
  try {
    return decodeURIComponent(uri);
  } catch (error) {
    if (error instanceof URIError) return uri;
    throw error;
  }
}

/** @param local what comes before a local path */
function fileSql({ folder: { store } }: Snapshot, local: string): string {
  const prefix = local === "" ? "" : `${quoteString(local)} || `;
  const probe = store.localPath(objectPath("x"));
  const root = probe === undefined ? farRoot(store) : local + probe.slice(0, -1);
  return `CASE
    WHEN starts_with(path, '/') THEN ${prefix}url_decode(path)
    WHEN starts_with(path, 'file:/') THEN ${prefix}url_decode('/' || ltrim(substr(path, 6), '/'))
    WHEN contains(path, '://') THEN url_decode(path)
    ELSE ${quoteString(root)} || CASE WHEN contains(path, '%') THEN url_decode(path) ELSE path END END`;
}

/** The engine takes a file name for a glob; brackets make its special characters plain. */
export function globText(file: string): string {
  return file.replace(/[*?[]/g, "[$&]");
}

/** {@link globText} of SQL. */
export function globTextSql(file: string): string {
  return `replace(replace(replace(${file}, '[', '[[]'), '*', '[*]'), '?', '[?]')`;
}

/** Takes the brackets of {@link globText} away again. */
export function plainName(name: string): string {
  return name.replace(/\[([*?[])\]/g, "$1");
}
