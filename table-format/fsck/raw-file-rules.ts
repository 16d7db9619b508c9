import { isJsonObject, isLakeError, type JsonValue, parseJson } from "../../core/index.js";
import type { Row, Session } from "../../engine/index.js";
import type { Protocol, Tags } from "../log/actions.js";
import { hasFeature } from "../protocol/features.js";
import { RAW_FILES_FEATURE, RAW_TAGS, type RawFile, rawFileOf } from "../raw-file/index.js";
import type { FindingLog } from "./finding-log.js";
import { LIVE } from "./replay-sql.js";

/** A data file that is not Parquet, as it lies there. */
export interface StoredRawFile extends RawFile {
  /** As messages call it. */
  readonly file: string;
  readonly localPath: string;
  /** Bytes, as the log has it. */
  readonly size: bigint;
}

/**
 * Checks that a file is the one that landed and reads it: gives its rows as a Parquet file, absolute, that stays as
 * long as the session.
 *
 * @throws LakeError for what is wrong with it
 */
export type RawCopy = (file: StoredRawFile) => Promise<string>;

/** Checks that a table with data files that are not Parquet says so, which keeps other readers away from them. */
export async function checkRawFilesFeature(
  session: Session,
  protocol: Protocol,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (hasFeature(protocol, RAW_FILES_FEATURE)) return;
  await findings.addRows(
    session,
    "feature-missing",
    `SELECT key FROM ${LIVE} WHERE json_extract_string(tags, '$."${RAW_TAGS.format}"') IS NOT NULL ORDER BY key`,
    (row) => ({
      message: `the file is not Parquet, and the protocol does not have the feature ${RAW_FILES_FEATURE}`,
      place: { file: String(row["key"]) },
    }),
    signal,
  );
}

/**
 * What the engine reads of a data file: the file itself, of one that is not Parquet its copy. `undefined` where
 * there is none, which is a finding.
 *
 * @param row `key`, `size` and `tags` of the file
 */
export async function readableFile(
  row: Row,
  localPath: string,
  rawCopy: RawCopy,
  findings: FindingLog,
): Promise<string | undefined> {
  const key = String(row["key"]);
  try {
    const raw = rawFileOf(key, tagsOf(row["tags"]));
    if (raw === undefined) return localPath;
    return await rawCopy({ ...raw, file: key, localPath, size: BigInt(String(row["size"] ?? 0)) });
  } catch (error) {
    if (!isLakeError(error) || error.kind === "cancelled") throw error;
    const code = error.code === "data-file-changed" ? error.code : "data-file-unreadable";
    findings.add(code, error.message, { file: key });
    return undefined;
  }
}

function tagsOf(text: unknown): Tags | undefined {
  if (typeof text !== "string") return undefined;
  const json: JsonValue = parseJson(text);
  if (!isJsonObject(json)) return undefined;
  return Object.fromEntries(
    Object.entries(json).map(([name, value]) => [name, typeof value === "string" ? value : null]),
  );
}
