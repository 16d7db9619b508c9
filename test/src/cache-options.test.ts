import { expect, test } from "vitest";
import { tierOptions } from "../../src/cache-options.js";

const HOME = "/home/someone";
const sizeOf = (text: string): number =>
  tierOptions({}, { GRIZZLY_CACHE_SIZE: text }, HOME, "/start").maxBytes;

test("the option wins over GRIZZLY_CACHE_DIR, which wins over the user's folder of caches", () => {
  const directory = (option: string | undefined, env: Record<string, string>): string =>
    tierOptions({ directory: option }, env, HOME, "/start").directory;
  const env = { GRIZZLY_CACHE_DIR: "named", XDG_CACHE_HOME: "/xdg" };
  expect(directory("given", env)).toBe("/start/given");
  expect(directory(undefined, env)).toBe("/start/named");
  expect(directory(undefined, { ...env, GRIZZLY_CACHE_DIR: "" })).toBe("/xdg/grizzly-lake");
  expect(directory(undefined, { XDG_CACHE_HOME: "not/absolute" })).toBe(`${HOME}/.cache/grizzly-lake`);
  expect(directory(undefined, {})).toBe(`${HOME}/.cache/grizzly-lake`);
});

test("a size is one of bytes, in powers of 1,000 or of 1,024", () => {
  expect(sizeOf("10gb")).toBe(10_000_000_000);
  expect(sizeOf("512MiB")).toBe(512 * 1024 * 1024);
  expect(sizeOf("1.5 k")).toBe(1500);
  expect(sizeOf("0")).toBe(0);
  expect(sizeOf("")).toBe(10 * 1024 ** 3);
  expect(tierOptions({ maxBytes: 7 }, { GRIZZLY_CACHE_SIZE: "1gb" }, HOME, "/").maxBytes).toBe(7);
});

test("anything else is refused", () => {
  for (const text of ["much", "-1", "10 gigabytes", "5ib", "1e9"]) {
    expect(() => sizeOf(text)).toThrow(expect.objectContaining({ code: "cache-size" }));
  }
  for (const maxBytes of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => tierOptions({ maxBytes }, {}, HOME, "/")).toThrow(
      expect.objectContaining({ kind: "invalid-input" }),
    );
  }
});
