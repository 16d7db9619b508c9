import { PassThrough, Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { isJsonObject, type JsonValue, parseJson } from "../../core/index.js";
import { fsckText } from "../../src/cli/commands/fsck.js";
import { TextOutput } from "../../src/cli/io.js";
import { run } from "../../src/cli/run.js";
import { styleFor } from "../../src/cli/terminal/style.js";
import type { FsckReport } from "../../src/index.js";
import { DamagedTable } from "../operations/damaged-table.js";

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function grizzly(args: readonly string[], signal = new AbortController().signal): Promise<Ran> {
  const written = { stdout: "", stderr: "" };
  const output = (name: "stdout" | "stderr"): TextOutput =>
    new TextOutput(
      new Writable({
        write(chunk, _encoding, done) {
          written[name] += String(chunk);
          done();
        },
      }),
    );
  const code = await run(args, {
    stdin: new PassThrough(),
    stdout: output("stdout"),
    stderr: output("stderr"),
    env: {},
    cwd: "/",
    signal,
  });
  return { code, ...written };
}

function json(text: string): JsonValue {
  return parseJson(text);
}

describe("grizzly fsck", () => {
  test("a sound table gives exit code 0", async () => {
    const table = await DamagedTable.ours();
    const { code, stdout, stderr } = await grizzly(["fsck", table.folder]);
    expect(stdout).toContain("is sound: version 2, 3 files");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  test("damage gives exit code 5, and the report says place and remedy", async () => {
    const table = await DamagedTable.ours();
    const file = await table.dataFile(1);
    await table.remove(file);
    const { code, stdout, stderr } = await grizzly(["fsck", table.folder]);
    expect({ code, stderr }).toEqual({ code: 5, stderr: "" });
    expect(stdout).toContain("is damaged");
    expect(stdout).toContain("data files that are missing (data-file-missing, 1)");
    expect(stdout).toContain(`  ${file}: the file is live and is not there`);
    expect(stdout).toContain("what to do: Restore the file");
  });

  test("warnings alone give exit code 0", async () => {
    const table = await DamagedTable.ours();
    await table.write("_delta_log/what.txt", "");
    const { code, stdout } = await grizzly(["fsck", table.folder]);
    expect(code).toBe(0);
    expect(stdout).toContain("warning  files in the log folder that no reader knows");
  });

  test("what cannot be checked gives exit code 5 too", async () => {
    const table = await DamagedTable.ours();
    await table.editAction(0, "protocol", () => ({ minReaderVersion: 9, minWriterVersion: 9 }));
    const { code, stdout } = await grizzly(["fsck", table.folder]);
    expect(code).toBe(5);
    expect(stdout).toContain("could not be checked in full");
    expect(stdout).toContain("reader version 9");
  });

  test("--json gives the whole report, damaged or not", async () => {
    const table = await DamagedTable.ours();
    await table.remove(table.commit(1));
    const { code, stdout, stderr } = await grizzly(["--json", "fsck", table.folder]);
    expect({ code, stderr }).toEqual({ code: 5, stderr: "" });
    const report = json(stdout);
    expect(isJsonObject(report)).toBe(true);
    expect(report).toMatchObject({
      verdict: "damaged",
      version: 0,
      newestVersion: 2,
      deep: false,
      counts: [{ code: "log-gap", severity: "damage", count: 1 }],
      findings: [{ code: "log-gap", place: { version: 1 }, remedy: expect.any(String) }],
    });
  });

  test("--version is the table's, before the command it is the program's", async () => {
    const table = await DamagedTable.ours();
    await table.remove(await table.dataFile(2));
    expect(await grizzly(["fsck", table.folder, "--version", "1"])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("is sound: version 1, 2 files"),
    });
    expect((await grizzly(["fsck", table.folder, "--version", "7"])).code).toBe(3);
    expect(await grizzly(["--version"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+/),
    });
    expect(await grizzly(["fsck", table.folder, "--version", "one"])).toMatchObject({ code: 2, stdout: "" });
  });

  test("--deep reads values, --limit caps what is listed", async () => {
    const table = await DamagedTable.ours();
    for (const version of [0, 1, 2]) await table.remove(await table.dataFile(version));
    const { stdout } = await grizzly(["fsck", table.folder, "--deep", "--limit", "1"]);
    expect(stdout).toContain("every value was read");
    expect(stdout.match(/the file is live and is not there/g)).toHaveLength(1);
    expect(stdout).toContain("and 2 more");
  });

  test("Ctrl-C ends it with 130, and a table that is not there with 3", async () => {
    const table = await DamagedTable.ours();
    expect((await grizzly(["fsck", table.folder], AbortSignal.abort())).code).toBe(130);
    expect((await grizzly(["fsck", `${table.folder}/absent`])).code).toBe(3);
  });
});

describe("the report of a check", () => {
  const report: FsckReport = {
    table: "orders",
    location: "file:///lake/orders",
    verdict: "damaged",
    version: undefined,
    newestVersion: 7n,
    readableVersions: [
      { first: 0n, last: 2n },
      { first: 5n, last: 5n },
    ],
    deep: true,
    numFiles: 1_200n,
    sizeInBytes: 3_000_000n,
    counts: [{ code: "action-field", severity: "damage", title: "actions that lack a field", count: 1_500n }],
    findings: [
      {
        code: "action-field",
        severity: "damage",
        message: "the add\u001b[31m",
        place: { file: "_delta_log/3.json", line: 4, version: 3n },
        remedy: "Restore it.",
      },
    ],
  };

  test("tells the ranges, the counts, the place and the remedy, and sends a terminal no controls", () => {
    expect(fsckText(report, styleFor(false))).toBe(
      [
        "orders is damaged: no version can be read, 1,200 files, 3.0 MB",
        "  readable versions: 0 to 2, 5",
        "  every value was read",
        "",
        "damage  actions that lack a field (action-field, 1,500)",
        "  _delta_log/3.json, line 4: the add\\u001b[31m",
        "  and 1,499 more; --limit shows more of them",
        "  what to do: Restore it.",
        "",
      ].join("\n"),
    );
  });
});
