import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { quoteString } from "../../engine/index.js";
import { splitColumnName, type WrittenFile, writeParquet } from "../../formats/index.js";
import { columnsOf, workbench } from "./workbench.js";

const bench = workbench();
let directories = 0;
const newDirectory = (): string => bench.path(`written/${directories++}`);
const write = (
  select: string,
  options: Partial<Parameters<typeof writeParquet>[1]> = {},
): Promise<WrittenFile[]> => writeParquet(bench.session, { select, directory: newDirectory(), ...options });
const column = (file: WrittenFile | undefined, ...path: string[]) =>
  file?.columns.find((found) => found.path.join("\0") === path.join("\0"));
const filesUnder = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

describe("writing Parquet", () => {
  it("gives what the writer counted", async () => {
    const directory = newDirectory();
    const [file, ...more] = await write("SELECT * FROM (VALUES (1, 'a'), (2, NULL), (-5, 'b')) t(i, s)", {
      directory,
      fileNamePrefix: "data",
    });
    expect(more).toEqual([]);
    expect(file).toMatchObject({ rowCount: 3n, partitionValues: new Map() });
    expect(file?.localPath.startsWith(`${directory}/data-`)).toBe(true);
    expect(file?.sizeBytes).toBe(BigInt(readFileSync(file?.localPath ?? "").length));
    expect(column(file, "i")).toMatchObject({ nullCount: 0n, min: "-5", max: "2", boundsCut: false });
    expect(column(file, "s")).toMatchObject({ nullCount: 1n, min: "a", max: "b" });
  });

  it("names columns by their parts, whatever they are called", async () => {
    const [file] = await write(
      `SELECT 1 AS "a.b", 2 AS "c""d", 3 AS "é x", {'x.y': 1, 'z': {'q': 2}} AS st, [1] AS l, MAP {'k': 1} AS m`,
    );
    expect(file?.columns.map((found) => found.path).sort()).toEqual(
      [
        ["a.b"],
        ['c"d'],
        ["é x"],
        ["st", "x.y"],
        ["st", "z", "q"],
        ["l", "element"],
        ["m", "key"],
        ["m", "value"],
      ].sort(),
    );
    expect(splitColumnName('"a.b"."c""d".""')).toEqual(["a.b", 'c"d', ""]);
  });

  it("does not let NaN, zeros and long texts lie", async () => {
    const [file] = await write(
      `SELECT * FROM (VALUES ('nan'::DOUBLE, -0.0::DOUBLE, 'nan'::FLOAT, repeat('a', 1000)), (1.5, 0.0, 'nan', repeat('z', 1000)), (NULL, 0.0, NULL, 'b')) t(d, z, n, s)`,
    );
    expect(column(file, "d")).toMatchObject({ min: "1.5", max: "1.5", hasNan: true, nullCount: 1n });
    expect(column(file, "z")).toMatchObject({ min: "-0.0", max: "0.0", hasNan: false });
    expect(column(file, "n")).toMatchObject({ hasNan: true });
    expect(column(file, "n")?.min).toBeUndefined();
    const text = column(file, "s");
    expect(text?.boundsCut).toBe(true);
    expect((text?.min ?? "") <= "a".repeat(1000)).toBe(true);
    expect((text?.max ?? "") >= "z".repeat(1000)).toBe(true);
  });

  it("gives bounds of every type as text", async () => {
    const [file] = await write(
      `SELECT 12345678901234567890123456789012345678::DECIMAL(38,0) AS dec, 1.25::DECIMAL(10,2) AS d10,
        TIMESTAMPTZ '2024-01-01 00:00:00.123456+00' AS tz, TIMESTAMP '2024-01-01 00:00:00.123456' AS ts, DATE '2024-01-01' AS day,
        '\\xFF\\x00'::BLOB AS bytes, true AS yes, 9223372036854775807 AS big, NULL::INTEGER AS none`,
    );
    const bounds = Object.fromEntries(file?.columns.map((found) => [found.path.join("."), found.max]) ?? []);
    expect(bounds).toEqual({
      dec: "12345678901234567890123456789012345678",
      d10: "1.25",
      tz: "2024-01-01 00:00:00.123456+00",
      ts: "2024-01-01 00:00:00.123456",
      day: "2024-01-01",
      bytes: "FF00",
      yes: "1",
      big: "9223372036854775807",
      none: undefined,
    });
    expect(column(file, "none")).toMatchObject({ nullCount: 1n });
  });

  it("keeps no file without rows", async () => {
    const directory = newDirectory();
    expect(await write("SELECT 1 AS a WHERE false", { directory })).toEqual([]);
    expect(await write("SELECT 1 AS a WHERE false", { directory, ordered: true })).toEqual([]);
    expect(await write("SELECT 1 AS a, 2 AS p WHERE false", { directory, partitionBy: ["p"] })).toEqual([]);
    expect(filesUnder(directory)).toEqual([]);
  });

  it("splits by partition and gives the values back, odd ones and NULL too", async () => {
    const values = [
      "a/b",
      "a=b",
      "100%",
      "x y",
      "a:b",
      "é",
      "",
      "NULL",
      "__HIVE_DEFAULT_PARTITION__",
      "..",
      ".",
      "a\nb",
      "a%2Fb",
      "q'\"q",
      null,
    ];
    const directory = newDirectory();
    const rows = values.map((value, index) => `(${index}, ${value === null ? "NULL" : quoteString(value)})`);
    const files = await write(`SELECT * FROM (VALUES ${rows.join(", ")}) t(i, "p q")`, {
      directory,
      partitionBy: ["p q"],
    });
    const byIndex = new Map(
      files.map((file) => [Number(column(file, "i")?.min), file.partitionValues.get("p q")]),
    );
    expect(values.map((_, index) => byIndex.get(index))).toEqual(values);
    expect(files.map((file) => file.localPath).sort()).toEqual(filesUnder(directory).sort());
    for (const file of files) {
      expect(file.localPath.startsWith(`${directory}/p%20q=`)).toBe(true);
      const described = await bench.session.rows(
        `DESCRIBE SELECT * FROM read_parquet(${quoteString(file.localPath)}, hive_partitioning = false)`,
      );
      expect(described.map((row) => row["column_name"])).toEqual(["i"]);
    }
  });

  it("gives partition values of other types to the last digit", async () => {
    const [file] = await write(
      `SELECT 1 AS i, TIMESTAMP '2024-01-01 10:00:00.123456' AS ts, TIMESTAMPTZ '2024-01-01 10:00:00.12+00' AS tz, DATE '2024-01-01' AS day, 1.50::DECIMAL(5,2) AS d, true AS b`,
      { partitionBy: ["ts", "tz", "day", "d", "b"] },
    );
    expect(file?.partitionValues).toEqual(
      new Map([
        ["ts", "2024-01-01 10:00:00.123456"],
        ["tz", "2024-01-01 10:00:00.12+00"],
        ["day", "2024-01-01"],
        ["d", "1.50"],
        ["b", "true"],
      ]),
    );
  });

  it("writes a partition as one file, however many there are", async () => {
    const files = await write("SELECT i, (i % 300) AS p FROM range(200000) t(i)", { partitionBy: ["p"] });
    expect(files.length).toBe(300);
    expect(files.reduce((sum, file) => sum + file.rowCount, 0n)).toBe(200_000n);
  });

  it("keeps the order when asked, and splits large output when not", async () => {
    const [ordered] = await write("SELECT i FROM range(400000) t(i) ORDER BY hash(i)", { ordered: true });
    const [check] = await bench.session.rows(
      `SELECT bool_and(hash(i) >= before) AS sorted FROM (SELECT i, lag(hash(i), 1, 0::UBIGINT) OVER () AS before FROM read_parquet(${quoteString(ordered?.localPath ?? "")}))`,
    );
    expect(check).toEqual({ sorted: true });
    const many = await write("SELECT hash(i) AS h FROM range(1000000) t(i)", { maxFileBytes: 1_000_000 });
    expect(many.length).toBeGreaterThan(3);
    expect(many.reduce((sum, file) => sum + file.rowCount, 0n)).toBe(1_000_000n);
  });

  it("sets field ids", async () => {
    const [file] = await write("SELECT 1 AS a, {'x': 1} AS s, [1] AS l", {
      fieldIds: new Map([
        ["a", { id: 7 }],
        ["s", { id: 8, members: new Map([["x", { id: 9 }]]) }],
        ["l", { id: 10, members: new Map([["element", { id: 11 }]]) }],
      ]),
    });
    const ids = await bench.session.rows(
      `SELECT name, field_id FROM parquet_schema(${quoteString(file?.localPath ?? "")}) WHERE field_id IS NOT NULL`,
    );
    expect(ids.map((row) => [row["name"], row["field_id"]])).toEqual([
      ["a", 7n],
      ["s", 8n],
      ["x", 9n],
      ["l", 10n],
      ["element", 11n],
    ]);
  });

  it("leaves nothing of its own behind when it fails, and the files of others alone", async () => {
    const directory = newDirectory();
    mkdirSync(join(directory, "p=0"), { recursive: true });
    const [kept] = await write("SELECT 1 AS a", { directory });
    const failing =
      "SELECT CASE WHEN i = 400000 THEN error('boom') ELSE i END AS a, i % 3 AS p FROM range(500000) t(i)";
    for (const options of [{}, { ordered: true }, { partitionBy: ["p"] }]) {
      await expect(write(failing, { directory, ...options })).rejects.toMatchObject({
        kind: "invalid-input",
      });
    }
    expect(filesUnder(directory)).toEqual([kept?.localPath]);
  });

  it("stops when it is cancelled", async () => {
    const directory = newDirectory();
    const controller = new AbortController();
    const work = write("SELECT a.i FROM range(100000) a(i), range(100000) b(i)", {
      directory,
      signal: controller.signal,
    });
    controller.abort();
    await expect(work).rejects.toMatchObject({ kind: "cancelled" });
    expect(filesUnder(directory)).toEqual([]);
  });
});

describe("reading Parquet", () => {
  const make = async (name: string): Promise<Buffer> => {
    await bench.session.execute(
      `COPY (SELECT i, 'text ' || i AS s, TIMESTAMPTZ '2024-01-01 00:00:00+00' AS "At" FROM range(5000) t(i)) TO ${quoteString(bench.path(name))} (FORMAT parquet)`,
    );
    return readFileSync(bench.path(name));
  };

  it("gives columns, rows and the rows that the footer states", async () => {
    await make("good.parquet");
    const { source, rows } = await bench.read("good.parquet");
    expect(columnsOf(source)).toEqual(["i BIGINT", "s VARCHAR", "At TIMESTAMP WITH TIME ZONE"]);
    expect(source.statedRows).toBe(5000n);
    expect(rows.length).toBe(5000);
  });

  it.each(["i", "FILE_ROW_NUMBER"])("numbers the rows of a file that has a column %s", async (name) => {
    await bench.session.execute(
      `COPY (SELECT i AS "${name}" FROM range(300000) t(i)) TO ${quoteString(bench.path("numbered.parquet"))} (FORMAT parquet, ROW_GROUP_SIZE 20000)`,
    );
    const source = await bench.open("numbered.parquet");
    const { sql } = await source.relation({ numbered: true });
    expect(await bench.session.columns(sql)).toEqual([
      { name, type: "BIGINT" },
      { name: "gl_row", type: "BIGINT" },
    ]);
    expect(
      await bench.session.rows(
        `SELECT count(*) AS n, bool_and(gl_row = "${name}" + 1) AS same FROM (${sql})`,
      ),
    ).toEqual([{ n: 300000n, same: true }]);
  });

  it("refuses a file that is cut short, at any place", async () => {
    const whole = await make("whole.parquet");
    for (const length of [4, 11, 100, whole.length - 1, whole.length - 9]) {
      const file = bench.write("cut.parquet", whole.subarray(0, length));
      await expect(bench.read("cut.parquet")).rejects.toMatchObject({
        kind: "invalid-input",
        code: "broken-parquet",
        context: { file },
      });
    }
  });

  it("refuses a footer that claims more than there is", async () => {
    const whole = await make("whole.parquet");
    const length = Buffer.from(whole);
    length.writeUInt32LE(whole.length, whole.length - 8);
    const file = bench.write("length.parquet", length);
    await expect(bench.read("length.parquet")).rejects.toMatchObject({
      kind: "invalid-input",
      context: { file },
    });
    // The data is gone, the footer is whole: its offsets point past the end.
    const footerBytes = whole.readUInt32LE(whole.length - 8) + 8;
    const hollow = bench.write(
      "hollow.parquet",
      Buffer.concat([whole.subarray(0, 200), whole.subarray(whole.length - footerBytes)]),
    );
    await expect(bench.read("hollow.parquet")).rejects.toMatchObject({
      kind: "invalid-input",
      code: "broken-parquet",
      context: { file: hollow },
    });
  });

  it("refuses a footer that states another number of rows than its row groups", async () => {
    const whole = await make("whole.parquet");
    const footerStart = whole.length - 8 - whole.readUInt32LE(whole.length - 8);
    // 5000 as a zig-zag varint of the compact protocol; the first one in the footer is the file's num_rows.
    const stated = whole.indexOf(Buffer.from([0x90, 0x4e]), footerStart);
    const lying = Buffer.from(whole);
    lying[stated + 1] = 0x4f;
    const file = bench.write("lying.parquet", lying);
    await expect(bench.read("lying.parquet")).rejects.toMatchObject({
      kind: "invalid-input",
      code: "broken-parquet",
      context: { file },
    });
  });

  it("refuses damaged pages", async () => {
    const whole = await make("whole.parquet");
    const damaged = Buffer.from(whole).fill(0xff, 4, 300);
    const file = bench.write("pages.parquet", damaged);
    await expect(bench.read("pages.parquet")).rejects.toMatchObject({
      kind: "invalid-input",
      code: "broken-parquet",
      context: { file },
    });
  });
});
