import { isLakeError, LakeError, mapParallel, throwIfCancelled } from "../../core/index.js";
import { fileStamp, sameStamp } from "../../formats/index.js";
import type {
  FetchCounts,
  FetchOptions,
  ObjectLease,
  RemoteObject,
  TierLease,
} from "../../object-store/index.js";
import type { RawFile, TableFolder } from "../../table-format/index.js";
import { changedFile, checkContent, missingFile } from "./check-content.js";
import { copyKey } from "./copy-key.js";
import { tierOf } from "./table-tier.js";
import { Turns } from "./turns.js";
import { writeCopy } from "./write-copy.js";

/** A raw file of a table, and where it is: on the local disk, or far away. */
export type LocatedRawFile = RawFile & {
  /** As messages call it. */
  readonly file: string;
  /** Bytes, as the log has it. */
  readonly size: bigint;
} & (
    | { readonly localPath: string; readonly object?: undefined }
    | {
        readonly object: RemoteObject;
        /** Told of what is fetched of it. */
        readonly onFetch?: ((counts: FetchCounts) => void) | undefined;
      }
  );

/** Copies that are looked for at a time: what is at hand costs a few calls of the file system. */
const PARALLEL_LEASES = 16;
/** Each of them is made by a statement that keeps the cores at work. */
const PARALLEL_COPIES = 2;

/**
 * The Parquet copies of raw files, in their order, made where the local tier does not have them. Whoever asks
 * releases each; nothing is held when this throws.
 *
 * @throws LakeError `corrupt` for a raw file that is missing, has changed or cannot be read by its decoding;
 *   `cancelled`.
 */
export async function leaseCopies(
  folder: TableFolder,
  files: readonly LocatedRawFile[],
  signal: AbortSignal | undefined,
): Promise<TierLease[]> {
  const leases: TierLease[] = [];
  const turns = new Turns(PARALLEL_COPIES);
  try {
    return await mapParallel(
      files,
      PARALLEL_LEASES,
      async (file) => {
        const lease = await leaseCopy(folder, file, turns, signal);
        leases.push(lease);
        return lease;
      },
      signal,
    );
  } catch (error) {
    for (const lease of leases) await lease.release();
    throw error;
  }
}

function leaseCopy(
  folder: TableFolder,
  file: LocatedRawFile,
  turns: Turns,
  signal: AbortSignal | undefined,
): Promise<TierLease> {
  return tierOf(folder).lease(copyKey(file, file.size), (localPath) =>
    withBytes(folder, file, signal, (bytesPath) =>
      turns.take(() => makeCopy(folder, file, bytesPath, localPath, signal)),
    ),
  );
}

/** Gives `work` the local path of the bytes of a raw file: its own, or that of what was fetched. */
async function withBytes(
  folder: TableFolder,
  file: LocatedRawFile,
  signal: AbortSignal | undefined,
  work: (bytesPath: string) => Promise<void>,
): Promise<void> {
  if (file.object === undefined) return work(file.localPath);
  throwIfCancelled(signal);
  const lease = await tierOf(folder).leaseObject(file.object, { signal });
  try {
    await fetched(lease, file.file, { signal, onFetch: file.onFetch });
    await work(lease.localPath);
  } finally {
    await lease.release();
  }
}

async function fetched(lease: ObjectLease, file: string, options: FetchOptions): Promise<void> {
  try {
    await lease.fetch("all", options);
  } catch (error) {
    if (isLakeError(error, "not-found") && error.code === "object-not-found")
      throw missingFile({ file }, error);
    if (isLakeError(error, "conflict"))
      throw changedFile({ file }, "it was replaced since it was read before");
    throw error;
  }
}

/** @param bytesPath of the raw file's bytes, `localPath` of the copy to make */
async function makeCopy(
  folder: TableFolder,
  file: LocatedRawFile,
  bytesPath: string,
  localPath: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  throwIfCancelled(signal);
  const stamp = fileStamp(bytesPath);
  await checkContent(bytesPath, file, signal);
  const raw = { ...file, localPath: bytesPath, size: Number(file.size) };
  try {
    const written = await folder.engine.withSession((session) => writeCopy(session, raw, localPath, signal));
    if (written === undefined) throw unreadable(file, "it has no rows");
    const now = fileStamp(bytesPath);
    // Under the key of its content no copy of another content may be kept.
    if (stamp === undefined || now === undefined || !sameStamp(stamp, now)) {
      throw changedFile(file, "it was written to while it was read");
    }
  } catch (error) {
    if (!(error instanceof LakeError) || error.kind !== "invalid-input") throw error;
    throw unreadable(file, error.message, error);
  }
}

function unreadable({ file }: LocatedRawFile, what: string, cause?: unknown): LakeError {
  return new LakeError("corrupt", "data-file-unreadable", `the data file ${file} cannot be read: ${what}`, {
    context: { file },
    hint: "Query a version that does not need it, and land the file again.",
    cause,
  });
}
