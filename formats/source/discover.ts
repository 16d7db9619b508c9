import type { BigIntStats, Dirent } from "node:fs";
import { opendir } from "node:fs/promises";
import { resolve } from "node:path";
import { LakeError, mapParallel, throwIfCancelled } from "../../core/index.js";
import type { StoreOpener } from "../../object-store/index.js";
import { discoverRemote, noStore } from "./discover-remote.js";
import { millisecondsOf, stampOf, statOrAbsent } from "./file-stamp.js";
import { fileUri, localName } from "./file-uri.js";
import { globBase, globToRegExp, isGlob } from "./glob.js";
import { type DiscoveredSource, isRemoteSource, type RemoteSource, remoteLocation } from "./remote-source.js";
import { isAbsent, sourceFailure, sourceVanished } from "./source-failure.js";
import type { SourceFile } from "./source-file.js";
import type { StreamPart } from "./stream-form.js";
import { spool } from "./temporary.js";

export interface DiscoverOptions {
  /** The bytes that `-` stands for; default the process's standard input. */
  readonly stdin?: AsyncIterable<Uint8Array> | undefined;
  /** Where it is a part of a longer stream: what a person would call it, and how its records are written. */
  readonly stdinPart?: StreamPart | undefined;
  /**
   * Whether a folder or a glob may be without files, and files and folders may vanish while they are listed: they are
   * left out then. Default no.
   */
  readonly mayBeEmpty?: boolean | undefined;
  /** Opens the stores of arguments with a scheme (`s3://bucket/raw/`); default none, and such an argument is refused. */
  readonly openStore?: StoreOpener | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Arguments of stores far away that are looked at at a time. */
const PARALLEL_ARGUMENTS = 32;

/**
 * The files that the arguments name, in the order of the arguments, each file once. An argument is a
 * file, a folder (taken recursively; names that begin with `_` or `.` are left out), a glob
 * ({@link globToRegExp}) or `-`. A path that exists is that file even when it holds metacharacters.
 * Files of a folder or a glob come sorted by path. Where stores can be opened, an argument with a scheme is an object,
 * a prefix or a pattern of a store that is far away; `file:` URIs are local. One that was discovered before is itself.
 *
 * @throws LakeError `not-found` naming the argument that matches nothing, or the file that vanished meanwhile;
 *   `unsupported` (`source-scheme`) for a scheme that no store has.
 */
export async function discoverSources(
  args: readonly (string | RemoteSource)[],
  options: DiscoverOptions & { readonly openStore: StoreOpener },
): Promise<DiscoveredSource[]>;
export async function discoverSources(
  args: readonly string[],
  options?: DiscoverOptions & { readonly openStore?: undefined },
): Promise<SourceFile[]>;
export async function discoverSources(
  args: readonly (string | RemoteSource)[],
  options: DiscoverOptions = {},
): Promise<DiscoveredSource[]> {
  const isFar = args.every((arg) => typeof arg !== "string" || remoteLocation(arg) !== undefined);
  const found = await mapParallel(
    args,
    isFar ? PARALLEL_ARGUMENTS : 1,
    (arg) => discover(arg, options),
    options.signal,
  );
  const [only, ...more] = found;
  // One argument does not name a file twice, and telling so of very many takes as long as finding them.
  if (only !== undefined && more.length === 0) return only;
  const sources = new Map<string, DiscoveredSource>();
  for (const source of found.flat()) {
    const place = isRemoteSource(source) ? source.identity : source.localPath;
    if (!sources.has(place)) sources.set(place, source);
  }
  return [...sources.values()];
}

async function discover(arg: string | RemoteSource, options: DiscoverOptions): Promise<DiscoveredSource[]> {
  if (typeof arg !== "string") return [arg];
  if (arg === "-") return [await spoolStdin(options)];
  const location = remoteLocation(arg);
  if (location === undefined) return discoverPath(localName(arg), options);
  const { openStore, mayBeEmpty = false, signal } = options;
  if (openStore === undefined) throw noStore(arg);
  return discoverRemote(arg, location, { openStore, mayBeEmpty, signal });
}

async function discoverPath(arg: string, options: DiscoverOptions): Promise<SourceFile[]> {
  const path = arg.replaceAll("\\", process.platform === "win32" ? "/" : "\\");
  const stats = statOrAbsent(path);
  if (stats?.isDirectory()) {
    const files = await filesUnder(path, isIngestible, options);
    if (files.length > 0 || options.mayBeEmpty) return files;
    throw new LakeError("not-found", "no-source", `the folder ${arg} holds no files to read`, {
      context: { file: arg },
      hint: "Names that begin with '_' or '.' are left out.",
    });
  }
  if (stats !== undefined) return [sourceFile(path, stats)];
  if (isGlob(path)) {
    const matcher = globToRegExp(path.replace(/^(?:\.\/)+/, ""));
    const matches = (candidate: string): boolean => matcher.test(candidate);
    const files = await filesUnder(globBase(path), isListable, options, matches);
    if (files.length > 0 || options.mayBeEmpty) return files;
  }
  throw new LakeError("not-found", "no-source", `no file matches ${arg}`, { context: { file: arg } });
}

const isIngestible = (name: string): boolean => !name.startsWith("_") && !name.startsWith(".");
const isListable = (name: string): boolean => name !== "." && name !== "..";

/** The files below a folder that pass, sorted by path. A link is followed to a file, never to a folder. */
async function filesUnder(
  folder: string,
  keep: (name: string) => boolean,
  { mayBeEmpty = false, signal }: DiscoverOptions,
  matches: (path: string) => boolean = () => true,
): Promise<SourceFile[]> {
  if (statOrAbsent(folder) === undefined) return [];
  const found: SourceFile[] = [];
  const pending = [folder];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const prefix = next === "." && folder === "." ? "" : next.endsWith("/") ? next : `${next}/`;
    for await (const entry of entriesOf(next, mayBeEmpty, signal)) {
      if (!keep(entry.name)) continue;
      const path = `${prefix}${entry.name}`;
      if (entry.isDirectory()) pending.push(path);
      else if (matches(path.replace(/^(?:\.\/)+/, ""))) {
        const stats = statOrAbsent(path);
        if (stats === undefined) checkMayVanish(path, mayBeEmpty);
        else if (stats.isFile()) found.push(sourceFile(path, stats));
      }
    }
  }
  return found.sort((a, b) => (a.uri < b.uri ? -1 : a.uri > b.uri ? 1 : 0));
}

/** Entries that one call of the system lists. */
const ENTRIES_AT_A_TIME = 1024;

/** What lies in a folder, a system call's worth at a time. */
async function* entriesOf(
  folder: string,
  mayVanish: boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<Dirent> {
  let count = 0;
  try {
    for await (const entry of await opendir(folder, { bufferSize: ENTRIES_AT_A_TIME })) {
      if (count++ % ENTRIES_AT_A_TIME === 0) throwIfCancelled(signal);
      yield entry;
    }
  } catch (error) {
    if (error instanceof LakeError) throw error;
    if (!isAbsent(error)) throw sourceFailure(folder, "list", error);
    if (!mayVanish) throw sourceVanished(folder, error);
  }
}

/**
 * @throws LakeError `not-found` for an entry that is gone; `unsupported` for one that cannot be looked at because its
 * name is no text.
 */
function checkMayVanish(path: string, mayVanish: boolean): void {
  if (path.includes("\uFFFD")) {
    throw new LakeError("unsupported", "file-name-encoding", `the name of ${path} is not UTF-8`, {
      context: { file: path },
      hint: "Rename the file.",
    });
  }
  if (!mayVanish) throw sourceVanished(path);
}

function sourceFile(path: string, stats: BigIntStats): SourceFile {
  const localPath = resolve(path);
  return {
    uri: path,
    identity: stats.isFile() ? fileUri(localPath) : undefined,
    localPath,
    size: Number(stats.size),
    modificationTime: millisecondsOf(stats),
    stamp: stats.isFile() ? stampOf(stats) : undefined,
  };
}

async function spoolStdin(options: DiscoverOptions): Promise<SourceFile> {
  const { localPath, dispose } = await spool(options.stdin ?? process.stdin, "stdin", options.signal);
  const stats = statOrAbsent(localPath);
  if (stats === undefined) throw sourceVanished(localPath);
  return {
    ...sourceFile(localPath, stats),
    uri: options.stdinPart?.name ?? "-",
    identity: undefined,
    stamp: undefined,
    form: options.stdinPart?.form,
    dispose,
  };
}
