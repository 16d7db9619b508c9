import { quoteString } from "../../engine/index.js";
import { canonicalDataPath } from "./data-path.js";

/**
 * SQL for a text that is the same for every spelling of one data file's path: {@link canonicalDataPath} for
 * the engine, which compares the paths of whole logs (PROTOCOL.md, "Add File and Remove File": a path is a
 * URI, relative to the table or absolute).
 *
 * @param path SQL of a path as the log has it
 * @param root the table's folder as a URI
 */
export function pathKeySql(path: string, root: string): string {
  const folder = `${canonicalDataPath(root).replace(/\/$/, "")}/`;
  // A local file is known by its path alone, whatever slashes its URI begins with.
  const local = `CASE WHEN regexp_matches(${path}, '^(?i:file):/') THEN regexp_replace(${path}, '^(?i:file):/+', '/') ELSE ${path} END`;
  // Object stores have several names for one scheme, which data-path.ts knows too.
  const known = `regexp_replace(url_decode(${local}), '^(?i:s3[an]?)://', 's3://')`;
  const decoded = `regexp_replace(regexp_replace(${known}, '(^|/)(\\./)+', '\\1', 'g'), '([^:/])/+', '\\1/', 'g')`;
  const relative = `regexp_replace(${decoded}, ${quoteString(`^${literalPattern(folder)}`)}, '')`;
  // What writers usually write, a relative path without escapes, is its own key. Plain tests cost the engine
  // half of what one regular expression does.
  const marks = ["%", ":", "./", "//"].map((mark) => `contains(${path}, '${mark}')`);
  return `CASE WHEN starts_with(${path}, '/') OR ${marks.join(" OR ")} THEN ${relative} ELSE ${path} END`;
}

/** The engine's regular expressions, RE2, take any escaped mark for itself. */
function literalPattern(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N}/]/gu, "\\$&");
}
