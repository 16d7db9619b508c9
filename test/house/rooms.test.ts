import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT, runProcess } from "../support/grizzly.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const SCRIPT = path.join(ROOT, "scripts/check-rooms.mjs");

/** What the check says about a house that has only these files. */
async function check(
  files: Readonly<Record<string, string>>,
): Promise<{ code: number | null; stdout: string }> {
  const root = await temporaryFolder();
  for (const [file, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(root, file)), { recursive: true });
    await writeFile(path.join(root, file), text);
  }
  return runProcess(process.execPath, [SCRIPT, "--root", root], { cwd: root });
}

describe("check-rooms", () => {
  test("this house is in order", async () => {
    const { code, stdout } = await runProcess(process.execPath, [SCRIPT], { cwd: ROOT });
    expect(stdout).toContain("every import is in order");
    expect(code).toBe(0);
  });

  test("a room imports the rooms above it through their index", async () => {
    const { code, stdout } = await check({
      "core/index.ts": 'export * from "./errors.js";',
      "core/errors.ts": "export const a = 1;",
      "engine/arrow/index.ts": 'import "../../core/index.js"; import "@duckdb/node-api";',
      "src/cli/main.ts": 'import "../index.js"; import("../../engine/index.js");',
      "src/index.ts": 'export * from "./sql/run.js";',
      "src/sql/run.ts": 'import "../scan/plan.js";',
      "src/scan/plan.ts": "export {};",
      "test/engine/session.test.ts": 'import "../../engine/session.js"; import "../../src/index.js";',
      "bench/run.mjs": 'import "../engine/index.js";',
    });
    expect(stdout).toContain("rooms: 9 files");
    expect(code).toBe(0);
  });

  test.each([
    ["core/a.ts", 'import { b } from "../engine/index.js";', "core/ is above engine/"],
    ["core/a.ts", 'import type { B } from "../src/index.js";', "core/ is above src/"],
    ["table-format/a.ts", 'await import("../catalog/index.js");', "table-format/ is above catalog/"],
    ["engine/a.ts", 'export * from "../core/errors.js";', "import core/index.js"],
    ["formats/csv/a.ts", 'import "@duckdb/node-api";', "only engine/ imports @duckdb/node-api"],
    ["src/a.ts", 'import "@duckdb/node-api/lib/x.js";', "only engine/ imports @duckdb/node-api"],
    ["core/a.ts", 'import { readFile } from "node:fs/promises";', "core/ does no I/O"],
    ["core/a.ts", 'import "../test/support/x.js";', "a room imports rooms and packages"],
    ["src/scan/a.ts", 'import "../sql/b.js";', "src/scan/ is above src/sql/"],
    ["src/sql/a.ts", 'import "../cli/b.js";', "nothing imports src/cli/"],
    ["src/index.ts", 'import "./cli/b.js";', "nothing imports src/cli/"],
    ["src/operations/a.ts", 'import "../index.js";', "src/operations/ is behind src/index.js"],
    ["test/sql/a.test.ts", 'import "../../engine/session.js";', "only test/engine/ may look inside"],
  ])("%s with %s fails", async (file, text, message) => {
    const { code, stdout } = await check({ [file]: `// a comment\n${text}\n` });
    expect(stdout).toContain(`${file}:2: `);
    expect(stdout).toContain(message);
    expect(code).toBe(1);
  });
});
