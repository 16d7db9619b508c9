import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { type ObjectPath, type ObjectStore, objectPath } from "../../object-store/index.js";
import { bytes, contentsOf, pathsOf, text } from "../support/object-stores.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const p = objectPath;

export interface StoreTraits {
  /**
   * Whether keys are one flat list, as on S3, so that `a` and `a/b` can both be objects. In a file system `a` would have
   * to be a file and a folder.
   */
  readonly keys: "flat" | "folders";
}

/**
 * The contract of ObjectStore (object-store/object-store.ts) as a suite.
 *
 * @param create a new empty store for the running test
 */
export function describeObjectStore(
  name: string,
  create: () => Promise<ObjectStore>,
  { keys }: StoreTraits = { keys: "flat" },
): void {
  async function storeWith(...paths: string[]): Promise<ObjectStore> {
    const store = await create();
    for (const path of paths) await store.put(p(path), bytes(path));
    return store;
  }

  describe(`${name}: the object store contract`, () => {
    describe("head and get", () => {
      test("an object that was put is there, whole", async () => {
        const store = await create();
        await store.put(p("a/b c/d.json"), bytes("hello"));
        expect(text(await store.get(p("a/b c/d.json")))).toBe("hello");
        const meta = await store.head(p("a/b c/d.json"));
        expect(meta).toMatchObject({ path: "a/b c/d.json", size: 5 });
        expect(Number.isInteger(meta?.lastModified)).toBe(true);
        // Milliseconds: as seconds, this would be the year 33658.
        expect(meta?.lastModified).toBeGreaterThan(1_000_000_000_000);
      });

      test("put replaces, and an object may be empty", async () => {
        const store = await storeWith("a");
        await store.put(p("a"), bytes("second"));
        expect(text(await store.get(p("a")))).toBe("second");
        await store.put(p("a"), new Uint8Array());
        expect(await store.get(p("a"))).toEqual(new Uint8Array());
        expect(await store.head(p("a"))).toMatchObject({ size: 0 });
      });

      test.each(["x", "a/x", "a", "a/b/c"])(
        "nothing at %s: head is undefined, get is not-found",
        async (path) => {
          const store = await storeWith("a/b");
          expect(await store.head(p(path))).toBeUndefined();
          await expect(store.get(p(path))).rejects.toMatchObject({
            kind: "not-found",
            code: "object-not-found",
          });
          await expect(store.get(p(path), { range: { suffix: 0 } })).rejects.toMatchObject({
            kind: "not-found",
          });
        },
      );

      test.each([
        [{ offset: 0, length: 10 }, "0123456789"],
        [{ offset: 3, length: 4 }, "3456"],
        [{ offset: 8, length: 10 }, "89"],
        [{ offset: 10, length: 1 }, ""],
        [{ offset: 99, length: 1 }, ""],
        [{ offset: 4, length: 0 }, ""],
        [{ offset: 1, length: Number.MAX_SAFE_INTEGER }, "123456789"],
        [{ suffix: 3 }, "789"],
        [{ suffix: 0 }, ""],
        [{ suffix: 99 }, "0123456789"],
      ])("range %o gives %j", async (range, expected) => {
        const store = await create();
        await store.put(p("digits"), bytes("0123456789"));
        expect(text(await store.get(p("digits"), { range }))).toBe(expected);
      });

      test.each([
        { offset: -1, length: 1 },
        { offset: 0, length: -1 },
        { offset: 0.5, length: 1 },
        { suffix: -1 },
        { suffix: Number.NaN },
      ])("range %o is invalid input", async (range) => {
        const store = await storeWith("a");
        await expect(store.get(p("a"), { range })).rejects.toMatchObject({
          kind: "invalid-input",
          code: "byte-range",
        });
      });

      test("the caller's arrays and the store's bytes are separate", async () => {
        const store = await create();
        const data = bytes("good");
        await store.put(p("a"), data);
        data.fill(0);
        (await store.get(p("a"))).fill(0);
        expect(text(await store.get(p("a")))).toBe("good");
      });

      test("data that is a view of a larger buffer is written as the view", async () => {
        const store = await create();
        await store.put(p("a"), bytes("0123456789").subarray(2, 5));
        expect(text(await store.get(p("a")))).toBe("234");
      });
    });

    describe("read", () => {
      test.each([
        [undefined, "0123456789"],
        [{ offset: 3, length: 4 }, "3456"],
        [{ offset: 8, length: 10 }, "89"],
        [{ offset: 10, length: 5 }, ""],
        [{ offset: 0, length: 0 }, ""],
        [{ suffix: 3 }, "789"],
        [{ suffix: 0 }, ""],
      ])("range %o gives %j, the size of the whole object and its etag", async (range, expected) => {
        const store = await create();
        await store.put(p("digits"), bytes("0123456789"));
        const { etag } = await store.read(p("digits"));
        const part = await store.read(p("digits"), { range });
        expect(text(part.bytes)).toBe(expected);
        expect(part).toMatchObject({ size: 10, etag });
        expect(await store.read(p("digits"), { range, ifMatch: etag })).toEqual(part);
      });

      test("an empty object has a size and an etag too", async () => {
        const store = await create();
        await store.put(p("a"), new Uint8Array());
        const whole = await store.read(p("a"));
        expect(whole).toMatchObject({ size: 0, etag: expect.any(String) });
        expect(whole.bytes).toEqual(new Uint8Array());
        for (const range of [{ offset: 0, length: 5 }, { offset: 7, length: 1 }, { suffix: 2 }]) {
          expect(await store.read(p("a"), { range, ifMatch: whole.etag })).toEqual(whole);
        }
      });

      test("head, list and read tell the same etag, and another one for another content", async () => {
        const store = await storeWith("a");
        const { etag } = await store.read(p("a"));
        expect(await store.head(p("a"))).toMatchObject({ etag });
        for await (const meta of store.list("")) expect(meta.etag ?? etag).toBe(etag);
        await store.put(p("a"), bytes("other"));
        expect((await store.read(p("a"))).etag).not.toBe(etag);
      });

      test.each([
        undefined,
        { offset: 0, length: 1 },
        { offset: 99, length: 1 },
        { offset: 0, length: 0 },
        { suffix: 2 },
      ])("of a content that is not there any more: a conflict (range %o)", async (range) => {
        const store = await storeWith("a");
        const { etag } = await store.read(p("a"));
        await store.put(p("a"), bytes("something else"));
        await expect(store.read(p("a"), { range, ifMatch: etag })).rejects.toMatchObject({
          kind: "conflict",
          code: "object-changed",
        });
        await store.delete([p("a")]);
        await expect(store.read(p("a"), { range, ifMatch: etag })).rejects.toMatchObject({
          kind: "not-found",
          code: "object-not-found",
        });
      });
    });

    test.runIf(keys === "flat")("an object may have the name of a folder", async () => {
      const store = await storeWith("a", "a/b", "a/b/c");
      expect(await contentsOf(store)).toEqual({ a: "a", "a/b": "a/b", "a/b/c": "a/b/c" });
      expect(await store.head(p("a/b"))).toMatchObject({ size: 3 });
      await store.delete([p("a/b")]);
      expect(await pathsOf(store.list("a"))).toEqual(["a", "a/b/c"]);
    });

    test.runIf(keys === "folders")("an object cannot have the name of a folder, and is told so", async () => {
      const store = await storeWith("a/b");
      await expect(store.put(p("a"), bytes("x"))).rejects.toMatchObject({
        kind: "already-exists",
        code: "path-taken",
      });
      await expect(store.put(p("a/b/c"), bytes("x"))).rejects.toMatchObject({
        kind: "already-exists",
        code: "path-taken",
      });
      expect(await contentsOf(store)).toEqual({ "a/b": "a/b" });
    });

    describe("put if absent", () => {
      test("the first gets the path, the second leaves it alone", async () => {
        const store = await create();
        expect(await store.putIfAbsent(p("log/0.json"), bytes("first"))).toEqual({ status: "created" });
        expect(await store.putIfAbsent(p("log/0.json"), bytes("second"))).toEqual({ status: "exists" });
        expect(await contentsOf(store)).toEqual({ "log/0.json": "first" });
      });

      test("a path is free again after delete", async () => {
        const store = await storeWith("a");
        await store.delete([p("a")]);
        expect(await store.putIfAbsent(p("a"), bytes("new"))).toEqual({ status: "created" });
        expect(text(await store.get(p("a")))).toBe("new");
      });

      test("of many callers at once exactly one wins, and its bytes are there", async () => {
        const store = await create();
        for (let round = 0; round < 10; round++) {
          const path = p(`log/${round}`);
          const results = await Promise.all(
            Array.from({ length: 16 }, (_, i) => store.putIfAbsent(path, bytes(`caller ${i}`))),
          );
          const winners = results.flatMap((result, i) => (result.status === "created" ? [i] : []));
          expect(winners).toHaveLength(1);
          expect(text(await store.get(path))).toBe(`caller ${winners[0]}`);
        }
      });
    });

    describe("list", () => {
      const PATHS = ["a", "a-b", "a.b", "ab/c", "ab/c.d/e", "ab/c/d", "ab0", "b/\uFF5E", "b/\u{1F43B}", "z"];
      const STORABLE = PATHS.filter((path) => keys === "flat" || path !== "ab/c");

      test("an empty store lists nothing", async () => {
        const store = await create();
        expect(await pathsOf(store.list(""))).toEqual([]);
        expect(await pathsOf(store.list("a/b"))).toEqual([]);
      });

      test("paths come in UTF-8 byte order, not folder by folder", async () => {
        const store = await storeWith(...STORABLE.toReversed());
        expect(await pathsOf(store.list(""))).toEqual(STORABLE);
      });

      test("a prefix is a string, not a folder", async () => {
        const store = await storeWith(...STORABLE);
        expect(await pathsOf(store.list("a"))).toEqual(STORABLE.filter((path) => path.startsWith("a")));
        expect(await pathsOf(store.list("ab/c"))).toEqual(STORABLE.filter((path) => path.startsWith("ab/c")));
        expect(await pathsOf(store.list("ab/"))).toEqual(STORABLE.filter((path) => path.startsWith("ab/")));
        expect(await pathsOf(store.list("ab/c/d"))).toEqual(["ab/c/d"]);
        expect(await pathsOf(store.list("ab/c/d/"))).toEqual([]);
      });

      test.each(["../", "..", "/", "a//", "./", "ab/../"])("no path begins with %j", async (prefix) => {
        const store = await storeWith("a0", "ab/c");
        expect(await pathsOf(store.list(prefix))).toEqual([]);
      });

      test.each(["", "a", "a-b", "a/", "ab", "ab/", "ab/c", "ab/c.", "ab/c/", "ab/c/d", "ab/z", "zz"])(
        "startAfter %j is exclusive and need not exist",
        async (startAfter) => {
          const store = await storeWith(...STORABLE);
          expect(await pathsOf(store.list("", { startAfter }))).toEqual(
            STORABLE.filter((path) => Buffer.compare(Buffer.from(path), Buffer.from(startAfter)) > 0),
          );
          expect(await pathsOf(store.list("ab", { startAfter }))).toEqual(
            STORABLE.filter((path) => path.startsWith("ab")).filter(
              (path) => Buffer.compare(Buffer.from(path), Buffer.from(startAfter)) > 0,
            ),
          );
        },
      );

      test("gives what head gives", async () => {
        const store = await storeWith("a/b", "c");
        for await (const meta of store.list("")) expect(await store.head(meta.path)).toEqual(meta);
      });

      test("more objects than any page or batch holds", async () => {
        const store = await create();
        const paths = Array.from({ length: 300 }, (_, i) => p(`d/${String(i).padStart(4, "0")}`));
        await Promise.all(paths.map((path) => store.put(path, bytes(path))));
        expect(await pathsOf(store.list("d/"))).toEqual(paths);
        expect(await pathsOf(store.list("d/", { startAfter: "d/0290" }))).toEqual(paths.slice(291));
      });
    });

    describe("delete", () => {
      test("deletes what is there; what is absent is no error", async () => {
        const store = await storeWith("a/b", "a/c", "d");
        await store.delete([p("a/b"), p("d"), p("no/such"), p("a"), p("a/c/d")]);
        expect(await contentsOf(store)).toEqual({ "a/c": "a/c" });
        await store.delete([]);
      });
    });

    describe("adopt", () => {
      async function localFile(content: string): Promise<string> {
        const file = join(await temporaryFolder(), "part.parquet");
        await writeFile(file, content);
        return file;
      }

      test("files from elsewhere become objects and are gone from there", async () => {
        const store = await create();
        const [one, two] = [await localFile("one"), await localFile("two")];
        await store.adopt([
          { localFile: one, path: p("t/x=1/one.parquet") },
          { localFile: two, path: p("t/two.parquet") },
        ]);
        expect(await contentsOf(store)).toEqual({ "t/x=1/one.parquet": "one", "t/two.parquet": "two" });
        expect(await readdir(dirname(one))).toEqual([]);
        expect(await readdir(dirname(two))).toEqual([]);
      });

      test("a file that lies at its own place stays there", async () => {
        const store = await create();
        const path = p("t/part.parquet");
        const file = store.localPath(path) ?? (await localFile(""));
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, "data");
        await store.adopt([{ localFile: file, path }]);
        expect(await contentsOf(store)).toEqual({ [path]: "data" });
      });

      test("a file that does not exist is not-found", async () => {
        const store = await create();
        const missing = join(await temporaryFolder(), "missing");
        await expect(store.adopt([{ localFile: missing, path: p("t/a") }])).rejects.toMatchObject({
          kind: "not-found",
          message: expect.stringContaining(missing),
        });
        expect(await contentsOf(store)).toEqual({});
      });

      test("no files is no work", async () => {
        const store = await create();
        await store.adopt([]);
        expect(await contentsOf(store)).toEqual({});
      });
    });

    test("localPath says where the bytes of an object lie, or that they are not local", async () => {
      const store = await storeWith("a/b");
      const file = store.localPath(p("a/b"));
      if (file !== undefined) expect((await stat(file)).size).toBe(3);
      expect(store.localPath(p("a/none")) === undefined).toBe(file === undefined);
    });

    describe("a signal that has fired cancels", () => {
      const options = { signal: AbortSignal.abort(new Error("stop")) };
      const path: ObjectPath = p("a");
      test.each<[string, (store: ObjectStore) => Promise<unknown>]>([
        ["head", (store) => store.head(path, options)],
        ["get", (store) => store.get(path, options)],
        ["read", (store) => store.read(path, options)],
        ["put", (store) => store.put(path, bytes("x"), options)],
        ["putIfAbsent", (store) => store.putIfAbsent(p("b"), bytes("x"), options)],
        ["list", (store) => pathsOf(store.list("", options))],
        ["delete", (store) => store.delete([path], options)],
        ["adopt", (store) => store.adopt([{ localFile: "nowhere", path: p("b") }], options)],
      ])("%s", async (_verb, call) => {
        const store = await storeWith("a");
        await expect(call(store)).rejects.toMatchObject({ kind: "cancelled", cause: new Error("stop") });
        expect(await contentsOf(store)).toEqual({ a: "a" });
      });

      test("a listing under way", async () => {
        const store = await storeWith("a", "b", "c");
        const controller = new AbortController();
        const seen: string[] = [];
        const listing = async (): Promise<void> => {
          for await (const { path } of store.list("", { signal: controller.signal })) {
            seen.push(path);
            controller.abort();
          }
        };
        await expect(listing()).rejects.toMatchObject({ kind: "cancelled" });
        expect(seen).toEqual(["a"]);
      });
    });
  });
}
