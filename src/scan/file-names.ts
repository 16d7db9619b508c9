import { LakeError } from "../../core/index.js";
import { quoteString } from "../../engine/index.js";
import { objectPath } from "../../object-store/index.js";
import type { Snapshot } from "../../table-format/index.js";

/** A list of more names than this stays in the engine, in a variable. */
export const MAX_LITERAL_FILES = 1_000;

/**
 * SQL of the local file of `path`, a column with a path of the log (PROTOCOL.md, "Add File and Remove
 * File": a URI, relative to the table or absolute). One on another store stays a URI.
 *
 * @throws LakeError `unsupported` for a table on another store.
 */
export function localFileSql(snapshot: Snapshot): string {
  const { store } = snapshot.folder;
  const probe = store.localPath(objectPath("x"));
  if (probe === undefined) {
    throw new LakeError(
      "unsupported",
      "remote-scan",
      `${store.uri}: this release scans tables on a local disk only`,
    );
  }
  const root = probe.slice(0, -1);
  return `CASE
    WHEN starts_with(path, '/') THEN url_decode(path)
    WHEN starts_with(path, 'file:/') THEN url_decode('/' || ltrim(substr(path, 6), '/'))
    WHEN contains(path, '://') THEN path
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
