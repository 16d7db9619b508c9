import { stat } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { LakeError } from "../../core/index.js";

/**
 * Pure: the path or glob that a query's FROM names, which may be a `file:` URI.
 *
 * @throws LakeError `unsupported` for a place that is not on the local disk.
 */
export function localPattern(name: string): string {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(name)?.[1]?.toLowerCase();
  if (scheme === undefined) return name;
  if (scheme === "file") return fileURLToPath(name);
  throw new LakeError("unsupported", "source-scheme", `${name}: files at ${scheme}:// cannot be queried`, {
    context: { file: name },
    hint: "Copy the files to the local disk first.",
  });
}

/** @throws LakeError `invalid-input` for the folder of a table: its files hold rows that are not in the table. */
export async function refuseTableFolder(name: string, pattern: string): Promise<void> {
  const log = await stat(path.join(pattern, "_delta_log")).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR"))
      return undefined;
    throw error;
  });
  if (log === undefined) return;
  throw new LakeError("invalid-input", "table-as-files", `${name} is a Delta table, not a folder of files`, {
    context: { file: name },
    hint: `Read it as a table: FROM delta_scan('${name.replaceAll("'", "''")}')`,
  });
}

/** The name that the columns of a file go by where it has no alias: its own, up to the first dot. Pure. */
export function fileAlias(name: string): string {
  if (/[*?[]/.test(name)) return name;
  const own = name.replace(/[/\\]+$/, "").replace(/^.*[/\\]/, "");
  return own.split(".", 1)[0] || name;
}
