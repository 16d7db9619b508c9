import { readFile } from "node:fs/promises";
import path from "node:path";
import { ROOT } from "../../support/grizzly.js";
import type { InputRecord } from "./account.js";
import { cutCsv, cutJsonArray, cutJsonLines } from "./cut-records.js";
import { worseCsv } from "./worse-csv.js";
import { type WorseOptions, worseJsonArray, worseJsonLines } from "./worse-json.js";

/** A file of real data as a format has it. */
export interface Rendering {
  readonly extension: "jsonl" | "json" | "csv";
  /** The file as it should be, each record with a serial number `n`. */
  readonly clean: (file: string) => Promise<Buffer>;
  /** The same made worse. */
  readonly worse: (file: string, options: WorseOptions) => Promise<Buffer>;
  /** The records of such a file. */
  readonly cut: (bytes: Buffer) => InputRecord[];
}

const DATA = path.join(ROOT, "node_modules/vega-datasets/data");

export const JSONL: Rendering = {
  extension: "jsonl",
  clean: async (file) =>
    Buffer.from((await numbered(file)).map((record) => JSON.stringify(record)).join("\n")),
  worse: async (file, options) => worseJsonLines(await recordsOf(file), options),
  cut: cutJsonLines,
};

export const JSON_ARRAY: Rendering = {
  extension: "json",
  clean: async (file) => Buffer.from(JSON.stringify(await numbered(file))),
  worse: async (file, options) => worseJsonArray(await recordsOf(file), options),
  cut: cutJsonArray,
};

export const CSV: Rendering = {
  extension: "csv",
  clean: async (file) => {
    const [header = "", ...records] = await linesOf(file);
    return Buffer.from(`n,${header}\n${records.map((record, index) => `${index},${record}\n`).join("")}`);
  },
  worse: async (file, options) => worseCsv(await linesOf(file), { ...options, unclosed: options.broken > 0 }),
  cut: cutCsv,
};

/** The films of movies.json as structs and lists; half of them, which is enough. */
export const NESTED_MOVIES = "movies.json, nested";

async function recordsOf(file: string): Promise<readonly object[]> {
  if (file === NESTED_MOVIES) return (await recordsOf("movies.json")).filter(isEven).map(nested);
  // No number of these files has more digits than a double keeps.
  const records: unknown[] = JSON.parse(await readFile(path.join(DATA, file), "utf8"));
  return records.filter((record) => typeof record === "object" && record !== null);
}

function isEven(_: object, index: number): boolean {
  return index % 2 === 0;
}

function nested(record: object): object {
  const {
    Title: title,
    "Release Date": date,
    Distributor: distributor,
    "Major Genre": genre,
    "US Gross": us,
    "Worldwide Gross": worldwide,
    "IMDB Rating": imdb,
    "Rotten Tomatoes Rating": tomatoes,
    Director: director,
  }: Readonly<Record<string, unknown>> = { ...record };
  return {
    title,
    release: { date, by: { distributor, genre } },
    gross: { us, worldwide },
    ratings: [imdb, tomatoes],
    people: [{ role: "director", name: director }],
  };
}

async function numbered(file: string): Promise<readonly object[]> {
  return (await recordsOf(file)).map((record, index) => ({ n: index, ...record }));
}

async function linesOf(file: string): Promise<readonly string[]> {
  return (await readFile(path.join(DATA, file), "utf8")).trimEnd().split(/\r?\n/);
}
