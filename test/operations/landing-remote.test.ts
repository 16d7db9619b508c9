import { mkdir, rm, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { zipSync } from "fflate";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import {
  LocalStore,
  type ObjectPart,
  type ObjectPath,
  objectPath,
  type ReadOptions,
} from "../../object-store/index.js";
import { type IngestOptions, type IngestReport, type Lake, openLake, type Row } from "../../src/index.js";
import { farStores, RemoteStore } from "../support/remote-store.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { lastEntry, only } from "./table-log.js";

/** A store in which somebody replaces each object just before it is read. */
class ReplacedWhenRead extends RemoteStore {
  readonly #content: string;

  constructor(folder: string, content: string) {
    super(new LocalStore(folder), "far://bucket");
    this.#content = content;
  }

  override async read(object: ObjectPath, options?: ReadOptions): Promise<ObjectPart> {
    await this.put(object, Buffer.from(this.#content));
    return super.read(object, options);
  }
}

let folder: string;
let far: ReturnType<typeof farStores>;
beforeEach(async () => {
  folder = await temporaryFolder();
  far = farStores(path.join(folder, "far"));
});

async function lakeAt(uri: string, cache = "cache"): Promise<Lake> {
  const lake = await openLake(uri, {
    threads: 2,
    openStore: far.open,
    cache: { directory: path.join(folder, cache) },
  });
  onTestFinished(() => lake.close());
  return lake;
}

const localLake = (cache?: string): Promise<Lake> => lakeAt(path.join(folder, "lake"), cache);

function store(): RemoteStore {
  far.open("far://bucket");
  const opened = far.opened.get("far://bucket");
  if (opened === undefined) throw new Error("the bucket is not open");
  return opened;
}

async function put(name: string, content: string | Uint8Array): Promise<void> {
  await store().put(objectPath(name), typeof content === "string" ? Buffer.from(content) : content);
}

/** Replaces an object by one of the same time of modification, as the store tells it in whole seconds. */
async function replaceWithinASecond(name: string, content: string): Promise<void> {
  const before = await store().head(objectPath(name));
  await put(name, content);
  const seconds = Math.floor((before?.lastModified ?? 0) / 1000);
  await utimes(path.join(folder, "far", "bucket", name), seconds, seconds);
}

const land = (lake: Lake, options: Partial<IngestOptions> = {}, source = "raw/"): Promise<IngestReport> =>
  lake.ingest([`far://bucket/${source}`], { into: "t", ...options });

async function rows(lake: Lake, sql: string): Promise<Row[]> {
  return (await lake.sql(sql)).toArray();
}

async function numbers(lake: Lake): Promise<unknown[]> {
  return (await rows(lake, "SELECT n FROM t ORDER BY n")).map(({ n }) => n);
}

/** Objects whose bytes were asked for, since the last call. */
function fetched(): string[] {
  return store()
    .take()
    .flatMap((request) => (request.startsWith("get ") ? [request.slice(4)] : []));
}

describe("objects of a store far away", () => {
  it("land in a local lake, each once", async () => {
    const lake = await localLake();
    await put("raw/a.jsonl", '{"n":1}\n{"n":2}\n');
    await put("raw/deep/b.csv", "n\n3\n");
    await put("raw/_c.jsonl", '{"n":9}\n');
    expect(await land(lake)).toMatchObject({
      version: 0n,
      rows: 3n,
      bytesRead: 20,
      sourceFiles: { landed: 2, unchanged: 0 },
      sources: [{ uri: "far://bucket/raw/a.jsonl" }, { uri: "far://bucket/raw/deep/b.csv" }],
    });
    await put("raw/d.jsonl", '{"n":4}\n');
    fetched();
    expect(await land(lake)).toMatchObject({
      rows: 1n,
      sourceFiles: { landed: 1, unchanged: 2 },
      passedOver: ["far://bucket/raw/a.jsonl", "far://bucket/raw/deep/b.csv"],
    });
    expect(fetched()).toEqual(["raw/d.jsonl"]);
    expect(await land(lake)).toMatchObject({ commits: 0, rows: 0n });
    expect(fetched()).toEqual([]);
    expect(await numbers(lake)).toEqual([1n, 2n, 3n, 4n]);
    expect((await (await lake.table("t")).fsck()).findings).toEqual([]);
  });

  it("land in a lake far away, and so do local files", async () => {
    const lake = await lakeAt("far://lake");
    await put("raw/a.jsonl", '{"n":1}\n');
    await mkdir(path.join(folder, "raw"));
    await writeFile(path.join(folder, "raw", "b.jsonl"), '{"n":2}\n');
    const sources = ["far://bucket/raw/*.jsonl", path.join(folder, "raw")];
    expect(await lake.ingest(sources, { into: "t" })).toMatchObject({ rows: 2n, commits: 1 });
    expect(await lake.ingest(sources, { into: "t" })).toMatchObject({ rows: 0n, commits: 0 });
    expect(await numbers(lake)).toEqual([1n, 2n]);
  });

  it("say where each row came from", async () => {
    const lake = await localLake();
    await put("raw/a b.jsonl", '{"n":1}\n');
    await put("raw/ü.jsonl", '{"n":2}\n');
    await put("raw/c.csv", "n\nthree\n");
    await land(lake, { sourceColumn: true, rescue: true });
    expect(await rows(lake, "SELECT DISTINCT _source_file AS f FROM t ORDER BY f")).toEqual([
      { f: "far://bucket/raw/a b.jsonl" },
      { f: "far://bucket/raw/c.csv" },
      { f: "far://bucket/raw/ü.jsonl" },
    ]);
    await put("raw/d.jsonl", '{"n":{"a":1},"other":5}\n');
    await land(lake, { rescue: true });
    const [row] = await rows(lake, "SELECT _rescued_data AS r FROM t WHERE _source_file LIKE '%d.jsonl'");
    expect(String(row?.["r"])).toContain("far://bucket/raw/d.jsonl");
  });

  it("name the object and the line of what is wrong", async () => {
    const lake = await localLake();
    await put("raw/a.jsonl", '{"n":1}\n{"n":\n');
    await expect(land(lake)).rejects.toMatchObject({
      kind: "invalid-input",
      message: expect.stringMatching(/^far:\/\/bucket\/raw\/a\.jsonl.*line 2/),
      context: { file: "far://bucket/raw/a.jsonl" },
    });
    await put("raw/a.jsonl", "");
    await expect(land(lake)).rejects.toMatchObject({ context: { file: "far://bucket/raw/a.jsonl" } });
    await put("raw/a.parquet", "PAR1 but nothing of it PAR1");
    await expect(land(lake, {}, "raw/a.parquet")).rejects.toMatchObject({
      message: expect.stringContaining("far://bucket/raw/a.parquet"),
    });
    await expect(land(lake, {}, "none/")).rejects.toMatchObject({ kind: "not-found", code: "no-source" });
  });

  it("land compressed and packed", async () => {
    const lake = await localLake();
    await put("raw/a.jsonl.gz", gzipSync('{"n":1}\n'));
    await put("raw/b.zip", zipSync({ "x.csv": Buffer.from("n\n2\n"), "y.jsonl": Buffer.from('{"n":3}\n') }));
    const report = await land(lake);
    expect(report.sources.map(({ uri }) => uri)).toEqual([
      "far://bucket/raw/a.jsonl.gz",
      "far://bucket/raw/b.zip!x.csv",
      "far://bucket/raw/b.zip!y.jsonl",
    ]);
    expect(await numbers(lake)).toEqual([1n, 2n, 3n]);
    expect(await land(lake)).toMatchObject({ commits: 0 });
  });

  it("land in several commits, and nothing is held afterwards", async () => {
    const lake = await localLake();
    for (let n = 0; n < 7; n++) await put(`raw/${n}.jsonl`, `{"n":${n}}\n`);
    expect(await land(lake, { batch: { files: 3 } })).toMatchObject({ commits: 3, rows: 7n });
    expect(await numbers(lake)).toEqual([0n, 1n, 2n, 3n, 4n, 5n, 6n]);
  });

  it("are not fetched a second time by a landing that follows one that failed", async () => {
    await put("raw/a.jsonl", '{"n":1}\n');
    await put("raw/b.jsonl", '{"n":\n');
    await expect(land(await localLake())).rejects.toMatchObject({ kind: "invalid-input" });
    expect(fetched()).toEqual(["raw/a.jsonl", "raw/b.jsonl"]);
    await put("raw/b.jsonl", '{"n":2}\n');
    await land(await localLake());
    expect(fetched()).toEqual(["raw/b.jsonl"]);
  });

  it("are recorded with their content by the commit", async () => {
    const lake = await localLake();
    await put("raw/a.jsonl", '{"n":1}\n');
    await land(lake);
    const commitInfo = only(await lastEntry(lake, "t"), "commitInfo");
    expect(commitInfo?.["grizzlySources"]).toMatchObject([{ uri: "far://bucket/raw/a.jsonl", size: 8 }]);
  });
});

describe("an object that is replaced", () => {
  it("is found changed, within the second and of the same size too", async () => {
    const lake = await localLake();
    await put("raw/a.jsonl", '{"n":1}\n');
    await land(lake);
    await replaceWithinASecond("raw/a.jsonl", '{"n":2}\n');
    await expect(land(lake)).rejects.toMatchObject({ code: "source-file-changed" });
    expect(await land(lake, { onChange: "append" })).toMatchObject({ rows: 1n });
    expect(await numbers(lake)).toEqual([1n, 2n]);
    expect(await land(lake)).toMatchObject({ commits: 0 });
  });

  it("is found changed when the ledger has many files", async () => {
    const lake = await localLake();
    for (let n = 0; n < 300; n++) await put(`raw/${n}.jsonl`, `{"n":${n}}\n`);
    await land(lake);
    await replaceWithinASecond("raw/7.jsonl", '{"n":8}\n');
    await expect(land(lake)).rejects.toMatchObject({
      code: "source-file-changed",
      context: { file: "far://bucket/raw/7.jsonl", files: 1 },
    });
  });

  it("takes the place of its former rows where that is asked for", async () => {
    const lake = await localLake();
    await put("raw/a.jsonl", '{"n":1}\n');
    await put("raw/b.jsonl", '{"n":5}\n');
    await land(lake, { sourceColumn: true });
    await put("raw/a.jsonl", '{"n":2}\n{"n":3}\n');
    expect(await land(lake, { onChange: "replace" })).toMatchObject({ rows: 2n, rowsReplaced: 1n });
    expect(await numbers(lake)).toEqual([2n, 3n, 5n]);
  });

  it("is passed over with the same content, and recorded as it is now", async () => {
    const lake = await localLake();
    await put("raw/a.jsonl", '{"n":1}\n');
    await land(lake);
    await rm(path.join(folder, "far", "bucket", "raw", "a.jsonl"));
    await put("raw/a.jsonl", '{"n":1}\n');
    expect(await land(lake)).toMatchObject({ rows: 0n, sourceFiles: { landed: 0, touched: 1 } });
    fetched();
    expect(await land(lake)).toMatchObject({ commits: 0, sourceFiles: { unchanged: 1, touched: 0 } });
    expect(fetched()).toEqual([]);
  });

  it("between the look and the reading is not landed", async () => {
    const lake = await localLake();
    await put("raw/a.jsonl", '{"n":1}\n');
    far.opened.set("far://bucket", new ReplacedWhenRead(path.join(folder, "far", "bucket"), '{"n":22}\n'));
    await expect(land(lake)).rejects.toMatchObject({
      kind: "unavailable",
      code: "source-changed",
      context: { file: "far://bucket/raw/a.jsonl" },
    });
    far.opened.delete("far://bucket");
    expect(await land(lake)).toMatchObject({ rows: 1n });
    expect(await numbers(lake)).toEqual([22n]);
  });
});

describe("objects that land as they are", () => {
  it.each(["lake", "far://lake"])("are copied into a table in %s", async (place) => {
    const lake = await lakeAt(place === "lake" ? path.join(folder, "lake") : place);
    await put("raw/a.jsonl", '{"n":1}\n{"n":2}\n');
    await put("raw/b.csv", "n\n3\n");
    expect(await land(lake, { as: "keep", sourceColumn: true })).toMatchObject({ rows: 3n });
    await rm(path.join(folder, "far", "bucket"), { recursive: true });
    expect(await numbers(lake)).toEqual([1n, 2n, 3n]);
    expect(await rows(lake, "SELECT DISTINCT _source_file AS f FROM t ORDER BY f")).toEqual([
      { f: "far://bucket/raw/a.jsonl" },
      { f: "far://bucket/raw/b.csv" },
    ]);
  });

  it.each(["lake", "far://lake"])("can stay where they are, of a table in %s", async (place) => {
    const lake = await lakeAt(place === "lake" ? path.join(folder, "lake") : place);
    await put("raw/a b%20.jsonl", '{"n":1}\n{"n":2}\n');
    await put("raw/b.csv", "n\n3\n");
    expect(await land(lake, { as: "keep", inPlace: true })).toMatchObject({ rows: 3n });
    await expect(land(lake, { as: "keep", inPlace: true, again: true })).rejects.toMatchObject({
      kind: "already-exists",
      code: "kept-in-place",
      context: { file: "far://bucket/raw/a b%20.jsonl" },
    });
    const other = await lakeAt(place === "lake" ? path.join(folder, "lake") : place, "another-cache");
    expect(await numbers(other)).toEqual([1n, 2n, 3n]);
    expect((await (await other.table("t")).fsck({ deep: true })).findings).toEqual([]);
    await put("raw/a b%20.jsonl", '{"n":1}\n{"n":9}\n');
    const late = await lakeAt(place === "lake" ? path.join(folder, "lake") : place, "third-cache");
    await expect(numbers(late)).rejects.toMatchObject({ kind: "corrupt" });
  });

  it("cannot stay in the folder of their table", async () => {
    const lake = await lakeAt("far://bucket/lake");
    await put("raw/a.jsonl", '{"n":1}\n');
    await land(lake);
    await put("lake/default/t/b.jsonl", '{"n":2}\n');
    await expect(land(lake, { as: "jsonl", inPlace: true }, "lake/default/t/b.jsonl")).rejects.toMatchObject({
      kind: "invalid-input",
      code: "kept-in-place",
    });
  });
});
