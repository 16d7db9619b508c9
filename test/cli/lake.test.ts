import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { type Finished, grizzly } from "../support/grizzly.js";
import { temporaryFolder } from "../support/temporary-folder.js";

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  await writeFile(path.join(folder, "a.csv"), "id,name,day\n1,Ada,2025-01-01\n2,Grace,2025-01-02\n");
  await writeFile(path.join(folder, "b.jsonl"), '{"id":3,"name":"Alan","day":"2025-01-02"}\n');
});

function run(args: readonly string[], input?: string): Promise<Finished> {
  return grizzly(args, { cwd: folder, ...(input === undefined ? {} : { input }) });
}

async function json(...args: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await run([...args, "--json"]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

describe("the commands on a lake", () => {
  test("land, query, look back", async () => {
    expect(await json("ingest", "a.csv", "--into", "people")).toMatchObject({
      version: 0,
      created: true,
      rows: 2,
      sources: [{ format: "csv", rows: 2 }],
    });
    const appended = await run(["ingest", "b.jsonl", "--into", "people"]);
    expect(appended.stdout).toMatch(/^\S*people is at version 1\n {2}1 row landed in 1 file; /);
    expect(appended).toMatchObject({ code: 0, stderr: "" });

    expect(await json("sql", "SELECT id, name FROM people ORDER BY id")).toEqual([
      { id: 1, name: "Ada" },
      { id: 2, name: "Grace" },
      { id: 3, name: "Alan" },
    ]);
    expect(await json("sql", "SELECT count(*) AS n FROM people VERSION AS OF 0")).toEqual([{ n: 2 }]);

    expect(await json("tables")).toMatchObject([{ namespace: "default", name: "people" }]);
    expect(await json("describe", "people")).toMatchObject({
      version: 1,
      numFiles: 2,
      numRows: 3,
      properties: {},
    });
    expect(await json("history", "people")).toMatchObject([
      { version: 1, operation: "WRITE" },
      { version: 0 },
    ]);
    expect(await json("history", "people", "--limit", "1")).toHaveLength(1);
    expect(await json("checkpoint", "people")).toMatchObject({ version: 1 });

    expect((await run(["tables"])).stdout).toMatch(/^ people +│ file:/m);
    expect((await run(["describe", "people"])).stdout).toMatch(/^\S*people, version 1\n/);
    expect((await run(["history", "people"])).stdout).toMatch(/^ +1 │ .* │ WRITE +│ 1 row, \+1 file, /m);
  });

  test("standard input, partitions, and their replacement", async () => {
    const csv = await readFile(path.join(folder, "a.csv"), "utf8");
    const landed = await run(["ingest", "-", "--into", "ns.p", "--partition-by", "day"], csv);
    expect(landed.stdout).toContain("standard input");
    expect(await json("ingest", "b.jsonl", "--into", "ns.p", "--mode", "overwrite-partitions")).toMatchObject(
      {
        filesAdded: 1,
        filesRemoved: 1,
      },
    );
    expect(await json("sql", "SELECT name FROM ns.p ORDER BY id")).toEqual([
      { name: "Ada" },
      { name: "Alan" },
    ]);
  });

  test("a column that the table lacks is refused, or merged when asked to", async () => {
    await json("ingest", "a.csv", "--into", "t");
    await writeFile(path.join(folder, "c.csv"), "id,name,day,extra\n4,Edsger,2025-01-03,x\n");
    const refused = await run(["ingest", "c.csv", "--into", "t", "--json"]);
    expect(refused.code).toBe(2);
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: { kind: "invalid-input" } });
    expect(await json("ingest", "c.csv", "--into", "t", "--schema", "merge")).toMatchObject({ version: 1 });
  });

  test("--output writes the last result, and leaves nothing behind when a statement fails", async () => {
    await json("ingest", "a.csv", "--into", "t");
    expect(await json("sql", "SELECT 1 AS x; SELECT * FROM t", "--output", "out.csv")).toMatchObject({
      rows: 2,
    });
    expect((await readFile(path.join(folder, "out.csv"), "utf8")).split("\n")[0]).toBe("id,name,day");
    const before = await readdir(folder);
    const failed = await run(["sql", "SELECT * FROM t; SELECT * FROM absent", "--output", "other.csv"]);
    expect(failed.code).not.toBe(0);
    expect(await readdir(folder)).toEqual(before);
  });

  test("what does not exist has exit code 3", async () => {
    await json("ingest", "a.csv", "--into", "t");
    for (const args of [
      ["describe", "absent"],
      ["history", "absent"],
      ["checkpoint", "absent"],
      ["ingest", "absent.csv", "--into", "t"],
      ["sql", "SELECT * FROM t VERSION AS OF 7"],
    ]) {
      const { code, stdout } = await run([...args, "--json"]);
      expect(JSON.parse(stdout), args.join(" ")).toMatchObject({ error: { kind: "not-found" } });
      expect(code).toBe(3);
    }
  });

  test("SQL changes tables, a script in one transaction", async () => {
    await json("ingest", "a.csv", "--into", "people");
    expect(await json("sql", "UPDATE people SET name = 'Ada L.' WHERE id = $id", "--param", "id=1")).toEqual([
      {
        table: "people",
        version: 1,
        operation: "UPDATE",
        rows_inserted: 0,
        rows_updated: 1,
        rows_deleted: 0,
        notes: null,
      },
    ]);
    const script =
      "BEGIN; DELETE FROM people WHERE id = 2; CREATE TABLE kept AS SELECT * FROM people; COMMIT";
    expect((await run(["sql", script, "--format", "csv"])).stdout).toMatch(/^kept,0$/m);
    expect(await json("sql", "SELECT name FROM kept")).toEqual([{ name: "Ada L." }]);
    const misplaced = await run(["sql", "SELECT 1;\nCOMMIT"]);
    expect(misplaced).toMatchObject({ code: 2, stdout: "" });
    expect(misplaced.stderr).toContain("  2 | COMMIT\n      ^");
  });

  test("restore goes back, by version or by time", async () => {
    await json("ingest", "a.csv", "--into", "people");
    await json("ingest", "b.jsonl", "--into", "people");
    expect(await json("restore", "people", "--version", "0")).toMatchObject({
      table: "people",
      version: 2,
      restoredVersion: 0,
      changed: true,
      filesRemoved: 1,
    });
    const [at] = (await run(["history", "people", "--json"])).stdout.match(/20[^"]+Z/g)?.slice(1) ?? [];
    expect((await run(["restore", "people", "--timestamp", String(at)])).stdout).toMatch(
      /^\S*people is at version 3: as it was at version 1\n {2}1 file back, 0 files out; /,
    );
    expect((await run(["restore", "people", "--version", "3"])).stdout).toContain("nothing to do");
    expect((await run(["restore", "people"])).code).toBe(2);
    expect((await run(["restore", "people", "--version", "1", "--timestamp", "2025-01-31"])).code).toBe(2);
    expect((await run(["restore", "people", "--version", "99"])).code).toBe(3);
  });

  test("a job that runs twice writes once", async () => {
    const job = ["--app-id", "nightly", "--app-version", "7"];
    expect(await json("ingest", "a.csv", "--into", "people", ...job)).toMatchObject({ rows: 2 });
    expect(await json("ingest", "a.csv", "--into", "people", ...job)).toMatchObject({
      version: 0,
      rows: 0,
      skipped: { committedVersion: 7 },
    });
    const insert = ["sql", "INSERT INTO people (id) VALUES (9)", "--app-id", "sql", "--app-version", "1"];
    expect(await json(...insert)).toMatchObject([{ rows_inserted: 1 }]);
    expect(await json(...insert)).toMatchObject([
      { rows_inserted: 0, notes: "skipped: the application has committed its version 1 before" },
    ]);
    expect(await json("sql", "SELECT count(*) AS n FROM people")).toEqual([{ n: 3 }]);
    expect((await run(["sql", "SELECT 1", "--app-id", "sql"])).code).toBe(2);
  });

  test("an ingest that is interrupted says that it committed nothing, and has not", async () => {
    await json("ingest", "a.csv", "--into", "t");
    // More than a pipe holds: once it has drained, the ingest is under way and waits for the rest.
    const rows = "5,Barbara,2025-01-04\n".repeat(50_000);
    const interrupted = await grizzly(["ingest", "a.csv", "-", "--into", "t"], {
      cwd: folder,
      input: `id,name,day\n${rows}`,
      holdInput: true,
      onStart: (child) => child.stdin?.once("drain", () => child.kill("SIGINT")),
    });
    expect(interrupted).toMatchObject({
      code: 130,
      stdout: "",
      stderr: "interrupted; nothing was committed\n",
    });
    expect(await json("history", "t")).toHaveLength(1);
  });
});
