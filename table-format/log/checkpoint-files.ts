import type { LogFile } from "./log-path.js";
import type { Version } from "./version.js";

/** The files that hold one checkpoint, in the order of their parts; sidecars are named inside them. */
export interface CheckpointFiles {
  readonly version: Version;
  readonly files: readonly [LogFile, ...LogFile[]];
}

/**
 * Checkpoints all of whose parts are there (PROTOCOL.md, "Checkpoints": a multi-part one that lacks a part
 * is ignored), oldest version first and of one version the best last: one that nobody can overwrite before
 * one that a later writer may have, and a single file before several.
 */
export function completeCheckpoints(listing: readonly LogFile[]): CheckpointFiles[] {
  const found = new Map<string, LogFile[]>();
  for (const file of listing) {
    if (file.kind === "classic-checkpoint" || file.kind === "v2-checkpoint") found.set(file.path, [file]);
    if (file.kind === "multi-part-checkpoint") {
      const key = `${file.version}/${file.parts}`;
      found.set(key, [...(found.get(key) ?? []), file]);
    }
  }
  const complete: CheckpointFiles[] = [];
  for (const files of found.values()) {
    files.sort((a, b) => partOf(a) - partOf(b));
    const [first, ...rest] = files;
    if (first === undefined) continue;
    const parts = first.kind === "multi-part-checkpoint" ? first.parts : 1;
    if (files.length === parts && files.every((file, index) => partOf(file) === index + 1)) {
      complete.push({ version: first.version, files: [first, ...rest] });
    }
  }
  return complete.sort((a, b) => compare(a.version, b.version) || rank(a) - rank(b));
}

/** The versions that files speak of, each once, ascending. */
export function versionsOf(files: readonly LogFile[]): Version[] {
  return [...new Set(files.map((file) => file.version))].sort(compare);
}

function rank({ files: [first, ...rest] }: CheckpointFiles): number {
  if (first.kind === "v2-checkpoint") return 1;
  return first.kind === "classic-checkpoint" ? 0 : -1 - rest.length;
}

function partOf(file: LogFile): number {
  return file.kind === "multi-part-checkpoint" ? file.part : 1;
}

function compare(a: Version, b: Version): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
