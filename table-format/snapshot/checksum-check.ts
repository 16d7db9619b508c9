import { LakeError, stringifyJson } from "../../core/index.js";
import type { Session } from "../../engine/index.js";
import { checksumPath } from "../log/checksum.js";
import type { FileTable } from "./file-table.js";
import { withLocalSegment } from "./local-segment.js";
import { replayState } from "./replay-state.js";
import type { Snapshot } from "./snapshot.js";
import type { TableState } from "./state.js";

/** What a checksum says of the files of its version. */
export interface KnownTotals {
  readonly numFiles: bigint;
  /** Bytes. */
  readonly tableSizeBytes: bigint;
}

/**
 * Checks a snapshot whose state was taken from the checksum of its version, once its files are replayed. The
 * log is the truth and a checksum only helps: where it counts other files than the log has, nothing that it
 * said is believed, and the state is replayed as well. When that is the same, the snapshot is right and the
 * checksum is for a check of the table to report; when it is not, the snapshot is wrong and must not be used
 * (PROTOCOL.md, "State Validation": potentially corrupted).
 *
 * @throws LakeError `corrupt` naming the checksum file.
 */
export async function checkAgainstLog(
  session: Session,
  snapshot: Snapshot,
  files: FileTable,
  known: KnownTotals,
  signal?: AbortSignal,
): Promise<void> {
  if (BigInt(files.count) === known.numFiles && files.sizeInBytes === known.tableSizeBytes) return;
  const { folder } = snapshot;
  const { store } = folder;
  const replayed = await snapshot.withReadableSegment(
    (segment) =>
      withLocalSegment(
        folder,
        segment,
        store.uri,
        (local) => replayState(session, local, store.uri, undefined, signal),
        signal,
      ),
    signal,
  );
  if (stateText(replayed) === stateText(snapshot.state)) return;
  await files.retire();
  const file = checksumPath(snapshot.version);
  throw new LakeError(
    "corrupt",
    "checksum-contradicts-log",
    `${store.uri}: ${file} says that version ${snapshot.version} has ${known.numFiles} files, the log gives ${files.count}, and they differ on the table's state too`,
    {
      context: { file, version: snapshot.version },
      hint: `The log is what counts. Delete ${file} and open the table again.`,
    },
  );
}

function stateText({ protocol, metadata, transactions, domains }: TableState): string {
  const sorted = (map: ReadonlyMap<string, unknown>): unknown =>
    [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  const { configuration, formatOptions, ...rest } = metadata;
  const texts = [configuration, formatOptions].map((record) => sorted(new Map(Object.entries(record))));
  return stringifyJson([{ ...protocol }, { ...rest }, texts, sorted(transactions), sorted(domains)]);
}
