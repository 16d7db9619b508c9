import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import type { Row } from "../../engine/index.js";
import {
  discoverSources,
  type FittedColumn,
  type Misfits,
  type OpenedSource,
  openSource,
  openSources,
  type RelationOptions,
  type SourceFile,
} from "../../formats/index.js";
import { workbench } from "./workbench.js";

const bench = workbench();
// Temporary folders of this file alone, so that what is left of them can be told.
const temporary = bench.path("temporary");
mkdirSync(temporary);
process.env["TMPDIR"] = temporary;
afterEach(() => {
  expect(readdirSync(temporary).filter((name) => name.startsWith("grizzly-source-"))).toEqual([]);
});

let folders = 0;

async function filesOf(contents: Readonly<Record<string, string>>): Promise<SourceFile[]> {
  const folder = bench.path(`folder ${folders++}`);
  mkdirSync(folder);
  for (const [name, content] of Object.entries(contents)) writeFileSync(join(folder, name), content);
  const files = await discoverSources([folder]);
  return files.map((file) => ({ ...file, uri: file.localPath.slice(folder.length + 1) }));
}

async function open(
  contents: Readonly<Record<string, string>>,
  misfits: Misfits = "refuse",
): Promise<OpenedSource[]> {
  return openSources(bench.session, await filesOf(contents), { misfits });
}

async function rowsOf(source: OpenedSource | undefined, options?: RelationOptions): Promise<Row[]> {
  if (source === undefined) throw new Error("no source");
  const relation = await source.relation(options);
  try {
    return await bench.session.rows(relation.sql);
  } finally {
    await relation.dispose();
  }
}

async function fittedRows(
  source: OpenedSource | undefined,
  columns: readonly FittedColumn[],
  misfits: Misfits,
  options?: RelationOptions,
): Promise<Row[]> {
  const relation = await source?.fitted?.(columns, misfits, options);
  if (relation === undefined) throw new Error("no source");
  try {
    return await bench.session.rows(relation.sql);
  } finally {
    await relation.dispose();
  }
}

const id: FittedColumn = { name: "id", type: "BIGINT", source: "id" };

describe("many small CSV files", () => {
  const count = 1_500;
  const nameOf = (index: number): string => `part ${String(index).padStart(4, "0")}'é.csv`;
  /** Some end in a newline, some do not, some are Windows', some have a header only. */
  const contentOf = (index: number): string => {
    const end = index % 3 ? "\n" : "\r\n";
    const records = Array.from({ length: index % 4 }, (_, at) => `${index * 10 + at},"a ""${at}""${end}b"`);
    return ["id,s", ...records].join(end) + (index % 2 ? end : "");
  };
  const contents = Object.fromEntries(
    Array.from({ length: count }, (_, index) => [nameOf(index), contentOf(index)]),
  );

  it("are one source, whose rows come in order and tell their files and places", async () => {
    const [source, ...others] = await open(contents);
    expect(others).toEqual([]);
    expect(source).toMatchObject({ uri: `${nameOf(0)} and ${count - 1} more`, exact: true });
    expect(source?.files.map((file) => file.uri)).toEqual(Object.keys(contents));
    expect(source?.columns).toEqual([
      { name: "id", type: "BIGINT" },
      { name: "s", type: "VARCHAR" },
    ]);
    const expected = (source?.files ?? []).flatMap(({ identity }, index): Row[] =>
      Array.from({ length: index % 4 }, (_, at) => ({
        id: BigInt(index * 10 + at),
        s: `a "${at}"${index % 3 ? "\n" : "\r\n"}b`,
        gl_row: BigInt(at + 1),
        gl_file: identity ?? null,
      })),
    );
    expect(await rowsOf(source, { numbered: true, withFile: true })).toEqual(expected);
    const rescued = await fittedRows(source, [id], "rescue", { numbered: true, withFile: true });
    expect(rescued.map(({ gl_rescued: _, ...row }) => row)).toEqual(expected.map(({ s: _, ...row }) => row));
    // Each record takes two lines.
    expect(JSON.parse(String(rescued.at(-1)?.["gl_rescued"]))).toEqual({
      file: nameOf(count - 1),
      line: 6,
      values: { s: 'a "2"\nb' },
    });
  });

  it("tell the file and line of a value that does not fit", async () => {
    const [source] = await open({
      "a.csv": "id,s\n1,x\n",
      "b.csv": 'id,s\n2,"x\ny"\n2.5,x\n',
      "c.csv": "id,s\n3,\n",
    });
    const columns = [id, { name: "s", type: "VARCHAR", source: "S" }];
    const failure = await fittedRows(source, columns, "refuse").catch((error: unknown) => error);
    await expect(source?.reopen(failure)).rejects.toMatchObject({
      code: "value-does-not-fit",
      context: { file: "b.csv", line: 4, column: "id" },
    });
    const rows = await fittedRows(source, columns, "rescue");
    expect(rows.map((row) => row["id"])).toEqual([1n, 2n, null, 3n]);
    expect(JSON.parse(String(rows[2]?.["gl_rescued"]))).toEqual({
      file: "b.csv",
      line: 4,
      values: { id: "2.5" },
    });
    const asked = fittedRows(source, [id], "refuse");
    await expect(asked).rejects.toMatchObject({ code: "column-unknown", context: { column: "s" } });
  });

  it("are apart from one that is at fault, which names itself", async () => {
    for (const [broken, line] of [
      ['id,s\n1,"x\n2,y\n', 2],
      ["id,s\n1,x\n2,y,z\n", 3],
      ['id,s\n1,x\n2,"y" z\n', 3],
    ] as const) {
      const contents = {
        "a.csv": "id,s\n1,x\n",
        "b.csv": broken,
        "c.csv": "id,s\n3,\n",
        "d.csv": "id,s\n4,\n",
      };
      await expect(open(contents)).rejects.toMatchObject({
        code: "broken-csv",
        context: { file: "b.csv", line },
      });
      const sources = await open(contents, "rescue");
      expect(sources.map(({ uri }) => uri)).toEqual(["a.csv", "b.csv", "c.csv and 1 more"]);
      for (const source of sources) await source.dispose();
    }
  });

  it("are one source for each layout", async () => {
    const sources = await open({
      "a.csv": "id,s\n1,x\n",
      "b.csv": "id,s\n2,y\n",
      "c.csv": "id;s\n3;y\n",
      "d.csv": "id;s\n4;y\n",
      "e.csv": "s,id\ny,5\n",
      "f.csv": "6,y\n7,z\n",
      "g.csv": "8,y\n9,z\n",
    });
    expect(sources.map(({ uri }) => uri)).toEqual([
      "a.csv and 1 more",
      "c.csv and 1 more",
      "e.csv",
      "f.csv and 1 more",
    ]);
    expect((await rowsOf(sources[3])).map((row) => row["column1"])).toEqual([6n, 7n, 8n, 9n]);
  });

  it("are one source each where their columns are of types that texts do not tell", async () => {
    const sources = await open({ "a.csv": "at\n2024-01-05\n", "b.csv": "at\n2024-01-05 10:00:00\n" });
    expect(sources.map(({ columns }) => columns[0]?.type)).toEqual(["DATE", "TIMESTAMP"]);
    const [fractions] = await open({ "a.csv": "x\n1\n", "b.csv": "x\n\n", "c.csv": "x\n0.5\n" });
    expect(fractions?.columns).toEqual([{ name: "x", type: "DOUBLE" }]);
    expect((await rowsOf(fractions)).map((row) => row["x"])).toEqual([1, null, 0.5]);
    const [texts] = await open({ "a.csv": "x\n1.10\n", "b.csv": "x\nnone\n" });
    expect((await rowsOf(texts)).map((row) => row["x"])).toEqual(["1.10", "none"]);
  });

  it("do not run into one another where a quote is not one", async () => {
    const sources = await open({
      "a.csv": 'id,s\n2, "x\n',
      "b.csv": 'id,s\n3, "\n',
      "c.csv": 'id,s\n4,5" x\n',
    });
    const rows: Row[] = [];
    for (const source of sources) rows.push(...(await rowsOf(source, { numbered: true })));
    expect(rows).toEqual([
      { id: 2n, s: ' "x', gl_row: 1n },
      { id: 3n, s: ' "', gl_row: 1n },
      { id: 4n, s: '5" x', gl_row: 1n },
    ]);
  });

  it("give the rows that each gives by itself", async () => {
    const field = fc.constantFrom(
      "",
      "1",
      "x",
      '""',
      '"a,b"',
      '"q""q"',
      '"l\nl"',
      '"c\r\nc"',
      " s ",
      '5" x',
      "é",
      "\\",
      "'",
    );
    const end = fc.constantFrom("\n", "\r\n");
    const file = fc
      .tuple(fc.array(fc.tuple(field, field), { maxLength: 6 }), end, fc.boolean(), fc.boolean())
      .map(([records, newline, isEnded, hasGap]) => {
        const lines = ["k,v", ...records.map((fields) => fields.join(","))];
        return lines.join(hasGap ? newline + newline : newline) + (isEnded ? newline : "");
      });
    await fc.assert(
      fc.asyncProperty(fc.array(file, { minLength: 2, maxLength: 6 }), async (contents) => {
        const files = await filesOf(
          Object.fromEntries(contents.map((content, index) => [`${index}.csv`, content])),
        );
        const text = (source: string): FittedColumn => ({ name: source, type: "VARCHAR", source });
        const rows = async (sources: readonly OpenedSource[]): Promise<Row[]> => {
          const all: Row[] = [];
          for (const source of sources) {
            all.push(...(await fittedRows(source, [text("k"), text("v")], "refuse", { numbered: true })));
          }
          return all;
        };
        const each: OpenedSource[] = [];
        for (const one of files) each.push(...(await openSource(bench.session, one)));
        expect(await rows(await openSources(bench.session, files))).toEqual(await rows(each));
      }),
      { seed: 20_260, numRuns: 40 },
    );
  });
});
