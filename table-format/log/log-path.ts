import { type ObjectMeta, type ObjectPath, objectPath } from "../../object-store/index.js";
import { type Version, version } from "./version.js";

/** The folder of the log, inside the table's folder (PROTOCOL.md, "Delta Log Entries"). */
export const LOG_FOLDER = "_delta_log";

export const LAST_CHECKPOINT_PATH: ObjectPath = objectPath(`${LOG_FOLDER}/_last_checkpoint`);

/** A file of the log that replay knows, told from its name alone. */
export type LogFile =
  | (LogFileBase & { readonly kind: "commit" })
  | (LogFileBase & { readonly kind: "classic-checkpoint" })
  /** One of `parts` files that make a checkpoint together; `part` counts from 1. */
  | (LogFileBase & { readonly kind: "multi-part-checkpoint"; readonly part: number; readonly parts: number })
  /** A checkpoint named by a UUID (PROTOCOL.md, "V2 Spec"): JSON or Parquet. */
  | (LogFileBase & { readonly kind: "v2-checkpoint" });

interface LogFileBase {
  readonly version: Version;
  readonly path: ObjectPath;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly lastModified: number;
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

/** The string after which a listing of the log holds every file of version `of` and later ones. */
export function listingStart(of: Version): string {
  // "." sorts right after "-" and before "/", so the bare digits precede every name that has them.
  return `${LOG_FOLDER}/${digits(of)}`;
}

const COMMIT = /^(\d{20})\.json$/;
const CLASSIC = /^(\d{20})\.checkpoint\.parquet$/;
const MULTI_PART = /^(\d{20})\.checkpoint\.(\d{10})\.(\d{10})\.parquet$/;
const V2 = /^(\d{20})\.checkpoint\.[0-9a-fA-F-]{36}\.(?:json|parquet)$/;

/** Tells what a listed object is; `undefined` for anything that replay has no use for. */
export function parseLogFile(meta: ObjectMeta): LogFile | undefined {
  const name = meta.path.slice(LOG_FOLDER.length + 1);
  const match = COMMIT.exec(name) ?? CLASSIC.exec(name) ?? MULTI_PART.exec(name) ?? V2.exec(name);
  if (match === null) return undefined;
  const base = {
    version: version(BigInt(match[1] ?? "")),
    path: meta.path,
    size: meta.size,
    lastModified: meta.lastModified,
  };
  if (COMMIT.test(name)) return { ...base, kind: "commit" };
  if (CLASSIC.test(name)) return { ...base, kind: "classic-checkpoint" };
  if (V2.test(name)) return { ...base, kind: "v2-checkpoint" };
  return { ...base, kind: "multi-part-checkpoint", part: Number(match[2]), parts: Number(match[3]) };
}
