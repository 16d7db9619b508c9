import { readdirSync, watch } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { folderListing } from "../support/folder-listing.js";
import { grizzly } from "../support/grizzly.js";
import { temporaryLake } from "../support/temporary-lake.js";
import { stoppedIngests } from "./stopped-ingests.js";

test("5 ingests killed at random moments leave a table of whole commits", async () => {
  await stoppedIngests({ signal: "SIGKILL", times: 5, rowsABatch: 1_000, seed: 5 });
});

test.each(["SIGINT", "SIGTERM"] as const)(
  "%s while a file is written: nothing is committed, nothing is left",
  async (signal) => {
    const { lake, folder } = await temporaryLake();
    const small = path.join(folder, "small.csv");
    await writeFile(small, "id,noise\n1,2\n");
    await lake.ingest([small], { into: "t" });
    // More rows than can be written before the signal arrives.
    const large = path.join(folder, "large.parquet");
    await (
      await lake.sql("SELECT i AS id, (hash(i) / 3)::BIGINT AS noise FROM range(8000000) AS r(i)")
    ).writeTo(large);
    const lakeFolder = fileURLToPath(lake.uri);
    const table = fileURLToPath((await lake.table("t")).location);
    const before = await folderListing(lakeFolder);
    const files = readdirSync(table).length;
    const { code, stderr } = await grizzly(["ingest", large, "--into", "t", "--lake", lakeFolder], {
      cwd: folder,
      onStart: (child) => {
        const watcher = watch(table, () => {
          if (readdirSync(table).length === files) return;
          watcher.close();
          child.kill(signal);
        });
      },
    });
    expect({ code, stderr }).toEqual({ code: 130, stderr: "interrupted; nothing was committed\n" });
    expect(await folderListing(lakeFolder)).toEqual(before);
  },
);
