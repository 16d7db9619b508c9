import { mkdir, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect } from "vitest";
import { openLake } from "../../src/index.js";
import { grizzly } from "../support/grizzly.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const ROWS_A_FILE = 7;

/**
 * Starts `processes` ingests at the same moment, each of a file of its own into one table, and checks that
 * every one of them is in the table once.
 */
export async function appendRace({
  processes,
  tableExists,
}: {
  readonly processes: number;
  readonly tableExists: boolean;
}): Promise<void> {
  const folder = await temporaryFolder();
  const lake = path.join(folder, "lake");
  await mkdir(path.join(folder, "tmp"));
  const options = { cwd: folder, env: { TMPDIR: path.join(folder, "tmp") } };
  const ingest = async (writer: number): Promise<bigint> => {
    const args = ["ingest", `${writer}.csv`, "--into", "t", "--lake", lake, "--threads", "1", "--json"];
    const { code, stdout, stderr } = await grizzly(args, options);
    expect({ writer, code, stderr, stdout }).toMatchObject({ code: 0 });
    const report: { version: number } = JSON.parse(stdout);
    return BigInt(report.version);
  };
  const first = tableExists ? 1 : 0;
  const writers = Array.from({ length: processes }, (_, index) => first + index);
  for (const writer of [...(tableExists ? [0] : []), ...writers]) {
    const rows = Array.from({ length: ROWS_A_FILE }, (_, row) => `${writer},${row}\n`);
    await writeFile(path.join(folder, `${writer}.csv`), `writer,line\n${rows.join("")}`);
  }
  if (tableExists) expect(await ingest(0)).toBe(0n);

  const versions = await Promise.all(writers.map(ingest));

  const all = Array.from({ length: first + processes }, (_, version) => BigInt(version));
  expect(versions.sort((a, b) => Number(a - b))).toEqual(all.slice(first));
  const opened = await openLake(lake);
  try {
    const table = await opened.table("t");
    const history = await table.history();
    expect(history.map(({ version }) => version).reverse()).toEqual(all);
    // Every file is there, once, and whole.
    const counts = await (
      await opened.sql(
        "SELECT writer, count(*) AS n, count(DISTINCT line) AS d FROM t GROUP BY writer ORDER BY writer",
      )
    ).toArray();
    const rows = BigInt(ROWS_A_FILE);
    expect(counts).toEqual(all.map((writer) => ({ writer, n: rows, d: rows })));
    // Whoever lost a race left no file behind.
    const { numFiles } = await table.describe();
    expect(numFiles).toBe(all.length);
    const files = await readdir(new URL(`${table.location}/`));
    expect(files.filter((name) => !name.startsWith("_"))).toHaveLength(all.length);
  } finally {
    await opened.close();
  }
}
