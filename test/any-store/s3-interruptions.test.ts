import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { Engine, quoteString } from "../../engine/index.js";
import type { FaultRequest } from "../support/s3-endpoint/index.js";
import { killedLandings, s3Bench } from "./stopped-on-s3.js";

/** Rows that no compression makes smaller: as a data file they are uploaded in parts. */
const ROWS = 3_000_000;

async function writeRows(file: string, rows: number): Promise<void> {
  const engine = await Engine.open();
  try {
    await engine.withSession((session) =>
      session.execute(
        `COPY (SELECT (hash(i) >> 1)::BIGINT AS n FROM range(${rows}) AS r(i)) TO ${quoteString(file)} (FORMAT parquet)`,
      ),
    );
  } finally {
    engine.close();
  }
}

const MOMENTS: readonly [what: string, rows: number, isMoment: (request: FaultRequest) => boolean][] = [
  ["the first look at the lake", 10, () => true],
  ["the source is fetched", 10, ({ operation, key }) => operation === "GetObject" && key.startsWith("raw/")],
  ["a small data file is sent", 10, ({ operation, key }) => isData(key) && operation === "PutObject"],
  ["an upload in parts begins", ROWS, ({ operation }) => operation === "CreateMultipartUpload"],
  ["parts are sent", ROWS, ({ operation }) => operation === "UploadPart"],
  ["an upload is completed", ROWS, ({ operation }) => operation === "CompleteMultipartUpload"],
];

function isData(key: string): boolean {
  return key.startsWith("house/") && key.endsWith(".parquet") && !key.includes("/_");
}

describe("Ctrl-C", () => {
  test.each(MOMENTS)("while %s: nothing is committed, nothing is left", async (_what, rows, isMoment) => {
    const bench = await s3Bench();
    const { endpoint } = bench;
    const args = await landingOf(bench.folder, rows, endpoint.put);
    expect(await bench.run(["sql", "CREATE TABLE t (n BIGINT)"])).toMatchObject({ code: 0 });
    const before = endpoint.objects();
    const { code, stderr } = await bench.run(args, { signal: "SIGINT", isLast: isMoment });
    expect({ code, stderr }).toEqual({ code: 130, stderr: "interrupted; nothing was committed\n" });
    expect(endpoint.objects()).toEqual(before);
    expect(endpoint.uploads()).toEqual([]);
    expect(await bench.staged()).toEqual([]);
    // And the same command goes on from there.
    expect(await bench.run(args)).toMatchObject({ code: 0 });
    const lake = await bench.open();
    expect(await (await lake.sql("SELECT count(*) AS n FROM t")).toArray()).toEqual([{ n: BigInt(rows) }]);
  });

  test("while the commit is put: it is whole or not there, and that is said", async () => {
    const bench = await s3Bench();
    const { endpoint } = bench;
    const args = await landingOf(bench.folder, 10, endpoint.put);
    expect(await bench.run(["sql", "CREATE TABLE t (n BIGINT)"])).toMatchObject({ code: 0 });
    const { code, stdout, stderr } = await bench.run(args, {
      signal: "SIGINT",
      isLast: ({ key, ifAbsent }) => ifAbsent && key.endsWith("1.json"),
    });
    const lake = await bench.open();
    const history = await (await lake.table("t")).history();
    const [row] = await (await lake.sql("SELECT count(*) AS n FROM t")).toArray();
    if (code === 0) {
      expect({ stdout: stdout !== "", commits: history.length, row }).toEqual({
        stdout: true,
        commits: 2,
        row: { n: 10n },
      });
    } else {
      expect({ code, stderr }).toEqual({ code: 130, stderr: "interrupted; nothing was committed\n" });
      expect({ commits: history.length, row }).toEqual({ commits: 1, row: { n: 0n } });
    }
    expect((await (await lake.table("t")).fsck({ allOrphans: true })).findings).toEqual([]);
    expect(await bench.staged()).toEqual([]);
  });
});

/** The command that lands a Parquet object of so many rows in `t`. */
async function landingOf(
  folder: string,
  rows: number,
  put: (key: string, bytes: Buffer) => void,
): Promise<string[]> {
  const file = path.join(folder, "rows.parquet");
  await writeRows(file, rows);
  put("raw/rows.parquet", await readFile(file));
  return ["ingest", "s3://lake/raw/rows.parquet", "--into", "t"];
}

test("a process that is killed while parts are sent leaves them, and nothing that can be seen", async () => {
  const bench = await s3Bench();
  const { endpoint } = bench;
  const args = await landingOf(bench.folder, ROWS, endpoint.put);
  expect(await bench.run(["sql", "CREATE TABLE t (n BIGINT)"])).toMatchObject({ code: 0 });
  const before = endpoint.objects();
  const isLast = ({ operation }: FaultRequest): boolean => operation === "UploadPart";
  expect(await bench.run(args, { signal: "SIGKILL", isLast })).toMatchObject({ code: null });
  expect(endpoint.objects()).toEqual(before);
  expect(endpoint.uploads()).toHaveLength(1);
  expect(await bench.staged()).not.toEqual([]);

  expect(await bench.run(args)).toMatchObject({ code: 0 });
  expect(await bench.staged()).toEqual([]);
  const lake = await bench.open();
  expect(await (await lake.sql("SELECT count(*) AS n FROM t")).toArray()).toEqual([{ n: BigInt(ROWS) }]);
  expect((await (await lake.table("t")).fsck({ allOrphans: true })).findings).toEqual([]);
});

test("landings that are killed at random requests are completed by the next run", async () => {
  await killedLandings(3, 6);
});
