import { quoteString } from "../../engine/index.js";

/** A local path as a SQL literal for the engine's readers, which take a bare path for a glob. */
export function enginePath(localPath: string): string {
  return quoteString(localPath.replace(/[*?[]/g, "[$&]"));
}
