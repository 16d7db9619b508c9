import { utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import avro from "avsc";
import { expect, onTestFinished, test } from "vitest";
import { Engine, type Session } from "../../engine/index.js";
import { discoverSources, fileStamp, type OpenedSource, openSource } from "../../formats/index.js";
import { LocalTier, MemoryStore, objectPath, type RemoteObject } from "../../object-store/index.js";
import { copiedFile, copyKey, storedCopy } from "../../src/file-sources/stored-copy.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const TYPE = avro.Type.forSchema({
  type: "record",
  name: "Reading",
  fields: [
    { name: "id", type: "long" },
    { name: "tags", type: { type: "array", items: ["null", "string"] } },
    { name: "place", type: { type: "record", name: "Place", fields: [{ name: "x", type: "double" }] } },
    { name: "raw", type: "bytes" },
  ],
});

/** An Avro file of records with these ids. */
async function writeAvro(file: string, ids: readonly number[]): Promise<void> {
  const encoder = new avro.streams.BlockEncoder(TYPE);
  for (const id of ids) {
    encoder.write({ id, tags: [null, `t${id}`], place: { x: id / 4 }, raw: Buffer.from([id]) });
  }
  encoder.end();
  const chunks: Buffer[] = [];
  for await (const chunk of encoder) chunks.push(chunk as Buffer);
  await writeFile(file, Buffer.concat(chunks));
}

interface Bench {
  readonly session: Session;
  readonly tier: LocalTier;
  readonly file: string;
  open(): Promise<OpenedSource>;
  copies(): Promise<number>;
}

async function bench(name = "a.avro"): Promise<Bench> {
  const folder = await temporaryFolder();
  const engine = await Engine.open();
  onTestFinished(() => engine.close());
  const tier = new LocalTier({ directory: path.join(folder, "cache"), maxBytes: 10_000_000 });
  onTestFinished(() => tier.close());
  const session = await engine.acquire();
  const file = path.join(folder, name);
  return {
    session,
    tier,
    file,
    open: async () => {
      const [found] = await discoverSources([file]);
      const [source] = found === undefined ? [] : await openSource(session, found);
      if (source === undefined) throw new Error("no source");
      return source;
    },
    copies: async () => (await tier.usage()).files,
  };
}

/** Later than any file system takes to show a change. */
const later = (): { readonly now: number; readonly signal: undefined } => ({
  now: Date.now() + 60_000,
  signal: undefined,
});

test("the rows of an Avro file come from one copy, with the same values and types", async () => {
  const { session, tier, file, open, copies } = await bench();
  await writeAvro(file, [1, 2, 3]);
  const source = await open();
  const relation = await source.relation();
  const direct = await session.rows(`SELECT * FROM (${relation.sql}) ORDER BY id`);
  const types = await session.rows(`DESCRIBE ${relation.sql}`);
  for (let query = 0; query < 2; query++) {
    const copy = await storedCopy(session, tier, await open(), later());
    expect(await session.rows(`SELECT * FROM (${copy?.relation.sql}) ORDER BY id`)).toEqual(direct);
    expect(await session.rows(`DESCRIBE ${copy?.relation.sql}`)).toEqual(types);
    expect(await copies()).toBe(1);
  }
  await tier.wipe();
  const again = await storedCopy(session, tier, await open(), later());
  expect(await session.rows(`SELECT count(*) AS n FROM (${again?.relation.sql})`)).toEqual([{ n: 3n }]);
});

test("a file that changed has a copy of its own, though it keeps its size and its time", async () => {
  const { session, tier, file, open, copies } = await bench();
  const time = new Date("2024-01-01");
  const seen: unknown[] = [];
  for (const ids of [
    [1, 2],
    [3, 4],
  ]) {
    await writeAvro(file, ids);
    await utimes(file, time, time);
    const copy = await storedCopy(session, tier, await open(), later());
    const rows = await session.rows(`SELECT id FROM (${copy?.relation.sql}) ORDER BY id`);
    seen.push(rows.map(({ id }) => Number(id)));
  }
  expect(seen).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect(await copies()).toBe(2);
});

test("a file that changes while it is read leaves no copy", async () => {
  const { session, tier, file, open, copies } = await bench();
  await writeAvro(file, [1, 2]);
  const source = await open();
  const meddled: OpenedSource = {
    ...source,
    relation: async () => {
      const relation = await source.relation();
      await writeAvro(file, [3, 4]);
      return relation;
    },
  };
  await expect(storedCopy(session, tier, meddled, later())).rejects.toMatchObject({
    kind: "unavailable",
    code: "source-changed",
    context: { file },
  });
  expect(await copies()).toBe(0);
});

test("a tier that cannot be written is no reason not to read a file", async () => {
  const { session, file, open } = await bench();
  await writeAvro(file, [1]);
  const tier = new LocalTier({ directory: file, maxBytes: 1000 });
  expect(await storedCopy(session, tier, await open(), later())).toBeUndefined();
});

test("only a settled file of a format that takes long to decode has a copy", async () => {
  const { file, open } = await bench();
  await writeAvro(file, [1]);
  const source = await open();
  const now = later().now;
  expect(copiedFile(source, now)).toMatchObject({ localPath: file });
  expect(copiedFile(source, Number((fileStamp(file)?.changed ?? 0n) / 1_000_000n) + 1999)).toBeUndefined();
  expect(copiedFile({ ...source, format: "csv" }, now)).toBeUndefined();
  expect(copiedFile({ ...source, compression: "gzip" }, now)).toBeUndefined();
  expect(copiedFile({ ...source, uri: `${source.uri}!inside.avro` }, now)).toBeUndefined();
  expect(copiedFile({ ...source, columns: [{ name: "u", type: "UNION(a BIGINT)" }] }, now)).toBeUndefined();
});

test("an object that was fetched is copied by its tag, and not without one", async () => {
  const { file, open } = await bench();
  await writeAvro(file, [1]);
  const source = await open();
  const store = new MemoryStore();
  const origin = { store, path: objectPath("a.avro"), size: 10, etag: "one" };
  const fetched = (of: RemoteObject): OpenedSource => ({
    ...source,
    files: source.files.map((each) => ({ ...each, stamp: undefined, origin: of })),
  });
  expect(copiedFile(fetched(origin), 0)?.content).toEqual(["10", "one"]);
  expect(copiedFile(fetched({ ...origin, etag: undefined }), 0)).toBeUndefined();
});

test("a key tells each change of a file", () => {
  const content = ["1", "2", "3", "4"];
  const keys = [
    copyKey("file:///a", content),
    copyKey("file:///b", content),
    ...content.map((_, at) => copyKey("file:///a", content.with(at, "9"))),
  ];
  expect(new Set(keys).size).toBe(keys.length);
  for (const key of keys) expect(key).toMatch(/^[A-Za-z0-9_-]{1,128}$/);
});
