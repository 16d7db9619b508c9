/** A file of the tier, as what leaves is decided. */
export interface TierFile {
  readonly name: string;
  readonly bytes: number;
  /** Milliseconds since the epoch. */
  readonly lastUse: number;
  /** Whether somebody reads it: its bytes are not free before the last one is done. */
  readonly isLeased: boolean;
}

/** The share of the limit that is filled again before files leave once more. */
const FULL_AGAIN = 0.1;

/**
 * Pure: what leaves a tier that holds `files`. Nothing while they fit; else what was used least lately, until a
 * tenth of the limit is free, and what is being read after everything else.
 */
export function planEviction(files: readonly TierFile[], maxBytes: number): TierFile[] {
  let bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  if (bytes <= maxBytes) return [];
  const kept = maxBytes * (1 - FULL_AGAIN);
  const inOrder = files.toSorted(
    (a, b) => Number(a.isLeased) - Number(b.isLeased) || a.lastUse - b.lastUse || (a.name < b.name ? -1 : 1),
  );
  const leaving: TierFile[] = [];
  for (const file of inOrder) {
    if (bytes <= (file.isLeased ? maxBytes : kept)) break;
    leaving.push(file);
    bytes -= file.bytes;
  }
  return leaving;
}
