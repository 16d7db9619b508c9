import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { RecordBatch } from "apache-arrow";
import { describe, expect, it } from "vitest";
import { parseJson } from "../../core/index.js";
import { Engine } from "../../engine/index.js";
import {
  CountingStore,
  LocalStore,
  MemoryStore,
  type ObjectStore,
  objectPath,
} from "../../object-store/index.js";
import {
  DELETED_ROWS_SCHEMA,
  type DeletionVectorDescriptor,
  DeletionVectorWriter,
  deletedRowBatches,
  deletionVectorPath,
  encodeInline,
  type LoadedDeletionVector,
  loadDeletionVectors,
  parseDeletionVectorDescriptor,
  RowIndexSet,
  rowIndexSetOf,
  type WantedDeletionVector,
} from "../../table-format/deletion-vector/index.js";
import { planReads } from "../../table-format/deletion-vector/read-plan.js";
import { pathsOf } from "../support/object-stores.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** The rows from `start` on, `step` apart. */
function everyNth(start: number, count: number, step = 1): RowIndexSet {
  return rowIndexSetOf(Array.from({ length: count }, (_, index) => BigInt(start + index * step)));
}

async function written(
  store: ObjectStore,
  sets: readonly RowIndexSet[],
  targetBytes?: number,
): Promise<DeletionVectorDescriptor[]> {
  const writer = new DeletionVectorWriter(store, { targetBytes });
  const descriptors: DeletionVectorDescriptor[] = [];
  for (const set of sets) descriptors.push(await writer.add(set));
  await writer.finish();
  return descriptors;
}

function wantedOf(descriptors: readonly DeletionVectorDescriptor[]): WantedDeletionVector[] {
  return descriptors.map((descriptor, fileIndex) => ({ fileIndex, descriptor }));
}

/** What is loaded, by the data file's number. */
async function load(
  store: ObjectStore,
  wanted: Iterable<WantedDeletionVector>,
): Promise<ReadonlyMap<number, RowIndexSet>> {
  const sets = new Map<number, RowIndexSet>();
  for await (const { fileIndex, deleted } of loadDeletionVectors(store, wanted)) sets.set(fileIndex, deleted);
  return sets;
}

function fileOf(descriptor: DeletionVectorDescriptor): string {
  return deletionVectorPath(descriptor)?.path ?? "";
}

describe("writing deletion vectors", () => {
  it("puts many into one file of the protocol's format", async () => {
    const store = new MemoryStore();
    const [first, second] = await written(store, [rowIndexSetOf([0n]), rowIndexSetOf([7n, 9n])]);
    expect(first).toMatchObject({ storageType: "u", offset: 1, sizeInBytes: 34, cardinality: 1n });
    expect(second).toMatchObject({ storageType: "u", offset: 43, sizeInBytes: 36, cardinality: 2n });
    const paths = await pathsOf(store.list(""));
    expect(paths).toEqual([first, second].map((one) => (one ? fileOf(one) : "")).slice(1));
    expect(paths[0]).toMatch(/^deletion_vector_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.bin$/);
    const file = await store.get(objectPath(paths[0] ?? ""));
    expect(file.length).toBe(1 + 42 + 44);
    expect(Buffer.from(file).toString("hex")).toMatch(/^0100000022d1d339640100/);
  });

  it("begins a new file when one is full, and puts one that is larger by itself", async () => {
    const store = new MemoryStore();
    const sets = [everyNth(0, 60_000, 2), rowIndexSetOf([1n]), rowIndexSetOf([2n]), everyNth(0, 60_000, 2)];
    const descriptors = await written(store, sets, 1000);
    const files = descriptors.map(fileOf);
    expect(files[1]).toBe(files[2]);
    expect(new Set(files).size).toBe(3);
    expect((await pathsOf(store.list(""))).sort()).toEqual([...new Set(files)].sort());
    const loaded = await load(store, wantedOf(descriptors));
    for (const [index, set] of sets.entries()) expect(loaded.get(index)).toEqual(set);
  });

  it("gives each its own place when calls overlap", async () => {
    const store = new LocalStore(await temporaryFolder());
    const writer = new DeletionVectorWriter(store, { targetBytes: 300 });
    const sets = Array.from({ length: 50 }, (_, index) => everyNth(index, 20, 3));
    const descriptors = await Promise.all(sets.map((set) => writer.add(set)));
    await writer.finish();
    expect(await pathsOf(store.list(""))).toHaveLength(new Set(descriptors.map(fileOf)).size);
    const loaded = await load(store, wantedOf(descriptors));
    for (const [index, set] of sets.entries()) expect(loaded.get(index)).toEqual(set);
  });

  it("fails in the call that had to put a file", async () => {
    const signal = AbortSignal.abort();
    const writer = new DeletionVectorWriter(new MemoryStore(), { targetBytes: 1, signal });
    await writer.add(everyNth(0, 3));
    await expect(writer.add(everyNth(5, 3))).rejects.toMatchObject({ kind: "cancelled" });
    await expect(writer.finish()).rejects.toMatchObject({ kind: "cancelled" });
  });

  it("puts nothing when nothing was added, and takes back what it put", async () => {
    const store = new MemoryStore();
    await new DeletionVectorWriter(store).finish();
    expect(await pathsOf(store.list(""))).toEqual([]);
    const writer = new DeletionVectorWriter(store, { targetBytes: 1 });
    for (const row of [1n, 2n, 3n]) await writer.add(rowIndexSetOf([row]));
    await writer.finish();
    expect(await pathsOf(store.list(""))).toHaveLength(3);
    await writer.discard();
    expect(await pathsOf(store.list(""))).toEqual([]);
  });
});

describe("loading deletion vectors", () => {
  it("takes one request for all that lie together in a file", async () => {
    const store = new CountingStore(new MemoryStore());
    const sets = Array.from({ length: 2000 }, (_, index) => everyNth(index, 1 + (index % 5), 3));
    const descriptors = await written(store, sets);
    expect(new Set(descriptors.map(fileOf)).size).toBe(1);
    store.reset();
    const loaded = await load(store, wantedOf(descriptors).reverse());
    expect(store.counts.get.requests).toBe(1);
    for (const [index, set] of sets.entries()) expect(loaded.get(index)).toEqual(set);
  });

  it("reads only the bytes near the ones it wants", async () => {
    const store = new CountingStore(new MemoryStore());
    // 8 kB each, so that 100 of them are 0.8 MB.
    const sets = Array.from({ length: 100 }, (_, index) => everyNth(index, 20_000, 3));
    const descriptors = await written(store, sets, 16 * 1024 * 1024);
    const wanted = wantedOf(descriptors).filter(({ fileIndex }) => fileIndex === 3 || fileIndex === 90);
    store.reset();
    const loaded = await load(store, wanted);
    expect(loaded.get(90)).toEqual(sets[90]);
    expect(loaded.get(3)).toEqual(sets[3]);
    expect(store.counts.get.requests).toBe(2);
    expect(store.counts.get.bytes).toBeLessThan(120_000);
  });

  it("takes no more requests at a time than it may, and leaves no file out", async () => {
    const store = new CountingStore(new MemoryStore());
    const sets = Array.from({ length: 40 }, (_, index) => everyNth(index, 10));
    const descriptors = await written(store, sets, 1);
    store.reset();
    const loaded = new Map<number, RowIndexSet>();
    const wanted = wantedOf(descriptors);
    for await (const { fileIndex, deleted } of loadDeletionVectors(store, wanted, { parallel: 3 })) {
      loaded.set(fileIndex, deleted);
      expect(store.counts.get.requests).toBeLessThanOrEqual(Math.ceil(loaded.size / 3) * 3);
    }
    expect(store.counts.get.requests).toBe(40);
    for (const [index, set] of sets.entries()) expect(loaded.get(index)).toEqual(set);
  });

  it("reads pieces together that lie near, up to 8 MiB, and larger ones alone", () => {
    const MIB = 1024 * 1024;
    const piece = (offset: number, length: number): { offset: number; length: number } => ({
      offset,
      length,
    });
    const ranges = (...pieces: { offset: number; length: number }[]): number[][] =>
      planReads(pieces).map((read) => [read.offset, read.length, read.pieces.length]);
    expect(ranges()).toEqual([]);
    expect(ranges(piece(50, 10), piece(0, 1))).toEqual([[0, 60, 2]]);
    expect(ranges(piece(0, 1), piece(65_537, 10))).toEqual([[0, 65_547, 2]]);
    expect(ranges(piece(0, 1), piece(65_538, 10))).toEqual([
      [0, 1, 1],
      [65_538, 10, 1],
    ]);
    expect(ranges(piece(0, 5 * MIB), piece(5 * MIB, 3 * MIB), piece(8 * MIB, 1))).toEqual([
      [0, 8 * MIB, 2],
      [8 * MIB, 1, 1],
    ]);
    expect(ranges(piece(0, 20 * MIB), piece(MIB, 1), piece(20 * MIB, 1))).toEqual([
      [0, 20 * MIB, 2],
      [20 * MIB, 1, 1],
    ]);
    expect(ranges(piece(7, 3), piece(7, 3))).toEqual([[7, 3, 2]]);
  });

  it("mixes inline ones, files, and absolute paths inside and outside the table", async () => {
    const store = new LocalStore(await temporaryFolder());
    const elsewhere = new LocalStore(await temporaryFolder());
    const [here, there] = [everyNth(5, 10), everyNth(70_000, 5000, 7)];
    const [inTable] = await written(store, [here]);
    const [outside] = await written(elsewhere, [there]);
    if (inTable === undefined || outside === undefined) throw new Error("nothing was written");
    const absolute = (root: ObjectStore, descriptor: DeletionVectorDescriptor): DeletionVectorDescriptor => ({
      ...descriptor,
      storageType: "p",
      pathOrInlineDv: `${root.uri}/${fileOf(descriptor)}`,
    });
    const loaded = await load(
      store,
      wantedOf([inTable, encodeInline(there), absolute(store, inTable), absolute(elsewhere, outside)]),
    );
    expect([0, 1, 2, 3].map((index) => loaded.get(index))).toEqual([here, there, here, there]);
  });

  it("finds a file behind its prefix", async () => {
    const store = new MemoryStore();
    const [descriptor] = await written(store, [everyNth(0, 3)]);
    if (descriptor === undefined) throw new Error("nothing was written");
    const moved = { ...descriptor, pathOrInlineDv: `a b/c${descriptor.pathOrInlineDv}` };
    await store.put(objectPath(fileOf(moved)), await store.get(objectPath(fileOf(descriptor))));
    expect((await load(store, wantedOf([moved]))).get(0)).toEqual(everyNth(0, 3));
    expect(fileOf(moved)).toMatch(/^a b\/c\/deletion_vector_/);
  });

  it("refuses a scheme it cannot open, by its name", async () => {
    const descriptor = parseDeletionVectorDescriptor({
      storageType: "p",
      pathOrInlineDv: "gs://bucket/t/deletion_vector_x.bin",
      offset: 1,
      sizeInBytes: 34,
      cardinality: 1,
    });
    await expect(load(new MemoryStore(), wantedOf([descriptor]))).rejects.toMatchObject({
      kind: "unsupported",
      message: expect.stringContaining("gs"),
    });
  });

  it("stops once the signal has fired", async () => {
    const store = new MemoryStore();
    const descriptors = await written(store, [everyNth(0, 3)]);
    const signal = AbortSignal.abort();
    const vectors = loadDeletionVectors(store, wantedOf(descriptors), { signal });
    await expect(vectors.next()).rejects.toMatchObject({ kind: "cancelled" });
  });

  describe("of a damaged file", () => {
    const sets = [everyNth(0, 4), everyNth(10, 100, 5), everyNth(3, 3)];

    async function damaged(
      damage: (file: Uint8Array<ArrayBuffer>) => Uint8Array,
      change: Partial<DeletionVectorDescriptor> = {},
      numRecords?: bigint,
    ): Promise<unknown> {
      const store = new MemoryStore();
      const descriptors = await written(store, sets);
      const [, second] = descriptors;
      if (second === undefined) throw new Error("nothing was written");
      const object = objectPath(fileOf(second));
      await store.put(object, damage(Uint8Array.from(await store.get(object))));
      return load(store, [{ fileIndex: 1, descriptor: { ...second, ...change }, numRecords }]);
    }
    const same = (file: Uint8Array): Uint8Array => file;

    it("is as it was without damage", async () => {
      await expect(damaged(same, {}, 506n)).resolves.toEqual(new Map([[1, sets[1]]]));
    });

    it.each<[string, Parameters<typeof damaged>, string]>([
      ["a version of its own", [(file) => file.fill(2, 0, 1)], "has format version 2"],
      ["an empty file", [() => new Uint8Array(0)], "the file is empty"],
      ["a file cut short", [(file) => file.subarray(0, 120)], "the file ends"],
      ["a file cut before the deletion vector", [(file) => file.subarray(0, 10)], "the file ends"],
      ["another bit", [(file) => file.fill((file[100] ?? 0) ^ 4, 100, 101)], "checksum"],
      ["another size in the log", [same, { sizeInBytes: 200 }], "it has 232 bytes where the log says 200"],
      ["another cardinality in the log", [same, { cardinality: 99n }], "100 rows where the log says 99"],
      ["another offset in the log", [same, { offset: 2 }], "bytes where the log says"],
      ["an offset past the end", [same, { offset: 100_000 }], "the file ends"],
      ["no offset in the log", [same, { offset: undefined }], "bytes where the log says"],
      ["a data file of fewer rows", [same, {}, 505n], "it deletes row 505 of a data file of 505 rows"],
    ])("is refused for %s", async (_name, args, message) => {
      await expect(damaged(...args)).rejects.toMatchObject({
        kind: "corrupt",
        code: "deletion-vector",
        message: expect.stringMatching(new RegExp(`^deletion_vector_.*offset \\d+: .*${message}`)),
        context: { file: expect.stringContaining("deletion_vector_"), offset: expect.any(Number) },
      });
    });

    it("is refused when the file is missing", async () => {
      const [descriptor] = await written(new MemoryStore(), sets);
      await expect(load(new MemoryStore(), wantedOf(descriptor ? [descriptor] : []))).rejects.toMatchObject({
        kind: "corrupt",
        message: expect.stringContaining("the file is missing"),
        cause: expect.objectContaining({ kind: "not-found" }),
      });
    });

    it("does not fetch what a size of the log only claims", async () => {
      const store = new CountingStore(new MemoryStore());
      const [descriptor] = await written(store, sets);
      if (descriptor === undefined) throw new Error("nothing was written");
      store.reset();
      await expect(load(store, wantedOf([{ ...descriptor, sizeInBytes: 0x7fffffff }]))).rejects.toMatchObject(
        {
          kind: "corrupt",
        },
      );
      expect(store.counts.get.bytes).toBeLessThan(1000);
    });
  });
});

describe("deleted rows as record batches", () => {
  async function batchesOf(vectors: readonly LoadedDeletionVector[], rows?: number): Promise<RecordBatch[]> {
    const batches: RecordBatch[] = [];
    for await (const batch of deletedRowBatches(vectors, rows)) batches.push(batch);
    return batches;
  }

  it("load into a table of the engine", async () => {
    const sets = [rowIndexSetOf([0n, 2n ** 33n + 5n, 2n ** 62n]), everyNth(65_530, 200_000, 2)];
    const vectors = sets.map((deleted, index) => ({ fileIndex: index * 1000, deleted }));
    const engine = await Engine.open({ threads: 1 });
    try {
      await engine.withSession(async (session) => {
        const loaded = await session.loadArrow("deleted", DELETED_ROWS_SCHEMA, deletedRowBatches(vectors));
        expect(loaded).toBe(200_003n);
        expect(await session.rows("SELECT column_type AS t FROM (DESCRIBE deleted)")).toEqual([
          { t: "INTEGER" },
          { t: "BIGINT" },
        ]);
        const [sums] = await session.rows(
          "SELECT count(DISTINCT row_index) AS n, sum(row_index)::BIGINT AS s, min(row_index) AS lo, max(row_index) AS hi FROM deleted WHERE file_index = 1000",
        );
        expect(sums).toEqual({
          n: 200_000n,
          s: 200_000n * 65_530n + 199_999n * 200_000n,
          lo: 65_530n,
          hi: 465_528n,
        });
        expect(
          await session.rows("SELECT row_index AS r FROM deleted WHERE file_index = 0 ORDER BY r"),
        ).toEqual([{ r: 0n }, { r: 2n ** 33n + 5n }, { r: 2n ** 62n }]);
      });
    } finally {
      await engine.close();
    }
  });

  it("hold about a million rows at most, and no row is lost between them", async () => {
    const deleted = everyNth(1, 1_500_000);
    const vectors = [7, 8].map((fileIndex) => ({ fileIndex, deleted }));
    const batches = await batchesOf(vectors);
    expect(batches.reduce((sum, { numRows }) => sum + numRows, 0)).toBe(3_000_000);
    for (const { numRows } of batches) expect(numRows).toBeLessThanOrEqual(1024 * 1024);
    let row = 0;
    let wrong = 0;
    for (const batch of batches) {
      const [files, rows] = [batch.getChild("file_index"), batch.getChild("row_index")];
      for (let index = 0; index < batch.numRows; index++, row++) {
        const isRight = files?.get(index) === (row < 1_500_000 ? 7 : 8);
        if (!isRight || Number(rows?.get(index)) !== (row % 1_500_000) + 1) wrong++;
      }
    }
    expect(wrong).toBe(0);
  });

  it("keep the order of the files and of their rows", async () => {
    const vectors = [
      { fileIndex: 4, deleted: rowIndexSetOf([7n, 2n]) },
      { fileIndex: 1, deleted: rowIndexSetOf([70_000n]) },
    ];
    const [batch, ...more] = await batchesOf(vectors, 3);
    expect(more).toEqual([]);
    expect([...(batch?.getChild("file_index") ?? [])]).toEqual([4, 4, 1]);
    expect([...(batch?.getChild("row_index") ?? [])]).toEqual([2n, 7n, 70_000n]);
  });

  it("are none for files without deleted rows", async () => {
    expect(await batchesOf([])).toEqual([]);
    expect(await batchesOf([{ fileIndex: 0, deleted: RowIndexSet.EMPTY }], 0)).toEqual([]);
  });
});

const CONFORMANCE = path.resolve(import.meta.dirname, "../../../shared/conformance/delta");
const tables = existsSync(CONFORMANCE) ? readdirSync(CONFORMANCE) : undefined;
if (tables === undefined) console.warn(`skipped: there are no tables at ${CONFORMANCE}`);

describe.skipIf(tables === undefined)("deletion vectors that delta-spark wrote", () => {
  it("are read, checked, and written again byte for byte", async () => {
    let seen = 0;
    for (const table of tables ?? []) {
      const folder = path.join(CONFORMANCE, table, "delta");
      const store = new LocalStore(folder);
      const descriptors = descriptorsOf(path.join(folder, "_delta_log"));
      const present = descriptors.filter((one) => existsSync(path.join(folder, fileOf(one))));
      const loaded = await load(store, wantedOf(present));
      for (const [index, descriptor] of present.entries()) {
        const deleted = loaded.get(index);
        if (deleted === undefined) throw new Error(`${table}: ${fileOf(descriptor)} was not loaded`);
        expect(BigInt(deleted.cardinality)).toBe(descriptor.cardinality);
        const copies = new MemoryStore();
        const [copy] = await written(copies, [deleted]);
        if (copy === undefined) throw new Error("nothing was written");
        const original = readFileSync(path.join(folder, fileOf(descriptor)));
        const from = descriptor.offset ?? 0;
        const frame = original.subarray(from, from + descriptor.sizeInBytes + 8);
        const ours = await copies.get(objectPath(fileOf(copy)));
        expect(Buffer.from(ours.subarray(1)).equals(frame), `${table}: ${fileOf(descriptor)}`).toBe(true);
        seen++;
      }
    }
    expect(seen).toBeGreaterThan(5);
  });
});

/** Of every `add` in the commits of a log. */
function descriptorsOf(log: string): DeletionVectorDescriptor[] {
  const commits = readdirSync(log).filter((name) => /^\d{20}\.json$/.test(name));
  const lines = commits.flatMap((name) => readFileSync(path.join(log, name), "utf8").trim().split("\n"));
  return lines.flatMap((line) => {
    if (!line.startsWith('{"add"') || !line.includes('"deletionVector":{')) return [];
    const action = JSON.parse(line).add.deletionVector;
    return [parseDeletionVectorDescriptor(parseJson(JSON.stringify(action)))];
  });
}
