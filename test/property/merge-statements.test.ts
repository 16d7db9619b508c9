import fc from "fast-check";
import { expect, test } from "vitest";
import type { Action, AddFile, Metadata, Protocol } from "../../table-format/log/actions.js";
import type { TableState } from "../../table-format/snapshot/state.js";
import { mergeStatements, type StagedStatement } from "../../table-format/transaction/merge-statements.js";
import type { StagedCommit } from "../../table-format/transaction/staged-commit.js";
import { undoCommit } from "../../table-format/transaction/undo-commit.js";

const ROOT = "file:///t";

/** What statements do to files, by the place of a file among those that are there. */
type Step =
  | { readonly do: "add" }
  | { readonly do: "remove" | "mark"; readonly file: number }
  /** A file that was removed comes back as it was. */
  | { readonly do: "restore"; readonly file: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("add" as const) }),
  fc.record({ do: fc.constantFrom("remove" as const, "mark" as const), file: fc.nat(20) }),
  fc.record({ do: fc.constant("restore" as const), file: fc.nat(20) }),
);

function file(path: string, vector: number): AddFile {
  return {
    path,
    partitionValues: {},
    size: 1n,
    modificationTime: 0n,
    dataChange: true,
    deletionVector:
      vector === 0
        ? undefined
        : { storageType: "i", pathOrInlineDv: `v${vector}`, sizeInBytes: 1, cardinality: BigInt(vector) },
  };
}

const keyOf = ({ path, deletionVector }: Pick<AddFile, "path" | "deletionVector">): string =>
  `${path} ${deletionVector?.pathOrInlineDv ?? ""}`;

/** Files as a naive table has them: those that are live, by their keys, each path once. */
class Files {
  readonly live = new Map<string, AddFile>();

  apply(adds: readonly AddFile[], removes: readonly Pick<AddFile, "path" | "deletionVector">[]): void {
    for (const remove of removes) {
      if (!this.live.delete(keyOf(remove))) throw new Error(`${keyOf(remove)} is not there to remove`);
    }
    for (const add of adds) this.live.set(keyOf(add), add);
  }

  keys(): string[] {
    return [...this.live.keys()].sort();
  }
}

function staged(adds: readonly AddFile[], removes: readonly AddFile[]): StagedStatement {
  const files = removes.map((remove) => ({ ...remove, partition: {} }));
  const commit: StagedCommit = {
    operation: "TEST",
    operationParameters: {},
    operationMetrics: { numAddedFiles: String(adds.length) },
    adds,
    replaces: { kind: "files", files },
    engineInfo: "test",
  };
  return { staged: commit, removes: files };
}

/** Runs steps as statements of some steps each, on the files. */
function statementsOf(files: Files, steps: readonly (readonly Step[])[]): StagedStatement[] {
  const gone: AddFile[] = [];
  let born = 0;
  let vectors = 100;
  return steps.map((statement) => {
    const [adds, removes]: [AddFile[], AddFile[]] = [[], []];
    const touched = new Set<string>();
    for (const one of statement) {
      if (one.do === "add") {
        adds.push(file(`new-${born++}`, 0));
        continue;
      }
      const choice = one.do === "restore" ? gone : [...files.live.values()];
      const chosen = choice[one.file % Math.max(choice.length, 1)];
      const isLive =
        chosen !== undefined && [...files.live.values()].some(({ path }) => path === chosen.path);
      if (chosen === undefined || touched.has(chosen.path) || isLive !== (one.do !== "restore")) continue;
      touched.add(chosen.path);
      if (one.do === "restore") adds.push(chosen);
      else removes.push(chosen);
      if (one.do === "mark") adds.push(file(chosen.path, vectors++));
    }
    gone.push(...removes.filter(({ path }) => !adds.some((add) => add.path === path)));
    files.apply(adds, removes);
    return staged(adds, removes);
  });
}

const TARGET = { label: "t", root: ROOT, tracksRows: false };
const base = [file("a", 0), file("b", 1), file("c", 0), file("d", 2)];
const steps = fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 6 });

test("several statements in one commit leave the files that they leave one by one", () => {
  fc.assert(
    fc.property(steps, (statements) => {
      const oneByOne = new Files();
      oneByOne.apply(base, []);
      const merged = mergeStatements(statementsOf(oneByOne, statements), TARGET);
      const atOnce = new Files();
      atOnce.apply(base, []);
      const removes = merged.replaces.kind === "files" ? merged.replaces.files : [];
      // No commit may add and remove the same pair (PROTOCOL.md, "Add File and Remove File").
      const added = new Set(merged.adds.map(keyOf));
      expect(removes.filter((remove) => added.has(keyOf(remove)))).toEqual([]);
      atOnce.apply(merged.adds, removes);
      expect(atOnce.keys()).toEqual(oneByOne.keys());
      const paths = merged.adds.map(({ path }) => path);
      expect(new Set(paths).size).toBe(paths.length);
    }),
    { seed: 4, numRuns: 2_000 },
  );
});

const METADATA: Metadata = {
  id: "m",
  name: undefined,
  description: undefined,
  provider: "parquet",
  formatOptions: {},
  schemaString: "{}",
  partitionColumns: [],
  configuration: { k: "before" },
  createdTime: undefined,
};
const PROTOCOL: Protocol = {
  minReaderVersion: 1,
  minWriterVersion: 2,
  readerFeatures: undefined,
  writerFeatures: undefined,
};
const BEFORE: TableState = {
  protocol: PROTOCOL,
  metadata: METADATA,
  transactions: new Map(),
  domains: new Map(),
  inCommitTimestamp: undefined,
};

test("a commit and the one that takes it back leave the files as they were", () => {
  fc.assert(
    fc.property(steps, (statements) => {
      const files = new Files();
      files.apply(base, []);
      const merged = mergeStatements(statementsOf(files, statements), TARGET);
      const removes = merged.replaces.kind === "files" ? merged.replaces.files : [];
      const actions: Action[] = [
        ...removes.map(
          (remove): Action => ({
            kind: "remove",
            remove: { ...remove, deletionTimestamp: 0n, dataChange: true, extendedFileMetadata: true },
          }),
        ),
        ...merged.adds.map((add): Action => ({ kind: "add", add })),
      ];
      const named = new Set([...removes, ...merged.adds].map(({ path }) => path));
      const undo = undoCommit({
        actions,
        before: BEFORE,
        filesBefore: base.filter(({ path }) => named.has(path)),
        root: ROOT,
        transaction: "x",
        engineInfo: "test",
      });
      files.apply(undo.adds, undo.replaces.kind === "files" ? undo.replaces.files : []);
      expect([...files.live.values()].map(keyOf).sort()).toEqual(base.map(keyOf).sort());
    }),
    { seed: 5, numRuns: 2_000 },
  );
});

test("what a commit says beside its files is taken back too, but for row ids and features", () => {
  const domain = { domain: "d", configuration: "before", removed: false };
  const txn = { appId: "known", version: 3n, lastUpdated: 1n };
  const before: TableState = {
    ...BEFORE,
    transactions: new Map([["known", txn]]),
    domains: new Map([["d", domain]]),
  };
  const actions: Action[] = [
    { kind: "protocol", protocol: { ...PROTOCOL, minReaderVersion: 3 } },
    { kind: "metaData", metaData: { ...METADATA, configuration: { k: "after" } } },
    { kind: "domainMetadata", domainMetadata: { ...domain, configuration: "after" } },
    { kind: "domainMetadata", domainMetadata: { ...domain, domain: "new" } },
    { kind: "domainMetadata", domainMetadata: { ...domain, domain: "delta.rowTracking" } },
    { kind: "txn", txn: { ...txn, version: 4n } },
    { kind: "txn", txn: { ...txn, appId: "unknown", version: 0n } },
  ];
  const undo = undoCommit({
    actions,
    before,
    filesBefore: [],
    root: ROOT,
    transaction: "x",
    engineInfo: "test",
  });
  expect(undo.metadata).toEqual(METADATA);
  expect(undo.protocol).toBeUndefined();
  expect(undo.domains).toEqual([domain, { domain: "new", configuration: "", removed: true }]);
  expect(undo.transactions).toEqual([txn, { appId: "unknown", version: -1n, lastUpdated: undefined }]);
});

test("the last word of several statements counts, and what each has read", () => {
  const one = staged([file("x", 0)], []);
  const commits: StagedCommit[] = [
    { ...one.staged, operation: "ONE", reads: [{ predicate: { kind: "unknown" }, removals: false }] },
    { ...one.staged, operation: "TWO", adds: [file("y", 0)], replaces: { kind: "all" } },
  ];
  const statements = commits.map((commit) => ({ staged: commit, removes: [] }));
  const merged = mergeStatements(statements, TARGET);
  expect(merged).toMatchObject({
    operation: "TRANSACTION",
    operationParameters: { statements: '["ONE","TWO"]' },
    operationMetrics: { numAddedFiles: "2" },
    // What is replaced whatever it is was looked up when the statement ran: all that was there was read.
    reads: [{ predicate: { kind: "constant", value: true }, removals: true }],
  });
});
