import { LakeError } from "../../core/index.js";

/** New text, or a range of the original text that is copied. */
export type Piece = string | { readonly start: number; readonly end: number };

/** Replaces the range [start, end) of a text; an empty range inserts. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly replacement: readonly Piece[];
}

/** A text made from another one. */
export interface EditedText {
  readonly text: string;
  /** The offset in the original text of what stands at an offset of `text`. */
  mapOffset(offset: number): number;
}

interface Segment {
  readonly at: number;
  readonly from: number;
  readonly copied: boolean;
}

/** Applies edits that do not overlap; edits at the same place apply in the order given. Offsets are UTF-16. */
export function applyEdits(original: string, edits: readonly Edit[]): EditedText {
  const segments: Segment[] = [];
  const parts: string[] = [];
  let length = 0;
  const append = (piece: Piece, origin: number): void => {
    const text = typeof piece === "string" ? piece : original.slice(piece.start, piece.end);
    if (text === "") return;
    segments.push({
      at: length,
      from: typeof piece === "string" ? origin : piece.start,
      copied: typeof piece !== "string",
    });
    parts.push(text);
    length += text.length;
  };
  let done = 0;
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    if (edit.start < done)
      throw new LakeError("internal", "text-edits", `edits overlap at offset ${edit.start}`);
    append({ start: done, end: edit.start }, done);
    for (const piece of edit.replacement) append(piece, edit.start);
    done = edit.end;
  }
  append({ start: done, end: original.length }, done);
  return {
    text: parts.join(""),
    mapOffset: (offset) => {
      if (offset >= length) return original.length;
      const segment = lastBefore(segments, offset);
      if (segment === undefined) return 0;
      return segment.copied ? segment.from + offset - segment.at : segment.from;
    },
  };
}

function lastBefore(segments: readonly Segment[], offset: number): Segment | undefined {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((segments[middle]?.at ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return segments[low - 1];
}

/** Turns UTF-8 byte offsets, which DuckDB's parser gives, into UTF-16 offsets of the same text. */
export function utf16Offsets(text: string): (byteOffset: number) => number {
  const bytes = Buffer.from(text, "utf8");
  if (bytes.length === text.length) return (byteOffset) => Math.min(byteOffset, text.length);
  const offsets = new Uint32Array(bytes.length + 1);
  let byte = 0;
  let offset = 0;
  for (const character of text) {
    const size = Buffer.byteLength(character, "utf8");
    offsets.fill(offset, byte, byte + size);
    byte += size;
    offset += character.length;
  }
  offsets[bytes.length] = text.length;
  return (byteOffset) => offsets[byteOffset] ?? text.length;
}
