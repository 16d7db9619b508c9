import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { grizzly } from "../support/grizzly.js";
import { temporaryFolder } from "../support/temporary-folder.js";

test("checkpoint writes the kind that is asked for, once, and refuses one that the table may not have", async () => {
  const cwd = await temporaryFolder();
  await writeFile(path.join(cwd, "a.csv"), "id\n1\n");
  await grizzly(["ingest", "a.csv", "--into", "t"], { cwd });

  const parts = await grizzly(["checkpoint", "t", "--kind", "multi-part", "--json"], { cwd });
  expect(JSON.parse(parts.stdout)).toMatchObject({
    version: 0,
    kind: "multi-part",
    status: "written",
    actions: 4,
  });
  const log = await readdir(path.join(cwd, "lake/default/t/_delta_log"));
  expect(log.filter((name) => name.includes(".checkpoint."))).toHaveLength(2);
  const again = await grizzly(["checkpoint", "t", "--kind", "multi-part"], { cwd });
  expect(again.stdout).toMatch(/^multi-part checkpoint of version 0 is there already: 4 actions, /);

  const classic = await grizzly(["checkpoint", "t"], { cwd });
  expect(classic.stdout).toMatch(/^classic checkpoint of version 0: 4 actions, /);
  const refused = await grizzly(["checkpoint", "t", "--kind", "v2-json"], { cwd });
  expect(refused).toMatchObject({ code: 2, stdout: "" });
  expect(refused.stderr).toContain("delta.checkpointPolicy");
  expect((await grizzly(["checkpoint", "t", "--kind", "big"], { cwd })).code).toBe(2);
});
