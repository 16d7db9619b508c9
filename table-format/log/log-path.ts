import { type ObjectMeta, type ObjectPath, objectPath } from "../../object-store/index.js";
import { type Version, version } from "./version.js";

/** The folder of the log, inside the table's folder (PROTOCOL.md, "Delta Log Entries"). */
export const LOG_FOLDER = "_delta_log";

/** Where V2 checkpoints keep their file actions (PROTOCOL.md, "Sidecar Files"). */
export const SIDECAR_FOLDER = `${LOG_FOLDER}/_sidecars`;

export const LAST_CHECKPOINT_PATH: ObjectPath = objectPath(`${LOG_FOLDER}/_last_checkpoint`);

/**
 * A file of the log that reading knows, told from its name alone. `version` is the newest version that the
 * file speaks of.
 */
export type LogFile =
  | CommitFile
  | (LogFileBase & { readonly kind: "classic-checkpoint" })
  /** One of `parts` files that make a checkpoint together; `part` counts from 1. */
  | (LogFileBase & { readonly kind: "multi-part-checkpoint"; readonly part: number; readonly parts: number })
  /** A checkpoint named by a UUID (PROTOCOL.md, "V2 Spec"). */
  | (LogFileBase & { readonly kind: "v2-checkpoint"; readonly format: "json" | "parquet" })
  | CompactionFile
  /** PROTOCOL.md, "Version Checksum File". */
  | ChecksumFile;

export type CommitFile = LogFileBase & { readonly kind: "commit" };

/** The commits from `first` to `version`, reconciled (PROTOCOL.md, "Log Compaction Files"). */
export type CompactionFile = LogFileBase & { readonly kind: "compaction"; readonly first: Version };

export type ChecksumFile = LogFileBase & { readonly kind: "checksum" };

interface LogFileBase {
  readonly version: Version;
  readonly path: ObjectPath;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly lastModified: number;
  /** As a listing tells it. */
  readonly etag?: string | undefined;
}

/** Versions are written with 20 digits, so that names sort as numbers do. */
function digits(of: Version): string {
  return of.toString().padStart(20, "0");
}

export function commitPath(of: Version): ObjectPath {
  return objectPath(`${LOG_FOLDER}/${digits(of)}.json`);
}

export function classicCheckpointPath(of: Version): ObjectPath {
  return objectPath(`${LOG_FOLDER}/${digits(of)}.checkpoint.parquet`);
}

/** @param part counts from 1 */
export function multiPartCheckpointPath(of: Version, part: number, parts: number): ObjectPath {
  const place = [part, parts].map((number) => number.toString().padStart(10, "0")).join(".");
  return objectPath(`${LOG_FOLDER}/${digits(of)}.checkpoint.${place}.parquet`);
}

export function v2CheckpointPath(of: Version, uuid: string, format: "json" | "parquet"): ObjectPath {
  return objectPath(`${LOG_FOLDER}/${digits(of)}.checkpoint.${uuid}.${format}`);
}

/** @param name the file's own name, not escaped */
export function sidecarPath(name: string): ObjectPath {
  return objectPath(`${SIDECAR_FOLDER}/${name}`);
}

export function compactionPath(first: Version, last: Version): ObjectPath {
  return objectPath(`${LOG_FOLDER}/${digits(first)}.${digits(last)}.compacted.json`);
}

/** The string after which a listing of the log holds every file of version `of` and later ones. */
export function listingStart(of: Version): string {
  // "." sorts right after "-" and before "/", so the bare digits precede every name that has them.
  return `${LOG_FOLDER}/${digits(of)}`;
}

/** The largest signed 64-bit integer: no version is larger. */
const LARGEST_DIGITS = "09223372036854775807";

const COMMIT = /^(\d{20})\.json$/;
const CLASSIC = /^(\d{20})\.checkpoint\.parquet$/;
const MULTI_PART = /^(\d{20})\.checkpoint\.(\d{10})\.(\d{10})\.parquet$/;
const V2 = /^(\d{20})\.checkpoint\.[0-9a-fA-F-]{36}\.(json|parquet)$/;
const COMPACTION = /^(\d{20})\.(\d{20})\.compacted\.json$/;
const CHECKSUM = /^(\d{20})\.crc$/;

/** Tells what a listed object is; `undefined` for anything that reading has no use for. */
export function parseLogFile(meta: ObjectMeta): LogFile | undefined {
  const name = meta.path.slice(LOG_FOLDER.length + 1);
  if (name.slice(0, 20) > LARGEST_DIGITS) return undefined;
  const file = (text: string | undefined): LogFileBase => ({
    version: version(BigInt(text ?? "")),
    path: meta.path,
    size: meta.size,
    lastModified: meta.lastModified,
    etag: meta.etag,
  });
  let match = COMMIT.exec(name);
  if (match !== null) return { ...file(match[1]), kind: "commit" };
  match = CHECKSUM.exec(name);
  if (match !== null) return { ...file(match[1]), kind: "checksum" };
  match = CLASSIC.exec(name);
  if (match !== null) return { ...file(match[1]), kind: "classic-checkpoint" };
  match = V2.exec(name);
  if (match !== null) {
    return { ...file(match[1]), kind: "v2-checkpoint", format: match[2] === "json" ? "json" : "parquet" };
  }
  match = MULTI_PART.exec(name);
  if (match !== null) {
    return {
      ...file(match[1]),
      kind: "multi-part-checkpoint",
      part: Number(match[2]),
      parts: Number(match[3]),
    };
  }
  match = COMPACTION.exec(name);
  if (match === null || (match[2] ?? "") > LARGEST_DIGITS) return undefined;
  const first = version(BigInt(match[1] ?? ""));
  const last = file(match[2]);
  return first < last.version ? { ...last, kind: "compaction", first } : undefined;
}
