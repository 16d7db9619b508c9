import { constants } from "node:fs";
import { copyFile, mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { LakeError, newUuid } from "../../../../core/index.js";
import { quoteString, type Session } from "../../../../engine/index.js";
import {
  type FileStamp,
  fileStamp,
  hashFile,
  type SourceFile,
  sameStamp,
} from "../../../../formats/index.js";
import {
  type DeltaTable,
  encodeDataPath,
  type RawFormat,
  type Snapshot,
} from "../../../../table-format/index.js";
import { farRoot, loggedFileSql } from "../../../scan/file-names.js";
import {
  discardFiles,
  folderToWrite,
  localTableFolder,
  removeEmptied,
  stagedPath,
} from "../../staging-folder.js";

/** In a millisecond. */
const NANOSECONDS = 1_000_000n;

/** Where a data file lies, as its `add` says it. */
export interface PlacedFile {
  /** Relative and URI-encoded, or an absolute URI (PROTOCOL.md, "Add File and Remove File"). */
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly modificationTime: bigint;
  readonly bytesWritten: bigint;
  discard(): Promise<void>;
}

export interface Placing {
  readonly format: RawFormat;
  /** Of the bytes whose rows were read. */
  readonly contentHash: string;
  /** The file before they were. */
  readonly stamp: FileStamp | undefined;
  readonly inPlace: boolean;
}

/**
 * Gives a raw file its place: a copy in the table's folder, durable, or where it lies.
 *
 * @throws LakeError `unavailable` `source-changed` when it is not the file any more whose rows were read;
 *   `invalid-input` `kept-in-place` for one that cannot stay.
 */
export async function placeFile(
  table: DeltaTable,
  file: SourceFile,
  placing: Placing,
  signal: AbortSignal | undefined,
): Promise<PlacedFile> {
  return placing.inPlace ? inPlace(table, file, placing) : copied(table, file, placing, signal);
}

/** @throws LakeError `unavailable` `source-changed` when the file was written to, replaced or removed. */
export function checkUnchanged({ localPath, uri }: SourceFile, stamp: FileStamp | undefined): void {
  const now = fileStamp(localPath);
  if (stamp === undefined || now === undefined || !sameStamp(stamp, now)) throw sourceChanged(uri);
}

function inPlace(table: DeltaTable, file: SourceFile, { stamp }: Placing): PlacedFile {
  const { identity, origin, uri } = file;
  if (identity === undefined) {
    throw notInPlace(uri, "it cannot be found there a second time", "Leave --in-place out.");
  }
  // What lies there is the table's own, for a vacuum to delete.
  if (liesIn(table, file)) {
    throw notInPlace(
      uri,
      "it lies in the table's own folder",
      "Leave --in-place out, or move the file away.",
    );
  }
  if (origin !== undefined) {
    return {
      path: `${origin.store.uri}/${encodeDataPath(origin.path)}`,
      modificationTime: BigInt(file.modificationTime),
      bytesWritten: 0n,
      discard: async () => {},
    };
  }
  checkUnchanged(file, stamp);
  return {
    path: identity,
    modificationTime: (stamp?.modified ?? 0n) / NANOSECONDS,
    bytesWritten: 0n,
    discard: async () => {},
  };
}

function liesIn(table: DeltaTable, { identity, localPath, origin }: SourceFile): boolean {
  const folder = localTableFolder(table);
  if (origin === undefined) return folder !== undefined && localPath.startsWith(join(folder, "/"));
  return folder === undefined && identity?.startsWith(farRoot(table.folder.store)) === true;
}

function notInPlace(uri: string, why: string, hint: string): LakeError {
  return new LakeError("invalid-input", "kept-in-place", `${uri} cannot stay in its place: ${why}`, {
    context: { file: uri },
    hint,
  });
}

async function copied(
  table: DeltaTable,
  { localPath, uri }: SourceFile,
  placing: Placing,
  signal: AbortSignal | undefined,
): Promise<PlacedFile> {
  const name = `part-${newUuid()}.${placing.format}`;
  const folder = await folderToWrite(table);
  const place = join(folder, name);
  const discard = (): Promise<void> => discardFiles(table, [place]);
  try {
    await mkdir(folder, { recursive: true });
    // Where the file system can, the copy shares the bytes.
    await copyFile(localPath, place, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    if ((await hashFile(place, signal)) !== placing.contentHash) throw sourceChanged(uri);
    const { size, mtimeMs } = await stat(place);
    await table.folder.store.adopt([{ localFile: place, path: await stagedPath(table, place) }], { signal });
    await removeEmptied(table, [place]);
    return {
      path: encodeDataPath(name),
      modificationTime: BigInt(Math.floor(mtimeMs)),
      bytesWritten: BigInt(size),
      discard,
    };
  } catch (error) {
    await discard();
    throw error;
  }
}

/**
 * A data file is in a table once: an `add` of the same path would take the place of the one before it.
 *
 * @throws LakeError `already-exists` `kept-in-place` for a file that lies in place and is live in the table.
 */
export async function checkOnlyOnce(
  session: Session,
  read: Snapshot,
  { identity, localPath, origin, uri }: SourceFile,
  signal: AbortSignal | undefined,
): Promise<void> {
  const file = origin === undefined ? localPath : (identity ?? uri);
  const found = await read.withFiles(
    ({ relation }) =>
      session.rows(
        `SELECT 1 FROM ${relation} WHERE contains(path, ':/') AND ${loggedFileSql(read)} = ${quoteString(file)} LIMIT 1`,
        { signal },
      ),
    signal,
  );
  if (found.length === 0) return;
  throw new LakeError(
    "already-exists",
    "kept-in-place",
    `${uri} is a data file of the table already, in its place`,
    {
      context: { file: uri },
      hint: "Leave --in-place out: its rows of now are then kept in the table's folder.",
    },
  );
}

function sourceChanged(uri: string): LakeError {
  return new LakeError("unavailable", "source-changed", `${uri} changed while it was read`, {
    context: { file: uri },
    hint: "Land it once nobody writes it. Nothing of it was committed.",
  });
}
