import { throwIfCancelled } from "../../core/index.js";
import { Block } from "./block.js";
import { type Unpack, unpackerOf } from "./codec.js";
import { type Column, checkTexts } from "./column.js";
import {
  type AvroBlock,
  type AvroFile,
  type AvroHeader,
  broken,
  readAvroBlocks,
  undecodable,
} from "./container.js";
import type { ReadRows } from "./read-rows.js";
import { endsEarly } from "./tap.js";
import type { Part } from "./validity.js";

/** Rows of a batch: a few of the engine's vectors. */
const BATCH_ROWS = 8192;
/** Bytes of data, about, that end a batch with fewer rows. */
const BATCH_BYTES = 2 ** 25;
/** Blocks that are unpacked beside this thread while one is decoded. */
const BLOCKS_AHEAD = 3;
/** More rows than this in a block of fewer bytes are not believed: a row may have no bytes at all. */
const MAXIMUM_EMPTY_ROWS = 2 ** 24;

/** Rows as columns, one part each. The parts change with the next batch. */
export interface Batch {
  readonly rows: number;
  readonly parts: readonly Part[];
}

/** Where rows go, and how. */
export interface RowTarget {
  readonly columns: readonly Column[];
  readonly readRows: ReadRows;
}

/**
 * Decodes the rows of a file, some blocks of which are in memory at a time.
 *
 * @throws LakeError `invalid-input` naming the file and the byte where it is damaged.
 */
export async function* decodeFile(
  file: AvroFile,
  header: AvroHeader,
  { columns, readRows }: RowTarget,
  signal?: AbortSignal,
): AsyncGenerator<Batch> {
  for (const column of columns) column.reserve(BATCH_ROWS);
  let row = 0;
  let bytes = 0;
  const take = (): Batch => {
    const batch = { rows: row, parts: columns.map((column) => column.part(row)) };
    row = 0;
    bytes = 0;
    return batch;
  };
  for await (const { count, data, offset } of unpackAhead(file, header)) {
    throwIfCancelled(signal);
    if (count > data.length && count > MAXIMUM_EMPTY_ROWS)
      throw broken(file, `the block at byte ${offset} cannot hold ${count} records`, offset);
    const block = new Block(data);
    let at = 0;
    for (let left = count; left > 0; ) {
      const stop = Math.min(BATCH_ROWS, row + left);
      const limit = at + BATCH_BYTES - bytes;
      const [from, first] = [at, row];
      at = inBlock(file, offset, () => {
        const end = readRows(block, from, first, stop, limit);
        if (end > data.length) throw endsEarly(data.length);
        for (const column of columns) checkTexts(column, block.row, end);
        return end;
      });
      row = block.row;
      left -= row - first;
      bytes += at - from;
      if (row < BATCH_ROWS && bytes < BATCH_BYTES) continue;
      yield take();
      for (const column of columns) column.clear();
    }
    if (at !== data.length)
      throw broken(file, `the block at byte ${offset} holds more than its ${count} records`, offset);
  }
  if (row > 0) yield take();
  for (const column of columns) column.clear();
}

/** The blocks, their data unpacked. */
async function* unpackAhead(file: AvroFile, header: AvroHeader): AsyncGenerator<AvroBlock> {
  const unpack = unpackerOf(header.codec, file.uri);
  const ahead: (() => Promise<AvroBlock>)[] = [];
  const atOnce = header.codec === "null" ? 0 : BLOCKS_AHEAD;
  for await (const block of readAvroBlocks(file, header, atOnce)) {
    ahead.push(begin(file, block, unpack));
    const next = ahead.length > atOnce ? ahead.shift() : undefined;
    if (next !== undefined) yield await next();
  }
  for (const next of ahead) yield await next();
}

/** Begins to unpack a block; what is given waits for it, or does it where the codec has no other thread. */
function begin(file: AvroFile, block: AvroBlock, unpack: Unpack): () => Promise<AvroBlock> {
  const { offset } = block;
  const pending = inBlock(file, offset, () => unpack(block.data));
  if (!(pending instanceof Promise)) return () => Promise.resolve({ ...block, data: pending });
  // A failure shows when the block is due; until then it is not one that nobody looks at.
  const settled = pending.then(
    (data) => ({ data }),
    (error: unknown) => ({ error }),
  );
  return async () => {
    const result = await settled;
    if ("error" in result) throw undecodable(file, offset, result.error);
    return { ...block, data: result.data };
  };
}

/** Runs `work`; data that cannot be decoded is the file's fault, in the block at `offset`. */
function inBlock<T>(file: AvroFile, offset: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw undecodable(file, offset, error);
  }
}
