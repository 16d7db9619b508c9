import { describe, expect, test } from "vitest";
import type { ColumnChunk, FileLayout } from "../../src/scan/far/file-layout.js";
import { planChunks } from "../../src/scan/far/plan-chunks.js";

const KIB = 1024;
/** What is fetched behind each chunk: the engine reads headers of pages by so many bytes. */
const HEADER = 256;

function chunk(path: string, offset: number, length: number, bloom?: ColumnChunk["bloom"]): ColumnChunk {
  return { path, pages: { offset, length }, bloom, nullCount: 0n, min: undefined, max: undefined };
}

/** Row groups of 1,000 rows with the columns `a`, `s.x`, `s.y`, and `b`, each chunk of so many bytes. */
function layoutOf(groups: number, bytes: number): FileLayout {
  const names = ["a", "s, x", "s, y", "b"];
  return {
    dataEnd: 4 + groups * names.length * bytes,
    groups: Array.from({ length: groups }, (_, group) => ({
      rows: 1_000,
      chunks: names.map((name, index) => chunk(name, 4 + (group * names.length + index) * bytes, bytes)),
    })),
  };
}

describe("the plan of what to fetch", () => {
  test("has the chunks of the columns that are read, of all row groups", () => {
    const layout = layoutOf(2, 10_000);
    expect(planChunks([{ layout, columns: new Set(["b"]) }])).toEqual([
      {
        rows: undefined,
        spans: [
          { offset: 30_004, length: 10_000 + HEADER },
          { offset: 70_004, length: 10_000 },
        ],
      },
    ]);
  });

  test("has all leaves of a nested column, and nothing of one whose name begins alike", () => {
    const layout = layoutOf(1, 10_000);
    expect(planChunks([{ layout, columns: new Set(["s"]) }])).toEqual([
      { rows: undefined, spans: [{ offset: 10_004, length: 20_000 + HEADER }] },
    ]);
    expect(planChunks([{ layout, columns: new Set(["s, x"]) }])[0]?.spans).toEqual([
      { offset: 10_004, length: 10_000 + HEADER },
    ]);
    expect(planChunks([{ layout, columns: new Set(["s,"]) }])[0]?.spans).toEqual([]);
  });

  test("has everything for all columns, and nothing for none", () => {
    const layout = layoutOf(2, 10_000);
    expect(planChunks([{ layout, columns: "all" }])[0]?.spans).toEqual([{ offset: 4, length: 80_000 }]);
    expect(planChunks([{ layout, columns: new Set() }])).toEqual([{ spans: [], rows: undefined }]);
  });

  test("leaves out row groups at both ends that hold no row, and says which rows there are", () => {
    const bytes = 200 * KIB;
    const layout = layoutOf(5, bytes);
    const wanted = [false, true, false, true, false];
    expect(planChunks([{ layout, columns: new Set(["a"]), wanted }])).toEqual([
      {
        rows: { from: 1_000, to: 4_000 },
        spans: [1, 2, 3].map((group) => ({ offset: 4 + group * 4 * bytes, length: bytes + HEADER })),
      },
    ]);
  });

  test("reads no row of a file that holds none, and fetches nothing", () => {
    const layout = layoutOf(2, 200 * KIB);
    expect(planChunks([{ layout, columns: new Set(["a"]), wanted: [false, false] }])).toEqual([
      { rows: { from: 0, to: 0 }, spans: [] },
    ]);
  });

  test("reads a file as a whole where leaving row groups out saves little", () => {
    const small = layoutOf(5, 50 * KIB);
    const wanted = [true, false, false, false, false];
    expect(planChunks([{ layout: small, columns: new Set(["a"]), wanted }])[0]?.rows).toBeUndefined();
    const many = layoutOf(30, 300 * KIB);
    const most = many.groups.map((_, index) => index > 1);
    expect(planChunks([{ layout: many, columns: new Set(["a"]), wanted: most }])[0]?.rows).toBeUndefined();
    const fewer = many.groups.map((_, index) => index > 3);
    expect(planChunks([{ layout: many, columns: new Set(["a"]), wanted: fewer }])[0]?.rows).toEqual({
      from: 4_000,
      to: 30_000,
    });
  });

  test("gives readers of their own to the parts that save most", () => {
    const files = Array.from({ length: 70 }, (_, index) => {
      const layout = layoutOf(80, 20 * KIB * (index + 1));
      // Each has another part: the later the file, the more it saves.
      return { layout, columns: new Set(["a"]), wanted: layout.groups.map((_, group) => group === index) };
    });
    const plans = planChunks(files);
    expect(plans.map(({ rows }) => rows !== undefined)).toEqual(files.map((_, index) => index >= 6));
    expect(plans[5]?.spans).toHaveLength(80);
    expect(plans[6]?.spans).toHaveLength(1);
    const alike = Array.from({ length: 500 }, () => files.slice(69)).flat();
    expect(planChunks(alike).every(({ rows }) => rows?.from === 69_000)).toBe(true);
  });

  test("has the Bloom filters of every row group, for the engine looks at all, of columns that it looks for one value of", () => {
    const bytes = 300 * KIB;
    const blooms = 2 * bytes;
    const layout: FileLayout = {
      dataEnd: blooms + 3_000,
      groups: [
        { rows: 10, chunks: [chunk("a", 0, bytes, { offset: blooms, length: 700 })] },
        { rows: 10, chunks: [chunk("a", bytes, bytes, { offset: blooms + 2_000, length: undefined })] },
      ],
    };
    expect(planChunks([{ layout, columns: new Set(["a"]), wanted: [false, true] }])).toEqual([
      {
        rows: { from: 10, to: 20 },
        spans: [
          { offset: bytes, length: bytes + 700 + HEADER },
          { offset: blooms + 2_000, length: 1_000 },
        ],
      },
    ]);
    const unprobed = { layout, columns: new Set(["a"]), probed: new Set<string>(), wanted: [false, true] };
    expect(planChunks([unprobed])[0]?.spans).toEqual([{ offset: bytes, length: bytes + HEADER }]);
  });
});
