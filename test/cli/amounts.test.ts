import { expect, test } from "vitest";
import { bytesText, countText, durationText, plural } from "../../src/cli/terminal/amounts.js";

test.each([
  [0, "0"],
  [999, "999"],
  [1000, "1,000"],
  [12345678901234567890n, "12,345,678,901,234,567,890"],
])("countText(%s)", (count, text) => {
  expect(countText(count)).toBe(text);
});

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [99_949, "99.9 kB"],
  [99_950, "100 kB"],
  [999_499, "999 kB"],
  [999_500, "1.0 MB"],
  [177_000_000, "177 MB"],
  [2.5e18, "2500 PB"],
])("bytesText(%d)", (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});

test.each([
  [42, "0.04 s"],
  [9994, "9.99 s"],
  [9996, "10.0 s"],
  [59_949, "59.9 s"],
  [59_960, "1 min 00 s"],
  [125_000, "2 min 05 s"],
  [3_720_000, "1 h 02 min"],
])("durationText(%d)", (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

test("plural", () => {
  expect(plural(1, "file")).toBe("1 file");
  expect(plural(0n, "row")).toBe("0 rows");
  expect(plural(2, "entry", "entries")).toBe("2 entries");
});
