import type { Stats } from "node:fs";
import { opendir, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { LakeError, messageOf, throwIfCancelled } from "../../core/index.js";
import { globBase, globToRegExp, isGlob } from "./glob.js";
import type { SourceFile } from "./source-file.js";
import { spool } from "./temporary.js";

export interface DiscoverOptions {
  /** The bytes that `-` stands for; default the process's standard input. */
  readonly stdin?: AsyncIterable<Uint8Array> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The files that the arguments name, in the order of the arguments, each file once. An argument is a
 * file, a folder (taken recursively; names that begin with `_` or `.` are left out), a glob
 * ({@link globToRegExp}) or `-`. A path that exists is that file even when it holds metacharacters.
 * Files of a folder or a glob come sorted by path.
 *
 * @throws LakeError `not-found` naming the argument that matches nothing.
 */
export async function discoverSources(
  args: readonly string[],
  options: DiscoverOptions = {},
): Promise<SourceFile[]> {
  const sources = new Map<string, SourceFile>();
  for (const arg of args) {
    throwIfCancelled(options.signal);
    const found = arg === "-" ? [await spoolStdin(options)] : await discoverPath(arg, options.signal);
    for (const source of found) if (!sources.has(source.localPath)) sources.set(source.localPath, source);
  }
  return [...sources.values()];
}

async function discoverPath(arg: string, signal: AbortSignal | undefined): Promise<SourceFile[]> {
  const path = arg.replaceAll("\\", process.platform === "win32" ? "/" : "\\");
  const stats = await statOrAbsent(path);
  if (stats?.isDirectory()) {
    const files = await filesUnder(path, isIngestible, signal);
    if (files.length > 0) return files;
    throw new LakeError("not-found", "no-source", `the folder ${arg} holds no files to read`, {
      context: { file: arg },
      hint: "Names that begin with '_' or '.' are left out.",
    });
  }
  if (stats !== undefined) return [sourceFile(path, stats)];
  if (isGlob(path)) {
    const matcher = globToRegExp(path.replace(/^(?:\.\/)+/, ""));
    const matches = (candidate: string): boolean => matcher.test(candidate);
    const files = await filesUnder(globBase(path), isListable, signal, matches);
    if (files.length > 0) return files;
  }
  throw new LakeError("not-found", "no-source", `no file matches ${arg}`, { context: { file: arg } });
}

const isIngestible = (name: string): boolean => !name.startsWith("_") && !name.startsWith(".");
const isListable = (name: string): boolean => name !== "." && name !== "..";

/** The files below a folder that pass, sorted by path. A link is followed to a file, never to a folder. */
async function filesUnder(
  folder: string,
  keep: (name: string) => boolean,
  signal: AbortSignal | undefined,
  matches: (path: string) => boolean = () => true,
): Promise<SourceFile[]> {
  if ((await statOrAbsent(folder)) === undefined) return [];
  const found: SourceFile[] = [];
  const pending = [folder];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    throwIfCancelled(signal);
    const prefix = next === "." && folder === "." ? "" : next.endsWith("/") ? next : `${next}/`;
    for await (const entry of await opendir(next)) {
      if (!keep(entry.name)) continue;
      const path = `${prefix}${entry.name}`;
      if (entry.isDirectory()) pending.push(path);
      else if (matches(path.replace(/^(?:\.\/)+/, ""))) {
        const stats = await stat(path);
        if (stats.isFile()) found.push(sourceFile(path, stats));
      }
    }
  }
  return found.sort((a, b) => (a.uri < b.uri ? -1 : a.uri > b.uri ? 1 : 0));
}

function sourceFile(path: string, stats: Stats): SourceFile {
  return {
    uri: path,
    localPath: resolve(path),
    size: stats.size,
    modificationTime: Math.trunc(stats.mtimeMs),
  };
}

async function spoolStdin(options: DiscoverOptions): Promise<SourceFile> {
  const { localPath, dispose } = await spool(options.stdin ?? process.stdin, "stdin", options.signal);
  const stats = await stat(localPath);
  return { ...sourceFile(localPath, stats), uri: "-", dispose };
}

async function statOrAbsent(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new LakeError("unavailable", "source-stat", `cannot look at ${path}: ${messageOf(error)}`, {
      context: { file: path },
      cause: error,
    });
  }
}
