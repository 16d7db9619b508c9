import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  discoverSources,
  fileStamp,
  fileUri,
  hashFile,
  hashFiles,
  movedFiles,
  type SourceFile,
  sameStamp,
  stampedAnew,
} from "../../formats/index.js";
import { temporaryFolder } from "../support/temporary-folder.js";

async function only(path: string): Promise<SourceFile> {
  const [file] = await discoverSources([path]);
  if (file === undefined) throw new Error(`no file ${path}`);
  return file;
}

describe("the URI of a file", () => {
  it.each([
    ["/data/a.jsonl", "file:///data/a.jsonl"],
    ["/data/2026-11-20/part_1~x@b=1.csv", "file:///data/2026-11-20/part_1~x@b=1.csv"],
    ["/data/it's (1) 100%.csv", "file:///data/it's%20(1)%20100%25.csv"],
    ["/d/a#b?c.csv", "file:///d/a%23b%3Fc.csv"],
    ["/d/[a]|^{b}`.csv", "file:///d/%5Ba%5D%7C%5E%7Bb%7D%60.csv"],
    ["/d/grün 😀\n.csv", "file:///d/gr%C3%BCn%20%F0%9F%98%80%0A.csv"],
  ])("%s", (path, uri) => {
    expect(fileUri(path)).toBe(uri);
    expect(fileURLToPath(uri)).toBe(path);
  });

  it("is the same from wherever the file is named", async () => {
    const folder = await temporaryFolder();
    mkdirSync(join(folder, "sub"));
    writeFileSync(join(folder, "a b.csv"), "a\n1\n");
    const named = [join(folder, "a b.csv"), join(folder, "sub", "..", "a b.csv"), `${folder}/*.csv`, folder];
    for (const name of named) expect((await only(name)).identity).toBe(fileUri(join(folder, "a b.csv")));
  });

  it("is that of no standard input and no device", async () => {
    async function* stdin(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("a\n1\n");
    }
    const [spooled] = await discoverSources(["-"], { stdin: stdin() });
    expect([spooled?.identity, spooled?.stamp]).toEqual([undefined, undefined]);
    await spooled?.dispose?.();
    const device = await only("/dev/null");
    expect([device.identity, device.stamp]).toEqual([undefined, undefined]);
  });
});

describe("a stamp", () => {
  const changes: readonly { readonly what: string; readonly change: (file: string) => void }[] = [
    { what: "grew", change: (file) => writeFileSync(file, "more", { flag: "a" }) },
    {
      what: "was replaced by one of the same size and time",
      change: (file) => {
        const time = new Date("2026-01-01T00:00:00Z");
        writeFileSync(`${file}.new`, "othe");
        utimesSync(`${file}.new`, time, time);
        renameSync(`${file}.new`, file);
      },
    },
    {
      what: "was written to, and its time set back",
      change: (file) => {
        const time = new Date("2026-01-01T00:00:00Z");
        writeFileSync(file, "othe");
        utimesSync(file, time, time);
      },
    },
  ];

  it.each(changes)("tells that a file $what", async ({ change }) => {
    const folder = await temporaryFolder();
    const path = join(folder, "a.csv");
    const time = new Date("2026-01-01T00:00:00Z");
    writeFileSync(path, "text");
    utimesSync(path, time, time);
    // The clock of a file system ticks some hundred times a second.
    await ticked(folder);
    const file = await only(path);
    expect(await movedFiles([file])).toEqual([]);
    change(path);
    expect(await movedFiles([file])).toEqual([{ file, what: "changed" }]);
    const anew = stampedAnew(file);
    expect(anew).toMatchObject({ uri: path, identity: file.identity });
    expect(await movedFiles(anew === undefined ? [] : [anew])).toEqual([]);
  });

  it("tells that a file is gone, or no file any more", async () => {
    const folder = await temporaryFolder();
    const paths = ["a", "b", "c"].map((name) => join(folder, `${name}.csv`));
    for (const path of paths) writeFileSync(path, "text");
    const files = await discoverSources([folder]);
    rmSync(paths[0] ?? "");
    rmSync(paths[1] ?? "");
    mkdirSync(paths[1] ?? "");
    expect((await movedFiles(files)).map(({ file, what }) => [basename(file.uri), what])).toEqual([
      ["a.csv", "gone"],
      ["b.csv", "gone"],
    ]);
    expect(files.slice(0, 2).map(stampedAnew)).toEqual([undefined, undefined]);
    expect(files.slice(0, 2).map((file) => fileStamp(file.localPath))).toEqual([undefined, undefined]);
  });

  it("holds times to the nanosecond", async () => {
    const folder = await temporaryFolder();
    writeFileSync(join(folder, "a.csv"), "text");
    const { stamp, modificationTime, size } = await only(join(folder, "a.csv"));
    if (stamp === undefined) throw new Error("a file has a stamp");
    expect(stamp.modified / 1_000_000n).toBe(BigInt(modificationTime));
    expect(stamp.size).toBe(BigInt(size));
    expect(sameStamp(stamp, { ...stamp, modified: stamp.modified + 1n })).toBe(false);
  });
});

/** Waits until the clock of the file system has moved on. */
async function ticked(folder: string): Promise<void> {
  const path = join(folder, ".tick");
  writeFileSync(path, "");
  const before = fileStamp(path)?.changed;
  while (fileStamp(path)?.changed === before) {
    await new Promise((resolve) => setImmediate(resolve));
    writeFileSync(path, "x");
  }
  rmSync(path);
}

describe("the hash of a file", () => {
  it.each([0, 1, 300, 65_535, 65_536, 65_537, 3 * 1024 * 1024 + 1])("of %i bytes", async (size) => {
    const path = join(await temporaryFolder(), "data");
    const bytes = Buffer.from(Uint8Array.from({ length: size }, (_, index) => (index * 7) % 251));
    writeFileSync(path, bytes);
    expect(await hashFile(path)).toBe(createHash("sha256").update(bytes).digest("hex").slice(0, 32));
  });

  it("comes in the order of the files, large and small", async () => {
    const folder = await temporaryFolder();
    const texts = Array.from({ length: 300 }, (_, index) =>
      `${index} `.repeat(index % 50 === 0 ? 30_000 : 3),
    );
    const files = texts.map((text, index) => {
      const localPath = join(folder, `${index}`);
      writeFileSync(localPath, text);
      return { localPath, uri: `${index}` };
    });
    expect(await hashFiles(files)).toEqual(
      texts.map((text) => createHash("sha256").update(text).digest("hex").slice(0, 32)),
    );
  });

  it("names a file that is gone, and one that cannot be read", async () => {
    const folder = await temporaryFolder();
    const localPath = join(folder, "a.csv");
    await expect(hashFiles([{ localPath, uri: "raw/a.csv" }])).rejects.toMatchObject({
      kind: "not-found",
      code: "source-vanished",
      context: { file: "raw/a.csv" },
    });
    await expect(hashFile(folder)).rejects.toMatchObject({ kind: "unavailable", code: "source-read" });
  });

  it("is not worked out when it is cancelled", async () => {
    const path = join(await temporaryFolder(), "a.csv");
    writeFileSync(path, "text");
    await expect(hashFile(path, AbortSignal.abort())).rejects.toMatchObject({ kind: "cancelled" });
  });
});

describe("discovery that goes on for long", () => {
  it("takes a folder and a glob without files for empty where they may be", async () => {
    const folder = await temporaryFolder();
    const options = { mayBeEmpty: true };
    expect(await discoverSources([folder], options)).toEqual([]);
    expect(await discoverSources([`${folder}/*.csv`, `${folder}/none/**/*.csv`], options)).toEqual([]);
    await expect(discoverSources([join(folder, "a.csv")], options)).rejects.toMatchObject({
      kind: "not-found",
      code: "no-source",
    });
  });

  it("leaves out what vanishes between two looks, where that may be", async () => {
    const folder = await temporaryFolder();
    writeFileSync(join(folder, "a.csv"), "a\n1\n");
    // A link to nothing is listed and cannot be looked at, as a file that has just gone.
    symlinkSync(join(folder, "nothing.csv"), join(folder, "b.csv"));
    expect((await discoverSources([folder], { mayBeEmpty: true })).map(({ uri }) => basename(uri))).toEqual([
      "a.csv",
    ]);
    await expect(discoverSources([folder])).rejects.toMatchObject({
      kind: "not-found",
      code: "source-vanished",
      context: { file: join(folder, "b.csv") },
    });
  });

  it.skipIf(process.platform !== "linux")(
    "passes over no file whose name is no text (on Linux, where there are such names)",
    async () => {
      const folder = await temporaryFolder();
      writeFileSync(
        Buffer.concat([Buffer.from(`${folder}/a`), Buffer.of(0xff), Buffer.from(".csv")]),
        "a\n1\n",
      );
      await expect(discoverSources([folder], { mayBeEmpty: true })).rejects.toMatchObject({
        kind: "unsupported",
        code: "file-name-encoding",
      });
    },
  );

  it.skipIf(process.getuid?.() === 0)(
    "names a folder that cannot be listed (skipped as root, who may list every one)",
    async () => {
      const folder = await temporaryFolder();
      mkdirSync(join(folder, "shut"));
      chmodSync(join(folder, "shut"), 0o000);
      await expect(discoverSources([folder])).rejects.toMatchObject({
        kind: "unavailable",
        context: { file: join(folder, "shut") },
      });
      chmodSync(join(folder, "shut"), 0o755);
    },
  );

  it("finds thousands of files in the order of their paths, and stops when it is told to", async () => {
    const folder = await temporaryFolder();
    const names = Array.from({ length: 3_000 }, (_, index) => `${index % 3}/${(index * 7_919) % 3_000}.csv`);
    for (const part of ["0", "1", "2"]) mkdirSync(join(folder, part));
    for (const name of names) writeFileSync(join(folder, name), "x");
    const found = await discoverSources([folder]);
    expect(found.map(({ uri }) => uri)).toEqual(names.map((name) => join(folder, name)).sort());
    await expect(discoverSources([folder], { signal: AbortSignal.abort() })).rejects.toMatchObject({
      kind: "cancelled",
    });
  });
});
