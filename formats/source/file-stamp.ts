import { type BigIntStats, statSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { throwIfCancelled } from "../../core/index.js";
import { isAbsent, sourceFailure } from "./source-failure.js";
import type { SourceFile } from "./source-file.js";

/** By which two looks at a path tell whether its file was written to, or replaced, in between. */
export interface FileStamp {
  /** Bytes. */
  readonly size: bigint;
  /** When the content was last changed, in nanoseconds since the epoch. */
  readonly modified: bigint;
  /** When the content or the file's own attributes were last changed, in nanoseconds since the epoch. */
  readonly changed: bigint;
  readonly inode: bigint;
}

/** Whether a file was left alone between two looks at it. */
export function sameStamp(a: FileStamp, b: FileStamp): boolean {
  return a.size === b.size && a.modified === b.modified && a.changed === b.changed && a.inode === b.inode;
}

export function stampOf(stats: BigIntStats): FileStamp {
  return { size: stats.size, modified: stats.mtimeNs, changed: stats.ctimeNs, inode: stats.ino };
}

/** How a path's regular file is now; `undefined` when there is none. */
export function fileStamp(localPath: string): FileStamp | undefined {
  const stats = statOrAbsent(localPath);
  return stats?.isFile() ? stampOf(stats) : undefined;
}

/** The file as it is now, and as it was found otherwise; `undefined` when it is gone, or no regular file any more. */
export function stampedAnew(file: SourceFile): SourceFile | undefined {
  const stats = statOrAbsent(file.localPath);
  if (!stats?.isFile()) return undefined;
  return {
    ...file,
    size: Number(stats.size),
    modificationTime: millisecondsOf(stats),
    stamp: stampOf(stats),
  };
}

/** What became of a file since it was found. */
export interface MovedFile {
  readonly file: SourceFile;
  readonly what: "changed" | "gone";
}

/**
 * Those of the files that are not as they were when they were found, in order. A file without a stamp is passed over.
 *
 * @throws LakeError `unavailable` when a file cannot be looked at.
 */
export async function movedFiles(files: readonly SourceFile[], signal?: AbortSignal): Promise<MovedFile[]> {
  const moved: MovedFile[] = [];
  await eachFile(
    files,
    (file) => {
      if (file.stamp === undefined) return;
      const now = fileStamp(file.localPath);
      if (now === undefined) moved.push({ file, what: "gone" });
      else if (!sameStamp(now, file.stamp)) moved.push({ file, what: "changed" });
    },
    signal,
  );
  return moved;
}

/** Files at a time whose system calls are made without a pause: about a millisecond. */
const FILES_AT_A_TIME = 128;

/**
 * Calls `work` on every item in order, with pauses in which other work of the process goes on. Of calls as short as
 * `stat` of a local file, the direct ones take a third of the time of those that go through the thread pool.
 */
export async function eachFile<T>(
  items: readonly T[],
  work: (item: T) => void,
  signal?: AbortSignal,
): Promise<void> {
  for (const [index, item] of items.entries()) {
    if (index % FILES_AT_A_TIME === 0) {
      throwIfCancelled(signal);
      if (index > 0) await setImmediate();
    }
    work(item);
  }
}

export function millisecondsOf(stats: BigIntStats): number {
  return Number(stats.mtimeNs / 1_000_000n);
}

/** @throws LakeError `unavailable` for every failure but absence. */
export function statOrAbsent(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw sourceFailure(path, "look at", error);
  }
}
