import { statSync, utimesSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { furtherKindBit, isSettled } from "../../formats/csv/further-kinds.js";
import { KnownKinds } from "../../formats/csv/known-kinds.js";
import { sniffLayout } from "../../formats/csv/layout.js";
import { discoverSources, type OpenedSource, openSources } from "../../formats/index.js";
import { csvKindBit, KindSet, scalarTypeOf } from "../../formats/inference/value-kinds.js";
import { workbench } from "./workbench.js";

const bench = workbench();

/** A file of which a sample does not tell what comes late. */
function largeFile(name: string, late: string): string {
  const lines = Array.from({ length: 300_000 }, (_, i) => `${i},${i % 100},text ${i % 1000},`);
  lines.splice(200_000, 0, late);
  return bench.write(name, `id,n,s,empty\n${lines.join("\n")}\n`);
}

async function open(path: string, wholeBytes: number | undefined): Promise<OpenedSource> {
  const [source] = await openSources(bench.session, await discoverSources([path]), { wholeBytes });
  if (source === undefined) throw new Error("no source");
  return source;
}

describe("a large CSV file", () => {
  it("that is to be looked at whole has the types of every record at once", async () => {
    const path = largeFile("late.csv", "7,0.5,12,2024-01-05");
    const bytes = statSync(path).size;
    const sampled = await open(path, bytes - 1);
    expect(sampled.exact).toBe(false);
    expect(sampled.columns.map(({ type }) => type)).toEqual(["BIGINT", "BIGINT", "VARCHAR", "VARCHAR"]);
    for (let time = 0; time < 2; time++) {
      const whole = await open(path, bytes);
      expect(whole.exact).toBe(true);
      expect(whole.columns.map(({ type }) => type)).toEqual(["BIGINT", "DOUBLE", "VARCHAR", "DATE"]);
    }
  });

  it("is refused with its line where a late record is broken, also in a column that is text", async () => {
    for (const late of ["7,1,text", "7,1,text,,more", '7,1,"te"xt,']) {
      const path = largeFile("broken.csv", late);
      await expect(open(path, statSync(path).size)).rejects.toMatchObject({
        code: "broken-csv",
        context: { file: path, line: 200_002 },
      });
    }
    const path = bench.write("latin.csv", "");
    const text = (bad: string): string => `n,s\n${"1,text and more\n".repeat(300_000)}1,${bad}\n`;
    bench.write("latin.csv", Buffer.from(text("caf\u00e9"), "latin1"));
    await expect(open(path, statSync(path).size)).rejects.toMatchObject({ context: { line: 300_002 } });
  });
});

/** Texts of every kind, and ones that are nearly of it. */
const TEXTS = [
  ...["", "0", "-0", "7", "-7", "007", "+7", "1_000", " 7", "7 ", "999999999999999", "1000000000000000"],
  ...["-999999999999999", "-1000000000000000", "9223372036854775807", "9223372036854775808"],
  ...["12345678901234567890123456789012345678", "123456789012345678901234567890123456789"],
  ...["0.5", ".5", "5.", "-1e5", "1e999", "1.10", "1E3", "1e15", "nan", "NaN", "inf", "-Infinity", "Inf "],
  ...["true", "False", "TRUE", "yes", "null", "text", "\u00e9", "{}", "[1]", '"x"'],
  ...["2024-01-05", "2024-1-5", "2024/01/05", "2024-02-30", "2024-13-01", "24-01-05", "abcd-ef-gh"],
  ...["2024-01-05 10:00", "2024-01-05 10:00:00", "2024-01-05T10:00:00.123456", "2024-01-05 25:00:00"],
  ...["2024-01-05X10:00:00", "2024-01-05 10:00:00.1234567", "2024/01/05 10:00:00"],
  ...["2024-01-05T10:00:00Z", "2024-01-05 10:00:00+02:00", "2024-01-05T10:00:00.5Z", "2024-01-05T25:00:00Z"],
] as const;

describe("what a sample left open", () => {
  it("is found as it would be without a sample", async () => {
    const list = TEXTS.map((text) => `(${text === "" ? "''" : `'${text}'`})`).join(", ");
    const rows = await bench.session.rows(
      `SELECT x, ${csvKindBit("x")} AS bit FROM (VALUES ${list}, (NULL)) t(x)`,
    );
    const bits = rows.map(({ bit }) => Number(bit ?? 0));
    const unions = [...new Set(bits.flatMap((a) => bits.map((b) => a | b)))];
    expect(unions.filter((union) => !isSettled(new KindSet(union))).length).toBeGreaterThan(10);
    for (const sampled of unions) {
      const set = new KindSet(sampled);
      if (isSettled(set)) {
        for (const other of bits) expect(scalarTypeOf(new KindSet(sampled | other))).toBe("VARCHAR");
        continue;
      }
      const found = await bench.session.rows(
        `SELECT x, ${furtherKindBit("x", set)} AS further FROM (VALUES ${list}, (NULL)) t(x)`,
      );
      for (const [index, { x, further }] of found.entries()) {
        const quick = sampled | Number(further ?? 0);
        const exact = sampled | (bits[index] ?? 0);
        // Whatever else comes, the type is the same.
        for (const other of bits) {
          const types = [quick, exact].map((each) => scalarTypeOf(new KindSet(each | other)));
          expect(types[0], `${String(x)} after ${sampled}, with ${other}`).toBe(types[1]);
        }
      }
    }
  });
});

describe("what was found of a file", () => {
  it("is known until the file changes", async () => {
    const path = bench.write("known.csv", "a,b\n1,2\n");
    const find = async () => {
      const [file] = await discoverSources([path]);
      if (file === undefined) throw new Error("no file");
      return { file, layout: await sniffLayout(file, "refuse") };
    };
    const known = new KnownKinds();
    const before = await find();
    const changed = Number((before.file.stamp?.changed ?? 0n) / 1_000_000n);
    known.keep(before.file, before.layout, [1, 1], changed + 1_000);
    expect(known.of(before.file, before.layout)).toBeUndefined();
    known.keep(before.file, before.layout, [1, 1], changed + 10_000);
    expect(known.of(before.file, before.layout)).toEqual([1, 1]);
    expect(known.of(before.file, { ...before.layout, header: false })).toBeUndefined();
    utimesSync(path, 1, 1);
    const after = await find();
    expect(known.of(after.file, after.layout)).toBeUndefined();
    // A file that is not as it was when it was found is not kept.
    known.keep({ ...before.file, localPath: path }, after.layout, [4, 4], changed + 10_000);
    expect(known.of(before.file, before.layout)).toEqual([1, 1]);
  });
});
