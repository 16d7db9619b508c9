import { liveAdds, type Snapshot } from "../../../table-format/index.js";
import type { MatchedFile } from "./file-edits.js";

/**
 * All files of a version, as a search that finds every row gives them; no row is read. `undefined` where a file does
 * not tell its rows, or tells fewer than are deleted.
 */
export async function everyFile(
  snapshot: Snapshot,
  signal: AbortSignal | undefined,
): Promise<readonly MatchedFile[] | undefined> {
  const adds = await snapshot.withFiles(
    ({ relation }) =>
      snapshot.folder.engine.withSession((session) =>
        liveAdds(session, `SELECT *, rowid AS position FROM ${relation} ORDER BY path`, signal),
      ),
    signal,
  );
  const files: MatchedFile[] = [];
  for (const { add, numRecords, row } of adds) {
    if (numRecords === undefined) return undefined;
    const matched = numRecords - (add.deletionVector?.cardinality ?? 0n);
    if (matched < 0n) return undefined;
    files.push({ add, numRecords, matched, position: BigInt(String(row["position"])) });
  }
  return files;
}
