import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { gzipSync } from "node:zlib";
import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { quoteString } from "../../engine/index.js";
import { discoverSources, openSource } from "../../formats/index.js";
import { workbench } from "./workbench.js";

const bench = workbench();
// Other processes make temporary folders too; these count their own.
process.env["TMPDIR"] = bench.folder;
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const temporaryFolders = (): string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith("grizzly-source-"));

describe("compressed files", () => {
  it.each([
    ["a.jsonl.gz", '{"a":1}\n{"a":2}\n', "jsonl"],
    ["a.csv.gz", "a\n1\n2\n", "csv"],
    ["wrong-name.csv", '[{"a":1},{"a":2}]', "json"],
  ])("%s", async (name, content, format) => {
    bench.write(name, gzipSync(content));
    const { source, rows } = await bench.read(name);
    expect(source).toMatchObject({ format, compression: "gzip", sizeBytes: gzipSync(content).length });
    expect(rows).toEqual([{ a: 1n }, { a: 2n }]);
  });

  it("reads zstd, and Parquet inside gzip", async () => {
    await bench.session.execute(
      `COPY (SELECT 1 AS a) TO ${quoteString(bench.path("a.csv.zst"))} (FORMAT csv, COMPRESSION zstd)`,
    );
    expect((await bench.read("a.csv.zst")).rows).toEqual([{ a: 1n }]);
    const path = bench.path("inner.parquet");
    await bench.session.execute(`COPY (SELECT 1 AS a) TO ${quoteString(path)} (FORMAT parquet)`);
    const { readFileSync } = await import("node:fs");
    bench.write("p.parquet.gz", gzipSync(readFileSync(path)));
    expect((await bench.read("p.parquet.gz")).rows).toEqual([{ a: 1 }]);
  });

  it("refuses compressed data that is cut or damaged, and leaves nothing behind", async () => {
    const before = temporaryFolders();
    const whole = gzipSync("a\n1\n2\n".repeat(1000));
    const cut = bench.write("cut.csv.gz", whole.subarray(0, whole.length - 10));
    await expect(bench.read("cut.csv.gz")).rejects.toMatchObject({
      kind: "invalid-input",
      code: "broken-compression",
      context: { file: cut },
    });
    await bench.session.execute(
      `COPY (SELECT i FROM range(100000) t(i)) TO ${quoteString(bench.path("whole.csv.zst"))} (FORMAT csv, COMPRESSION zstd)`,
    );
    const { readFileSync } = await import("node:fs");
    const zstd = readFileSync(bench.path("whole.csv.zst"));
    const cutZstd = bench.write("cut.csv.zst", zstd.subarray(0, zstd.length - 10));
    await expect(bench.read("cut.csv.zst")).rejects.toMatchObject({
      kind: "invalid-input",
      code: "broken-compression",
      context: { file: cutZstd },
    });
    expect(temporaryFolders()).toEqual(before);
  });
});

describe("ZIP archives", () => {
  const open = async (name: string) => {
    const [file] = await discoverSources([bench.path(name)]);
    if (file === undefined) throw new Error("no file");
    return openSource(bench.session, file);
  };

  it("gives each file as a source", async () => {
    const before = temporaryFolders();
    bench.write(
      "all.zip",
      zipSync({
        "a.csv": [encode("a\n1\n"), { level: 9 }],
        "d/b.jsonl": [encode('{"a":2}\n'), { level: 0 }],
        "d/c.csv.gz": gzipSync("a\n3\n"),
        "__MACOSX/._a.csv": encode("\0\0"),
        "d/.DS_Store": encode("\0\0"),
      }),
    );
    const sources = await open("all.zip");
    expect(sources.map((source) => source.uri.slice(bench.folder.length + 1))).toEqual([
      "all.zip!a.csv",
      "all.zip!d/b.jsonl",
      "all.zip!d/c.csv.gz",
    ]);
    for (const [index, source] of sources.entries()) {
      const relation = await source.relation();
      expect(await bench.session.rows(relation.sql)).toEqual([{ a: BigInt(index + 1) }]);
      await relation.dispose();
      await source.dispose();
    }
    expect(temporaryFolders()).toEqual(before);
  });

  it("refuses damage, by entry", async () => {
    const before = temporaryFolders();
    const whole = zipSync({
      "a.csv": [encode("a\n1\n"), { level: 0 }],
      "b.csv": [encode("b\n12345\n"), { level: 0 }],
    });
    const damaged = Buffer.from(whole);
    damaged[damaged.indexOf("12345")] = 0x39;
    const file = bench.write("damaged.zip", damaged);
    await expect(open("damaged.zip")).rejects.toMatchObject({
      kind: "invalid-input",
      context: { file: `${file}!b.csv` },
    });
    const cut = bench.write("cut.zip", whole.subarray(0, whole.length - 30));
    await expect(open("cut.zip")).rejects.toMatchObject({
      kind: "invalid-input",
      code: "broken-archive",
      context: { file: cut },
    });
    expect(temporaryFolders()).toEqual(before);
  });
});

describe("files that hold no records", () => {
  it("refuses an empty file and binary content by what it looks like", async () => {
    const empty = bench.write("empty.csv", "");
    await expect(bench.read("empty.csv")).rejects.toMatchObject({
      kind: "invalid-input",
      code: "empty-file",
      context: { file: empty },
    });
    const png = bench.write(
      "picture.csv",
      Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0]),
    );
    const failure = bench.read("picture.csv");
    await expect(failure).rejects.toMatchObject({
      kind: "invalid-input",
      code: "not-records",
      context: { file: png },
    });
    await expect(failure).rejects.toThrow("a PNG image");
  });
});
