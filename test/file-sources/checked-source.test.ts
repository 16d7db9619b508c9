import { writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Engine, type Session } from "../../engine/index.js";
import { discoverSources, type OpenedSource, openSource } from "../../formats/index.js";
import { brokenSource, isSoonRead, maySurprise, readySource } from "../../src/file-sources/checked-source.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** A file whose types come from a sample, with a value of another type and one more field that the sample misses. */
async function lateFile(): Promise<{ readonly file: string; readonly session: Session }> {
  const engine = await Engine.open();
  onTestFinished(() => engine.close());
  const file = path.join(await temporaryFolder(), "a.jsonl");
  const lines = Array.from({ length: 300_000 }, (_, i) => `{"n": ${i}, "filler": "${"x".repeat(20)}"}`);
  lines.splice(40_000, 0, '{"n": "late", "more": true}');
  await writeFile(file, `${lines.join("\n")}\n`);
  return { file, session: await engine.acquire() };
}

async function open(session: Session, file: string): Promise<OpenedSource> {
  const [found] = await discoverSources([file]);
  const [source] = found === undefined ? [] : await openSource(session, found);
  if (source === undefined) throw new Error("no source");
  return source;
}

test("a source that is soon read has the types of every record", async () => {
  const { file, session } = await lateFile();
  const source = await open(session, file);
  expect(source.columns.map(({ name, type }) => `${name} ${type}`)).toEqual(["n BIGINT", "filler VARCHAR"]);
  const ready = await readySource(session, source, undefined);
  expect(ready.source.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
    "n VARCHAR",
    "filler VARCHAR",
    "more BOOLEAN",
  ]);
});

test("a late value of a file that is too large to be looked at whole is told as what it is", async () => {
  const { file, session } = await lateFile();
  const source = await open(session, file);
  const relation = await source.relation();
  expect(await brokenSource(session, [{ source, relation }])).toMatchObject({
    kind: "invalid-input",
    code: "late-value",
    context: { file },
    hint: expect.stringContaining("grizzly ingest"),
  });
  await relation.dispose();
});

test("only texts may surprise, and of those the ones that were not seen whole", async () => {
  const { file, session } = await lateFile();
  const source = await open(session, file);
  const MB = 1024 * 1024;
  const small = { ...source, sizeBytes: 1000 };
  expect(maySurprise(source)).toBe(true);
  expect(maySurprise(small)).toBe(false);
  expect(maySurprise({ ...small, compression: "gzip" })).toBe(true);
  expect(maySurprise({ ...small, files: [...source.files, ...source.files] })).toBe(true);
  expect(maySurprise({ ...source, format: "parquet" })).toBe(false);
  expect(isSoonRead({ sizeBytes: 128 * MB, compression: "none" })).toBe(true);
  expect(isSoonRead({ sizeBytes: 129 * MB, compression: "none" })).toBe(false);
  expect(isSoonRead({ sizeBytes: 17 * MB, compression: "zstd" })).toBe(false);
});
