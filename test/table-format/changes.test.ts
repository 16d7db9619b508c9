import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { Engine } from "../../engine/index.js";
import { LocalStore } from "../../object-store/index.js";
import {
  type ChangeFeed,
  type ChangeRange,
  DeltaTable,
  openChangeFeed,
  type StructField,
  serializeSchema,
} from "../../table-format/index.js";
import { add, type Json, metadata, protocol, putCommit, remove } from "../support/log-builder.js";
import { temporaryFolder } from "../support/temporary-folder.js";

// Which files of which commits a change feed is made of, from logs that are written by hand.

let engine: Engine;
let store: LocalStore;
beforeEach(async () => {
  engine = await Engine.open();
  onTestFinished(() => engine.close());
  store = new LocalStore(await temporaryFolder());
});

const FEED = { "delta.enableChangeDataFeed": "true" };

function field(name: string, type: StructField["type"]["type"], physical = name): StructField {
  const mapped = { "delta.columnMapping.physicalName": physical, "delta.columnMapping.id": physical.length };
  if (type === "struct" || type === "array" || type === "map" || type === "decimal") throw new Error(type);
  return { name, type: { type }, nullable: true, metadata: mapped };
}

function schema(...fields: readonly StructField[]): string {
  return serializeSchema({ type: "struct", fields });
}

function begin(...more: readonly Json[]): Promise<void> {
  return putCommit(store, 0, protocol(), metadata(FEED), ...more);
}

async function open(range: ChangeRange): Promise<ChangeFeed> {
  return openChangeFeed(new DeltaTable({ store, engine }), range);
}

/** `version part change path`, in order. */
async function files(from: number, to?: number): Promise<string[]> {
  const bound = to === undefined ? undefined : { version: BigInt(to) };
  const feed = await open({ from: { version: BigInt(from) }, to: bound });
  const rows = await feed.wholeFiles.withFiles(({ relation }) =>
    engine.withSession((session) =>
      session.rows(
        `SELECT concat_ws(' ', commit_version, part, coalesce(change_type, '-'), path) AS line FROM ${relation} ORDER BY line`,
      ),
    ),
  );
  await feed.wholeFiles.retire();
  return rows.map(({ line }) => String(line));
}

const cdc = (path: string): Json => ({ cdc: { path, partitionValues: {}, size: 1, dataChange: false } });
const vector = (pathOrInlineDv: string): Json => ({
  deletionVector: { storageType: "u", pathOrInlineDv, offset: 1, sizeInBytes: 40, cardinality: 1 },
});

describe("a change feed", () => {
  it("has the files that commits add and remove, unless they only move rows", async () => {
    await begin(add("a"));
    await putCommit(store, 1, add("b"), remove("a"));
    await putCommit(store, 2, add("c", { dataChange: false }), remove("b", { dataChange: false }));
    await putCommit(store, 3, remove("c"), add("a"));
    expect(await files(0)).toEqual([
      "0 file insert a",
      "1 file delete a",
      "1 file insert b",
      "3 file delete c",
      "3 file insert a",
    ]);
    expect(await files(1, 2)).toEqual(["1 file delete a", "1 file insert b"]);
    expect(await files(2, 2)).toEqual([]);
  });

  it("has the change data files of a commit and then no other of it", async () => {
    await begin();
    await putCommit(store, 1, add("a"), cdc("_change_data/x"), cdc("_change_data/y"));
    await putCommit(store, 2, add("b"));
    expect(await files(1)).toEqual(["1 data - _change_data/x", "1 data - _change_data/y", "2 file insert b"]);
  });

  it("has what the deletion vectors of a file differ in, however its path is spelled", async () => {
    await begin(add("a b"));
    await putCommit(store, 1, remove("a%20b"), add("a b", vector("v1")));
    await putCommit(store, 2, remove("./a b", vector("v1")), add("a%20b", vector("v2")));
    await putCommit(store, 3, remove("a b", vector("v2")), add("a b", vector("v2")));
    await putCommit(store, 4, remove("a b", vector("v2")), add("a b"));
    await putCommit(store, 5, remove("a b"));
    expect(await files(1)).toEqual([
      "1 row delete a%20b",
      "2 row delete ./a b",
      "2 row insert a%20b",
      "4 row insert a b",
      "5 file delete a b",
    ]);
  });

  it("has nothing of a MERGE that says that it changed no row", async () => {
    const merge = (updated: string): Json => ({
      commitInfo: {
        operation: "MERGE",
        operationMetrics: {
          numTargetRowsInserted: "0",
          numTargetRowsUpdated: updated,
          numTargetRowsDeleted: "0",
        },
      },
    });
    await begin(add("a"));
    await putCommit(store, 1, merge("0"), remove("a"), add("b"));
    await putCommit(store, 2, merge("1"), remove("b"), add("c"));
    expect(await files(1)).toEqual(["2 file delete b", "2 file insert c"]);
  });

  it("reads no commit outside its range", async () => {
    await begin(add("a"));
    await putCommit(store, 1, add("b"));
    await putCommit(store, 2, { cdc: "what fails when it is read" });
    await putCommit(store, 3, add("d"));
    expect(await files(0, 1)).toEqual(["0 file insert a", "1 file insert b"]);
    expect(await files(3)).toEqual(["3 file insert d"]);
  });
});

describe("a change feed is refused", () => {
  it("when a remove does not tell the partition of its rows", async () => {
    const partitioned = { metaData: { ...(metadata(FEED)["metaData"] as object), partitionColumns: ["a"] } };
    await putCommit(store, 0, protocol(), partitioned);
    await putCommit(store, 1, add("x", { partitionValues: { a: "1" } }));
    await putCommit(store, 2, remove("x"));
    expect(await files(1, 1)).toHaveLength(1);
    await expect(open({ from: { version: 1n } })).rejects.toMatchObject({
      kind: "corrupt",
      code: "no-partition-values",
      message: expect.stringContaining("version 2 does not tell the partition of x"),
    });
  });

  it("when a commit must tell its own time and does not", async () => {
    const configuration = { ...FEED, "delta.enableInCommitTimestamps": "true" };
    await putCommit(
      store,
      0,
      { commitInfo: { inCommitTimestamp: 5 } },
      protocol("inCommitTimestamp"),
      metadata(configuration),
    );
    await putCommit(store, 1, { commitInfo: {} }, add("x"));
    await expect(open({ from: { version: 1n } })).rejects.toMatchObject({
      kind: "corrupt",
      code: "no-in-commit-timestamp",
      message: expect.stringContaining("version 1 has no inCommitTimestamp"),
    });
  });

  it.each([
    [
      "a dropped column",
      [field("a", "long"), field("b", "long")],
      [field("a", "long")],
      'column "b" was dropped since',
    ],
    ["a renamed one", [field("a", "long", "p")], [field("b", "long", "p")], 'column "a" is called "b" since'],
    [
      "one that took its name",
      [field("a", "long", "p")],
      [field("a", "long", "other")],
      'column "a" is another one since',
    ],
    ["another type", [field("a", "string")], [field("a", "long")], 'column "a" was string and is long since'],
    [
      "a narrower type",
      [field("a", "long")],
      [field("a", "integer")],
      'column "a" was long and is integer since',
    ],
  ])("across %s", async (_, before, after, problem) => {
    const configuration = { ...FEED, "delta.columnMapping.mode": "name" };
    await putCommit(store, 0, protocol("columnMapping"), metadata(configuration, schema(...before)));
    await putCommit(store, 1, add("x"));
    await putCommit(store, 2, metadata(configuration, schema(...after)));
    await expect(open({ from: { version: 1n } })).rejects.toMatchObject({
      kind: "unsupported",
      code: "change-feed-schema",
      message: expect.stringContaining(
        `the changes of version 1 cannot be read with the columns of version 2: ${problem}`,
      ),
    });
    expect(await files(1, 1)).toHaveLength(1);
    expect(await files(2)).toEqual([]);
  });

  it.each([
    ["an added column", [field("a", "long")], [field("a", "long"), field("b", "long")]],
    ["a wider type", [field("a", "integer")], [field("a", "long")]],
    ["a type where there were no values", [field("a", "void")], [field("a", "long")]],
  ])("not across %s", async (_, before, after) => {
    await putCommit(store, 0, protocol("typeWidening"), metadata(FEED, schema(...before)));
    await putCommit(store, 1, add("x"));
    await putCommit(store, 2, metadata(FEED, schema(...after)));
    expect(await files(1)).toEqual(["1 file insert x"]);
  });

  it("when a column is called as one of its own", async () => {
    await putCommit(store, 0, protocol(), metadata(FEED, schema(field("_Commit_Version", "long"))));
    await expect(open({ from: { version: 0n } })).rejects.toMatchObject({
      kind: "unsupported",
      code: "reserved-column",
    });
  });
});
