import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Lake } from "../../src/index.js";
import { temporaryLake } from "../support/temporary-lake.js";

const CHILD = fileURLToPath(new URL("landing-child.mjs", import.meta.url));

let lake: Lake;
let folder: string;
let raw: string;
beforeEach(async () => {
  ({ lake, folder } = await temporaryLake());
  raw = path.join(folder, "raw");
  await mkdir(raw);
});

async function files(count: number): Promise<void> {
  for (let n = 0; n < count; n++) await writeFile(path.join(raw, `${n}.csv`), `n\n${n}\n`);
}

function started(...args: readonly (string | number)[]): ChildProcess {
  const child = fork(CHILD, [lake.uri, raw, ...args.map(String)]);
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return child;
}

/** Whether every file of the folder is in the table once. */
async function eachOnce(count: number): Promise<void> {
  const rows = await (await lake.sql("SELECT n FROM t ORDER BY n")).toArray();
  expect(rows.map(({ n }) => n)).toEqual(Array.from({ length: count }, (_, n) => BigInt(n)));
  expect((await (await lake.table("t")).fsck()).findings).toEqual([]);
}

describe("processes that land one folder", () => {
  it("at the same moment land each file once", async () => {
    await files(24);
    const children = [0, 1, 2].map(() => started(5));
    await Promise.all(children.map((child) => once(child, "message")));
    const reports = await Promise.all(
      children.map(async (child) => {
        child.send("land");
        const [report] = await once(child, "message");
        return report;
      }),
    );
    await eachOnce(24);
    expect(reports.reduce((sum, { rows }) => sum + Number(rows), 0)).toBe(24);
  });

  it.each([
    ["write", 1],
    ["commit", 1],
    ["write", 2],
    ["commit", 2],
    ["commit", 4],
  ])("are killed at %s %d, and the next one completes the set", async (phase, times) => {
    await files(10);
    const child = started(3, phase, times);
    await once(child, "message");
    const exited = once(child, "exit");
    child.send("land");
    expect((await exited)[1]).toBe("SIGKILL");
    const report = await lake.ingest([raw], { into: "t" });
    expect(report.sourceFiles).toMatchObject({
      landed: Math.max(0, 10 - (times - 1) * 3),
      unchanged: (times - 1) * 3,
    });
    await eachOnce(10);
  });
});

describe("a file that is written to while it is read", () => {
  it.each([
    ["changed", (file: string) => appendFileSync(file, "7\n")],
    ["vanished", (file: string) => rmSync(file)],
  ])("does not land: it %s", async (what, change) => {
    await files(3);
    await lake.ingest([path.join(raw, "0.csv")], { into: "t" });
    const victim = path.join(raw, "2.csv");
    let isDone = false;
    const landing = lake.ingest([raw], {
      into: "t",
      onProgress: ({ phase }) => {
        if (phase !== "write" || isDone) return;
        isDone = true;
        change(victim);
      },
    });
    await expect(landing).rejects.toMatchObject({
      kind: "unavailable",
      code: "source-changed",
      message: expect.stringContaining(`2.csv ${what} while it was read`),
      context: { file: victim },
    });
    expect((await (await lake.table("t")).describe()).version).toBe(0n);
    await lake.ingest([raw], { into: "t" });
    expect((await (await lake.table("t")).describe()).numRows).toBe(what === "changed" ? 4n : 2n);
  });
});
