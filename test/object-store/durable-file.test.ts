import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  copyToNewFile,
  isTemporaryName,
  syncDirectory,
  syncFile,
  temporaryName,
  withTemporaryFile,
  writeNewFile,
} from "../../object-store/durable-file.js";
import { bytes } from "../support/object-stores.js";
import { temporaryFolder } from "../support/temporary-folder.js";

test("a temporary file is whole when it is lent, and gone afterwards", async () => {
  const folder = await temporaryFolder();
  const seen = await withTemporaryFile(
    folder,
    (file) => writeNewFile(file, bytes("data")),
    async (file) => [await readFile(file, "utf8"), await readdir(folder)],
  );
  expect(seen).toEqual(["data", [expect.stringMatching(/^\.grizzly-.*\.tmp$/)]]);
  expect(await readdir(folder)).toEqual([]);
});

test("it is gone as well when filling or publishing fails, and the failure is the one thrown", async () => {
  const folder = await temporaryFolder();
  const failure = new Error("no");
  const fill = (file: string): Promise<void> => writeNewFile(file, bytes("data"));
  await expect(withTemporaryFile(folder, fill, () => Promise.reject(failure))).rejects.toBe(failure);
  const failAfterFilling = async (file: string): Promise<void> => {
    await fill(file);
    throw failure;
  };
  await expect(withTemporaryFile(folder, failAfterFilling, async () => {})).rejects.toBe(failure);
  expect(await readdir(folder)).toEqual([]);
});

test("new files replace nothing", async () => {
  const folder = await temporaryFolder();
  const [taken, source] = [join(folder, "taken"), join(folder, "source")];
  await writeFile(taken, "old");
  await writeFile(source, "new");
  await expect(writeNewFile(taken, bytes("new"))).rejects.toMatchObject({ code: "EEXIST" });
  await expect(copyToNewFile(source, taken)).rejects.toMatchObject({ code: "EEXIST" });
  expect(await readFile(taken, "utf8")).toBe("old");
  await copyToNewFile(source, join(folder, "copy"));
  expect(await readFile(join(folder, "copy"), "utf8")).toBe("new");
});

test("only regular files are flushed as files, folders as folders", async () => {
  const folder = await temporaryFolder();
  await expect(syncFile(folder)).rejects.toMatchObject({ kind: "invalid-input", code: "not-a-file" });
  await expect(syncFile(join(folder, "none"))).rejects.toMatchObject({ code: "ENOENT" });
  await syncDirectory(folder);
});

test("temporary names are told from the names of objects", () => {
  expect(isTemporaryName(temporaryName())).toBe(true);
  expect(["a.tmp", ".grizzly", ".grizzly-x.tmp", `${temporaryName()}.json`].filter(isTemporaryName)).toEqual(
    [],
  );
});
