/** A piece of a file that is wanted: `length` bytes from `offset`. */
export interface WantedBytes {
  readonly offset: number;
  readonly length: number;
}

/** One request: `length` bytes from `offset`, and the pieces that lie in them. */
export interface PlannedRead<Piece extends WantedBytes> {
  readonly offset: number;
  readonly length: number;
  readonly pieces: readonly Piece[];
}

/** Bytes that are read in vain rather than with a request of their own. */
const MAX_GAP = 64 * 1024;
/** Bytes of a request that holds more than one piece. */
const MAX_READ = 8 * 1024 * 1024;

/** The requests for some pieces of one file, ascending; every piece is in one of them. */
export function planReads<Piece extends WantedBytes>(pieces: Iterable<Piece>): PlannedRead<Piece>[] {
  const reads: { offset: number; length: number; pieces: Piece[] }[] = [];
  for (const piece of [...pieces].sort((a, b) => a.offset - b.offset)) {
    const last = reads.at(-1);
    const gap = last === undefined ? Infinity : piece.offset - (last.offset + last.length);
    const length = last === undefined ? 0 : Math.max(last.length, piece.offset + piece.length - last.offset);
    if (last === undefined || gap > MAX_GAP || length > Math.max(last.length, MAX_READ)) {
      reads.push({ offset: piece.offset, length: piece.length, pieces: [piece] });
    } else {
      last.length = length;
      last.pieces.push(piece);
    }
  }
  return reads;
}
