import { existsSync, statSync } from "node:fs";
import { mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { temporaryName } from "../../object-store/durable-file.js";
import { LocalStore, objectPath as p } from "../../object-store/index.js";
import { describeObjectStore } from "../contract/object-store.js";
import { bytes, contentsOf, pathsOf, text } from "../support/object-stores.js";
import { temporaryFolder } from "../support/temporary-folder.js";

describeObjectStore("local", async () => new LocalStore(join(await temporaryFolder(), "new", "lake")), {
  keys: "folders",
});

test("an object is the file of that name under the root", async () => {
  const root = await temporaryFolder();
  const store = new LocalStore(root);
  await store.put(p("a/b%20c"), bytes("x"));
  expect(await readdir(join(root, "a"))).toEqual(["b%20c"]);
  expect(store.localPath(p("a/b%20c"))).toBe(join(root, "a", "b%20c"));
  expect(store.uri).toBe(pathToFileURL(root).href);
});

test("reading makes nothing", async () => {
  const root = await temporaryFolder();
  const store = new LocalStore(join(root, "lake"));
  await store.head(p("a"));
  await pathsOf(store.list(""));
  await store.delete([p("a")]);
  expect(await readdir(root)).toEqual([]);
});

test("what a dead process left is never shown and is in nobody's way", async () => {
  const root = await temporaryFolder();
  const store = new LocalStore(root);
  await store.put(p("t/a"), bytes("a"));
  const leftover = join(root, "t", temporaryName());
  await writeFile(leftover, "half wri");
  expect(await pathsOf(store.list(""))).toEqual(["t/a"]);
  expect(await pathsOf(store.list("t/."))).toEqual([]);
  expect(await store.putIfAbsent(p("t/b"), bytes("b"))).toEqual({ status: "created" });
  expect(await contentsOf(store)).toEqual({ "t/a": "a", "t/b": "b" });
});

test("writes leave no temporary file, whether they succeed, lose or fail", async () => {
  const root = await temporaryFolder();
  const store = new LocalStore(root);
  await store.put(p("a"), bytes("1"));
  await store.putIfAbsent(p("a"), bytes("2"));
  await store.put(p("f/x"), bytes("3"));
  await expect(store.put(p("f"), bytes("4"))).rejects.toMatchObject({
    kind: "already-exists",
    code: "path-taken",
  });
  expect((await readdir(root)).sort()).toEqual(["a", "f"]);
});

test("a file and a folder of one name is an error that says so", async () => {
  const store = new LocalStore(await temporaryFolder());
  await store.put(p("file"), bytes("x"));
  await store.put(p("folder/x"), bytes("x"));
  const taken = { kind: "already-exists", code: "path-taken", cause: expect.any(Error) };
  await expect(store.put(p("file/x"), bytes("y"))).rejects.toMatchObject(taken);
  await expect(store.putIfAbsent(p("file/x/y"), bytes("y"))).rejects.toMatchObject(taken);
  await expect(store.put(p("folder"), bytes("y"))).rejects.toMatchObject(taken);
  await expect(store.putIfAbsent(p("folder"), bytes("y"))).rejects.toMatchObject(taken);
  expect(await contentsOf(store)).toEqual({ file: "x", "folder/x": "x" });
});

test("names that the file system or the store cannot hold are invalid input", async () => {
  const store = new LocalStore(await temporaryFolder());
  const invalid = { kind: "invalid-input", code: "file-name" };
  await expect(store.put(p("n".repeat(300)), bytes("x"))).rejects.toMatchObject(invalid);
  await expect(store.head(p("n".repeat(300)))).rejects.toMatchObject(invalid);
  await expect(store.put(p(`a/${temporaryName()}`), bytes("x"))).rejects.toMatchObject(invalid);
  await expect(store.get(p("a/\uFFFD"))).rejects.toMatchObject(invalid);
});

test("a folder that was removed from outside is made again", async () => {
  const root = join(await temporaryFolder(), "lake");
  const store = new LocalStore(root);
  await store.put(p("a/b/c"), bytes("1"));
  await rm(root, { recursive: true });
  expect(await store.putIfAbsent(p("a/b/c"), bytes("2"))).toEqual({ status: "created" });
  expect(text(await store.get(p("a/b/c")))).toBe("2");
});

test("links are followed; one that leads nowhere is no object", async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "elsewhere"));
  await mkdir(join(folder, "lake"));
  await writeFile(join(folder, "elsewhere", "x"), "xx");
  await symlink(join(folder, "elsewhere"), join(folder, "lake", "m"));
  await symlink(join(folder, "elsewhere", "x"), join(folder, "lake", "n"));
  await symlink(join(folder, "nowhere"), join(folder, "lake", "o"));
  const store = new LocalStore(join(folder, "lake"));
  expect(await contentsOf(store)).toEqual({ "m/x": "xx", n: "xx" });
  expect(await store.head(p("o"))).toBeUndefined();
  expect(await store.head(p("m/x"))).toMatchObject({ size: 2 });
});

test("list enters only the folders that can hold what it looks for", async () => {
  const root = await temporaryFolder();
  const store = new LocalStore(root);
  for (const path of ["a/1", "ab/1", "b/c/1", "b/d/1", "c/1"]) await store.put(p(path), bytes("x"));
  // Reading a folder that holds a circular link fails, so a listing that succeeds has not read it.
  for (const folder of ["a", "b/c", "c"]) await symlink("circle", join(root, folder, "circle"));
  await expect(pathsOf(store.list(""))).rejects.toMatchObject({ kind: "invalid-input" });
  expect(await pathsOf(store.list("ab"))).toEqual(["ab/1"]);
  expect(await pathsOf(store.list("b/d"))).toEqual(["b/d/1"]);
  expect(await pathsOf(store.list("b/", { startAfter: "b/c0" }))).toEqual(["b/d/1"]);
  expect(await pathsOf(store.list("a", { startAfter: "a0" }))).toEqual(["ab/1"]);
  const first: string[] = [];
  for await (const { path } of store.list("b/", { startAfter: "b/c0" })) {
    first.push(path);
    break;
  }
  expect(first).toEqual(["b/d/1"]);
  const untilB: string[] = [];
  for await (const { path } of store.list("", { startAfter: "a0" })) {
    untilB.push(path);
    break;
  }
  expect(untilB).toEqual(["ab/1"]);
});

test("adopt takes regular files only", async () => {
  const folder = await temporaryFolder();
  const store = new LocalStore(join(folder, "lake"));
  await mkdir(join(folder, "d"));
  await expect(store.adopt([{ localFile: join(folder, "d"), path: p("x") }])).rejects.toMatchObject({
    kind: "invalid-input",
    code: "not-a-file",
  });
  expect((await readdir(folder)).sort()).toEqual(["d", "lake"]);
});

test("adopt of many files in many folders", async () => {
  const folder = await temporaryFolder();
  const store = new LocalStore(join(folder, "lake"));
  const files = await Promise.all(
    Array.from({ length: 60 }, async (_, i) => {
      const localFile = join(folder, `part-${i}`);
      await writeFile(localFile, String(i));
      return { localFile, path: p(`t/k=${i % 7}/part-${i}`) };
    }),
  );
  await store.adopt(files);
  const expected = Object.fromEntries(files.map(({ path }, i) => [path, String(i)]));
  expect(await contentsOf(store)).toEqual(expected);
  expect(await readdir(folder)).toEqual(["lake"]);
});

const OTHER_DEVICE = "/dev/shm";
const hasOtherDevice = existsSync(OTHER_DEVICE) && statSync(OTHER_DEVICE).dev !== statSync(tmpdir()).dev;

test.runIf(hasOtherDevice)("adopt moves a file from another device", async () => {
  const elsewhere = await temporaryFolder(OTHER_DEVICE);
  const root = join(await temporaryFolder(), "lake");
  const store = new LocalStore(root);
  await writeFile(join(elsewhere, "part"), "data");
  await store.adopt([{ localFile: join(elsewhere, "part"), path: p("t/part") }]);
  expect(await contentsOf(store)).toEqual({ "t/part": "data" });
  expect(await readdir(elsewhere)).toEqual([]);
  expect(await readdir(join(root, "t"))).toEqual(["part"]);
});
