import { mapParallel } from "../../core/index.js";
import type { Session } from "../../engine/index.js";
import { isObjectAbsent, type ObjectStore } from "../../object-store/index.js";
import { type ParsedChecksum, parseChecksum } from "../log/checksum-text.js";
import type { ChecksumFile } from "../log/log-path.js";
import type { FindingLog } from "./finding-log.js";
import { TOTALS } from "./replay-sql.js";
import { metadataDifference, protocolDifference } from "./state-difference.js";
import type { FoundState } from "./table-state.js";

const PARALLEL_READS = 16;

/**
 * Compares checksum files with the replay of their versions (PROTOCOL.md, "Version Checksum File", "Reader
 * Requirements").
 *
 * @param files of versions that {@link TOTALS} covers
 * @param stateAt the table's state after a version, by the commits
 */
export async function checkChecksums(
  session: Session,
  store: ObjectStore,
  files: readonly ChecksumFile[],
  stateAt: (version: bigint) => FoundState,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  const parsed = await mapParallel(files, PARALLEL_READS, (file) => read(store, file, signal), signal);
  for (const [index, file] of files.entries()) {
    const place = { file: file.path, version: file.version };
    const found = parsed[index];
    if (found === undefined) continue;
    if (found.status === "broken") {
      findings.add("checksum-broken", `the checksum cannot be understood: ${found.reason}`, place);
      continue;
    }
    const { checksum } = found;
    const [totals] = await session.rows(
      `SELECT files, bytes FROM ${TOTALS} WHERE version <= ${file.version} ORDER BY version DESC LIMIT 1`,
      { signal },
    );
    const [numFiles, bytes] = [
      BigInt(String(totals?.["files"] ?? 0)),
      BigInt(String(totals?.["bytes"] ?? 0)),
    ];
    const state = stateAt(file.version);
    const differences = [
      checksum.numFiles === numFiles
        ? undefined
        : `numFiles is ${checksum.numFiles}, and the log holds ${numFiles}`,
      checksum.tableSizeBytes === bytes
        ? undefined
        : `tableSizeBytes is ${checksum.tableSizeBytes}, and the log comes to ${bytes}`,
      state.protocol === undefined
        ? undefined
        : notAsLog(protocolDifference(checksum.protocol, state.protocol.value)),
      state.metadata === undefined
        ? undefined
        : notAsLog(metadataDifference(checksum.metadata, state.metadata.value)),
    ];
    for (const what of differences) {
      if (what !== undefined) findings.add("checksum-contradicts", what, place);
    }
  }
}

function notAsLog(what: string | undefined): string | undefined {
  return what === undefined ? undefined : `${what} is not what the log says`;
}

async function read(
  store: ObjectStore,
  file: ChecksumFile,
  signal: AbortSignal | undefined,
): Promise<ParsedChecksum | undefined> {
  try {
    return parseChecksum(new TextDecoder().decode(await store.get(file.path, { signal })));
  } catch (error) {
    // Cleaned up since the listing.
    if (isObjectAbsent(error)) return undefined;
    throw error;
  }
}
