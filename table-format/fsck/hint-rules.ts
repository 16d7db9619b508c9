import { isObjectAbsent, type ObjectStore } from "../../object-store/index.js";
import { completeCheckpoints } from "../log/checkpoint-files.js";
import { parseLastCheckpoint } from "../log/last-checkpoint.js";
import { commitPath, LAST_CHECKPOINT_PATH, type LogFile } from "../log/log-path.js";
import type { FindingLog } from "./finding-log.js";

/** Checks that `_last_checkpoint` names the newest checkpoint (PROTOCOL.md, "Last Checkpoint File"). */
export async function checkLastCheckpoint(
  store: ObjectStore,
  logFiles: readonly LogFile[],
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  let text: string;
  try {
    text = new TextDecoder().decode(await store.get(LAST_CHECKPOINT_PATH, { signal }));
  } catch (error) {
    if (isObjectAbsent(error)) return;
    throw error;
  }
  const place = { file: LAST_CHECKPOINT_PATH };
  const named = parseLastCheckpoint(text);
  if (named === undefined) {
    findings.add("last-checkpoint-broken", "the file names no version", place);
    return;
  }
  const known = logFiles.filter(({ kind }) => kind !== "checksum");
  if (known.every(({ version }) => version < named)) {
    findings.add("log-gap", `version ${named} is missing; ${LAST_CHECKPOINT_PATH} names it`, {
      file: commitPath(named),
      version: named,
    });
    return;
  }
  const checkpoints = completeCheckpoints(logFiles);
  const newest = checkpoints.at(-1)?.version;
  if (!checkpoints.some(({ version }) => version === named)) {
    findings.add(
      "last-checkpoint-broken",
      `there is no whole checkpoint of version ${named}, which it names`,
      place,
    );
  } else if (newest !== undefined && newest > named) {
    findings.add(
      "last-checkpoint-stale",
      `it names version ${named}, and there is a checkpoint of version ${newest}`,
      place,
    );
  }
}
