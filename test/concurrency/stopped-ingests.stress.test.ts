import { expect, test } from "vitest";
import { folderListing } from "../support/folder-listing.js";
import { stressAmount } from "../support/stress-share.js";
import { stoppedIngests } from "./stopped-ingests.js";

test("200 ingests killed at random moments leave a table of whole commits", async () => {
  const stops = await stoppedIngests({
    signal: "SIGKILL",
    times: stressAmount(200),
    rowsABatch: 200_000,
    seed: 20_261_120,
  });
  console.log(
    `kills: ${stops.beforeWriting} before a file was begun, ${stops.beforeCommit} after that and before the commit, ` +
      `${stops.afterCommit} after the commit`,
  );
  expect(stops.beforeWriting).toBeGreaterThan(0);
  expect(stops.beforeCommit).toBeGreaterThan(0);
});

test("40 ingests interrupted at random moments leave nothing behind", async () => {
  let listing: string[] | undefined;
  const stops = await stoppedIngests({
    signal: "SIGINT",
    times: stressAmount(40),
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
  console.log(`interrupts: all ${stops.beforeWriting} left the lake as it was`);
});
