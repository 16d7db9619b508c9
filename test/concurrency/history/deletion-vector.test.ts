import { expect, test } from "vitest";
import { LocalStore } from "../../../object-store/index.js";
import {
  type DeletionVectorDescriptor,
  DeletionVectorWriter,
  encodeInline,
  rowIndexSetOf,
} from "../../../table-format/index.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { seededRandom } from "../seeded-random.js";
import { type DeletionVector, deletedRows } from "./deletion-vector.js";

// The checker's own reading of deletion vectors against those that the library writes.

const SEED = 29;

function indexes(): { readonly name: string; readonly rows: readonly number[] }[] {
  const random = seededRandom(SEED);
  const drawn = (count: number, below: number): number[] => {
    const rows = new Set<number>();
    while (rows.size < count) rows.add(Math.floor(random() * below));
    return [...rows].sort((a, b) => a - b);
  };
  const range = (from: number, to: number): number[] =>
    Array.from({ length: to - from }, (_, at) => from + at);
  return [
    { name: "one row", rows: [7] },
    { name: "a few rows", rows: drawn(20, 1_000) },
    { name: "runs", rows: [...range(10, 5_000), ...range(70_000, 70_100)] },
    {
      name: "runs in many containers",
      rows: [0, 1, 2, 3, 4, 5].flatMap((at) => range(at * 65_536, at * 65_536 + 500)),
    },
    { name: "more than a container's array holds", rows: drawn(6_000, 60_000) },
    { name: "beyond 32 bits", rows: [5, 2 ** 32 + 1, 3 * 2 ** 32 + 70_000] },
  ];
}

function written({
  storageType,
  pathOrInlineDv,
  offset,
  sizeInBytes,
  cardinality,
}: DeletionVectorDescriptor): DeletionVector {
  return {
    storageType,
    pathOrInlineDv,
    ...(offset === undefined ? {} : { offset }),
    sizeInBytes,
    cardinality: Number(cardinality),
  };
}

test.each(indexes())(`$name, in the log and in a file (seed ${SEED})`, async ({ rows }) => {
  const set = rowIndexSetOf(rows.map(BigInt));
  expect([...deletedRows(written(encodeInline(set)), "")].sort((a, b) => a - b)).toEqual(rows);
  const folder = await temporaryFolder();
  const writer = new DeletionVectorWriter(new LocalStore(folder));
  const first = await writer.add(rowIndexSetOf([1n]));
  const second = await writer.add(set);
  await writer.finish();
  expect([...deletedRows(written(first), folder)]).toEqual([1]);
  expect([...deletedRows(written(second), folder)].sort((a, b) => a - b)).toEqual(rows);
  expect(() => deletedRows({ ...written(second), cardinality: rows.length + 1 }, folder)).toThrow(/deletes/);
});
