import { readFile, rename } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { DamagedTable } from "./damaged-table.js";

// One kind of damage to the files of the log at a time: the finding names the place and says what to do.

async function logFile(table: DamagedTable, pattern: RegExp): Promise<string> {
  const found = (await table.files()).find((file) => pattern.test(file));
  if (found === undefined) throw new Error(`no file is called like ${pattern}`);
  return found;
}

describe("the entries of the log", () => {
  test("a missing version is named, with the versions that are left", async () => {
    const table = await DamagedTable.ours();
    await table.remove(table.commit(1));
    const report = await table.check();
    expect(report).toMatchObject({
      verdict: "damaged",
      version: 0n,
      newestVersion: 2n,
      readableVersions: [{ first: 0n, last: 0n }],
    });
    expect(report.findings).toMatchObject([
      {
        code: "log-gap",
        severity: "damage",
        message: "version 1 is missing; versions 0 can be read",
        place: { file: table.commit(1), version: 1n },
        remedy: expect.stringContaining("Restore the missing entry"),
      },
    ]);
  });

  test("a gap that a checkpoint bridges is lost history and no damage", async () => {
    const table = await DamagedTable.copyOf("spark/checkpoint-classic");
    await table.remove(table.commit(2));
    const report = await table.check();
    expect(report).toMatchObject({ verdict: "sound", version: 7n });
    expect(report.findings).toMatchObject([
      { code: "history-gap", severity: "warning", place: { version: 2n } },
    ]);
  });

  test("a newest version that is gone is told by what was written after it", async () => {
    const table = await DamagedTable.copyOf("spark/checkpoint-classic");
    await table.remove(table.commit(7));
    expect(await table.check()).toMatchObject({
      verdict: "damaged",
      version: 6n,
      findings: [
        {
          code: "log-gap",
          message: expect.stringMatching(/^version 7 is missing; .+\.crc$/),
          place: { version: 7n },
        },
      ],
    });
    const ours = await DamagedTable.ours({ checkpoint: true });
    await ours.remove(ours.commit(2));
    await ours.remove("_delta_log/00000000000000000002.checkpoint.parquet");
    expect((await ours.findings("log-gap")).map(({ message }) => message)).toContain(
      "version 2 is missing; _delta_log/_last_checkpoint names it",
    );
  });

  test("a line that is no JSON is named by its number", async () => {
    const table = await DamagedTable.ours();
    const text = await readFile(table.file(table.commit(1)), "utf8");
    await table.write(table.commit(1), text.replace("\n", "\n{oops\n"));
    expect(await table.findings("log-line-broken")).toMatchObject([
      {
        place: { file: table.commit(1), version: 1n, line: 2 },
        message: 'the line is no JSON object: "{oops"',
      },
    ]);
  });

  test("an entry that was cut short is told by its last line", async () => {
    const table = await DamagedTable.ours();
    await table.cut(table.commit(2), -20);
    const report = await table.check();
    expect(report.findings).toContainEqual(
      expect.objectContaining({
        code: "log-line-broken",
        message: expect.stringContaining("cut short"),
        place: expect.objectContaining({ file: table.commit(2) }),
      }),
    );
    expect(report).toMatchObject({ version: 1n, readableVersions: [{ first: 0n, last: 1n }] });
    expect(report.findings.map(({ code }) => code)).toContain("version-unreadable");
  });

  test.each([
    ["an empty entry", "", "holds no action"],
    ["an entry that is no text", "\u0080", "cannot be read"],
  ])("%s is a finding", async (_what, text, message) => {
    const table = await DamagedTable.ours();
    await table.write(table.commit(1), text);
    if (text !== "") await table.flip(table.commit(1), 1);
    expect(await table.findings("log-file-unreadable")).toMatchObject([
      { message: expect.stringContaining(message), place: { file: table.commit(1), version: 1n } },
    ]);
  });

  test("names that no reader knows and leftovers are warnings", async () => {
    const table = await DamagedTable.ours();
    await table.write("_delta_log/3.json", "{}");
    await table.write("_delta_log/00000000000000000003.json.7f.tmp", "{}");
    const report = await table.check();
    expect(report.verdict).toBe("sound");
    expect(report.findings).toMatchObject([
      {
        code: "log-name-unknown",
        place: { file: "_delta_log/3.json" },
        message: expect.stringContaining("20 digits"),
      },
      { code: "log-leftover", place: { file: "_delta_log/00000000000000000003.json.7f.tmp" } },
    ]);
  });
});

describe("checkpoints", () => {
  test("one that lacks a part is a warning", async () => {
    const table = await DamagedTable.copyOf("spark/checkpoint-multi-part");
    const part = await logFile(table, /checkpoint\.0000000001\.\d+\.parquet$/);
    await table.remove(part);
    expect(await table.findings("checkpoint-incomplete")).toMatchObject([
      {
        severity: "warning",
        message: expect.stringMatching(/^the checkpoint of version \d+ has \d+ of \d+ parts$/),
      },
    ]);
  });

  test("one that cannot be read is damage, and the commits are replayed instead", async () => {
    const table = await DamagedTable.ours({ checkpoint: true });
    const checkpoint = await logFile(table, /checkpoint\.parquet$/);
    await table.cut(checkpoint, 100);
    const report = await table.check();
    expect(report).toMatchObject({ verdict: "damaged", version: 2n });
    expect(report.findings).toMatchObject([
      { code: "checkpoint-unreadable", place: { file: checkpoint, version: 2n } },
    ]);
  });

  test("one that the log begins with and that cannot be read leaves the versions before it", async () => {
    const table = await DamagedTable.ours({ checkpoint: true });
    await table.remove(table.commit(1));
    await table.cut(await logFile(table, /checkpoint\.parquet$/), 100);
    const report = await table.check();
    expect(report.version).toBe(0n);
    expect(report.findings.map(({ code }) => code)).toEqual(["log-gap", "checkpoint-unreadable"]);
  });

  test("one that contradicts the commits is told file by file", async () => {
    const table = await DamagedTable.ours({ checkpoint: true });
    await table.editAction(1, "add", (add) => ({ ...add, size: 7 }));
    expect(await table.findings("checkpoint-contradicts")).toMatchObject([
      {
        message: expect.stringMatching(/^it has another size of .+ than the commits$/),
        place: { version: 2n },
      },
    ]);
    await table.editAction(1, "add", (add) => ({ ...add, path: "elsewhere.parquet" }));
    expect((await table.findings("checkpoint-contradicts")).map(({ message }) => message)).toEqual([
      expect.stringMatching(/^it holds day=2024-01-02.+ not live by the commits$/),
      expect.stringMatching(/^it lacks elsewhere.parquet, which the commits add$/),
    ]);
  });

  test("one of another schema than the commits' is damage", async () => {
    const table = await DamagedTable.ours({ checkpoint: true });
    await table.editAction(0, "metaData", (metaData) => ({
      ...metaData,
      schemaString: String(metaData["schemaString"]).replace('"amount"', '"amounts"'),
    }));
    expect(await table.findings("checkpoint-contradicts")).toMatchObject([
      { message: "the schema is not what the commits say" },
    ]);
  });

  test("a missing sidecar is damage", async () => {
    const table = await DamagedTable.copyOf("spark/checkpoint-v2-parquet");
    const sidecar = await logFile(table, /_sidecars\/.+\.parquet$/);
    await table.remove(sidecar);
    expect(await table.findings("sidecar-missing")).toMatchObject([
      { message: expect.stringMatching(/its sidecar .+\.parquet is missing/), severity: "damage" },
    ]);
  });

  test("a sidecar that was cut short is damage", async () => {
    const table = await DamagedTable.copyOf("spark/checkpoint-v2-json");
    await table.cut(await logFile(table, /_sidecars\/.+\.parquet$/), -1);
    expect(await table.findings("sidecar-missing")).toMatchObject([
      { message: expect.stringMatching(/has \d+ bytes, and the checkpoint says \d+$/) },
    ]);
  });

  test.each([
    ["no version", "{}", "last-checkpoint-broken", "the file names no version"],
    [
      "a checkpoint that is not there",
      '{"version":1}',
      "last-checkpoint-broken",
      "no whole checkpoint of version 1",
    ],
    ["an older checkpoint", '{"version":3}', "last-checkpoint-stale", "there is a checkpoint of version 6"],
  ] as const)("a _last_checkpoint that names %s is a warning", async (_what, text, code, message) => {
    const table = await DamagedTable.copyOf("spark/checkpoint-classic");
    await table.write("_delta_log/_last_checkpoint", text);
    expect(await table.findings(code)).toMatchObject([
      {
        severity: "warning",
        message: expect.stringContaining(message),
        place: { file: "_delta_log/_last_checkpoint" },
      },
    ]);
  });
});

describe("checksums and compactions", () => {
  test("a checksum of other totals than the log's is damage", async () => {
    const table = await DamagedTable.copyOf("spark/writer-version-2");
    const file = await logFile(table, /00003\.crc$/);
    const text = await readFile(table.file(file), "utf8");
    await table.write(file, text.replace(/"numFiles":\d+/, '"numFiles":99'));
    expect(await table.findings("checksum-contradicts")).toMatchObject([
      { message: "numFiles is 99, and the log holds 2", place: { file, version: 3n } },
    ]);
  });

  test("a checksum of another schema than the log's is damage", async () => {
    const table = await DamagedTable.copyOf("spark/writer-version-2");
    const file = await logFile(table, /00003\.crc$/);
    const text = await readFile(table.file(file), "utf8");
    await table.write(file, text.replaceAll("integer", "long"));
    expect(await table.findings("checksum-contradicts")).toMatchObject([
      { message: "the schema is not what the log says" },
    ]);
  });

  test("a checksum that is no JSON is a warning", async () => {
    const table = await DamagedTable.copyOf("spark/writer-version-2");
    const file = await logFile(table, /00003\.crc$/);
    await table.write(file, "{");
    expect(await table.findings("checksum-broken")).toMatchObject([{ severity: "warning", place: { file } }]);
  });

  test("a compaction that lacks a file of its commits is damage", async () => {
    const table = await DamagedTable.copyOf("spark/log-compacted");
    const file = await logFile(table, /compacted\.json$/);
    const lines = (await readFile(table.file(file), "utf8")).split("\n");
    const first = lines.findIndex((line) => line.startsWith('{"add"'));
    await table.write(file, lines.toSpliced(first, 1).join("\n"));
    expect(await table.findings("compaction-contradicts")).toMatchObject([
      { message: expect.stringMatching(/^it lacks .+, which the commits add$/), place: { file } },
    ]);
  });

  test("a compaction that cannot be read is damage", async () => {
    const table = await DamagedTable.copyOf("spark/log-compacted");
    const file = await logFile(table, /compacted\.json$/);
    await table.cut(file, -10);
    expect(await table.findings("compaction-unreadable")).toMatchObject([{ place: { file } }]);
  });
});

test("a version that the log has cleaned up is not found", async () => {
  const table = await DamagedTable.copyOf("spark/log-cleaned");
  const oldest = (await table.check()).readableVersions[0]?.first ?? 0n;
  expect(oldest).toBeGreaterThan(0n);
  await expect(table.check({ version: oldest - 1n })).rejects.toMatchObject({
    kind: "not-found",
    code: "version-not-found",
  });
});

test("a folder without a log is no table", async () => {
  const table = await DamagedTable.ours();
  await rename(table.file("_delta_log"), table.file("log"));
  await expect(table.check()).rejects.toMatchObject({ kind: "not-found", code: "table-not-found" });
});

test("an older version is checked when it is asked for", async () => {
  const table = await DamagedTable.ours();
  await table.remove(await table.dataFile(2));
  expect(await table.check({ version: 1 })).toMatchObject({
    verdict: "sound",
    version: 1n,
    newestVersion: 2n,
  });
  expect(await table.check()).toMatchObject({ verdict: "damaged", version: 2n });
});

test("what a checkpoint says by itself is checked too", async () => {
  const table = await DamagedTable.copyOf("spark/checkpoint-v2-json");
  const file = await logFile(table, /checkpoint\.[0-9a-f-]+\.json$/);
  const text = (await readFile(table.file(file), "utf8")).trimEnd();
  await table.write(file, `${text}\n{"add":{"path":"x.parquet","partitionValues":{}}}\n`);
  expect(await table.findings("action-field")).toMatchObject([
    { message: 'the add of "x.parquet": size is missing, modificationTime is missing', place: { file } },
  ]);
  await table.write(file, text.replace(/("checkpointMetadata":\{"version":)\d+/, "$11"));
  expect(await table.findings("checkpoint-contradicts")).toMatchObject([
    { message: "its checkpointMetadata states version 1", place: { file } },
  ]);
});
