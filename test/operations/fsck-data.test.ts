import { readFile, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { isJsonObject, type JsonObject, parseJson, stringifyJson } from "../../core/index.js";
import { Engine, quoteString } from "../../engine/index.js";
import { DamagedTable } from "./damaged-table.js";

// One kind of damage to the data of a table at a time.

/** Puts rows of a SELECT in the place of a data file, and lets the log say the file's new size. */
async function replaceFile(table: DamagedTable, version: number, select: string): Promise<string> {
  const file = await table.dataFile(version);
  const engine = await Engine.open();
  try {
    const copy = `COPY (${select}) TO ${quoteString(table.file(file))} (FORMAT parquet)`;
    await engine.withSession((session) => session.execute(copy));
  } finally {
    await engine.close();
  }
  const { length } = await readFile(table.file(file));
  await table.editAction(version, "add", (add) => ({ ...add, size: length }));
  return file;
}

function stats(add: JsonObject): JsonObject {
  const json = parseJson(String(add["stats"]));
  if (!isJsonObject(json)) throw new Error("no statistics");
  return json;
}

async function editStats(
  table: DamagedTable,
  version: number,
  edit: (stats: JsonObject) => JsonObject,
): Promise<void> {
  await table.editAction(version, "add", (add) => ({ ...add, stats: stringifyJson(edit(stats(add))) }));
}

function inner(json: JsonObject, name: string): JsonObject {
  const value = json[name];
  return isJsonObject(value) ? value : {};
}

describe("data files", () => {
  test("one that is missing is named, with the version that added it", async () => {
    const table = await DamagedTable.ours();
    const file = await table.dataFile(1);
    await table.remove(file);
    expect(await table.findings("data-file-missing")).toMatchObject([
      {
        severity: "damage",
        place: { file, version: 1n },
        remedy: expect.stringContaining("Restore the file"),
      },
    ]);
  });

  test("one of another size is named with both sizes, and its footer looked at all the same", async () => {
    const table = await DamagedTable.ours();
    const file = await table.dataFile(1);
    await table.cut(file, -1);
    const report = await table.check();
    expect(report.findings).toMatchObject([
      {
        code: "data-file-size",
        message: expect.stringMatching(/^the file has \d+ bytes, and the log says \d+$/),
        place: { file },
      },
      { code: "data-file-unreadable", place: { file } },
    ]);
  });

  test("one broken footer hides no other one", async () => {
    const table = await DamagedTable.ours();
    const files = [await table.dataFile(0), await table.dataFile(2)];
    for (const file of files) {
      const { length } = await readFile(table.file(file));
      await table.flip(file, length - 1);
    }
    const findings = await table.findings("data-file-unreadable");
    expect(findings.map(({ place }) => place.file).sort()).toEqual([...files].sort());
  });

  test("another number of rows than the log's is damage", async () => {
    const table = await DamagedTable.ours();
    await editStats(table, 1, (json) => ({ ...json, numRecords: 3 }));
    expect(await table.findings("data-file-rows")).toMatchObject([
      { message: "the file has 2 rows, and the log says 3", place: { file: await table.dataFile(1) } },
    ]);
  });

  test("a column of another type is damage", async () => {
    const table = await DamagedTable.ours();
    const file = await replaceFile(
      table,
      1,
      "SELECT 'x' AS id, 'y' AS name, 1.5::DOUBLE AS amount FROM range(2)",
    );
    expect(await table.findings("column-type")).toMatchObject([
      {
        message: "the column id is VARCHAR in the file and long in the table",
        place: { file, column: "id" },
      },
    ]);
  });

  test("a column that the table does not have is a warning", async () => {
    const table = await DamagedTable.ours();
    const file = await replaceFile(
      table,
      1,
      "SELECT 3::BIGINT AS id, 'edsger' AS name, 3.5::DOUBLE AS amount, 1 AS extra UNION ALL SELECT 4, 'barbara', 4.5, 2",
    );
    expect(await table.check()).toMatchObject({
      verdict: "sound",
      findings: [
        {
          code: "column-unknown",
          message: "the table has no column extra",
          place: { file, column: "extra" },
        },
      ],
    });
  });

  test("a file outside the table's folder is looked up, and one on another store is not", async () => {
    const table = await DamagedTable.ours();
    const elsewhere = path.join(table.folder, "..", "elsewhere.parquet");
    await writeFile(elsewhere, await readFile(table.file(await table.dataFile(1))));
    await table.remove(await table.dataFile(1));
    await table.editAction(1, "add", (add) => ({ ...add, path: `file://${elsewhere}` }));
    expect((await table.check()).verdict).toBe("sound");
    await table.editAction(1, "add", (add) => ({ ...add, path: `file://${elsewhere}.gone` }));
    expect(await table.findings("data-file-missing")).toMatchObject([
      { place: { file: `${elsewhere}.gone` } },
    ]);
    await table.editAction(1, "add", (add) => ({ ...add, path: "gs://bucket/x.parquet" }));
    expect(await table.findings("data-file-elsewhere")).toMatchObject([
      { severity: "unsupported", place: { file: "gs://bucket/x.parquet" } },
    ]);
  });
});

describe("statistics", () => {
  test.each([
    ["minValues", { id: 4 }, "least", 'its least value "3" is outside the stated bounds'],
    ["maxValues", { id: 3 }, "greatest", 'its greatest value "4" is outside the stated bounds'],
    ["nullCount", { id: 1 }, "NULLs", "it has 0 NULLs, and the log says 1"],
  ] as const)("%s that lie are damage", async (kind, value, _word, message) => {
    const table = await DamagedTable.ours();
    await editStats(table, 1, (json) => ({ ...json, [kind]: { ...inner(json, kind), ...value } }));
    for (const deep of [false, true]) {
      expect(await table.findings("statistics-wrong", { deep })).toMatchObject([
        { message: `the column id: ${message}`, place: { file: await table.dataFile(1), column: "id" } },
      ]);
    }
  });

  test("bounds that are wider than the data are no fault", async () => {
    const table = await DamagedTable.ours();
    await editStats(table, 1, (json) => ({
      ...json,
      minValues: { ...inner(json, "minValues"), id: -100, name: "a" },
      maxValues: { ...inner(json, "maxValues"), id: 100, name: "z" },
    }));
    expect(await table.check({ deep: true })).toMatchObject({ verdict: "sound", findings: [] });
  });

  test("a lie about text is found too", async () => {
    const table = await DamagedTable.ours();
    await editStats(table, 1, (json) => ({ ...json, maxValues: { ...inner(json, "maxValues"), name: "b" } }));
    expect(await table.findings("statistics-wrong")).toMatchObject([{ place: { column: "name" } }]);
  });

  test("statistics that are no JSON are damage", async () => {
    const table = await DamagedTable.ours();
    await table.editAction(1, "add", (add) => ({ ...add, stats: "{" }));
    expect(await table.findings("statistics-broken")).toMatchObject([
      { place: { file: await table.dataFile(1) } },
    ]);
  });
});

describe("rows", () => {
  async function withNotNull(): Promise<DamagedTable> {
    const table = await DamagedTable.ours();
    await table.editAction(0, "metaData", (metaData) => ({
      ...metaData,
      schemaString: String(metaData["schemaString"]).replace(
        /("name":"name"[^}]*?"nullable":)true/,
        "$1false",
      ),
    }));
    return table;
  }

  test("NULL in a column that is NOT NULL is damage", async () => {
    const table = await withNotNull();
    expect((await table.check()).verdict).toBe("sound");
    const file = await replaceFile(
      table,
      1,
      "SELECT 3::BIGINT AS id, NULL::VARCHAR AS name, 3.5::DOUBLE AS amount UNION ALL SELECT 4, 'barbara', 4.5",
    );
    await table.editAction(1, "add", (add) => ({ ...add, stats: undefined }));
    for (const deep of [false, true]) {
      expect(await table.findings("null-violation", { deep })).toMatchObject([
        { message: "the column name is NOT NULL, and is NULL in 1 rows", place: { file, column: "name" } },
      ]);
    }
  });

  test("a file that lacks a column that is NOT NULL is damage", async () => {
    const table = await withNotNull();
    await replaceFile(table, 1, "SELECT 3::BIGINT AS id, 3.5::DOUBLE AS amount UNION ALL SELECT 4, 4.5");
    expect(await table.findings("null-violation")).toMatchObject([
      { message: "the file does not have the column name, which is NOT NULL" },
    ]);
  });

  test("rows that break a constraint are damage, for a deep check", async () => {
    const table = await DamagedTable.ours();
    await table.editAction(0, "protocol", () => ({ minReaderVersion: 1, minWriterVersion: 3 }));
    await table.editAction(0, "metaData", (metaData) => ({
      ...metaData,
      configuration: { "delta.constraints.small": "id < 5" },
    }));
    expect((await table.check()).verdict).toBe("sound");
    expect(await table.findings("constraint-violation", { deep: true })).toMatchObject([
      { message: "2 rows break the constraint small (id < 5)" },
    ]);
  });

  test("an identity column whose mark is behind its data is damage, for a deep check", async () => {
    const table = await DamagedTable.copyOf("spark/identity");
    expect((await table.check({ deep: true })).verdict).toBe("sound");
    for (let version = 3; version >= 0; version--) {
      const found = (await table.actions(version)).some((action) => action["metaData"] !== undefined);
      if (!found) continue;
      await table.editAction(version, "metaData", (metaData) => ({
        ...metaData,
        schemaString: String(metaData["schemaString"]).replaceAll(
          /"delta.identity.highWaterMark":-?\d+/g,
          '"delta.identity.highWaterMark":0',
        ),
      }));
      break;
    }
    expect(await table.findings("identity-mark", { deep: true })).toContainEqual(
      expect.objectContaining({ message: expect.stringMatching(/has the mark 0 and holds -?\d+$/) }),
    );
  });

  test("values that cannot be decoded are damage, for a deep check", async () => {
    const table = await DamagedTable.ours();
    const file = await table.dataFile(1);
    const bytes = await readFile(table.file(file));
    for (let at = 4; at < 60; at++) bytes[at] = 0xff;
    await writeFile(table.file(file), bytes);
    expect((await table.check()).verdict).toBe("sound");
    expect(await table.findings("data-file-unreadable", { deep: true })).toMatchObject([
      { message: expect.stringContaining("values cannot be read"), place: { file } },
    ]);
  });
});

describe("deletion vectors", () => {
  async function vectorFile(table: DamagedTable): Promise<string> {
    const found = (await table.files()).find((file) => /deletion_vector_.*\.bin$/.test(file));
    if (found === undefined) throw new Error("there is no deletion vector");
    return found;
  }

  test("those whose file is missing are damage, every one", async () => {
    const table = await DamagedTable.copyOf("spark/dv-partitioned");
    for (const file of (await table.files()).filter((name) => name.endsWith(".bin")))
      await table.remove(file);
    const findings = await table.findings("deletion-vector");
    expect(findings.length).toBeGreaterThan(0);
    for (const finding of findings) {
      expect(finding).toMatchObject({
        message: expect.stringContaining("the file is missing"),
        place: { file: expect.stringMatching(/\.parquet$/) },
      });
    }
  });

  test.each([
    ["is cut short", async (table: DamagedTable, file: string) => table.cut(file, 10)],
    ["has another checksum", async (table: DamagedTable, file: string) => table.flip(file, 30)],
    ["has another format", async (table: DamagedTable, file: string) => table.flip(file, 0)],
  ])("one whose file %s is damage", async (_what, damage) => {
    const table = await DamagedTable.copyOf("spark/dv-containers");
    for (const file of (await table.files()).filter((name) => name.endsWith(".bin")))
      await damage(table, file);
    expect(await vectorFile(table)).toMatch(/\.bin$/);
    expect(await table.findings("deletion-vector")).toMatchObject([
      { severity: "damage", message: expect.stringContaining("the deletion vector of the file") },
    ]);
  });

  test.each([
    [
      "another cardinality",
      (add: JsonObject) => ({ ...add, deletionVector: { ...inner(add, "deletionVector"), cardinality: 1 } }),
    ],
    ["rows beyond those of its file", (add: JsonObject) => ({ ...add, stats: '{"numRecords":1}' })],
  ])("one of %s is damage", async (_what, edit) => {
    const table = await DamagedTable.copyOf("spark/dv-inline");
    const version = Number((await table.check()).newestVersion);
    await table.editAction(version, "add", edit);
    expect(await table.findings("deletion-vector")).toHaveLength(1);
  });
});

describe("files beside the table", () => {
  test("change data files that are missing are a warning", async () => {
    const table = await DamagedTable.copyOf("spark/changes");
    const change = (await table.files()).find((file) => file.startsWith("_change_data/")) ?? "";
    await table.remove(change);
    expect(await table.findings("change-file-missing")).toMatchObject([
      {
        severity: "warning",
        message: `the change data file ${change} is not there`,
        place: { file: expect.stringMatching(/\.json$/) },
      },
    ]);
  });

  test("old files that nothing refers to are counted, young ones only when asked for", async () => {
    const table = await DamagedTable.ours();
    await table.write("day=2024-01-01/left.parquet", "12345");
    await table.write("_mine/kept.parquet", "12345");
    await table.write(".hidden", "12345");
    expect(await table.check()).toMatchObject({ verdict: "sound", findings: [] });
    const orphan = {
      severity: "warning",
      message: "1 file of 5 bytes, day=2024-01-01/left.parquet",
      place: { file: "day=2024-01-01/left.parquet" },
    };
    expect(await table.findings("orphan-files", { allOrphans: true })).toMatchObject([orphan]);
    const longAgo = new Date("2020-01-01");
    await utimes(table.file("day=2024-01-01/left.parquet"), longAgo, longAgo);
    expect(await table.findings("orphan-files")).toMatchObject([orphan]);
  });

  test("deletion vectors, change data and removed files of kept versions are no orphans", async () => {
    for (const fixture of ["spark/dv-partitioned", "spark/changes"]) {
      const table = await DamagedTable.copyOf(fixture);
      expect(await table.findings("orphan-files", { allOrphans: true })).toEqual([]);
    }
  });
});

describe("the report", () => {
  test("findings of one kind are counted beyond those that are listed", async () => {
    const table = await DamagedTable.ours();
    for (const version of [0, 1, 2]) await table.remove(await table.dataFile(version));
    const report = await table.check({ limit: 2 });
    expect(report.counts).toEqual([
      { code: "data-file-missing", severity: "damage", title: "data files that are missing", count: 3n },
    ]);
    expect(report.findings).toHaveLength(2);
  });

  test("damage at several places is reported together, the worst first", async () => {
    const table = await DamagedTable.ours();
    await table.remove(await table.dataFile(0));
    await editStats(table, 1, (json) => ({ ...json, numRecords: 9 }));
    await table.write("_delta_log/what.txt", "");
    expect((await table.check()).counts.map(({ code }) => code)).toEqual([
      "data-file-missing",
      "data-file-rows",
      "log-name-unknown",
    ]);
  });

  test("a signal stops it", async () => {
    const table = await DamagedTable.ours();
    await expect(table.check({ signal: AbortSignal.abort() })).rejects.toMatchObject({ kind: "cancelled" });
    const stop = new AbortController();
    const onProgress = (): void => stop.abort();
    await expect(table.check({ signal: stop.signal, onProgress })).rejects.toMatchObject({
      kind: "cancelled",
    });
  });
});
