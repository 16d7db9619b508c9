import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { type DiscoveredSource, discoverSources, isRemoteSource } from "../../formats/index.js";
import { farStores } from "../support/remote-store.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** A store far away with these objects, each of which holds its own name. */
async function storeWith(...keys: readonly string[]): Promise<ReturnType<typeof farStores>> {
  const root = await temporaryFolder();
  for (const key of keys) {
    const file = path.join(root, "bucket", key);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, key);
  }
  return farStores(root);
}

const OBJECTS = [
  "raw/2026-01/part-1.jsonl",
  "raw/2026-01/part-2.jsonl",
  "raw/2026-02/part-1.jsonl",
  "raw/2026-02/_part-3.jsonl",
  "raw/2026-02/.part-4.jsonl",
  "raw/_temporary/part-9.jsonl",
  "raw/2026-02/notes.txt",
  "raw.csv",
  "raw-1.csv",
  "with space & ü.csv",
];

const urisOf = (sources: readonly DiscoveredSource[]): string[] => sources.map(({ uri }) => uri);

/** What arguments name, without the bucket. */
async function found(...args: readonly string[]): Promise<string[]> {
  const { open } = await storeWith(...OBJECTS);
  const sources = await discoverSources(
    args.map((arg) => `far://bucket/${arg}`),
    { openStore: open },
  );
  return urisOf(sources).map((uri) => uri.replace("far://bucket/", ""));
}

const IN_RAW = [
  "raw/2026-01/part-1.jsonl",
  "raw/2026-01/part-2.jsonl",
  "raw/2026-02/notes.txt",
  "raw/2026-02/part-1.jsonl",
];

describe("discovery in a store far away", () => {
  it("takes a prefix as a folder: whole names, sorted, without hidden ones", async () => {
    expect(await found("raw")).toEqual(IN_RAW);
    expect(await found("raw/")).toEqual(IN_RAW);
    expect(await found("raw/2026-02//")).toEqual(["raw/2026-02/notes.txt", "raw/2026-02/part-1.jsonl"]);
    expect(await found("")).toEqual(["raw-1.csv", "raw.csv", ...IN_RAW, "with space & ü.csv"]);
  });

  it("takes a prefix whose own name is hidden", async () => {
    expect(await found("raw/_temporary")).toEqual(["raw/_temporary/part-9.jsonl"]);
  });

  it("takes an object by its key as it is", async () => {
    expect(await found("raw.csv")).toEqual(["raw.csv"]);
    expect(await found("with space & ü.csv")).toEqual(["with space & ü.csv"]);
    expect(await found("raw/2026-02/_part-3.jsonl")).toEqual(["raw/2026-02/_part-3.jsonl"]);
  });

  it("takes patterns, which match the names that they match on a disk", async () => {
    expect(await found("raw/2026-*/part-*.jsonl")).toEqual([
      "raw/2026-01/part-1.jsonl",
      "raw/2026-01/part-2.jsonl",
      "raw/2026-02/part-1.jsonl",
    ]);
    expect(await found("raw/**/*-1.jsonl")).toEqual(["raw/2026-01/part-1.jsonl", "raw/2026-02/part-1.jsonl"]);
    expect(await found("raw/2026-02/_*")).toEqual(["raw/2026-02/_part-3.jsonl"]);
    expect(await found("raw{,-1}.csv")).toEqual(["raw-1.csv", "raw.csv"]);
  });

  it("lists below the longest part of a pattern that is none, and an object not at all", async () => {
    const { open, opened } = await storeWith(...OBJECTS);
    await discoverSources(["far://bucket/raw/2026-*/part-1.*"], { openStore: open });
    await discoverSources(["far://bucket/raw/2026-01"], { openStore: open });
    await discoverSources(["far://bucket/raw.csv"], { openStore: open });
    expect(opened.get("far://bucket")?.requests).toEqual([
      "list raw/2026- after ",
      "head raw/2026-01",
      "list raw/2026-01/ after ",
      "head raw.csv",
    ]);
  });

  it("takes an object whose key is a pattern for itself", async () => {
    const { open } = await storeWith("a[1].csv", "a1.csv", "b*.csv", "b1.csv");
    const named = async (arg: string): Promise<string[]> =>
      urisOf(await discoverSources([`far://bucket/${arg}`], { openStore: open }));
    expect(await named("a[1].csv")).toEqual(["far://bucket/a[1].csv"]);
    expect(await named("b*.csv")).toEqual(["far://bucket/b*.csv"]);
    expect(await named("a[12].csv")).toEqual(["far://bucket/a1.csv"]);
  });

  it("names each object once, in the order of the arguments, beside local files", async () => {
    const { open } = await storeWith(...OBJECTS);
    const folder = await temporaryFolder();
    const local = path.join(folder, "a b.csv");
    writeFileSync(local, "a\n1\n");
    const args = ["far://bucket/raw.csv", pathToFileURL(local).href, "far://bucket/raw*.csv", local];
    const sources = await discoverSources(args, { openStore: open });
    expect(urisOf(sources)).toEqual(["far://bucket/raw.csv", local, "far://bucket/raw-1.csv"]);
    expect(sources.map(isRemoteSource)).toEqual([true, false, true]);
  });

  it("tells what a look at an object by itself and a listing agree on", async () => {
    const { open } = await storeWith("a.csv");
    const [alone] = await discoverSources(["far://bucket/a.csv"], { openStore: open });
    const [listed] = await discoverSources(["far://bucket/*.csv"], { openStore: open });
    expect(listed).toEqual(alone);
    expect(alone).toMatchObject({ identity: "far://bucket/a.csv", size: 5 });
    expect(Number(alone?.modificationTime) % 1000).toBe(0);
  });

  it("names what matches nothing, unless there may be nothing", async () => {
    const { open } = await storeWith("only/_hidden.csv");
    const openStore = open;
    for (const arg of ["none.csv", "none/", "none*.csv", ""].map((name) => `far://other/${name}`)) {
      await expect(discoverSources([arg], { openStore })).rejects.toMatchObject({
        kind: "not-found",
        code: "no-source",
        context: { file: arg },
      });
      expect(await discoverSources([arg], { openStore, mayBeEmpty: true })).toEqual([]);
    }
    await expect(discoverSources(["far://bucket/only"], { openStore })).rejects.toMatchObject({
      code: "no-source",
      hint: expect.stringContaining("begin with '_'"),
    });
  });

  it("refuses a scheme that no store has, and any where stores cannot be opened", async () => {
    const { open } = await storeWith();
    const refused = {
      kind: "unsupported",
      code: "source-scheme",
      message: expect.stringContaining("ftp://"),
    };
    await expect(
      discoverSources(["ftp://user:secret@host/a.csv"], { openStore: open }),
    ).rejects.toMatchObject(refused);
    const untold = await discoverSources(["ftp://user:secret@host/a.csv"]).catch((error: unknown) => error);
    expect(untold).toMatchObject(refused);
    expect(JSON.stringify(untold) + String(untold)).not.toContain("secret");
  });
});
