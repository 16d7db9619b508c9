import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { folderListing } from "../support/folder-listing.js";
import { temporaryLake } from "../support/temporary-lake.js";

const CHILD = fileURLToPath(new URL("ingest-once-child.mjs", import.meta.url));

async function source(folder: string): Promise<string> {
  const file = path.join(folder, "rows.jsonl");
  await writeFile(file, '{"a":1}\n{"a":2}\n');
  return file;
}

describe("an ingest of an application", () => {
  it("lands once, whatever it is called again with", async () => {
    const { lake, folder } = await temporaryLake();
    const file = await source(folder);
    const land = (appId: string, version: bigint) =>
      lake.ingest([file], { into: "t", again: true, application: { appId, version } });
    expect(await land("job", 5n)).toMatchObject({ version: 0n, created: true, rows: 2n });
    const table = await lake.table("t");
    const before = await folderListing(fileURLToPath(table.location));
    for (const version of [5n, 4n]) {
      const again = await land("job", version);
      expect(again).toMatchObject({ version: 0n, created: false, rows: 0n, filesAdded: 0 });
      expect(again.skipped).toEqual({ committedVersion: 5n });
    }
    expect(await folderListing(fileURLToPath(table.location))).toEqual(before);
    expect((await land("job", 6n)).skipped).toBeUndefined();
    expect((await land("other", 5n)).skipped).toBeUndefined();
    expect((await table.describe()).numRows).toBe(6n);
  });

  it.each(["ingest", "insert"])(
    "lands once (%s) when two processes do it at the same moment",
    async (how) => {
      const { lake, folder } = await temporaryLake();
      const file = await source(folder);
      await (await lake.sql("CREATE TABLE t (a BIGINT)")).close();
      for (const version of ["1", "2", "3"]) {
        const children = [0, 1].map(() => started(lake.uri, file, version));
        await Promise.all(children.map((child) => once(child, "message")));
        const reports = children.map(async (child) => {
          child.send(how);
          const [report] = await once(child, "message");
          return report;
        });
        const told = await Promise.all(reports);
        const skipped = told.map((report) => report.skipped).sort();
        expect(skipped).toEqual([version, null].sort());
      }
      expect((await (await lake.table("t")).describe()).numRows).toBe(6n);
      expect((await (await lake.table("t")).fsck()).findings).toEqual([]);
    },
  );
});

function started(lake: string, file: string, version: string): ChildProcess {
  const child = fork(CHILD, [lake, file, version]);
  onTestFinished(() => {
    child.kill();
  });
  return child;
}
