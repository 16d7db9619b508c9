import { writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { isLakeError, LakeError } from "../../core/index.js";
import type { Row } from "../../engine/index.js";
import type { IngestReport, Lake } from "../../src/index.js";
import { temporaryLake } from "../support/temporary-lake.js";
import { type Account, account, type InputRecord } from "./messy/account.js";
import { CSV, JSON_ARRAY, JSONL, NESTED_MOVIES, type Rendering } from "./messy/renderings.js";

// Real files made worse: values of other types, fields missing and unknown, keys twice, records that are none, huge
// numbers, dates that never were, byte order marks, CRLF, bytes that are no UTF-8. Every record is in the rows, in
// the rescued data or refused; messy/account.ts, which shares no code with what is tested, adds them up.

const SEED = 20_261_120;
const FAULTS = { seed: SEED, faulty: 0.2, broken: 0.02, twice: 0 };

const CASES: readonly (readonly [file: string, rendering: Rendering])[] = [
  ["movies.json", JSONL],
  ["cars.json", JSONL],
  ["penguins.json", JSONL],
  [NESTED_MOVIES, JSONL],
  ["movies.json", JSON_ARRAY],
  ["cars.json", JSON_ARRAY],
  ["penguins.json", JSON_ARRAY],
  [NESTED_MOVIES, JSON_ARRAY],
  ["birdstrikes.csv", CSV],
  ["seattle-weather.csv", CSV],
  ["github.csv", CSV],
];

const named = CASES.map(([file, rendering]) => ({ file, extension: rendering.extension, rendering }));

async function rowsOf(lake: Lake): Promise<Row[]> {
  return (await lake.sql("SELECT * FROM t")).toArray();
}

/** Makes `t` a table without rows, of the types that the clean file has. */
async function cleanTable(
  lake: Lake,
  folder: string,
  { extension, clean }: Rendering,
  file: string,
): Promise<void> {
  const source = path.join(folder, `clean.${extension}`);
  await writeFile(source, await clean(file));
  await lake.ingest([source], { into: "t" });
  await (await lake.table("t")).truncate();
}

function expectAccounted(accounted: Account, report: IngestReport): void {
  const { records, partlyRescued, rescuedWhole, problems } = accounted;
  expect(problems, `seed ${SEED}`).toEqual([]);
  expect(report.rows).toBe(BigInt(records));
  expect(report.rescued).toEqual({
    rows: BigInt(partlyRescued + rescuedWhole),
    records: BigInt(rescuedWhole),
  });
}

describe.each(named)("$file as $extension, made worse", ({ file, rendering }) => {
  it("lands in a table of clean types with every value in its column or rescued", async () => {
    const { lake, folder } = await temporaryLake();
    await cleanTable(lake, folder, rendering, file);
    const source = path.join(folder, `messy.${rendering.extension}`);
    const bytes = await rendering.worse(file, FAULTS);
    await writeFile(source, bytes);
    const report = await lake.ingest([source], { into: "t", rescue: true });
    const accounted = account(source, rendering.cut(bytes), await rowsOf(lake));
    expectAccounted(accounted, report);
    expect(accounted.partlyRescued).toBeGreaterThan(0);
    expect(accounted.readable).toEqual([]);
  });

  it("lands in a new table of its own types with every value in its column or rescued", async () => {
    const { lake, folder } = await temporaryLake();
    const source = path.join(folder, `messy.${rendering.extension}`);
    const bytes = await rendering.worse(file, FAULTS);
    await writeFile(source, bytes);
    const report = await lake.ingest([source], { into: "t", rescue: true });
    expectAccounted(account(source, rendering.cut(bytes), await rowsOf(lake)), report);
  });

  it("lands in a table that grows with it, with every value in its column or rescued", async () => {
    const { lake, folder } = await temporaryLake();
    await cleanTable(lake, folder, rendering, file);
    const source = path.join(folder, `messy.${rendering.extension}`);
    const bytes = await rendering.worse(file, FAULTS);
    await writeFile(source, bytes);
    const report = await lake.ingest([source], { into: "t", rescue: true, schema: "merge" });
    expectAccounted(account(source, rendering.cut(bytes), await rowsOf(lake)), report);
  });
});

it("a key that a record has twice loses neither value", async () => {
  const { lake, folder } = await temporaryLake();
  await cleanTable(lake, folder, JSONL, "cars.json");
  const source = path.join(folder, "messy.jsonl");
  const bytes = await JSONL.worse("cars.json", { ...FAULTS, twice: 0.1 });
  await writeFile(source, bytes);
  const report = await lake.ingest([source], { into: "t", rescue: true });
  expectAccounted(account(source, JSONL.cut(bytes), await rowsOf(lake)), report);
});

describe("without rescue", () => {
  it.each([
    { file: "cars.json", extension: "jsonl", rendering: JSONL },
    { file: "penguins.json", extension: "json", rendering: JSON_ARRAY },
    { file: "seattle-weather.csv", extension: "csv", rendering: CSV },
  ])(
    "$file as $extension: each record that would be rescued is refused, by its line or field",
    async ({ file, rendering }) => {
      const { lake, folder } = await temporaryLake();
      await cleanTable(lake, folder, rendering, file);
      const source = path.join(folder, `messy.${rendering.extension}`);
      const bytes = await rendering.worse(file, {
        ...FAULTS,
        faulty: 0.06,
        broken: rendering === JSON_ARRAY ? 0 : 0.01,
        // A file's keys that differ in case only are columns of their own to those who do not rescue.
        otherCase: false,
      });
      const records = rendering.cut(bytes);
      // An array has a record wherever it had one.
      const filler = rendering === JSON_ARRAY ? '{"n": -1}' : "";

      await writeFile(source, bytes);
      await (await lake.sql("CREATE TABLE rescued AS SELECT * FROM t")).close();
      await lake.ingest([source], { into: "rescued", rescue: true, again: true });
      const rows = await (await lake.sql("SELECT * FROM rescued")).toArray();
      const { rescued, problems } = account(source, records, rows);
      expect(problems).toEqual([]);

      const refused: number[] = [];
      for (;;) {
        await writeFile(source, without(bytes, records, refused, filler));
        const outcome = await lake.ingest([source], { into: "t" }).catch((error: unknown) => error);
        if (!isLakeError(outcome, "invalid-input")) {
          if (outcome instanceof Error) throw outcome;
          break;
        }
        expect(outcome.message).toContain(source);
        expect(outcome.hint).toContain("rescue");
        expect(await rowsOf(lake)).toEqual([]);
        const named = recordsOf(outcome, records).filter((row) => !refused.includes(row));
        expect(named.length, outcome.message).toBeGreaterThan(0);
        for (const row of named) expect(rescued, outcome.message).toContain(row);
        refused.push(...named);
      }
      expect(refused.toSorted((a, b) => a - b)).toEqual(rescued);
      const left = records.filter(({ row }) => !refused.includes(row));
      const kept = (await rowsOf(lake)).filter(({ n }) => n !== -1n);
      expect(account(source, left, kept).problems).toEqual([]);
    },
  );

  it("a broken array is refused, with and without rescue, and nothing is committed", async () => {
    const { lake, folder } = await temporaryLake();
    await cleanTable(lake, folder, JSON_ARRAY, "cars.json");
    const bytes = await JSON_ARRAY.clean("cars.json");
    for (const [index, broken] of [
      bytes.subarray(0, -1),
      bytes.subarray(0, 5_000),
      bytes.subarray(0, -400),
    ].entries()) {
      const source = path.join(folder, `broken-${index}.json`);
      await writeFile(source, broken);
      for (const rescue of [false, true]) {
        const outcome = await lake.ingest([source], { into: "t", rescue }).catch((error: unknown) => error);
        if (!(outcome instanceof LakeError)) throw new Error(`${source} was not refused`);
        expect(outcome).toMatchObject({ kind: "invalid-input", message: expect.stringContaining(source) });
      }
    }
    expect(await rowsOf(lake)).toEqual([]);
  });
});

/** The places of the records that an error is about: the one that it tells, or all that have a field that the table lacks. */
function recordsOf(error: LakeError, records: readonly InputRecord[]): number[] {
  const { line, row, column } = error.context;
  const isMeant = (record: InputRecord): boolean => {
    if (typeof row === "number") return record.row === row;
    if (typeof line === "number") return record.line === line;
    return hasField(record, String(column));
  };
  if (row === undefined && line === undefined) expect(error.code, error.message).toBe("column-unknown");
  return records.filter(isMeant).map((record) => record.row);
}

/** What is no object of an array comes as the column `value`. */
function hasField({ content }: InputRecord, name: string): boolean {
  if (content === undefined) return name === "value";
  return content.kind === "json" && content.members.some((member) => member.name === name);
}

/** The file with something else in the place of some of its records: no other record changes its line. */
function without(
  bytes: Buffer,
  records: readonly InputRecord[],
  rows: readonly number[],
  filler: string,
): Buffer {
  const parts: Buffer[] = [];
  let kept = 0;
  for (const { row, offset, bytes: record } of records) {
    if (!rows.includes(row)) continue;
    const ends = "\n".repeat(record.filter((byte) => byte === 0x0a).length);
    parts.push(bytes.subarray(kept, offset), Buffer.from(filler + ends));
    kept = offset + record.length;
  }
  return Buffer.concat([...parts, bytes.subarray(kept)]);
}
