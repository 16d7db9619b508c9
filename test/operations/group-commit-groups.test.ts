import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  applicationsOf,
  type GroupBase,
  type GroupedAppend,
  groupAppends,
  stagedGroup,
} from "../../src/operations/group-commit/append-group.js";

const METADATA: GroupBase["metadata"] = {
  id: "t",
  name: undefined,
  description: undefined,
  provider: "parquet",
  createdTime: undefined,
  schemaString: '{"type":"struct","fields":[]}',
  partitionColumns: [],
  formatOptions: {},
  configuration: {},
};
const PROTOCOL: GroupBase["protocol"] = {
  minReaderVersion: 1,
  minWriterVersion: 2,
  readerFeatures: undefined,
  writerFeatures: undefined,
};

/** The version before, and the one to commit on: application `a` has committed in between. */
const EARLIER: GroupBase = { metadata: METADATA, protocol: PROTOCOL, transactions: new Map() };
const BASE: GroupBase = {
  ...EARLIER,
  transactions: new Map([["a", { appId: "a", version: 1n, lastUpdated: undefined }]]),
};
const OTHER: GroupBase = {
  ...EARLIER,
  metadata: { ...METADATA, configuration: { "delta.appendOnly": "true" } },
};

interface Drawn {
  readonly read: GroupBase;
  readonly files: number;
  readonly appId: string | undefined;
  readonly mode: string;
}

const FILES = [0, 1, 2];

function addOf(name: string): GroupedAppend["staged"]["adds"][number] {
  return { path: `${name}.parquet`, partitionValues: {}, size: 1n, modificationTime: 0n, dataChange: true };
}

function appendOf({ read, files, appId, mode }: Drawn, index: number): GroupedAppend {
  return {
    read,
    staged: {
      operation: "WRITE",
      operationParameters: { mode },
      operationMetrics: { numFiles: String(files), numOutputRows: String(index) },
      // So many that it matters are only counted.
      adds:
        files > 3
          ? new Array(files).fill(addOf("many"))
          : FILES.slice(0, files).map((file) => addOf(`${index}-${file}`)),
      replaces: { kind: "none" },
      transactions: appId === undefined ? [] : [{ appId, version: 7n, lastUpdated: undefined }],
      engineInfo: "test",
    },
  };
}

/** @param files how many an append may have */
function drawnAppends(...files: readonly number[]): fc.Arbitrary<readonly GroupedAppend[]> {
  const drawn = fc.record({
    read: fc.constantFrom(BASE, { ...BASE, metadata: { ...METADATA } }, EARLIER, OTHER),
    files: fc.constantFrom(...files),
    appId: fc.constantFrom(undefined, undefined, "a", "b", "c"),
    mode: fc.constantFrom("Append", "Append", "Append", "Other"),
  });
  return fc.array(drawn, { minLength: 1, maxLength: 12 }).map((all) => all.map(appendOf));
}

/** Where in a list each of some appends stands. */
function placesIn(waiting: readonly GroupedAppend[], some: readonly GroupedAppend[]): readonly number[] {
  return some.map((append) => waiting.indexOf(append));
}

const RUNS = { seed: 6, numRuns: 200 };

describe("a group of appends", () => {
  it("has all that wait in one place, in their order, and gets on", () => {
    fc.assert(
      fc.property(drawnAppends(1, 2, 3, 4_000, 12_000), (waiting) => {
        const { together, apart, later } = groupAppends(BASE, waiting);
        const places = [together, apart, later].map((list) => placesIn(waiting, list));
        expect(places.flat().sort((a, b) => a - b)).toEqual([...waiting.keys()]);
        for (const list of places) expect(list).toEqual(list.toSorted((a, b) => a - b));
        if (apart.length < waiting.length) expect(together.length).toBeGreaterThan(0);
      }),
      RUNS,
    );
  });

  it("stands on what each of its members has read", () => {
    fc.assert(
      fc.property(drawnAppends(1, 2, 3, 4_000, 12_000), (waiting) => {
        const { together, apart, later } = groupAppends(BASE, waiting);
        const isStale = (append: GroupedAppend): boolean =>
          append.read === OTHER || (append.read === EARLIER && applicationsOf(append).includes("a"));
        expect(placesIn(waiting, apart)).toEqual(placesIn(waiting, waiting.filter(isStale)));
        const appIds = together.flatMap(applicationsOf);
        expect(new Set(appIds).size).toBe(appIds.length);
        expect(new Set(together.map(({ staged }) => staged.operationParameters["mode"])).size).toBeLessThan(
          2,
        );
        const files = together.reduce((sum, { staged }) => sum + staged.adds.length, 0);
        expect(together.length === 1 || files <= 10_000).toBe(true);
        // Whoever waits on has a reason to.
        for (const append of later) {
          const isOther =
            append.staged.operationParameters["mode"] !== together[0]?.staged.operationParameters["mode"];
          const isSame = applicationsOf(append).some((appId) => appIds.includes(appId));
          expect(isOther || isSame || files + append.staged.adds.length > 10_000 || files > 6_000).toBe(true);
        }
      }),
      RUNS,
    );
  });

  it("commits the files and the progress of all, and the sums of what they did", () => {
    fc.assert(
      fc.property(drawnAppends(1, 2, 3), (waiting) => {
        const { together } = groupAppends(BASE, waiting);
        if (together.length === 0) return;
        const staged = stagedGroup(together, { label: "t", root: "file:///t" });
        expect(staged.adds).toEqual(together.flatMap((append) => append.staged.adds));
        expect((staged.transactions ?? []).map(({ appId }) => appId)).toEqual(
          together.flatMap(applicationsOf),
        );
        expect(staged).toMatchObject({ operation: "WRITE", replaces: { kind: "none" } });
        const rows = together.reduce(
          (sum, append) => sum + Number(append.staged.operationMetrics["numOutputRows"]),
          0,
        );
        expect(staged.operationMetrics["numOutputRows"]).toBe(String(rows));
        const told = together.length === 1 ? undefined : String(together.length);
        expect(staged.operationParameters["appends"]).toBe(told);
      }),
      RUNS,
    );
  });
});
