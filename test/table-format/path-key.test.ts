import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Engine, quoteString } from "../../engine/index.js";
import { LocalStore, objectPath } from "../../object-store/index.js";
import { DeltaTable } from "../../table-format/index.js";
import { canonicalDataPath } from "../../table-format/log/data-path.js";
import { pathKeySql } from "../../table-format/log/path-key.js";
import { temporaryFolder } from "../support/temporary-folder.js";

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.open();
});
afterAll(() => engine.close());

function keyOf(path: string, root: string): Promise<unknown> {
  return engine.withSession(async (session) => {
    const [row] = await session.rows(
      `SELECT ${pathKeySql("p", root)} AS key FROM (SELECT ${quoteString(path)} AS p)`,
    );
    return row?.["key"];
  });
}

const ROOT = "file:///lakes/a%20b%25/t.1";

describe("the key of a path in the log", () => {
  test.each([
    ["part-0.parquet", "part-0.parquet"],
    ["./part-0.parquet", "part-0.parquet"],
    ["p=a%20b%2520/x+y.parquet", "p=a b%20/x+y.parquet"],
    ["p=10%3A30/x.parquet", "p=10:30/x.parquet"],
    ["a./b.parquet", "a./b.parquet"],
    ["/some/unqualified/absolute/path", "/some/unqualified/absolute/path"],
    ["file:/some/unqualified/absolute/path", "/some/unqualified/absolute/path"],
    ["file:///some/unqualified/absolute/path", "/some/unqualified/absolute/path"],
    ["file:///some/with%20space/p@%23h", "/some/with space/p@#h"],
    ["file:/lakes/a%20b%25/t.1/p=1/x.parquet", "p=1/x.parquet"],
    ["/lakes/a%20b%25/t.1/p=1/x.parquet", "p=1/x.parquet"],
    ["file:///lakes/a%20b%25/t-1/x.parquet", "/lakes/a b%/t-1/x.parquet"],
    ["s3://bucket/t/p=a%20b/x.parquet", "s3://bucket/t/p=a b/x.parquet"],
    ["ü/日本.parquet", "ü/日本.parquet"],
    ["p=1//x.parquet", "p=1/x.parquet"],
    ["s3a://bucket/t//x%20y.parquet", "s3://bucket/t/x y.parquet"],
    ["S3N://bucket/t/x.parquet", "s3://bucket/t/x.parquet"],
  ])("%s is %s", async (path, key) => {
    expect(await keyOf(path, ROOT)).toBe(key);
    expect(canonicalDataPath(path, ROOT)).toBe(key);
  });

  test("a table at the root of the file system", async () => {
    expect(await keyOf("file:///x.parquet", "file:///")).toBe("x.parquet");
  });
});

test.each([
  ["file:/some/unqualified/absolute/path", "/some/unqualified/absolute/path"],
  ["file:///some/with%20space/p@%23h", "/some/with%20space/p@%23h"],
  ["part%2D0.parquet", "./part-0.parquet"],
])("a file added as %s is removed as %s, before a checkpoint and after", async (added, removed) => {
  const store = new LocalStore(await temporaryFolder());
  const put = (at: number, text: string): Promise<void> =>
    store.put(objectPath(`_delta_log/${String(at).padStart(20, "0")}.json`), new TextEncoder().encode(text));
  await put(
    0,
    `{"protocol":{"minReaderVersion":1,"minWriterVersion":2}}
{"metaData":{"id":"id","format":{"provider":"parquet","options":{}},"schemaString":"{\\"type\\":\\"struct\\",\\"fields\\":[]}","partitionColumns":[],"configuration":{}}}
{"add":{"path":"${added}","partitionValues":{},"size":1,"modificationTime":1,"dataChange":true}}
`,
  );
  const remove = `{"remove":{"path":"${removed}","deletionTimestamp":1,"dataChange":true}}\n`;
  const files = async (): Promise<number> => {
    const snapshot = await new DeltaTable({ store, engine }).snapshot();
    return snapshot.withFiles(async ({ count }) => count);
  };
  expect(await files()).toBe(1);
  await put(1, remove);
  expect(await files()).toBe(0);
  await store.delete([objectPath("_delta_log/00000000000000000001.json")]);
  await new DeltaTable({ store, engine }).checkpoint();
  await put(1, remove);
  expect(await files()).toBe(0);
});
