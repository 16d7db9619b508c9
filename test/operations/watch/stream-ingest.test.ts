import { expect, test } from "vitest";
import type { Lake } from "../../../src/index.js";
import { temporaryLake } from "../../support/temporary-lake.js";

async function* chunksOf(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function rowsOf(lake: Lake, sql: string): Promise<unknown[]> {
  return (await lake.sql(sql)).toArray();
}

async function commits(lake: Lake, chunks: readonly string[], options = {}): Promise<bigint[]> {
  const versions: bigint[] = [];
  const stream = lake.ingestStream(chunksOf(...chunks), { into: "t", batchBytes: 10, ...options });
  for await (const { version } of stream) versions.push(version);
  return versions;
}

test("JSONL lands in a commit a batch, also when its first line is all that is there to tell it by", async () => {
  const { lake } = await temporaryLake();
  expect(await commits(lake, ['{"a": 1}\n', '{"a": 2}\n{"a": 3}\n{"a"', ": 4}"])).toEqual([0n, 1n]);
  expect(await rowsOf(lake, "SELECT a FROM t ORDER BY a")).toEqual([1n, 2n, 3n, 4n].map((a) => ({ a })));
});

test("each batch of a CSV stream has the columns of its first line, and quotes may hold newlines", async () => {
  const { lake } = await temporaryLake();
  const chunks = ['id,note\n1,"one\n', 'line more"\n2,b', "\n3,c\n", "name,text\n"];
  // Read by itself, the last line would be taken for names of columns.
  await expect(commits(lake, chunks, { batchBytes: 6 })).rejects.toMatchObject({
    context: { file: "- (batch 3)" },
  });
  expect(await rowsOf(lake, "SELECT * FROM t ORDER BY id")).toEqual([
    { id: 1n, note: "one\nline more" },
    { id: 2n, note: "b" },
    { id: 3n, note: "c" },
  ]);
});

test("a CSV stream without names keeps its columns in every batch", async () => {
  const { lake } = await temporaryLake();
  expect(await commits(lake, ["1,a\n2,b\n3,c\n", "x,y\n".repeat(3)], { rescue: true })).toEqual([0n, 1n]);
  const [row] = await rowsOf(lake, "SELECT count(*) AS rows, count(_rescued_data) AS rescued FROM t");
  expect(row).toEqual({ rows: 6n, rescued: 3n });
});

test("what is made of no lines lands as a whole, and so does what an application lands", async () => {
  const { lake } = await temporaryLake();
  expect(await commits(lake, ['[{"a": 1},\n', '{"a": 2},\n', '{"a": 3}]\n'])).toEqual([0n]);
  const lines = ['{"a": 4}\n{"a": 5}\n', '{"a": 6}\n{"a": 7}\n'];
  const application = { appId: "job", version: 1n };
  expect(await commits(lake, lines, { application })).toEqual([1n]);
  expect(await commits(lake, lines, { application })).toEqual([1n]);
  expect(await rowsOf(lake, "SELECT count(*) AS rows FROM t")).toEqual([{ rows: 7n }]);
});

test("a batch that cannot land leaves those before it, and says so", async () => {
  const { lake } = await temporaryLake();
  const chunks = ['{"a": 1}\n{"a": 2}\n', '{"a": 3}\n{"a": "x"}\n', '{"a": 5}\n{"a": 6}\n'];
  await expect(commits(lake, chunks)).rejects.toMatchObject({
    kind: "invalid-input",
    message: expect.stringMatching(/^- \(batch 2\), line 2: .*; the batch before it was committed$/),
    context: { committedBatches: 1 },
  });
  expect(await rowsOf(lake, "SELECT count(*) AS rows FROM t")).toEqual([{ rows: 2n }]);
});

test("an overwrite replaces what was there before the stream, not its own batches", async () => {
  const { lake } = await temporaryLake();
  await commits(lake, ['{"a": 1}\n']);
  expect(
    await commits(lake, ['{"a": 2}\n{"a": 3}\n', '{"a": 4}\n{"a": 5}\n'], { mode: "overwrite" }),
  ).toEqual([1n, 2n]);
  expect(await rowsOf(lake, "SELECT a FROM t ORDER BY a")).toEqual([2n, 3n, 4n, 5n].map((a) => ({ a })));
});

test("an empty stream is refused as an empty file is", async () => {
  const { lake } = await temporaryLake();
  await expect(commits(lake, [])).rejects.toMatchObject({ code: "empty-file" });
});
