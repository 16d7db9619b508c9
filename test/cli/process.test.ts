import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { beforeEach, describe, expect, test } from "vitest";
import { type Finished, GRIZZLY, grizzly, ROOT, runProcess } from "../support/grizzly.js";
import { temporaryFolder } from "../support/temporary-folder.js";

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

function run(args: readonly string[], input?: string): Promise<Finished> {
  return grizzly(args, { cwd: folder, ...(input === undefined ? {} : { input }) });
}

describe("the command line", () => {
  test("--help lists the commands of this release", async () => {
    const { code, stdout } = await run(["--help"]);
    expect(code).toBe(0);
    for (const command of [
      "ingest",
      "sql",
      "tables",
      "describe",
      "history",
      "restore",
      "fsck",
      "checkpoint",
    ]) {
      expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, "m"));
    }
    for (const later of ["diff", "lineage", "vacuum", "jobs", "--watch"]) {
      expect(stdout).not.toContain(later);
    }
  });

  test.each([
    ["--help", false],
    ["tables", true],
  ])("%s loads the engine: %s", async (word, loads) => {
    const script = `
      process.argv = [process.argv[0], ${JSON.stringify(GRIZZLY)}, ${JSON.stringify(word)}];
      process.on("exit", () => {
        console.error("engine: " + process.report.getReport().sharedObjects.some((file) => file.includes("duckdb")));
      });
      await import(${JSON.stringify(pathToFileURL(GRIZZLY).href)});`;
    const { stderr } = await runProcess(process.execPath, ["--input-type=module", "-e", script], {
      cwd: folder,
    });
    expect(stderr).toContain(`engine: ${loads}`);
  });

  test("the built command is a script that Node runs", async () => {
    expect(await readFile(GRIZZLY, "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  test("--version is the package's", async () => {
    const manifest: unknown = JSON.parse(await readFile(path.join(ROOT, "package.json"), "utf8"));
    const { code, stdout } = await run(["--version"]);
    expect(manifest).toMatchObject({ version: stdout.trim() });
    expect(code).toBe(0);
  });

  test("no command is a usage error, with the help on stderr", async () => {
    expect(await run([])).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringContaining("Usage: grizzly"),
    });
  });

  test.each([
    [["sqll"], "unknown command 'sqll'", "Did you mean sql?"],
    [["tables", "--jsn"], "unknown option '--jsn'", "Did you mean --json?"],
    [["ingest", "--into", "t"], "missing required argument 'source'", "--help"],
    [["ingest", "a.csv"], "required option '--into <table>' not specified", "--help"],
    [["ingest", "a.csv", "--into", "t", "--mode", "replace"], "overwrite-partitions", "--help"],
    [["ingest", "a.csv", "--into", "t", "--as", "orc"], "Allowed choices are parquet, avro", "--help"],
    [["ingest", "a.csv", "--into", "t", "--batch", "0"], "--batch is not a number of files", "500,4GB"],
    [["ingest", "a.csv", "--into", "t", "--on-change", "ask"], "refuse, append, replace", "--help"],
    [
      ["ingest", "a.csv", "--into", "t", "--in-place"],
      "inPlace is for files that land as they are",
      "options",
    ],
    [["sql", "SELECT 1", "-f", "x.sql"], "both as an argument and with --file", "one of them"],
    [["sql", "SELECT 1", "--param", "x"], "--param is not name=value", "For example"],
    [["tables", "--threads", "0"], "--threads is not a whole number", "--threads 4"],
    [["tables", "--memory-limit", "lots"], "--memory-limit is not an amount", "4GB"],
    [["history", "t", "--limit", "x"], "--limit is not a whole number", "--limit 4"],
  ])("%j is refused with exit code 2", async (args, message, hint) => {
    const { code, stdout, stderr } = await run(args);
    expect(stderr).toMatch(/^error: /);
    expect(stderr).toContain(message);
    expect(stderr.slice(stderr.indexOf("\n"))).toMatch(/^\nhint: /);
    expect(stderr).toContain(hint);
    expect(stdout).toBe("");
    expect(code).toBe(2);
    // Nothing was begun.
    expect(await readdir(folder)).toEqual([]);
  });

  test("with --json an error is JSON on stdout, and stderr is silent", async () => {
    const usage = await run(["sqll", "--json"]);
    expect(JSON.parse(usage.stdout)).toMatchObject({ error: { kind: "invalid-input", code: "cli-usage" } });
    expect(usage).toMatchObject({ code: 2, stderr: "" });
    const excluded = await run(["sql", "SELECT 1", "--json", "--format", "csv"]);
    expect(JSON.parse(excluded.stdout)).toMatchObject({ error: { code: "cli-usage" } });
    const absent = await run(["sql", "-f", "absent.sql", "--json"]);
    expect(JSON.parse(absent.stdout)).toMatchObject({
      error: { kind: "not-found", context: { file: "absent.sql" }, hint: null },
    });
    expect(absent).toMatchObject({ code: 3, stderr: "" });
  });
});

describe("grizzly sql", () => {
  test("prints tables, and the messages apart on stderr", async () => {
    const { code, stdout, stderr } = await run(["sql", "SELECT 1 AS a; SELECT 'x' AS b"]);
    expect(stdout).toBe(" a\n───\n 1\n\n b\n───\n x\n");
    expect(stderr).toMatch(/^\(1 row, [\d.]+ s\)\n\(1 row, [\d.]+ s\)\n$/);
    expect(code).toBe(0);
  });

  test("--quiet leaves the result alone", async () => {
    expect(await run(["sql", "SELECT 1 AS a", "--quiet"])).toMatchObject({
      stderr: "",
      stdout: " a\n───\n 1\n",
    });
  });

  test("--json keeps every digit", async () => {
    const { stdout } = await run([
      "sql",
      "SELECT 9007199254740993 AS big, 1.50::DECIMAL(9,2) AS d",
      "--json",
    ]);
    expect(stdout).toBe('[\n{"big":9007199254740993,"d":"1.50"}\n]\n');
  });

  test("reads standard input and files, a byte order mark or not", async () => {
    await writeFile(path.join(folder, "q.sql"), "\ufeffSELECT 3 AS a;\n");
    expect((await run(["sql", "--format", "csv"], "SELECT 1 AS a")).stdout).toBe("a\n1\n");
    expect((await run(["sql", "-", "--format", "csv"], "\ufeffSELECT 2 AS a")).stdout).toBe("a\n2\n");
    expect((await run(["sql", "-f", "q.sql", "--format", "csv"])).stdout).toBe("a\n3\n");
  });

  test("binds parameters", async () => {
    const args = [
      "sql",
      "SELECT $a + 1 AS n, $b AS s",
      "--format",
      "jsonl",
      "--param",
      "a=41",
      "--param",
      "b='; DROP",
    ];
    expect((await run(args)).stdout).toBe('{"n":42,"s":"\'; DROP"}\n');
  });

  test("a mistake is shown in its place, with exit code 2", async () => {
    const { code, stdout, stderr } = await run(["sql", "SELECT *\nFORM t"]);
    expect(stderr).toMatch(/^error: .*syntax error/);
    expect(stderr).toMatch(/^ *\^$/m);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });

  test("a reader that has seen enough ends it quietly", async () => {
    const finished = await grizzly(["sql", "SELECT * FROM range(3000000)", "--format", "csv"], {
      cwd: folder,
      onStart: (child) => child.stdout?.once("data", () => child.stdout?.destroy()),
    });
    expect(finished).toMatchObject({ code: 0, stderr: "" });
  });

  test.each(["SIGINT", "SIGTERM"] as const)("%s stops it with exit code 130", async (signal) => {
    // The first row tells that the query runs; the rest never ends.
    const statements = "SELECT 1 AS started; SELECT count(*) FROM range(1000000000) a, range(1000000000) b";
    const { code, stderr } = await grizzly(["sql", statements, "--format", "csv"], {
      cwd: folder,
      onStart: async (child) => {
        if (child.stdout !== null) await once(child.stdout, "data");
        child.kill(signal);
      },
    });
    expect(stderr).toBe("interrupted\n");
    expect(code).toBe(130);
  });
});
