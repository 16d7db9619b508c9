import { isJsonObject, isLakeError, type JsonObject, parseJson, stringifyJson } from "../../core/index.js";
import type { ObjectStore } from "../../object-store/index.js";
import { LAST_CHECKPOINT_PATH } from "./log-path.js";
import { type Version, version } from "./version.js";

/** PROTOCOL.md, "Last Checkpoint File". A hint: it may be missing, stale or broken, and then is not used. */
export interface LastCheckpoint {
  readonly version: Version;
  /** Actions in the checkpoint. */
  readonly size: bigint;
  readonly sizeInBytes: bigint;
  readonly numOfAddFiles: bigint;
}

/** The version that `_last_checkpoint` names; `undefined` when there is none that can be understood. */
export async function readLastCheckpoint(
  store: ObjectStore,
  signal?: AbortSignal,
): Promise<Version | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await store.get(LAST_CHECKPOINT_PATH, { signal });
  } catch (error) {
    if (isLakeError(error, "not-found")) return undefined;
    throw error;
  }
  return parseLastCheckpoint(new TextDecoder().decode(bytes));
}

export function parseLastCheckpoint(text: string): Version | undefined {
  try {
    const json = parseJson(text);
    const value = isJsonObject(json) ? json["version"] : undefined;
    return typeof value === "number" || typeof value === "bigint" ? version(value) : undefined;
  } catch {
    // The log itself is the truth and is listed instead, so a broken hint costs time and nothing else.
    return undefined;
  }
}

export function serializeLastCheckpoint(last: LastCheckpoint): string {
  const json: JsonObject = { ...last };
  return stringifyJson(json);
}
