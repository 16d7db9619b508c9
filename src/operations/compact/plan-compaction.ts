import type { MatchedFile } from "../row-change/file-edits.js";
import { type GroupLimits, groupsOf } from "../row-change/rewrite-plan.js";

/** Small files become one; a large one stays one, so that rows stay next to those they were next to. */
const LIMITS: GroupLimits = {
  files: 1_000,
  rows: 20_000_000n,
  bytes: 256n * 1024n * 1024n,
  neighbours: false,
};

/** Files that become one file, in the order of their rows. */
export type CompactedGroup = readonly MatchedFile[];

/**
 * Decides which raw files are written together: those of one partition, in the order in which they came into the
 * table. Pure.
 */
export function planCompaction(files: readonly MatchedFile[]): CompactedGroup[] {
  const partitions = new Map<string, MatchedFile[]>();
  for (const file of files) {
    const key = JSON.stringify(Object.entries(file.add.partitionValues).sort());
    const members = partitions.get(key) ?? [];
    members.push(file);
    partitions.set(key, members);
  }
  return [...partitions.values()].flatMap((members) => groupsOf(members, LIMITS));
}
