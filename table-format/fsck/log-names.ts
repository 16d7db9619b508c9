import type { ObjectMeta } from "../../object-store/index.js";
import { completeCheckpoints, versionsOf } from "../log/checkpoint-files.js";
import { LAST_CHECKPOINT_PATH, LOG_FOLDER, type LogFile, SIDECAR_FOLDER } from "../log/log-path.js";
import type { FindingLog } from "./finding-log.js";
import type { LogListing } from "./table-listing.js";

/**
 * What the names in the log folder tell: files that no reader knows, leftovers, and checkpoints that lack
 * parts (PROTOCOL.md, "Delta Log Entries" and "Checkpoints").
 */
export function checkLogNames({ logFiles, others }: LogListing, findings: FindingLog): void {
  for (const object of others) checkOther(object, findings);
  for (const { version, parts, there } of incompleteCheckpoints(logFiles)) {
    findings.add(
      "checkpoint-incomplete",
      `the checkpoint of version ${version} has ${there.length} of ${parts} parts`,
      { version, file: there[0]?.path },
    );
  }
}

// Folders of the log that have a purpose of their own: sidecars (V2 checkpoints), and commits that a
// coordinator has not yet given out (RFC "Managed commits").
const KNOWN_FOLDERS = [`${SIDECAR_FOLDER}/`, `${LOG_FOLDER}/_staged_commits/`, `${LOG_FOLDER}/_commits/`];

function checkOther({ path }: ObjectMeta, findings: FindingLog): void {
  if (path === LAST_CHECKPOINT_PATH) return;
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (/\.tmp$|^\.tmp|^_tmp|^__tmp/i.test(name)) {
    findings.add("log-leftover", "a writer left a temporary file", { file: path });
    return;
  }
  // Hidden names: Hadoop's checksums of single files, what operating systems and vacuums leave.
  if (/^[._]/.test(name) || KNOWN_FOLDERS.some((folder) => path.startsWith(folder))) return;
  const looksLikeCommit = /^\d+\.json$/.test(name);
  findings.add(
    "log-name-unknown",
    looksLikeCommit
      ? "the name of a log entry has 20 digits, and this one has not"
      : "no reader knows a file of this name",
    { file: path },
  );
}

interface IncompleteCheckpoint {
  readonly version: bigint;
  readonly parts: number;
  readonly there: readonly LogFile[];
}

function incompleteCheckpoints(logFiles: readonly LogFile[]): IncompleteCheckpoint[] {
  const complete = new Set(completeCheckpoints(logFiles).flatMap(({ files }) => files));
  const torn = logFiles.filter((file) => file.kind === "multi-part-checkpoint" && !complete.has(file));
  return versionsOf(torn).map((version) => {
    const there = torn.filter((file) => file.version === version);
    const parts = Math.max(...there.map((file) => (file.kind === "multi-part-checkpoint" ? file.parts : 1)));
    return { version, parts, there };
  });
}
