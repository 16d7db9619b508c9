import { isJsonObject, type JsonObject, parseJson, stringifyJson } from "../../core/index.js";
import { isObjectAbsent, type ObjectStore } from "../../object-store/index.js";
import { jsonChecksum } from "./json-checksum.js";
import { LAST_CHECKPOINT_PATH } from "./log-path.js";
import { type Version, version } from "./version.js";

/** PROTOCOL.md, "Last Checkpoint File". A hint: it may be missing, stale or broken, and then is not used. */
export interface LastCheckpoint {
  readonly version: Version;
  /** Actions in the checkpoint. */
  readonly size: bigint;
  readonly sizeInBytes: bigint;
  readonly numOfAddFiles: bigint;
  /** The files of a multi-part checkpoint. */
  readonly parts?: number | undefined;
  /** What a checkpoint after the V2 spec holds besides files, so that readers need not open it. */
  readonly v2Checkpoint?: JsonObject | undefined;
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
    if (isObjectAbsent(error)) return undefined;
    throw error;
  }
  return parseLastCheckpoint(new TextDecoder().decode(bytes));
}

/** The version in the text of `_last_checkpoint`; `undefined` when it, or its checksum, makes no sense. */
export function parseLastCheckpoint(text: string): Version | undefined {
  try {
    const json = parseJson(text);
    if (!isJsonObject(json)) return undefined;
    const { checksum, version: value } = json;
    if (typeof checksum === "string" && checksum !== jsonChecksum(json)) return undefined;
    return typeof value === "number" || typeof value === "bigint" ? version(value) : undefined;
  } catch {
    // The log itself is the truth and is listed instead, so a broken hint costs time and nothing else.
    return undefined;
  }
}

export function serializeLastCheckpoint(last: LastCheckpoint): string {
  const json: JsonObject = { ...last };
  return stringifyJson({ ...json, checksum: jsonChecksum(json) });
}
