import { readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { openStore } from "../../object-store/index.js";
import { type IngestOptions, type Lake, openLake } from "../../src/index.js";
import { HaltingStore, Life } from "../support/halting-store.js";
import { temporaryLake } from "../support/temporary-lake.js";

let lake: Lake;
let folder: string;
beforeEach(async () => {
  ({ lake, folder } = await temporaryLake());
  await (await lake.sql("CREATE TABLE t (n BIGINT, _source_file STRING)")).close();
});

async function put(name: string, text: string): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, text);
  return file;
}

/** Lands files while `meanwhile` happens, once they are written and before they are committed. */
async function landWhile(
  files: readonly string[],
  options: Partial<IngestOptions>,
  meanwhile: () => Promise<unknown>,
) {
  const life = new Life();
  let heads = 0;
  life.afterWrite = async (write) => {
    if (!/^putIfAbsent .*_grizzly\/ledger\/\d+\.json$/.test(write)) return;
    heads++;
    if (heads === 1) await meanwhile();
  };
  const other = await openLake(lake.uri, { openStore: (uri) => new HaltingStore(openStore(uri), life) });
  onTestFinished(() => other.close());
  const report = await other.ingest(files, { into: "t", ...options });
  const adopted = life.writes.filter((write) => write.startsWith("adopt "));
  return { report, heads, adopted: adopted.flatMap((write) => write.split(" ").slice(1)) };
}

async function numbers(): Promise<unknown[]> {
  return (await (await lake.sql("SELECT n FROM t ORDER BY n")).toArray()).map(({ n }) => n);
}

/** Files of the table's folder that no version needs. */
async function checkNothingLeft(): Promise<void> {
  const table = await lake.table("t");
  expect((await table.fsck()).findings).toEqual([]);
  const files = (await readdir(fileURLToPath(table.location))).filter((name) => name.endsWith(".parquet"));
  expect(files).toHaveLength((await table.describe()).numFiles);
}

describe("a landing that another one came before", () => {
  it("writes no row again when that landed other files", async () => {
    const [a, b] = [await put("a.csv", "n\n1\n"), await put("b.csv", "n\n2\n")];
    const { report, heads, adopted } = await landWhile([a], {}, () => lake.ingest([b], { into: "t" }));
    expect(report).toMatchObject({ version: 2n, rows: 1n, commits: 1 });
    expect({ heads, adopted: adopted.length }).toEqual({ heads: 2, adopted: 1 });
    expect(await numbers()).toEqual([1n, 2n]);
    expect(await lake.ingest([a, b], { into: "t" })).toMatchObject({ commits: 0 });
    await checkNothingLeft();
  });

  it("leaves out files that landed meanwhile", async () => {
    const [a, b] = [await put("a.csv", "n\n1\n"), await put("b.csv", "n\n2\n")];
    const { report } = await landWhile([a, b], {}, () => lake.ingest([b], { into: "t" }));
    expect(report).toMatchObject({ rows: 1n, sourceFiles: { landed: 1, unchanged: 1 }, passedOver: [b] });
    expect(await numbers()).toEqual([1n, 2n]);
    await checkNothingLeft();
  });

  it("has nothing to do when all of them did", async () => {
    const a = await put("a.csv", "n\n1\n");
    const { report } = await landWhile([a], {}, () => lake.ingest([a], { into: "t" }));
    expect(report).toMatchObject({
      version: 1n,
      rows: 0n,
      commits: 0,
      sourceFiles: { landed: 0, unchanged: 1 },
    });
    expect(await numbers()).toEqual([1n]);
    await checkNothingLeft();
  });

  it("lands into the columns that the table has then", async () => {
    const a = await put("a.csv", "n\n1\n");
    const { report, adopted } = await landWhile([a], {}, async () => {
      await (await lake.sql("ALTER TABLE t ADD COLUMN m INT")).close();
    });
    expect(report.columns.map(({ name }) => name)).toEqual(["n", "_source_file", "m"]);
    expect(adopted).toHaveLength(2);
    await checkNothingLeft();
  });

  it("replaces former rows where they are then", async () => {
    const a = await put("a.csv", "n\n1\n2\n");
    await lake.ingest([a], { into: "t" });
    await put("a.csv", "n\n7\n");
    const { report } = await landWhile([a], { onChange: "replace" }, async () => {
      await (await lake.sql("DELETE FROM t WHERE n = 1")).close();
    });
    expect(report).toMatchObject({ rows: 1n, rowsReplaced: 1n });
    expect(await numbers()).toEqual([7n]);
    expect((await (await lake.table("t")).fsck()).findings).toEqual([]);
  });

  it("is none of a plain append's business", async () => {
    const a = await put("a.csv", "n\n1\n");
    const { heads } = await landWhile([a], {}, async () => {
      await (await lake.sql("INSERT INTO t VALUES (5, NULL)")).close();
    });
    expect(heads).toBe(1);
    expect(await numbers()).toEqual([1n, 5n]);
  });
});
