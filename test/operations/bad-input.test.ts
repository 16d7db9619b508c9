import { copyFile, mkdir, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, test } from "vitest";
import { Engine } from "../../engine/index.js";
import { type Lake, openLake } from "../../src/index.js";
import { folderListing } from "../support/folder-listing.js";
import { grizzly } from "../support/grizzly.js";
import { temporaryFolder } from "../support/temporary-folder.js";

// What users get wrong, and what disks do to files, through the command line: the exit code and the error
// say what is wrong and where, and the table is as it was, to the byte.

let folder: string;
let lake: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  lake = path.join(folder, "lake");
  await writeFile(path.join(folder, "good.csv"), "id,name\n1,one\n2,two\n");
  await withLake((opened) => ingestGood(opened));
});

async function withLake<T>(work: (opened: Lake) => Promise<T>): Promise<T> {
  const opened = await openLake(lake);
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

async function ingestGood(opened: Lake): Promise<void> {
  await opened.ingest([path.join(folder, "good.csv")], { into: "t", again: true });
}

interface Failure {
  readonly code: number | null;
  readonly kind: string;
  readonly errorCode: string;
  readonly message: string;
}

/** Runs a command that must fail and leave every file of the lake as it is. */
async function fail(...args: readonly string[]): Promise<Failure> {
  const before = await folderListing(lake);
  const { code, stdout, stderr } = await grizzly([...args, "--lake", lake, "--json"], { cwd: folder });
  expect(await folderListing(lake)).toEqual(before);
  expect(stderr).toBe("");
  const { error }: { error: { kind: string; code: string; message: string } } = JSON.parse(stdout);
  return { code, kind: error.kind, errorCode: error.code, message: error.message };
}

function write(name: string, content: string | Uint8Array): Promise<void> {
  return writeFile(path.join(folder, name), content);
}

/** Writes a Parquet file of 1000 rows with the columns of the table. */
async function writeParquet(name: string): Promise<Buffer> {
  const file = path.join(folder, name);
  const engine = await Engine.open();
  try {
    await engine.withSession((session) =>
      session.execute(
        `COPY (SELECT i AS id, 'name ' || i AS name FROM range(1000) AS r(i)) TO '${file}' (FORMAT parquet, COMPRESSION uncompressed)`,
      ),
    );
  } finally {
    engine.close();
  }
  return readFile(file);
}

describe("a source that cannot be read", () => {
  test.each([
    ["half of a Parquet file", "half.parquet", (bytes: Buffer) => bytes.subarray(0, bytes.length / 2)],
    ["a Parquet file without its last byte", "cut.parquet", (bytes: Buffer) => bytes.subarray(0, -1)],
    ["a Parquet file whose offsets lie", "offsets.parquet", withoutBytes],
    [
      "a Parquet file whose row groups count too many rows",
      "groups.parquet",
      (bytes: Buffer) => withRowCounts(bytes, "row-group"),
    ],
    [
      "a Parquet file whose footer counts too many rows",
      "footer.parquet",
      (bytes: Buffer) => withRowCounts(bytes, "file"),
    ],
  ])("%s", async (_what, name, damage) => {
    await write(name, damage(await writeParquet(name)));
    const failure = await fail("ingest", name, "--into", "t");
    expect(failure).toMatchObject({ code: 2, kind: "invalid-input", message: expect.stringContaining(name) });
  });

  test.each([
    ["an empty file", "empty.csv", ""],
    ["an empty file that claims to be Parquet", "empty.parquet", ""],
    [
      "bytes that are no text",
      "binary.csv",
      Uint8Array.from({ length: 4096 }, (_, i) => (i * 167 + 13) % 256),
    ],
  ])("%s", async (_what, name, content) => {
    await write(name, content);
    const failure = await fail("ingest", name, "--into", "t");
    expect(failure).toMatchObject({ code: 2, kind: "invalid-input", message: expect.stringContaining(name) });
  });

  test("JSON lines with a broken one", async () => {
    await write(
      "rows.jsonl",
      '{"id": 3, "name": "three"}\n{"id": 4, "name": "four"}\n{"id": 5, "name": \n{"id": 6}\n',
    );
    const { code, kind, message } = await fail("ingest", "rows.jsonl", "--into", "t");
    expect({ code, kind }).toEqual({ code: 2, kind: "invalid-input" });
    expect(message).toMatch(/rows\.jsonl.*\bline 3\b/s);
  });

  test("a ragged CSV file", async () => {
    await write("ragged.csv", "id,name\n3,three\n4,four\n5,five,and more\n6,six\n");
    const { code, kind, message } = await fail("ingest", "ragged.csv", "--into", "t");
    expect({ code, kind }).toEqual({ code: 2, kind: "invalid-input" });
    expect(message).toMatch(/ragged\.csv.*\bline 4\b/s);
  });

  test("no file at all", async () => {
    const failure = await fail("ingest", "absent.csv", "--into", "t");
    expect(failure).toMatchObject({
      code: 3,
      kind: "not-found",
      message: expect.stringContaining("absent.csv"),
    });
  });

  test("a broken file among good ones: none of them lands", async () => {
    await writeParquet("a.parquet");
    await write("b.jsonl", '{"id": 3, "name": "three"}\n{"id": \n');
    const failure = await fail("ingest", "a.parquet", "b.jsonl", "good.csv", "--into", "t");
    expect(failure).toMatchObject({ code: 2, message: expect.stringContaining("b.jsonl") });
  });

  test("a broken file makes no new table", async () => {
    await write("rows.jsonl", '{"id": 3}\n{"id": \n');
    expect(await fail("ingest", "rows.jsonl", "--into", "fresh")).toMatchObject({ code: 2 });
    expect(await fail("describe", "fresh")).toMatchObject({ code: 3, kind: "not-found" });
  });
});

describe("a source that does not fit the table", () => {
  test("a value of another type", async () => {
    await write("types.jsonl", '{"id": 3, "name": "three"}\n{"id": "four", "name": "four"}\n');
    const failure = await fail("ingest", "types.jsonl", "--into", "t");
    expect(failure).toMatchObject({
      code: 2,
      kind: "invalid-input",
      message: expect.stringContaining("types.jsonl"),
    });
    expect(failure.message).toMatch(/\bid\b/);
  });

  test("a column that the table does not have", async () => {
    await write("more.csv", "id,name,colour\n3,three,red\n");
    const failure = await fail("ingest", "more.csv", "--into", "t");
    expect(failure).toMatchObject({
      code: 2,
      kind: "invalid-input",
      message: expect.stringContaining("colour"),
    });
  });

  test("other partitions than the table's", async () => {
    const failure = await fail("ingest", "good.csv", "--into", "t", "--again", "--partition-by", "name");
    expect(failure).toMatchObject({ code: 2, kind: "invalid-input", errorCode: "partition-mismatch" });
  });
});

describe("a question that cannot be answered", () => {
  test("an unknown column", async () => {
    const failure = await fail("sql", "SELECT nam FROM t");
    expect(failure).toMatchObject({
      code: 2,
      kind: "invalid-input",
      message: expect.stringContaining("nam"),
    });
  });

  test.each([
    ["sql", ["SELECT * FROM absent"]],
    ["describe", ["absent"]],
    ["history", ["absent"]],
    ["checkpoint", ["absent"]],
    ["sql by path", ["SELECT * FROM delta.`./absent`"]],
  ])("%s of a table that does not exist", async (command, args) => {
    const failure = await fail(command.replace(" by path", ""), ...args);
    expect(failure).toMatchObject({ code: 3, kind: "not-found", message: expect.stringContaining("absent") });
  });

  test("a version that does not exist", async () => {
    const failure = await fail("sql", "SELECT * FROM t VERSION AS OF 7");
    expect(failure).toMatchObject({ code: 3, kind: "not-found", errorCode: "version-not-found" });
  });
});

describe("a damaged table", () => {
  let table: string;
  let log: string;
  beforeEach(async () => {
    table = await withLake(async (opened) => {
      await ingestGood(opened);
      await ingestGood(opened);
      return fileURLToPath((await opened.table("t")).location);
    });
    log = path.join(table, "_delta_log");
  });

  /** Every way to ask must give the same answer. */
  async function refused(): Promise<Failure> {
    const failure = await unreadable();
    expect(await fail("ingest", "good.csv", "--into", "t")).toEqual(failure);
    return failure;
  }

  /** Every way to read must give the same answer. An append needs no list of files: the checksum is enough. */
  async function unreadable(): Promise<Failure> {
    const failure = await fail("sql", "SELECT * FROM t");
    expect(await fail("describe", "t")).toEqual(failure);
    return failure;
  }

  test("a version missing from the log", async () => {
    await rm(path.join(log, "00000000000000000001.json"));
    const failure = await refused();
    expect(failure).toMatchObject({
      code: 5,
      kind: "corrupt",
      message: expect.stringMatching(/\bversion 1\b/),
    });
  });

  test("a log entry cut short", async () => {
    await truncate(path.join(log, "00000000000000000002.json"), 100);
    expect(await unreadable()).toMatchObject({ code: 5, kind: "corrupt" });
  });

  test("a log without its first entry", async () => {
    await rm(path.join(log, "00000000000000000000.json"));
    expect(await refused()).toMatchObject({
      code: 5,
      kind: "corrupt",
      message: expect.stringMatching(/\bversion 0\b/),
    });
  });

  test("a checkpoint that is not one, with nothing else to replay", async () => {
    await withLake(async (opened) => (await opened.table("t")).checkpoint());
    await truncate(path.join(log, "00000000000000000002.checkpoint.parquet"), 50);
    for (const version of [0, 1, 2]) await rm(path.join(log, `0000000000000000000${version}.json`));
    expect(await unreadable()).toMatchObject({ code: 5, kind: "corrupt" });
  });

  test("a data file that is not there", async () => {
    const [file = ""] = (await readdir(table)).filter((name) => name.endsWith(".parquet"));
    await rm(path.join(table, file));
    const failure = await fail("sql", "SELECT * FROM t");
    expect(failure).toMatchObject({ code: 5, kind: "corrupt", message: expect.stringContaining(file) });
  });

  test("a data file cut short", async () => {
    const [file = ""] = (await readdir(table)).filter((name) => name.endsWith(".parquet"));
    await truncate(path.join(table, file), 60);
    const failure = await fail("sql", "SELECT * FROM t");
    expect(failure).toMatchObject({ code: 5, kind: "corrupt", message: expect.stringContaining(file) });
  });

  test("a table that needs a feature nobody knows", async () => {
    const copy = path.join(folder, "future");
    await mkdir(path.join(copy, "_delta_log"), { recursive: true });
    for (const name of await readdir(log))
      await copyFile(path.join(log, name), path.join(copy, "_delta_log", name));
    const protocol = {
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: ["timeMachine"],
      writerFeatures: ["timeMachine"],
    };
    await writeFile(
      path.join(copy, "_delta_log/00000000000000000003.json"),
      `${JSON.stringify({ protocol })}\n`,
    );
    const failure = await fail("sql", `SELECT * FROM delta.\`${copy}\``);
    expect(failure).toMatchObject({
      code: 5,
      kind: "unsupported",
      message: expect.stringContaining("timeMachine"),
    });
  });
});

/** Takes 100 bytes out of the data, so that every offset after them points elsewhere. */
function withoutBytes(bytes: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, 200), bytes.subarray(300)]);
}

// 1000 as Thrift's compact protocol writes it in a field of type i64 that follows its neighbour.
const ROW_COUNT = Buffer.from([0x16, 0xd0, 0x0f]);
const ONE_MORE = Buffer.from([0x16, 0xd2, 0x0f]);

/** Makes the footer claim 1001 rows: of the file (the first such field), or of its only row group (the last). */
function withRowCounts(bytes: Buffer, where: "file" | "row-group"): Buffer {
  const footerStart = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8);
  const at = where === "file" ? bytes.indexOf(ROW_COUNT, footerStart) : bytes.lastIndexOf(ROW_COUNT);
  expect(at).toBeGreaterThan(footerStart);
  const patched = Buffer.from(bytes);
  ONE_MORE.copy(patched, at);
  return patched;
}
