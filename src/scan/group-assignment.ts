import type { FileWithVector } from "./deletion-vectors.js";
import { type RowRange, rangeKey } from "./far/plan-chunks.js";
import type { FileShape } from "./file-shape.js";
import type { ShapeKey } from "./shape-key.js";

/** A file that needs a look of its own: its shape was looked up, or it has a deletion vector. */
export interface ShapedFile {
  readonly shape: FileShape;
  readonly vector: FileWithVector | undefined;
  /** The rows of it that are read, where not all are. */
  readonly rows?: RowRange | undefined;
}

/** The deletion vectors of a group among those of the scan. */
export interface VectorRange {
  readonly first: number;
  /** How many of them there are. */
  readonly files: number;
  /** Rows of the one file of the group, where a bit for each is the way to leave deleted ones out. */
  readonly maskRows?: bigint;
}

export interface AssignedGroup {
  readonly shape: FileShape;
  /** Absent for files without deletion vectors. */
  readonly deleted?: VectorRange;
  /** The rows of each file that are read, where not all are. */
  readonly rows?: RowRange | undefined;
}

export interface Assignment {
  /** The first is that of the declared shape, whether it has files or not. */
  readonly groups: readonly AssignedGroup[];
  /** The group of each file. */
  readonly groupOf: readonly number[];
  /** The deletion vectors of all files, those of a group one after the other, in the order of its files. */
  readonly vectors: readonly FileWithVector[];
}

/**
 * A bit for every row of a single file is looked up fastest. An anti join probes a table of deleted rows,
 * and one that the processor's cache holds faster than a large one. But every group costs a reader.
 */
const DELETED_ROWS_IN_A_GROUP = 2_048n;
const MAX_VECTOR_GROUPS = 24;
/** The engine copies the bits for every two thousand rows: with more of them an anti join is faster. */
const MAX_MASK_ROWS = 524_288n;

/**
 * Pure: puts files that can be read together into groups, and those with deletion vectors into several of
 * them, neighbours together, when they have many.
 */
export function assignGroups(files: readonly ShapedFile[], declared: FileShape, keys: ShapeKey): Assignment {
  const groups: AssignedGroup[] = [{ shape: declared }];
  const groupOf = files.map(() => 0);
  const plain = new Map([[keys(declared), 0]]);
  const withVector: { readonly index: number; readonly key: string; readonly vector: FileWithVector }[] = [];
  for (const [index, { shape, vector, rows }] of files.entries()) {
    const key = rows === undefined ? keys(shape) : `${keys(shape)} ${rangeKey(rows)}`;
    if (vector !== undefined) {
      withVector.push({ index, key, vector });
      continue;
    }
    const group = plain.get(key) ?? groups.push({ shape, rows }) - 1;
    plain.set(key, group);
    groupOf[index] = group;
  }
  const deleted = withVector.reduce((sum, { vector }) => sum + vector.descriptor.cardinality, 0n);
  const parts = Math.min(MAX_VECTOR_GROUPS, withVector.length, Number(deleted / DELETED_ROWS_IN_A_GROUP) + 1);
  const vectors: FileWithVector[] = [];
  for (let part = 0; part < parts; part++) {
    const start = Math.ceil((part * withVector.length) / parts);
    const neighbours = withVector.slice(start, Math.ceil(((part + 1) * withVector.length) / parts));
    for (const key of new Set(neighbours.map((one) => one.key))) {
      const members = neighbours.filter((one) => one.key === key);
      const { shape = declared, rows } = files[members[0]?.index ?? 0] ?? {};
      const deletedRows = vectorRange(members, vectors.length);
      const group = groups.push({ shape, deleted: deletedRows, rows }) - 1;
      for (const { index, vector } of members) {
        groupOf[index] = group;
        vectors.push(vector);
      }
    }
  }
  return { groups, groupOf, vectors };
}

function vectorRange(members: readonly { readonly vector: FileWithVector }[], first: number): VectorRange {
  const range = { first, files: members.length };
  const { descriptor, numRecords } = members[0]?.vector ?? {};
  const isMask =
    members.length === 1 &&
    descriptor !== undefined &&
    descriptor.cardinality > 0n &&
    numRecords !== undefined &&
    numRecords <= MAX_MASK_ROWS;
  return isMask ? { ...range, maskRows: numRecords } : range;
}
