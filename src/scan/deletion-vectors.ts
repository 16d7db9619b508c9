import { Binary, Field, Int32, makeData, RecordBatch, Schema, Struct, vectorFromArray } from "apache-arrow";
import { quoteIdentifier, quoteString, type Session } from "../../engine/index.js";
import {
  DELETED_ROWS_SCHEMA,
  type DeletionVectorDescriptor,
  deletedRowBatches,
  deletionVectorId,
  type LoadedDeletionVector,
  loadDeletionVectors,
  RowIndexSet,
  type TableFolder,
} from "../../table-format/index.js";

/** A data file with rows that are deleted. */
export interface FileWithVector {
  readonly file: string;
  readonly descriptor: DeletionVectorDescriptor;
  readonly numRecords: bigint | undefined;
}

/** The deletion vectors of one version of a table. They stay in memory, compressed, once they are loaded. */
export class DeletionVectors {
  readonly #folder: Pick<TableFolder, "store" | "openStore">;
  readonly #loaded = new Map<string, RowIndexSet>();

  /** @param folder the table's */
  constructor(folder: Pick<TableFolder, "store" | "openStore">) {
    this.#folder = folder;
  }

  /**
   * The deleted rows of each file, in their order.
   *
   * @throws LakeError `corrupt` naming file and offset for a deletion vector that is missing or broken.
   */
  async of(files: readonly FileWithVector[], signal: AbortSignal | undefined): Promise<RowIndexSet[]> {
    const { store, openStore } = this.#folder;
    const keys = files.map(({ descriptor }) => deletionVectorId(descriptor));
    const wanted = files
      .map(({ descriptor, numRecords }, fileIndex) => ({ fileIndex, descriptor, numRecords }))
      .filter(({ fileIndex }) => !this.#loaded.has(keys[fileIndex] ?? ""));
    for await (const { fileIndex, deleted } of loadDeletionVectors(store, wanted, { signal, openStore })) {
      this.#loaded.set(keys[fileIndex] ?? "", deleted);
    }
    return keys.map((key) => this.#loaded.get(key) ?? RowIndexSet.EMPTY);
  }
}

/** Makes the temporary table `table` of the session anew: `file_index` and `row_index` of deleted rows, by file. */
export async function loadDeletedRows(
  session: Session,
  table: string,
  vectors: readonly LoadedDeletionVector[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const rows = vectors.reduce((sum, { deleted }) => sum + deleted.cardinality, 0);
  await session.execute(`DROP TABLE IF EXISTS ${quoteIdentifier(table)}`, { signal });
  await session.loadArrow(table, DELETED_ROWS_SCHEMA, deletedRowBatches(vectors, rows), { signal });
}

/** Deleted rows of a file of so many rows. */
export interface MaskedVector extends LoadedDeletionVector {
  readonly rows: bigint;
}

const MASK_SCHEMA = new Schema([
  new Field("file_index", new Int32(), false),
  new Field("mask", new Binary(), false),
]);

/**
 * Sets a variable of the session to a list of a BIT for each vector, with a place for every row of its file,
 * 1 for a deleted one. Gives the SQL of each by its file's number.
 */
export async function setMasks(
  session: Session,
  name: string,
  vectors: readonly MaskedVector[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<number, string>> {
  if (vectors.length === 0) return new Map();
  const length = vectors.length;
  const indexes = Int32Array.from(vectors, ({ fileIndex }) => fileIndex);
  const masks = vectorFromArray(vectors.map(maskOf), new Binary());
  const children = [makeData({ type: new Int32(), length, nullCount: 0, data: indexes }), ...masks.data];
  const type = new Struct(MASK_SCHEMA.fields);
  const batch = new RecordBatch(MASK_SCHEMA, makeData({ type, length, nullCount: 0, children }));
  const table = `${name}_masks`;
  await session.execute(`DROP TABLE IF EXISTS ${quoteIdentifier(table)}`, { signal });
  await session.loadArrow(table, MASK_SCHEMA, [batch], { signal });
  await session.execute(
    `SET VARIABLE ${quoteIdentifier(table)} = (SELECT list(mask::BIT ORDER BY file_index) FROM ${quoteIdentifier(table)})`,
    { signal },
  );
  const order = vectors.map(({ fileIndex }) => fileIndex).toSorted((a, b) => a - b);
  const list = `getvariable(${quoteString(table)})`;
  return new Map(order.map((fileIndex, index) => [fileIndex, `${list}[${index + 1}]`]));
}

/** Masks that were made, by their set: a set may be asked for by query after query. */
const MASKS = new WeakMap<RowIndexSet, Uint8Array>();

/** Bits of the engine's BIT: the first is the highest of the first byte. */
function maskOf({ deleted, rows }: MaskedVector): Uint8Array {
  const bytes = Math.ceil(Number(rows) / 8);
  const known = MASKS.get(deleted);
  if (known?.length === bytes) return known;
  const mask = new Uint8Array(bytes);
  // Read as halves: a bigint for every row would cost an allocation each. The high halves are zero.
  const indexes = deleted.rowIndexes();
  const halves = new Uint32Array(indexes.buffer, indexes.byteOffset, 2 * indexes.length);
  for (let at = 0; at < halves.length; at += 2) {
    const row = halves[at] ?? 0;
    mask[row >>> 3] = (mask[row >>> 3] ?? 0) | (0x80 >>> (row & 7));
  }
  MASKS.set(deleted, mask);
  return mask;
}
