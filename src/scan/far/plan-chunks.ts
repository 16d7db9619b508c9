import type { ByteSpan } from "../../../object-store/index.js";
import { type ColumnChunk, type FileLayout, isOfColumn } from "./file-layout.js";

/** Rows `from` to `to` of a file, the last one not among them. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** A file as what is read of it is planned. */
export interface PlannedFile {
  readonly layout: FileLayout;
  /** Names of the file's top-level columns that are read. */
  readonly columns: ReadonlySet<string> | "all";
  /** Those of them of which the engine may look for one value, and so ask the Bloom filters; default all. */
  readonly probed?: ReadonlySet<string> | "all" | undefined;
  /** Of each row group, whether it may hold a row that is asked for; default all. */
  readonly wanted?: readonly boolean[] | undefined;
}

/** What is read of a file. */
export interface FilePlan {
  /** In ascending order, with bytes between them, none beyond the data. */
  readonly spans: readonly ByteSpan[];
  /** Outside of which the reader must be kept; `undefined` when it may read every row. */
  readonly rows: RowRange | undefined;
}

/**
 * A reader for a part of the rows costs the engine about as much as one for whole files, so a part has to be worth it: an
 * eighth of the bytes, and no fewer than this.
 */
const WORTH_BYTES = 256 * 1024;
const WORTH_SHARE = 1 / 8;
/** Readers of parts in one query. */
const MAX_RANGES = 64;
/**
 * The engine reads the header of a page by so many bytes, wherever the chunk ends, and keeps what it has read as long as
 * the file stays as it is. What follows a chunk has to be there for the next query, which may begin to read in it.
 */
const HEADER_BYTES = 256;

/**
 * Pure: what to fetch of each file, in their order.
 *
 * Row groups that are not wanted are left out at both ends of a file, and the reader is to be told which rows there are.
 * Those in between are fetched: which of them the engine skips is its own decision. Of a column that is
 * compared with one value it looks at the Bloom filters of every row group, wanted or not.
 */
export function planChunks(files: readonly PlannedFile[]): FilePlan[] {
  const drafts = files.map(draftOf);
  const savings = new Map<string, number>();
  for (const { rows, saved } of drafts) {
    if (rows !== undefined) savings.set(rangeKey(rows), (savings.get(rangeKey(rows)) ?? 0) + saved);
  }
  const best = [...savings].toSorted(([, a], [, b]) => b - a).slice(0, MAX_RANGES);
  const ranges = new Set(best.map(([key]) => key));
  return files.map((file, index) => {
    const { rows } = drafts[index] ?? WHOLE;
    const kept = rows !== undefined && ranges.has(rangeKey(rows)) ? rows : undefined;
    return { spans: spansOf(file, kept), rows: kept };
  });
}

/** Tells ranges apart. */
export function rangeKey({ from, to }: RowRange): string {
  return `${from} ${to}`;
}

interface Draft {
  readonly rows: RowRange | undefined;
  /** Bytes. */
  readonly saved: number;
}

const WHOLE: Draft = { rows: undefined, saved: 0 };

function draftOf({ layout: { groups }, columns, wanted }: PlannedFile): Draft {
  if (wanted === undefined || wanted.every(Boolean)) return WHOLE;
  const first = wanted.indexOf(true);
  const last = wanted.lastIndexOf(true);
  let needed = 0;
  let saved = 0;
  let row = 0;
  let from = 0;
  let to = 0;
  for (const [index, { rows, chunks }] of groups.entries()) {
    const bytes = chunks.reduce((sum, chunk) => sum + (isRead(chunk, columns) ? chunk.pages.length : 0), 0);
    needed += bytes;
    if (first === -1 || index < first || index > last) saved += bytes;
    if (index === first) from = row;
    row += rows;
    if (index === last) to = row;
  }
  return saved >= WORTH_BYTES && saved > needed * WORTH_SHARE ? { rows: { from, to }, saved } : WHOLE;
}

function spansOf(
  { layout: { groups, dataEnd }, columns, probed = "all" }: PlannedFile,
  rows: RowRange | undefined,
): ByteSpan[] {
  const spans: ByteSpan[] = [];
  const add = (offset: number, end: number): void => {
    const length = Math.min(end + HEADER_BYTES, dataEnd) - offset;
    if (length > 0) spans.push({ offset, length });
  };
  /** What follows an offset: the next chunk or Bloom filter, or the end of the data. */
  const nextAfter = (offset: number): number =>
    groups
      .flatMap(({ chunks }) => chunks.flatMap(({ pages, bloom }) => [pages.offset, bloom?.offset ?? dataEnd]))
      .reduce((least, start) => (start > offset ? Math.min(least, start) : least), dataEnd);
  let row = 0;
  for (const group of groups) {
    const isKept = rows === undefined || (row < rows.to && row + group.rows > rows.from);
    row += group.rows;
    for (const chunk of group.chunks) {
      if (!isRead(chunk, columns)) continue;
      const { pages, bloom } = chunk;
      if (isKept) add(pages.offset, pages.offset + pages.length);
      if (bloom === undefined || !isRead(chunk, probed)) continue;
      add(bloom.offset, bloom.length === undefined ? nextAfter(bloom.offset) : bloom.offset + bloom.length);
    }
  }
  return joined(spans);
}

/** Those that overlap or touch as one. */
function joined(spans: readonly ByteSpan[]): ByteSpan[] {
  const result: { offset: number; length: number }[] = [];
  for (const { offset, length } of spans.toSorted((a, b) => a.offset - b.offset)) {
    const last = result.at(-1);
    if (last === undefined || offset > last.offset + last.length) result.push({ offset, length });
    else last.length = Math.max(last.length, offset + length - last.offset);
  }
  return result;
}

function isRead(chunk: ColumnChunk, columns: ReadonlySet<string> | "all"): boolean {
  if (columns === "all") return true;
  for (const column of columns) if (isOfColumn(chunk, column)) return true;
  return false;
}
