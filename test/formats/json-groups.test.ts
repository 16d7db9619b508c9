import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Row } from "../../engine/index.js";
import {
  discoverSources,
  type FittedColumn,
  type Misfits,
  type OpenedSource,
  openSources,
} from "../../formats/index.js";
import { LARGEST_JOINED_BYTES } from "../../formats/jsonl/joined-files.js";
import { workbench } from "./workbench.js";

const bench = workbench();
// Temporary folders of this file alone, so that what is left of them can be told.
const temporary = bench.path("temporary");
mkdirSync(temporary);
process.env["TMPDIR"] = temporary;
afterEach(() => {
  expect(readdirSync(temporary).filter((name) => name.startsWith("grizzly-source-"))).toEqual([]);
});

/** A folder of files by name. */
function folderOf(name: string, files: Readonly<Record<string, string>>): string {
  const folder = bench.path(name);
  mkdirSync(folder);
  for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content);
  return folder;
}

async function openFolder(folder: string, misfits: Misfits = "refuse"): Promise<OpenedSource[]> {
  const files = await discoverSources([folder]);
  return openSources(
    bench.session,
    files.map((file) => ({ ...file, uri: file.localPath.slice(folder.length + 1) })),
    { misfits },
  );
}

/** The rows of a source with each one's file, as an ingest reads them. */
async function rowsOf(source: OpenedSource | undefined, columns?: readonly FittedColumn[]): Promise<Row[]> {
  if (source === undefined) throw new Error("no source");
  for (let current = source; ; ) {
    try {
      const options = { withFile: true };
      const fitted = columns === undefined ? undefined : current.fitted?.(columns, "refuse", options);
      const relation = await (fitted ?? current.relation(options));
      try {
        return await bench.session.rows(relation.sql);
      } finally {
        await relation.dispose();
      }
    } catch (failure) {
      current = await current.reopen(failure);
    }
  }
}

const id: FittedColumn = { name: "id", type: "BIGINT", source: "id" };

describe("many small files", () => {
  const count = 2_000;
  const nameOf = (index: number): string => `part ${String(index).padStart(4, "0")}[é].jsonl`;
  const recordsOf = (index: number): string[] =>
    Array.from({ length: index % 4 }, (_, at) => `{"id":${index * 10 + at},"s":"x"}`);
  /** Some end in a newline, some do not, some are Windows', some have no records but a line. */
  const contentOf = (index: number): string =>
    index % 4 === 0 ? `{}${index % 8 ? "\n" : ""}` : recordsOf(index).join(index % 3 ? "\n" : "\r\n");

  it("are one source, whose rows come in order and tell their files", async () => {
    const files = Object.fromEntries(
      Array.from({ length: count }, (_, index) => [nameOf(index), contentOf(index)]),
    );
    const folder = folderOf("many", files);
    const [source, ...others] = await openFolder(folder);
    expect(others).toEqual([]);
    expect(source?.uri).toBe(`${nameOf(0)} and ${count - 1} more`);
    expect(source?.files.map((file) => file.uri)).toEqual(Object.keys(files));
    const expected = Object.keys(files).flatMap((name, index): Row[] => {
      const gl_file = `file://${folder}/${name.replaceAll(" ", "%20").replace("[é]", "%5B%C3%A9%5D")}`;
      if (index % 4 === 0) return [{ id: null, gl_file }];
      return recordsOf(index).map((_, at) => ({ id: BigInt(index * 10 + at), gl_file }));
    });
    const rows = await rowsOf(source);
    expect(rows.map(({ s: _, ...row }) => row)).toEqual(expected);

    const relation = await source?.fitted?.([id], "rescue", { withFile: true });
    const rescued = await bench.session.rows(relation?.sql ?? "");
    await relation?.dispose();
    expect(rescued.map(({ gl_rescued: _, ...row }) => row)).toEqual(expected);
    expect(JSON.parse(String(rescued.at(-1)?.["gl_rescued"]))).toEqual({
      file: nameOf(count - 1),
      line: 3,
      values: { s: "x" },
    });
  });

  it("name the very file and line that is at fault", async () => {
    const folder = folderOf("fault", {
      "a.jsonl": '{"id":1}\n{"id":2}\n',
      "b.jsonl": '{"id":3}\n{"id":4',
      "c.jsonl": '{"id":5}\n',
    });
    await expect(openFolder(folder)).rejects.toMatchObject({
      code: "broken-json",
      context: { file: "b.jsonl", line: 2 },
    });
    const [source] = await openFolder(folder, "rescue");
    const relation = await source?.fitted?.([id], "rescue", { numbered: true, withFile: true });
    const rows = await bench.session.rows(relation?.sql ?? "");
    await relation?.dispose();
    expect(rows.map((row) => row["id"])).toEqual([1n, 2n, 3n, null, 5n]);
    expect(rows.map((row) => row["gl_row"])).toEqual([1n, 2n, 1n, 2n, 1n]);
    expect(rows[3]).toMatchObject({ gl_file: `file://${folder}/b.jsonl` });
    expect(JSON.parse(String(rows[3]?.["gl_rescued"]))).toMatchObject({
      file: "b.jsonl",
      line: 2,
      record: '{"id":4',
    });
  });

  it("name the file of a value that does not fit", async () => {
    const folder = folderOf("misfit", { "a.jsonl": '{"id":1}\n', "b.jsonl": '{"id":2}\n{"id":"x"}\n' });
    const [source] = await openFolder(folder);
    await expect(rowsOf(source, [id])).rejects.toMatchObject({
      message: 'b.jsonl, line 2, column 7: id is "x", which is no BIGINT',
    });
  });

  it("have the columns of all of them", async () => {
    const folder = folderOf("drift", {
      "a.jsonl": '{"a":1}\n',
      "b.jsonl": '{"b":"x"}\n',
      "c.jsonl": '{"a":0.5,"c":true}\n',
    });
    const [source] = await openFolder(folder);
    const numbered = await source?.relation({ numbered: true });
    const numbers = await bench.session.rows(`SELECT gl_row FROM (${numbered?.sql})`);
    await numbered?.dispose();
    expect(numbers.map((row) => row["gl_row"])).toEqual([1n, 1n, 1n]);
    const rows = await rowsOf(source);
    expect(rows.map(({ gl_file: _, ...row }) => row)).toEqual([
      { a: 1, b: null, c: null },
      { a: null, b: "x", c: null },
      { a: 0.5, b: null, c: true },
    ]);
  });

  it("learn what only a file beyond the sample has", async () => {
    const filler = "f".repeat(20_000);
    const files = Object.fromEntries(
      Array.from({ length: 400 }, (_, index) => [
        `${String(index).padStart(3, "0")}.jsonl`,
        `{"n":${index === 1 ? '"late"' : index},"f":"${filler}"${index === 3 ? ',"g":1' : ""}}\n`,
      ]),
    );
    const [source] = await openFolder(folderOf("sampled", files));
    expect(source?.columns[0]).toEqual({ name: "n", type: "BIGINT" });
    const rows = await rowsOf(source);
    expect(rows.length).toBe(400);
    expect(rows.slice(0, 4).map(({ n, g }) => [n, g])).toEqual([
      ["0", null],
      ["late", null],
      ["2", null],
      ["3", 1n],
    ]);
  });
});

describe("files of several kinds", () => {
  it("stay in their order, groups between others", async () => {
    const large = `${`{"id":1,"f":"${"f".repeat(1000)}"}\n`.repeat(Math.ceil(LARGEST_JOINED_BYTES / 1000))}`;
    const folder = folderOf("kinds", {
      "a.jsonl": '{"id":1}\n',
      "b.jsonl": '{"id":2}\n',
      "c.csv": "id\n3\n",
      "d.jsonl": '\ufeff{"id":4}\n',
      "e.jsonl": "5\n",
      "f.jsonl": large,
      "g.jsonl": '{"id":7}\n',
      "h.jsonl": '\n {"id":8}\n',
    });
    const sources = await openFolder(folder);
    expect(sources.map((source) => [source.uri, source.format, source.files.length])).toEqual([
      ["a.jsonl and 1 more", "jsonl", 2],
      ["c.csv", "csv", 1],
      ["d.jsonl", "jsonl", 1],
      ["e.jsonl", "jsonl", 1],
      ["f.jsonl", "jsonl", 1],
      ["g.jsonl and 1 more", "jsonl", 2],
    ]);
    for (const source of sources) await source.dispose();
  });
});
