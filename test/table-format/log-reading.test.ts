import { utimes } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Engine } from "../../engine/index.js";
import { CountingStore, LocalStore, objectPath } from "../../object-store/index.js";
import { version } from "../../table-format/index.js";
import { commitPath } from "../../table-format/log/log-path.js";
import { parseCommit } from "../../table-format/log/parse-actions.js";
import {
  add,
  addRow,
  digits,
  files,
  fresh,
  type Json,
  metadata,
  paths,
  protocol,
  put,
  putCommit,
  putParquet,
  remove,
  removeFiles,
  stateRows,
} from "../support/log-builder.js";
import { RemoteStore } from "../support/remote-store.js";
import { temporaryFolder } from "../support/temporary-folder.js";

let engine: Engine;
let store: LocalStore;
beforeAll(async () => {
  engine = await Engine.open();
});
afterAll(() => engine.close());
beforeEach(async () => {
  store = new LocalStore(await temporaryFolder());
});

const commits = (...versions: number[]): string[] => versions.map((n) => `${digits(n)}.json`);

describe("action reconciliation", () => {
  const vector = (offset: number): Json => ({
    deletionVector: {
      storageType: "u",
      pathOrInlineDv: "ab^-aqEH.-t@S}K{vb[*k^",
      offset,
      sizeInBytes: 40,
      cardinality: 2,
    },
  });

  it.each([
    ["add first", [add("a", vector(1)), remove("a")]],
    ["remove first", [remove("a"), add("a", vector(1))]],
  ])("keeps a file whose deletion vector changes, %s", async (_what, actions) => {
    await putCommit(store, 0, protocol("deletionVectors"), metadata(), add("a"), add("b"));
    await putCommit(store, 1, ...actions);
    await putCommit(store, 2, add("./a", vector(9)), remove("a", vector(1)));
    const one = await fresh(store, engine).snapshot({ version: version(1) });
    expect(await files(one, `path, deletion_vector."offset" AS at`)).toEqual([
      { path: "a", at: 1 },
      { path: "b", at: null },
    ]);
    const two = await fresh(store, engine).snapshot();
    expect(await files(two, `path, deletion_vector."offset" AS at`)).toEqual([
      { path: "./a", at: 9 },
      { path: "b", at: null },
    ]);
  });

  it("shows one file, the newest, where a writer forgot the remove, and takes the newest of twins", async () => {
    await putCommit(
      store,
      0,
      protocol("deletionVectors"),
      metadata(),
      add("a"),
      add("b"),
      add("b", { size: 2 }),
    );
    await putCommit(store, 1, add("a", vector(1)));
    expect(
      await files(await fresh(store, engine).snapshot(), `path, size, deletion_vector."offset" AS at`),
    ).toEqual([
      { path: "a", size: 1n, at: 1 },
      { path: "b", size: 2n, at: null },
    ]);
  });

  it("passes over actions it does not know, and sees one that stands beside them", async () => {
    const line = { later: { x: [1, { y: null }] }, ...add("a") };
    await putCommit(store, 0, protocol(), metadata(), line, { later: {} }, { sidecar: { path: "s" } });
    await putCommit(store, 1, {
      cdc: { path: "_change_data/c", partitionValues: {}, size: 1, dataChange: false },
    });
    expect(await paths(await fresh(store, engine).snapshot())).toEqual(["a"]);
    expect(parseCommit(JSON.stringify(line), "x").map((action) => action.kind)).toEqual(["add"]);
  });
});

describe("a file action that lacks what it must have", () => {
  it.each([
    ["an add without a path", { add: { partitionValues: {}, size: 1, modificationTime: 1 } }],
    ["an add without a size", { add: { path: "a", partitionValues: {}, modificationTime: 1 } }],
    ["a remove without a path", { remove: { deletionTimestamp: 1 } }],
    ["an add whose size is no number", add("a", { size: "large" })],
  ])("is damage: %s", async (_what, action) => {
    await putCommit(store, 0, protocol(), metadata(), action);
    await expect(fresh(store, engine).snapshot().then(paths)).rejects.toMatchObject({ kind: "corrupt" });
  });

  it("is damage in a checkpoint", async () => {
    const row = addRow("a").replace("path: 'a'", "path: NULL::VARCHAR");
    await putParquet(engine, store, `${digits(0)}.checkpoint.parquet`, ...stateRows(), row);
    await expect(fresh(store, engine).snapshot().then(paths)).rejects.toMatchObject({ kind: "corrupt" });
  });
});

describe("statistics of a checkpoint", () => {
  const STATISTICS = `{
    numRecords: 3::BIGINT, tightBounds: true,
    minValues: {"i": 1::INTEGER, "big.dec": 12345678901234567890.123456789::DECIMAL(38,9), "d": DATE '2024-01-31', "t": TIMESTAMP '2024-01-31 10:00:00.123456',
      "tz": TIMESTAMPTZ '2024-01-31 10:00:00.1234+00', "n": {"x""y": 'q"' || chr(10)}, "f": 0.1::DOUBLE, "nan": 'nan'::DOUBLE, "none": NULL::INTEGER, "b": '\\xAA'::BLOB},
    maxValues: {"d": DATE '9999-12-31', "t": TIMESTAMP '2024-01-31 10:00:00.123001', "tz": TIMESTAMPTZ '2024-01-31 10:00:00.999999+00', "far": TIMESTAMP '9999-12-31 23:59:59.9999'},
    nullCount: {"i": 0::BIGINT, "n": {"x""y": 2::BIGINT}}}`;

  it("are the text that their structs say, where that was left out", async () => {
    const schema = JSON.stringify({
      type: "struct",
      fields: [
        { name: "i", type: "integer", nullable: true, metadata: {} },
        { name: "t", type: "timestamp", nullable: true, metadata: {} },
      ],
    });
    const [state = "", described = ""] = stateRows();
    const rows = [state, described.replace(/schemaString: '.*?', p/, `schemaString: '${schema}', p`)];
    const json = `'{"numRecords":7}'`;
    await putParquet(
      engine,
      store,
      `${digits(0)}.checkpoint.parquet`,
      ...rows,
      addRow("a", `, stats: NULL::VARCHAR, stats_parsed: ${STATISTICS}`),
      addRow("b", `, stats: ${json}, stats_parsed: NULL`),
      addRow("c", `, stats: NULL::VARCHAR, stats_parsed: NULL`),
    );
    const [a, b, c] = await files(await fresh(store, engine).snapshot(), "path, stats");
    // Every digit counts, so the text itself is compared.
    expect(a?.["stats"]).toBe(
      '{"numRecords":3,"tightBounds":true,' +
        '"minValues":{"i":1,"big.dec":12345678901234567890.123456789,"d":"2024-01-31","t":"2024-01-31T10:00:00.123Z",' +
        '"tz":"2024-01-31T10:00:00.123Z","n":{"x\\"y":"q\\"\\n"},"f":0.1},' +
        '"maxValues":{"d":"9999-12-31","t":"2024-01-31T10:00:00.124Z","tz":"2024-01-31T10:00:01.000Z"},' +
        '"nullCount":{"i":0,"n":{"x\\"y":2}}}',
    );
    expect(b?.["stats"]).toBe('{"numRecords":7}');
    expect(c?.["stats"]).toBeNull();
  });

  it("may differ in their columns from file to file of one checkpoint", async () => {
    const part = (n: number): string => `${digits(0)}.checkpoint.000000000${n}.0000000002.parquet`;
    const statistics = (columns: string): string =>
      `, stats_parsed: {numRecords: 1::BIGINT, minValues: {${columns}}}`;
    await putParquet(engine, store, part(1), ...stateRows(), addRow("a", statistics("x: 1::INTEGER")));
    await putParquet(engine, store, part(2), addRow("b", statistics("x: 5000000000::BIGINT, y: 'z'")));
    expect(await files(await fresh(store, engine).snapshot(), "path, stats")).toEqual([
      { path: "a", stats: '{"numRecords":1,"minValues":{"x":1}}' },
      { path: "b", stats: '{"numRecords":1,"minValues":{"x":5000000000,"y":"z"}}' },
    ]);
  });
});

describe("checksums", () => {
  const checksum = (more: Json = {}): Json => ({
    tableSizeBytes: 2,
    numFiles: 2,
    numMetadata: 1,
    numProtocol: 1,
    setTransactions: [],
    metadata: metadata({ note: "log" })["metaData"],
    protocol: protocol()["protocol"],
    ...more,
  });

  beforeEach(async () => {
    await putCommit(store, 0, protocol(), metadata({ note: "old" }), add("a"));
    await putCommit(store, 1, metadata({ note: "log" }), add("b"));
  });

  it("give the state from which only later commits are read", async () => {
    await put(store, `${digits(1)}.crc`, checksum({ setTransactions: [{ appId: "app", version: 4 }] }));
    await putCommit(store, 2, { txn: { appId: "other", version: 5 } });
    const { state, metadata: described } = await fresh(store, engine).snapshot();
    expect(described.configuration).toEqual({ note: "log" });
    // The first is in no commit: it shows that the checksum was believed.
    expect([...state.transactions].map(([appId, txn]) => [appId, txn.version])).toEqual([
      ["app", 4n],
      ["other", 5n],
    ]);
  });

  it.each([
    ["broken", { numFiles: "two" }],
    ["without the transactions", { setTransactions: undefined }],
    [
      "without the domains of a table that may have some",
      { protocol: protocol("domainMetadata")["protocol"] },
    ],
  ])("are of no use where they are %s", async (_what, more) => {
    await put(
      store,
      `${digits(1)}.crc`,
      checksum({ metadata: metadata({ note: "checksum" })["metaData"], ...more }),
    );
    expect((await fresh(store, engine).snapshot()).metadata.configuration).toEqual({ note: "log" });
  });

  it("that count other files than the log are harmless while they tell the same state", async () => {
    await put(store, `${digits(1)}.crc`, checksum({ numFiles: 9 }));
    expect(await paths(await fresh(store, engine).snapshot())).toEqual(["a", "b"]);
  });

  it("that count other files and tell another state are refused by name", async () => {
    const wrong = { tableSizeBytes: 9, metadata: metadata({ note: "wrong" })["metaData"] };
    await put(store, `${digits(1)}.crc`, checksum(wrong));
    const snapshot = await fresh(store, engine).snapshot();
    for (const _again of [1, 2]) {
      await expect(paths(snapshot)).rejects.toMatchObject({
        kind: "corrupt",
        code: "checksum-contradicts-log",
        context: { file: `_delta_log/${digits(1)}.crc` },
      });
    }
  });
});

describe("a file table", () => {
  it("is made again where it was retired while somebody waited for it", async () => {
    await putCommit(store, 0, protocol(), metadata(), add("a"));
    const snapshot = await fresh(store, engine).snapshot();
    const waiting = [paths(snapshot), paths(snapshot)];
    await snapshot.retire();
    expect(await Promise.all(waiting)).toEqual([["a"], ["a"]]);
    expect(await paths(snapshot)).toEqual(["a"]);
  });
});

describe("a refresh", () => {
  beforeEach(() => putCommit(store, 0, protocol(), metadata(), add("a"), add("b")));

  it("follows commits that came since, whether or not files were listed before", async () => {
    const listed = fresh(store, engine);
    const opened = fresh(store, engine);
    expect(await paths(await listed.snapshot())).toEqual(["a", "b"]);
    const first = await opened.snapshot();
    await putCommit(store, 1, remove("a"), { txn: { appId: "app", version: 1 } });
    await putCommit(store, 2, add("c"), metadata({ note: "two" }));
    for (const table of [listed, opened]) {
      expect((await table.snapshot()).metadata.configuration).toEqual({ note: "two" });
    }
    await putCommit(store, 3, add("a"), remove("b"));
    for (const table of [listed, opened]) {
      const snapshot = await table.snapshot();
      expect(await paths(snapshot)).toEqual(["a", "c"]);
      expect(snapshot.transactions.get("app")?.version).toBe(1n);
    }
    expect(await paths(first)).toEqual(["a", "b"]);
  });

  it("asks a local store for the next commits by name, and sees when the table is gone", async () => {
    const counted = new CountingStore(store);
    const table = fresh(counted, engine);
    const first = await table.snapshot();
    const { list } = counted.counts;
    expect(await table.snapshot()).toBe(first);
    await putCommit(store, 1, add("c"));
    await putCommit(store, 2, remove("a"));
    expect(await paths(await table.snapshot())).toEqual(["b", "c"]);
    expect(counted.counts.list).toEqual(list);
    await removeFiles(store, ...commits(0, 1, 2));
    await expect(table.snapshot()).rejects.toMatchObject({ kind: "not-found" });
  });

  it("goes on from a checkpoint that came since", async () => {
    // What a listing shows: of a local store commits are asked for by name.
    const table = fresh(new RemoteStore(store), engine);
    await table.snapshot();
    await putCommit(store, 1, add("c"));
    await putParquet(
      engine,
      store,
      `${digits(1)}.checkpoint.parquet`,
      ...stateRows(),
      ...["a", "b", "c"].map((path) => addRow(path)),
    );
    await putCommit(store, 2, remove("a"));
    const snapshot = await table.snapshot();
    expect(snapshot.segment.checkpoint?.version).toBe(1n);
    expect(await paths(snapshot)).toEqual(["b", "c"]);
  });

  it("reads the log anew where the new commits do not follow on", async () => {
    const table = fresh(store, engine);
    await table.snapshot();
    const rows = [...stateRows(), addRow("z")];
    await putParquet(engine, store, `${digits(7)}.checkpoint.parquet`, ...rows);
    await putCommit(store, 8, add("y"));
    await removeFiles(store, ...commits(0));
    expect(await paths(await table.snapshot())).toEqual(["y", "z"]);
  });
});

describe("a log that is not whole", () => {
  it("names the hole, and gives the versions below it and above a checkpoint", async () => {
    await putCommit(store, 0, protocol(), metadata(), add("a"));
    await putCommit(store, 1, add("b"));
    await putCommit(store, 3, add("d"));
    await expect(fresh(store, engine).snapshot()).rejects.toMatchObject({
      kind: "corrupt",
      code: "log-gap",
      context: { version: 2n },
    });
    expect(await paths(await fresh(store, engine).snapshot({ version: version(1) }))).toEqual(["a", "b"]);
    await putParquet(
      engine,
      store,
      `${digits(3)}.checkpoint.parquet`,
      ...stateRows(),
      addRow("a"),
      addRow("d"),
    );
    expect(await paths(await fresh(store, engine).snapshot())).toEqual(["a", "d"]);
  });

  it("says which versions are left after a clean-up", async () => {
    await putParquet(engine, store, `${digits(4)}.checkpoint.parquet`, ...stateRows(), addRow("a"));
    await putCommit(store, 3, add("x"));
    await putCommit(store, 5, add("b"));
    const table = fresh(store, engine);
    expect(await paths(await table.snapshot())).toEqual(["a", "b"]);
    for (const gone of [0, 3]) {
      await expect(table.snapshot({ version: version(gone) })).rejects.toMatchObject({
        kind: "not-found",
        code: "version-not-found",
        hint: "Versions 4 to 5 exist.",
      });
    }
    await expect(table.snapshot({ version: version(6) })).rejects.toMatchObject({
      kind: "not-found",
      hint: "Versions 4 to 5 exist.",
    });
  });

  it("is read through a compaction where its commits are gone", async () => {
    await putCommit(store, 0, protocol(), metadata(), add("a"));
    await put(store, `${digits(1)}.${digits(3)}.compacted.json`, add("b"), remove("a"), {
      domainMetadata: { domain: "d", configuration: "", removed: true },
    });
    await putCommit(store, 4, add("c"));
    const snapshot = await fresh(store, engine).snapshot();
    expect(await paths(snapshot)).toEqual(["b", "c"]);
    expect(snapshot.state.domains.size).toBe(0);
  });

  it("keeps a snapshot usable when its commits are cleaned up behind a checkpoint", async () => {
    await putCommit(store, 0, protocol(), metadata(), add("a"));
    await putCommit(store, 1, add("b"));
    const snapshot = await fresh(store, engine).snapshot();
    await putParquet(
      engine,
      store,
      `${digits(1)}.checkpoint.parquet`,
      ...stateRows(),
      addRow("a"),
      addRow("b"),
    );
    await removeFiles(store, ...commits(0, 1));
    expect(await paths(snapshot)).toEqual(["a", "b"]);
  });
});

describe("a table that a catalog manages", () => {
  it("is refused by name: its log may lack commits that the catalog knows", async () => {
    await putCommit(store, 0, protocol("catalogManaged", "inCommitTimestamp"), metadata());
    await put(store, `_staged_commits/${digits(1)}.3a0d65cd-4056-49b8-937b-95f9e3ee90e5.json`, add("a"));
    await expect(fresh(store, engine).snapshot()).rejects.toMatchObject({
      kind: "unsupported",
      message: expect.stringContaining("catalogManaged"),
    });
  });
});

describe("in-commit timestamps", () => {
  const FEATURES = protocol("inCommitTimestamp");
  const stamp = (inCommitTimestamp: number): Json => ({
    commitInfo: { inCommitTimestamp, operation: "WRITE" },
  });
  const setTime = (n: number, seconds: number): Promise<void> =>
    utimes(store.localPath(commitPath(version(n))), seconds, seconds);

  /** Files are of the seconds 100, 200, 300 and 400; from version 2 on commits say 10,000 s and later. */
  beforeEach(async () => {
    await putCommit(store, 0, stamp(1), protocol(), metadata());
    await putCommit(store, 1, { commitInfo: { operation: "WRITE" } });
    const enabled = {
      "delta.enableInCommitTimestamps": "true",
      "delta.inCommitTimestampEnablementVersion": "2",
      "delta.inCommitTimestampEnablementTimestamp": "10000000",
    };
    await putCommit(store, 2, stamp(10_000_000), FEATURES, metadata(enabled));
    await putCommit(store, 3, stamp(10_500_000));
    for (const n of [0, 1, 2, 3]) await setTime(n, 100 * (n + 1));
  });

  it("are the times of snapshots and of history, from their enablement on", async () => {
    const table = fresh(store, engine);
    expect((await table.snapshot()).timestamp).toBe(10_500_000);
    expect((await table.snapshot({ version: version(2) })).timestamp).toBe(10_000_000);
    expect((await table.snapshot({ version: version(1) })).timestamp).toBe(200_000);
    expect((await table.snapshot({ version: version(0) })).timestamp).toBe(100_000);
    expect((await table.history()).map(({ version: of, timestamp }) => [of, timestamp])).toEqual([
      [3n, 10_500_000],
      [2n, 10_000_000],
      [1n, 200_000],
      [0n, 100_000],
    ]);
  });

  it("choose the version as of an instant", async () => {
    const at = async (timestamp: number): Promise<bigint> =>
      (await fresh(store, engine).snapshot({ timestamp })).version;
    expect(await at(100_000)).toBe(0n);
    expect(await at(9_999_999)).toBe(1n);
    expect(await at(10_000_000)).toBe(2n);
    expect(await at(10_500_000)).toBe(3n);
    await expect(at(99_999)).rejects.toMatchObject({ code: "timestamp-out-of-range" });
  });

  it("are read from the commit where a checkpoint is of its version", async () => {
    const rows = stateRows("inCommitTimestamp").map((row) =>
      row.replace("configuration: MAP {}", "configuration: MAP {'delta.enableInCommitTimestamps': 'true'}"),
    );
    await putParquet(engine, store, `${digits(3)}.checkpoint.parquet`, ...rows);
    await removeFiles(store, ...commits(0, 1, 2));
    const remote = new RemoteStore(store);
    expect((await fresh(remote, engine).snapshot()).timestamp).toBe(10_500_000);
    expect(remote.take()).toEqual([
      `get ${digits(3)}.checkpoint.parquet`,
      `get ${digits(3)}.json`,
      "get _last_checkpoint",
      "list  after ",
    ]);
  });

  it("that a commit lacks are damage where an instant asks for them", async () => {
    await store.put(objectPath(`_delta_log/${digits(3)}.json`), Buffer.from('{"commitInfo":{}}\n'));
    await expect(fresh(store, engine).snapshot({ timestamp: 10_700_000 })).rejects.toMatchObject({
      kind: "corrupt",
      code: "no-in-commit-timestamp",
    });
    expect((await fresh(store, engine).snapshot()).version).toBe(3n);
  });
});
