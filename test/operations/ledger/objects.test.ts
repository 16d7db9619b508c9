import { expect, test } from "vitest";
import { chooseFiles } from "../../../src/operations/landing/ledger/choose-files.js";
import {
  type FoundFile,
  isUntouched,
  type LandedFile,
  landedFile,
  sameContent,
  tagMark,
} from "../../../src/operations/landing/ledger/landed-file.js";

const ONE = "0123456789abcdef0123456789abcdef";
const OTHER = "f123456789abcdef0123456789abcdef";
const object = (etag: string | undefined, uri = "s3://bucket/a.jsonl"): FoundFile => ({
  uri,
  size: 10,
  modificationTime: 1_000,
  ...(etag === undefined ? {} : { mark: tagMark(etag) }),
});

test("an entry of an object holds as many digits as one of a file, and no more", () => {
  const landed = landedFile(object("etag"), ONE);
  expect(landed.hash).toMatch(/^[0-9a-f]{32}$/);
  expect(Object.keys(landed).sort()).toEqual(["hash", "modificationTime", "size", "uri"]);
  expect(landedFile(object("etag"), landed.hash)).toEqual(landed);
  expect(landedFile(object(undefined, "file:///a"), ONE).hash).toBe(ONE);
});

test("an object is untouched while its tag is the same", () => {
  const landed = landedFile(object("one"), ONE);
  expect(isUntouched(object("one"), landed)).toBe(true);
  expect(isUntouched(object("two"), landed)).toBe(false);
  expect(isUntouched({ ...object("one"), size: 11 }, landed)).toBe(false);
  expect(isUntouched({ ...object("one"), modificationTime: 2_000 }, landed)).toBe(false);
  // A store that tells no tag: size and time are all there is.
  expect(isUntouched(object(undefined), landed)).toBe(true);
});

test("content is told by what bytes tell of a hash, whether tags are known or not", () => {
  const cases: readonly (readonly [FoundFile, FoundFile])[] = [
    [object("one"), object("two")],
    [object(undefined), object("two")],
    [object("one"), object(undefined)],
    [object(undefined, "file:///a"), object(undefined, "file:///a")],
  ];
  for (const [before, now] of cases) {
    expect(sameContent(landedFile(before, ONE), landedFile(now, ONE))).toBe(true);
    expect(sameContent(landedFile(before, ONE), landedFile(now, OTHER))).toBe(false);
  }
});

test("an object with a new tag and its old content is recorded anew, one with another lands", () => {
  const landed: LandedFile = landedFile(object("one"), ONE);
  const now = object("two");
  const comparison = { fresh: [], unchanged: [], touched: [{ found: now, landed }] };
  const choose = (hash: string): ReturnType<typeof chooseFiles> =>
    chooseFiles([now], comparison, new Map([[now.uri, landedFile(now, hash).hash]]), {
      onChange: "append",
      again: false,
    });
  expect(choose(ONE)).toMatchObject({ land: [], skipped: { touched: [landedFile(now, ONE)] } });
  expect(choose(OTHER)).toMatchObject({ land: [now], skipped: { touched: [] } });
});
