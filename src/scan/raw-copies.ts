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
import { globText } from "./file-names.js";

/** Files of a scan, some of them raw, as the engine reads them. */
export interface ReadableFiles {
  /** As the SELECT that was given, with `read_file` the Parquet copy of a raw file. */
  readonly keptSql: string;
  /** As the names that were given. */
  readonly names: readonly string[] | undefined;
}

/** The files of a scan; see `keepFiles`. */
export interface LoggedFiles {
  /** Sets what the session keeps of them apart. */
  readonly name: string;
  /** Gives `position`, `path`, `file`, `read_file`, `size`, `tags`, `is_raw`, and more. */
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

/** A raw file, and where it is in the table of files. */
interface RawFileAt extends LocatedRawFile {
  readonly position: number;
}

/** The raw files of versions that are read as a whole. */
const RAW_FILES = new WeakMap<FileTable, readonly RawFileAt[]>();

/**
 * Puts the Parquet copies of raw files in their place, for as long as the session lasts.
 *
 * @throws LakeError `corrupt` for a raw file that is missing, has changed, or is in a table without the feature;
 *   `unsupported` naming a format that is not known.
 */
export async function readableFiles(
  session: Session,
  { folder, protocol }: Snapshot,
  { name, keptSql, names, positions, needsSql, whole, ofAnyVersion }: LoggedFiles,
  signal: AbortSignal | undefined,
): Promise<ReadableFiles> {
  const known = whole && RAW_FILES.get(whole);
  const files = known ?? (await rawFiles(session, keptSql, signal));
  if (whole !== undefined && known === undefined) RAW_FILES.set(whole, files);
  const [first] = files;
  if (first !== undefined && !ofAnyVersion && !hasFeature(protocol, RAW_FILES_FEATURE)) {
    throw rawFileWithoutFeature(first.file, folder.store.uri);
  }
  const leases = await leaseCopies(folder, files, signal);
  for (const lease of leases) session.keep(() => lease.release());
  const copies = new Map(files.map(({ position }, index) => [position, leases[index]?.localPath ?? ""]));
  const readable = names?.map((logged, index) => {
    const copy = copies.get(positions?.[index] ?? -1);
    return copy === undefined ? logged : globText(copy);
  });
  if (!needsSql && readable !== undefined) return { keptSql, names: readable };
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
  };
}

async function rawFiles(
  session: Session,
  keptSql: string,
  signal: AbortSignal | undefined,
): Promise<RawFileAt[]> {
  const rows = await session.rows(
    `SELECT position::BIGINT AS position, path, file, size, CAST(to_json(tags) AS VARCHAR) AS tags
     FROM (${keptSql}) WHERE is_raw ORDER BY position`,
    { signal },
  );
  return rows.map((row) => ({ ...located(row), position: Number(row["position"]) }));
}

function located(row: Row): LocatedRawFile {
  const file = String(row["file"]);
  const raw = rawFileOf(String(row["path"]), textsOf(parseJson(String(row["tags"]))));
  if (raw === undefined) throw new LakeError("internal", "raw-file", `${file} is no raw file`);
  return { ...raw, file, localPath: file, size: BigInt(String(row["size"])) };
}

function textsOf(json: JsonValue): Readonly<Record<string, string | null>> {
  const entries = isJsonObject(json) ? Object.entries(json) : [];
  return Object.fromEntries(entries.map(([name, value]) => [name, typeof value === "string" ? value : null]));
}
