import { parse } from "lossless-json";
import { describe, expect, it } from "vitest";
import type { Row } from "../../engine/index.js";
import { type FittedColumn, openSource } from "../../formats/index.js";
import { workbench } from "../formats/workbench.js";

const bench = workbench();

/** Columns of records, by their keys. */
const COLUMNS: readonly FittedColumn[] = [
  ["id", "BIGINT"],
  ["small", "TINYINT"],
  ["price", "DECIMAL(10,2)"],
  ["ratio", "DOUBLE"],
  ["ok", "BOOLEAN"],
  ["text", "VARCHAR"],
  ["day", "DATE"],
  ["at", "TIMESTAMP WITH TIME ZONE"],
  ["list", "BIGINT[]"],
].map(([name = "", type = ""]) => ({ name, type, source: name }));

/** A value as it stands in a record, and what it is in each column that takes it. */
type Sample = readonly [json: string, values: Readonly<Record<string, unknown>>];

const SAMPLES: readonly Sample[] = [
  ["7", { id: 7n, small: 7, price: "7.00", ratio: 7, text: "7" }],
  ["-300", { id: -300n, price: "-300.00", ratio: -300, text: "-300" }],
  ["2.0", { id: 2n, small: 2, price: "2.00", ratio: 2, text: "2.0" }],
  ["1e2", { id: 100n, small: 100, price: "100.00", ratio: 100, text: "1e2" }],
  ["19.99", { price: "19.99", ratio: 19.99, text: "19.99" }],
  ["0.125", { ratio: 0.125, text: "0.125" }],
  ["9223372036854775807", { id: 9223372036854775807n, text: "9223372036854775807" }],
  ["123456789012345678901234567890", { text: "123456789012345678901234567890" }],
  ["1e999", { text: "1e999" }],
  ["true", { ok: true, text: "true" }],
  ['"7"', { text: "7" }],
  ['"true"', { text: "true" }],
  ['"a\\u00e9\\"\\\\b\\n"', { text: 'aé"\\b\n' }],
  ['"é€😀"', { text: "é€😀" }],
  ['"2024-02-29"', { text: "2024-02-29", day: "2024-02-29", at: "2024-02-29T00:00:00Z" }],
  ['"2024-02-30"', { text: "2024-02-30" }],
  ['"2024-01-05T10:00:00+02:00"', { text: "2024-01-05T10:00:00+02:00", at: "2024-01-05T08:00:00Z" }],
  ['"2024-01-05 10:00:00.25"', { text: "2024-01-05 10:00:00.25", at: "2024-01-05T10:00:00.25Z" }],
  ["[ 1, 2 ]", { list: [1n, 2n], text: "[ 1, 2 ]" }],
  ['[1,"2"]', { text: '[1,"2"]' }],
  ['{"a" : 1.10}', { text: '{"a" : 1.10}' }],
];

/** Lines that are no records. */
const BROKEN: readonly (string | Buffer)[] = [
  "{",
  '{"id":1',
  '{"id":1}}',
  '{"id" 1}',
  "{'id':1}",
  '{"id":undefined}',
  '{"id":1}{"id":2}',
  '{"id":+1}',
  '{"text":"tab\there"}',
  '{"text":"\0"}',
  '{"text":"\\x41"}',
  "<xml/>",
  Buffer.from('{"text":"caf\xe9"}', "latin1"),
  Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
];

/** Numbers from 0 to 1, the same for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}

interface Expected {
  /** The physical line, from 1. */
  readonly line: number;
  readonly bytes: Buffer;
  /** The members of the record; none for a line that is no record. */
  readonly members: readonly (readonly [key: string, sample: Sample])[] | undefined;
}

/** A file of lines with faults planted in it, and what each line was made from. */
function drawFile(random: () => number): { readonly content: Buffer; readonly records: Expected[] } {
  const pick = <T>(of: readonly T[]): T => of[Math.trunc(random() * of.length)] ?? pick(of);
  const chance = (share: number): boolean => random() < share;
  const pieces: Buffer[] = [];
  const records: Expected[] = [];
  const lines = 50 + Math.trunc(random() * 150);
  const clean = random() * 0.5;
  for (let line = 1; line <= lines; line++) {
    if (chance(0.05)) pieces.push(Buffer.from(pick(["", "  ", "\t"])));
    else {
      const broken = pick(BROKEN);
      const members = chance(0.1) ? undefined : drawMembers(pick, chance, clean);
      const bytes = members === undefined ? Buffer.from(broken) : Buffer.from(recordOf(members, chance));
      records.push({ line, bytes, members });
      pieces.push(bytes);
    }
    const isLast = line === lines;
    pieces.push(Buffer.from(isLast && chance(0.5) ? "" : pick(["\n", "\n", "\r\n"])));
  }
  return { content: Buffer.concat(pieces), records };
}

function drawMembers(
  pick: <T>(of: readonly T[]) => T,
  chance: (share: number) => boolean,
  clean: number,
): (readonly [string, Sample])[] {
  const members: (readonly [string, Sample])[] = [];
  for (const { name } of COLUMNS) {
    if (chance(0.2)) continue;
    const fitting = SAMPLES.filter(([, values]) => name in values);
    members.push([chance(0.1) ? name.toUpperCase() : name, pick(chance(clean) ? SAMPLES : fitting)]);
  }
  if (chance(0.2)) members.push([pick(["new", "a.b", "", "é", "Text "]), pick(SAMPLES)]);
  if (chance(0.05)) members.push([pick(members.map(([key]) => key).concat("id")), pick(SAMPLES)]);
  return chance(0.5) ? members.reverse() : members;
}

function recordOf(
  members: readonly (readonly [string, Sample])[],
  chance: (share: number) => boolean,
): string {
  const space = (): string => (chance(0.1) ? " " : "");
  const pairs = members.map(
    ([key, [json]]) => `${space()}${JSON.stringify(key)}${space()}:${space()}${json}${space()}`,
  );
  return `{${pairs.join(",")}}`;
}

/** The row that a line is to become, from what it was made of. */
function rowOf({ line, bytes, members }: Expected): unknown {
  const none = Object.fromEntries(COLUMNS.map(({ name }) => [name, null]));
  const place = { file: "raw.jsonl", line };
  const keys = members?.map(([key]) => key) ?? [];
  if (members === undefined || new Set(keys).size < keys.length) {
    const text = bytes.toString("utf8");
    const record = Buffer.from(text).equals(bytes)
      ? { record: text }
      : { recordBase64: bytes.toString("base64") };
    return { ...none, rescued: { ...place, ...record } };
  }
  const values: Record<string, string> = {};
  const row: Record<string, unknown> = { ...none };
  for (const [key, [json, fits]] of members) {
    const column = COLUMNS.find(
      ({ name }) => name === key.toLowerCase() && (name === key || !keys.includes(name)),
    );
    const value = column === undefined ? undefined : fits[column.name];
    if (column === undefined || value === undefined) values[key] = json;
    else row[column.name] = value;
  }
  return Object.keys(values).length === 0 ? row : { ...row, rescued: { ...place, values } };
}

/** A row with what was rescued taken apart: values as their JSON texts. */
function withTexts({ gl_rescued: rescued, ...row }: Row): unknown {
  if (rescued === null) return row;
  const text = String(rescued);
  const { reason: _, ...told } = JSON.parse(text);
  if (told.values === undefined) return { ...row, rescued: told };
  // The texts of numbers, which JSON.parse would round.
  const values = rawMembers(text);
  return { ...row, rescued: { ...told, values } };
}

/** The members of `values` with the text of each, by the samples that they are of. */
function rawMembers(text: string): Record<string, string> {
  const begin = text.indexOf('"values":{') + '"values":'.length;
  const whole = text.slice(begin, -1);
  parse(whole);
  const found: Record<string, string> = {};
  let at = 1;
  while (whole[at] !== "}") {
    const key = /^"(?:[^"\\]|\\.)*"/.exec(whole.slice(at))?.[0] ?? "";
    at += key.length + 1;
    const json = SAMPLES.map(([sample]) => sample)
      .filter((sample) => whole.startsWith(sample, at) && /^[,}]/.test(whole.slice(at + sample.length)))
      .sort((a, b) => b.length - a.length)[0];
    if (json === undefined) throw new Error(`no sample at ${whole.slice(at)}`);
    found[String(JSON.parse(key))] = json;
    at += json.length;
    if (whole[at] === ",") at++;
  }
  return found;
}

describe("a file of lines with faults in it", () => {
  it.each(Array.from({ length: 40 }, (_, index) => 20_261_120 + index))(
    "is accounted for, record by record (seed %i)",
    async (seed) => {
      const { content, records } = drawFile(randomOf(seed));
      const localPath = bench.write(`raw-${seed}.jsonl`, content);
      const file = { uri: "raw.jsonl", localPath, size: content.length, modificationTime: 0 };
      const [source] = await openSource(bench.session, file, { misfits: "rescue" });
      const relation = await source?.fitted?.(COLUMNS, "rescue", {});
      const rows = await bench.session.rows(relation?.sql ?? "");
      await relation?.dispose();
      await source?.dispose();
      expect(rows.map(withTexts)).toEqual(records.map(rowOf));
    },
  );
});
