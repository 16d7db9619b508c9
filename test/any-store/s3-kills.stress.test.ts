import { expect, test } from "vitest";
import { stressAmount } from "../support/stress-share.js";
import { killedLandings } from "./stopped-on-s3.js";

test("landings on S3 that are killed at random requests are completed by the next run", async () => {
  const kills = await killedLandings(stressAmount(40), 20_261_120);
  console.log(
    `kills: ${kills.withoutCommit} before a commit, ${kills.withSome} after one or more; ` +
      `${kills.withOrphans} left data files that no version names, ${kills.withStaged} staged ones`,
  );
  expect(kills.withoutCommit + kills.withSome).toBeGreaterThan(0);
});
