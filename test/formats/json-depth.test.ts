import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { refuseDeepValues } from "../../formats/json/depth-check.js";
import type { JsonLayout } from "../../formats/json/json-scanner.js";

const folder = mkdtempSync(join(tmpdir(), "grizzly-depth-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a file is read by; whatever stands on the border of two pieces must not be seen otherwise for it. */
const PIECE_BYTES = 1024 * 1024;
const TOO_MANY = 600;
const layouts: readonly JsonLayout[] = ["array", "values", "lines"];

async function codeOf(layout: JsonLayout, text: string): Promise<unknown> {
  const localPath = join(folder, "text");
  writeFileSync(localPath, text);
  return refuseDeepValues({ localPath, layout, maximumRecordBytes: text.length }, undefined).then(
    () => "none",
    (error: unknown) => (error instanceof Error && "code" in error ? error.code : error),
  );
}

/** The text with its byte `at` where a piece begins. */
const acrossPieces = (text: string, at: number): string => `[${" ".repeat(PIECE_BYTES - at - 1)}${text}`;

describe.each(layouts)("the look at the depth of values laid out as %s", (layout) => {
  const brackets = "[{".repeat(TOO_MANY / 2);

  it.each([0, 1, 2, 3, 4, 5, 6])("knows a string that goes on in the next piece from byte %d", async (at) => {
    expect(await codeOf(layout, acrossPieces(`"a\\"${brackets}"]`, at))).toBe("none");
    expect(await codeOf(layout, acrossPieces(`"a\\\\"${brackets}`, at))).toBe("json-depth");
    expect(await codeOf(layout, acrossPieces(`"\\\\\\"${brackets}"]`, at))).toBe("none");
  });

  it.each([0, 1, 300, 599, 600])("counts brackets of which the next piece has those from %d", async (at) => {
    expect(await codeOf(layout, acrossPieces(brackets, at))).toBe("json-depth");
    expect(await codeOf(layout, acrossPieces("[]{}".repeat(TOO_MANY), at))).toBe("none");
    expect(await codeOf(layout, acrossPieces(`${"[".repeat(400)}${"]".repeat(300)}[{`, at))).toBe("none");
  });
});

it("begins anew with each line, also with one behind a broken one", async () => {
  const line = `{"k":"${" ".repeat(20_000)}${"[".repeat(400)}\n`;
  expect(await codeOf("lines", line.repeat(100))).toBe("none");
  const open = `${" ".repeat(20_000)}${"[".repeat(400)}\n`;
  expect(await codeOf("lines", open.repeat(100))).toBe("none");
  expect(await codeOf("lines", `${open.repeat(100)}${"[".repeat(9000)}`)).toBe("json-depth");
  expect(await codeOf("values", open.repeat(2))).toBe("json-depth");
});
