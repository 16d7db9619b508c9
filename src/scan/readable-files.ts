import { isJsonObject, type JsonValue, LakeError, parseJson } from "../../core/index.js";
import { quoteIdentifier, quoteString, type Row, type Session } from "../../engine/index.js";
import {
  type FileTable,
  hasFeature,
  RAW_FILES_FEATURE,
  rawFileOf,
  rawFileWithoutFeature,
  type Snapshot,
} from "../../table-format/index.js";
import { type LocatedRawFile, leaseCopies } from "../raw-files/lease-copies.js";
import { nameFarFile } from "./far/far-names.js";
import { type FarCopies, type FarFile, type FarRequest, farCopies } from "./far/fetch-files.js";
import { ObjectLocator } from "./far/locate-object.js";
import type { RowRange } from "./far/plan-chunks.js";
import { globText, isFarSql } from "./file-names.js";

/** Files of a scan, each as the engine reads it: as it is, or a copy of it. */
export interface ReadableFiles {
  /** As the SELECT that was given, with `read_file` the copy of a file that is raw or far away. */
  readonly keptSql: string;
  /** As the names that were given. */
  readonly names: readonly string[] | undefined;
  /** The rows that may be read of files of which not all may, by their place among those of the SELECT. */
  readonly ranges: ReadonlyMap<number, RowRange>;
  /** Brings what is needed of far files; nothing may be read before. */
  readonly fetchChunks: FarCopies["fetchChunks"];
  /** Bytes that it brings, where they are not at hand. */
  readonly chunkBytes: number;
}

/** The files of a scan; see `keepFiles`. */
export interface LoggedFiles extends Omit<FarRequest, "snapshot"> {
  /** Sets what the session keeps of them apart. */
  readonly name: string;
  /** Gives `position`, `path`, `file`, `read_file`, `size`, `tags`, `is_raw`, `is_told`, and more. */
  readonly keptSql: string;
  /** Names for the engine's reader, by the order of `positions`; `undefined` when there are many. */
  readonly names: readonly string[] | undefined;
  readonly positions: readonly number[] | undefined;
  /** Whether more than the names is asked of the files. */
  readonly needsSql: boolean;
  /** Where the files are all those of a version: what is known of them is remembered with it. */
  readonly whole: FileTable | undefined;
  /** Whether raw files are taken whatever the protocol of the version says: they may be of other versions. */
  readonly ofAnyVersion: boolean;
}

/** A file that the engine does not read as it is. */
interface OtherFile extends FarFile {
  /** Where it is in the table of files. */
  readonly position: number;
  /** Where it is among the files of the scan. */
  readonly place: number;
  readonly isFar: boolean;
  /** What the log says of it, where it is no Parquet. */
  readonly raw: Omit<LocatedRawFile, "localPath" | "object" | "onFetch"> | undefined;
}

/** Those of versions that are read as a whole. */
const OTHER_FILES = new WeakMap<FileTable, readonly OtherFile[]>();
const MAX_REMEMBERED = 20_000;

/**
 * Puts copies in the place of files that the engine cannot read as they are, for as long as the session lasts: sparse
 * ones of files that are far away, Parquet ones of raw files.
 *
 * @throws LakeError `corrupt` for a file that is missing or has changed, and for a raw one that is in a table without the
 *   feature; `unsupported` naming a format that is not known, or a store that cannot be opened; as the store does.
 */
export async function readableFiles(
  session: Session,
  snapshot: Snapshot,
  logged: LoggedFiles,
  signal: AbortSignal | undefined,
): Promise<ReadableFiles> {
  const { name, keptSql, names, positions, needsSql, whole } = logged;
  const known = whole && OTHER_FILES.get(whole);
  const files = known ?? (await otherFiles(session, keptSql, signal));
  if (whole !== undefined && known === undefined && files.length <= MAX_REMEMBERED)
    OTHER_FILES.set(whole, files);
  const parquet = files.filter(({ raw }) => raw === undefined);
  const far = await farCopies(session, parquet, { ...logged, snapshot }, signal);
  const rawPaths = await rawCopies(session, snapshot, files, logged, signal);
  const ranges = new Map<number, RowRange>();
  const copies = new Map<number, string>(rawPaths);
  for (const [index, { place, position }] of parquet.entries()) {
    const copy = far.copies[index];
    if (copy === undefined) continue;
    copies.set(position, copy.localPath);
    if (copy.rows !== undefined) ranges.set(place, copy.rows);
  }
  const { fetchChunks, chunkBytes } = far;
  const readable = names?.map((one, index) => {
    const copy = copies.get(positions?.[index] ?? -1);
    return copy === undefined ? one : globText(copy);
  });
  if (!needsSql && ranges.size === 0 && readable !== undefined) {
    return { keptSql, names: readable, ranges, fetchChunks, chunkBytes };
  }
  const table = quoteIdentifier(`${name}_copies`);
  await session.execute(
    `CREATE OR REPLACE TEMP TABLE ${table} AS
     SELECT unnest([${[...copies.keys()].join(", ")}]::BIGINT[]) AS position,
            unnest([${[...copies.values()].map(quoteString).join(", ")}]::VARCHAR[]) AS copy`,
    { signal },
  );
  return {
    keptSql: `SELECT k.* REPLACE (coalesce(c.copy, k.read_file) AS read_file)
      FROM (${keptSql}) AS k LEFT JOIN ${table} AS c ON c.position = k.position`,
    names: readable,
    ranges,
    fetchChunks,
    chunkBytes,
  };
}

/** The local paths of the Parquet copies of raw files, by their position. */
async function rawCopies(
  session: Session,
  { folder, protocol }: Snapshot,
  files: readonly OtherFile[],
  { ofAnyVersion, tally }: LoggedFiles,
  signal: AbortSignal | undefined,
): Promise<[number, string][]> {
  const locator = new ObjectLocator(folder);
  const raw = files.flatMap(({ raw, isFar, uri, size, position }) => {
    if (raw === undefined) return [];
    const located: LocatedRawFile = isFar
      ? { ...raw, object: { ...locator.locate(uri), size }, onFetch: tally.add }
      : { ...raw, localPath: uri };
    return [{ position, located }];
  });
  const [first] = raw;
  if (first === undefined) return [];
  if (!ofAnyVersion && !hasFeature(protocol, RAW_FILES_FEATURE)) {
    throw rawFileWithoutFeature(first.located.file, folder.store.uri);
  }
  const leases = await leaseCopies(
    folder,
    raw.map(({ located }) => located),
    signal,
  );
  for (const lease of leases) session.keep(() => lease.release());
  return raw.map(({ position, located }, index) => {
    const localPath = leases[index]?.localPath ?? "";
    if (located.object !== undefined) nameFarFile(session, localPath, located.file);
    return [position, localPath];
  });
}

async function otherFiles(
  session: Session,
  keptSql: string,
  signal: AbortSignal | undefined,
): Promise<readonly OtherFile[]> {
  const rows = await session.rows(
    `SELECT * FROM (
       SELECT position::BIGINT AS position, (row_number() OVER (ORDER BY position) - 1)::INTEGER AS place,
              path, file, size, modification_time, is_told, is_raw, ${isFarSql("file")} AS is_far,
              deletion_vector IS NOT NULL AS has_vector,
              CASE WHEN is_raw THEN CAST(to_json(tags) AS VARCHAR) END AS tags
       FROM (${keptSql}))
     WHERE is_raw OR is_far ORDER BY position`,
    { signal },
  );
  return rows.map(otherFile);
}

function otherFile(row: Row): OtherFile {
  const uri = String(row["file"]);
  return {
    uri,
    position: Number(row["position"]),
    place: Number(row["place"]),
    size: Number(row["size"]),
    stamp: `${String(row["size"])} ${String(row["modification_time"])}`,
    isTold: row["is_told"] === true,
    isFar: row["is_far"] === true,
    hasVector: row["has_vector"] === true,
    raw: row["is_raw"] === true ? rawOf(row, uri) : undefined,
  };
}

function rawOf(row: Row, file: string): OtherFile["raw"] {
  const raw = rawFileOf(String(row["path"]), textsOf(parseJson(String(row["tags"]))));
  if (raw === undefined) throw new LakeError("internal", "raw-file", `${file} is no raw file`);
  return { ...raw, file, size: BigInt(String(row["size"])) };
}

function textsOf(json: JsonValue): Readonly<Record<string, string | null>> {
  const entries = isJsonObject(json) ? Object.entries(json) : [];
  return Object.fromEntries(entries.map(([name, value]) => [name, typeof value === "string" ? value : null]));
}
