import { expect, test } from "vitest";
import { folderListing } from "../support/folder-listing.js";
import { stoppedIngests } from "./killed-ingests.js";

test("200 ingests killed at random moments leave a table of whole commits", async () => {
  const { before, after, finished } = await stoppedIngests({
    signal: "SIGKILL",
    times: 200,
    rowsABatch: 200_000,
    seed: 20_261_120,
  });
  console.log(`200 kills: ${before} before the commit, ${after} after it, ${finished} too late`);
  expect(before).toBeGreaterThan(50);
});

test("40 ingests interrupted at random moments leave nothing behind, or a commit", async () => {
  let listing: string[] | undefined;
  const { before, after, finished } = await stoppedIngests({
    signal: "SIGINT",
    times: 40,
    rowsABatch: 200_000,
    seed: 7,
    check: async (lakeFolder, { code }, committed) => {
      const now = await folderListing(lakeFolder);
      // Without a code the signal came before the program listened for it, and so before its first deed.
      if (committed) expect(code).toBe(0);
      else expect([130, null]).toContain(code);
      if (!committed && listing !== undefined) expect(now).toEqual(listing);
      listing = now;
    },
  });
  console.log(`40 interrupts: ${before} before the commit, ${after} after it, ${finished} too late`);
  expect(before).toBeGreaterThan(10);
});
