import { LakeError, mapParallel } from "../../core/index.js";
import { isObjectAbsent, type ObjectStore } from "../../object-store/index.js";
import type { Action } from "../log/actions.js";
import { listLog } from "../log/log-listing.js";
import { commitPath } from "../log/log-path.js";
import { parseCommit } from "../log/parse-actions.js";
import { type Version, version } from "../log/version.js";
import { type WinningCommit, winningCommit } from "./winning-commit.js";

/** Is told of entries of the log as they are read, or written. */
export type EntryListener = (of: Version, entry: Uint8Array, etag?: string) => void;

/** Commits that are read one by one before several are read at once: usually there are but a few. */
const ONE_BY_ONE = 4;
const MOST_AT_ONCE = 16;

/**
 * The commits after a version (`undefined`: from the first one on), in order, each read once.
 *
 * @param first the entry of the first of them, where it is at hand
 * @param onEntry told of every entry
 * @param second the one after `first`, where it is being read already; `undefined` when there was none
 */
export async function commitsAfter(
  store: ObjectStore,
  after: Version | undefined,
  signal?: AbortSignal,
  first?: Uint8Array,
  onEntry?: EntryListener,
  second?: Promise<Action[] | undefined>,
): Promise<WinningCommit[]> {
  const start = (after ?? -1n) + 1n;
  const commits: WinningCommit[] = [];
  if (first !== undefined) {
    onEntry?.(version(start), first);
    commits.push(winningCommit(version(start), parseEntry(first, version(start))));
    if (second !== undefined) {
      const actions = await second;
      if (actions === undefined) return commits;
      commits.push(winningCommit(version(start + 1n), actions));
    }
  }
  for (;;) {
    const next = start + BigInt(commits.length);
    const width = commits.length < ONE_BY_ONE ? 1 : Math.min(commits.length, MOST_AT_ONCE);
    const versions = Array.from({ length: width }, (_, index) => version(next + BigInt(index)));
    const read = await mapParallel(
      versions,
      width,
      (each) => readCommit(store, each, signal, onEntry),
      signal,
    );
    for (const [index, actions] of read.entries()) {
      // What comes after a version that was not there yet is read again, with it.
      if (actions === undefined) return commits;
      commits.push(winningCommit(version(next + BigInt(index)), actions));
    }
  }
}

/** The actions of one commit; `undefined` when there is none of that version. */
export async function readCommit(
  store: ObjectStore,
  of: Version,
  signal?: AbortSignal,
  onEntry?: EntryListener,
): Promise<Action[] | undefined> {
  try {
    const { bytes, etag } = await store.read(commitPath(of), { signal });
    onEntry?.(of, bytes, etag);
    return parseEntry(bytes, of);
  } catch (error) {
    if (isObjectAbsent(error)) return undefined;
    throw error;
  }
}

/** @throws LakeError `corrupt` as {@link parseCommit}. */
export function parseEntry(bytes: Uint8Array, of: Version): Action[] {
  return parseCommit(new TextDecoder().decode(bytes), commitPath(of));
}

/**
 * Makes sure that the version after `after` is free because nobody has taken it, and not because its commit was
 * cleaned up: an entry that is put there then is one that nobody reads.
 *
 * @throws LakeError `conflict` when the log goes on further up.
 */
export async function checkEndOfLog(
  store: ObjectStore,
  after: Version | undefined,
  signal?: AbortSignal,
): Promise<void> {
  const next = (after ?? -1n) + 1n;
  // A listing is no snapshot: of two commits made while it runs it may show only the later one.
  if ((await gapAt(store, version(next), signal)) === undefined) return;
  const beyond = await gapAt(store, version(next), signal);
  if (beyond === undefined) return;
  throw new LakeError(
    "conflict",
    "commits-cleaned-up",
    `${store.uri}: what was committed after version ${next - 1n} is no longer in the log, which goes on to version ${beyond}`,
    {
      context: { version: next - 1n },
      hint: "Nothing was committed now. Whether it was committed before, only the rows of the table tell.",
    },
  );
}

/** The next version that a log without the commit of this version speaks of. */
async function gapAt(
  store: ObjectStore,
  at: Version,
  signal: AbortSignal | undefined,
): Promise<Version | undefined> {
  const files = await listLog(store, at, signal);
  const isThere = files.some((file) => file.kind === "commit" && file.version === at);
  return isThere ? undefined : files.find((file) => file.version >= at)?.version;
}
