import { mapParallel } from "../../core/index.js";
import {
  isObjectAbsent,
  type ObjectPath,
  type ObjectStore,
  objectPath,
  openStore,
  type StoreOpener,
} from "../../object-store/index.js";
import { canonicalDataPath, fileElsewhere } from "../log/data-path.js";
import { type DeletionVectorDescriptor, deletionVectorPath } from "./descriptor.js";
import { corruptDeletionVector, type DeletionVectorPlace } from "./place.js";
import { type PlannedRead, planReads, type WantedBytes } from "./read-plan.js";
import type { RowIndexSet } from "./row-index-set.js";
import { decodeFrame, decodeInline, FILE_VERSION, FRAME_BYTES } from "./stored-form.js";

export interface WantedDeletionVector {
  /** The data file's number among the files of a scan, given back with the rows. */
  readonly fileIndex: number;
  readonly descriptor: DeletionVectorDescriptor;
  /** Rows of the data file, where the log says so: no row beyond them may be deleted. */
  readonly numRecords?: bigint | undefined;
}

export interface LoadedDeletionVector {
  readonly fileIndex: number;
  readonly deleted: RowIndexSet;
}

export interface LoadDeletionVectorsOptions {
  /** Requests at a time; default 16. What they bring is held together. */
  readonly parallel?: number | undefined;
  /** Opens the stores of those that lie outside the table's folder; default by scheme. */
  readonly openStore?: StoreOpener | undefined;
  readonly signal?: AbortSignal | undefined;
}

const PARALLEL_READS = 16;

/** The file that deletion vectors are in. */
interface VectorFile {
  readonly store: ObjectStore;
  readonly path: ObjectPath;
  /** For messages. */
  readonly name: string;
}

/** The version byte of a file, or a frame of it. */
interface Piece extends WantedBytes {
  readonly wanted: WantedDeletionVector | undefined;
}

interface FileRead extends PlannedRead<Piece> {
  readonly file: VectorFile;
}

/**
 * Loads deletion vectors with few requests: those of one file that lie near one another come with one. They
 * are given in the order of the files they are in, not in that of `wanted`. Checksums, sizes, cardinalities
 * and, where `numRecords` is known, row indexes are verified.
 *
 * @param store whose root is the table's folder
 * @throws LakeError `corrupt` naming file and offset for a deletion vector that is missing or broken,
 * `unsupported` for a path that this release cannot open.
 */
export async function* loadDeletionVectors(
  store: ObjectStore,
  wanted: Iterable<WantedDeletionVector>,
  options: LoadDeletionVectorsOptions = {},
): AsyncGenerator<LoadedDeletionVector> {
  const { parallel = PARALLEL_READS, openStore: open = openStore, signal } = options;
  const files = new Map<string, { readonly file: VectorFile; readonly pieces: Piece[] }>();
  for (const one of wanted) {
    const { fileIndex, descriptor, numRecords } = one;
    const key = fileKey(descriptor, store);
    if (key === undefined) {
      yield { fileIndex, deleted: decodeInline(descriptor, numRecords) };
      continue;
    }
    let entry = files.get(key);
    if (entry === undefined) {
      const version: Piece = { offset: 0, length: 1, wanted: undefined };
      entry = { file: locate(key, store, open), pieces: [version] };
      files.set(key, entry);
    }
    const length = descriptor.sizeInBytes + FRAME_BYTES;
    entry.pieces.push({ offset: descriptor.offset ?? 0, length, wanted: one });
  }
  const reads = [...files.values()].flatMap(({ file, pieces }) =>
    planReads(pieces).map((read): FileRead => ({ ...read, file })),
  );
  for (let next = 0; next < reads.length; next += parallel) {
    const window = reads.slice(next, next + parallel);
    const loaded = await mapParallel(window, parallel, (read) => load(read, signal), signal);
    for (const vectors of loaded) yield* vectors;
  }
}

async function load(read: FileRead, signal: AbortSignal | undefined): Promise<LoadedDeletionVector[]> {
  const { file, offset, length, pieces } = read;
  const bytes = await bytesOf(file, { offset, length }, signal);
  return pieces.flatMap((piece): LoadedDeletionVector[] => {
    const place: DeletionVectorPlace = { file: file.name, offset: piece.offset };
    if (piece.wanted === undefined) {
      if (bytes[0] === FILE_VERSION) return [];
      const found = bytes[0] === undefined ? "is empty" : `has format version ${bytes[0]}`;
      throw corruptDeletionVector(place, `the file ${found}, which is not ${FILE_VERSION}`);
    }
    const { fileIndex, descriptor, numRecords } = piece.wanted;
    const frame = bytes.subarray(piece.offset - offset);
    return [{ fileIndex, deleted: decodeFrame(frame, descriptor, place, numRecords) }];
  });
}

async function bytesOf(
  file: VectorFile,
  range: { readonly offset: number; readonly length: number },
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  try {
    return await file.store.get(file.path, { range, signal });
  } catch (error) {
    if (!isObjectAbsent(error)) throw error;
    throw corruptDeletionVector({ file: file.name, offset: range.offset }, "the file is missing", {
      cause: error,
      hint: "Query a newer version, if a vacuum has removed it, or restore the file.",
    });
  }
}

/** The path of the file, relative to the table's folder or absolute, one text for one file; none for an inline one. */
function fileKey(descriptor: DeletionVectorDescriptor, store: ObjectStore): string | undefined {
  const path = deletionVectorPath(descriptor);
  if (path === undefined || path.kind === "relative") return path?.path;
  return canonicalDataPath(descriptor.pathOrInlineDv, store.uri);
}

/** @throws LakeError `unsupported` for a file that lies in no store this release can open. */
function locate(key: string, store: ObjectStore, open: StoreOpener): VectorFile {
  if (!key.startsWith("/") && !key.includes("://")) return { store, path: objectPath(key), name: key };
  const { folder, name } = fileElsewhere(key);
  return { store: open(folder), path: objectPath(name), name: key };
}
