import { Draw } from "./draw.js";
import type { WorseOptions } from "./worse-json.js";

/** Makes the fields of a record worse; each is given and returned as it is written, with its quotes. */
type Fault = (draw: Draw, fields: readonly string[]) => readonly string[];

const ODD_VALUES = [
  "n/a",
  "",
  '""',
  "NULL",
  " 5",
  "007",
  "5,5",
  '"5,5"',
  "1e400",
  "0x10",
  "123456789012345678901234567890",
  "9223372036854775808",
  "-9007199254740993",
  "2024-02-30",
  "30/12/1999",
  "1999-12-30 25:00:00",
  '"said ""no"""',
  '"two\nlines"',
  '"two\r\nlines, and more"',
  "müde 日本 🧸",
  "back\\slash",
  "'single'",
] as const;

const FAULTS: readonly [Fault, ...Fault[]] = [
  (draw, fields) => fields.with(1 + draw.below(fields.length - 1), draw.oneOf(ODD_VALUES)),
  (draw, fields) => fields.with(1 + draw.below(fields.length - 1), draw.oneOf(ODD_VALUES)),
  (draw, fields) => fields.with(1 + draw.below(fields.length - 1), draw.oneOf(ODD_VALUES)),
  // Too few fields, and too many.
  (draw, fields) => fields.slice(0, 1 + draw.below(fields.length - 1)),
  (draw, fields) => [...fields, draw.oneOf(ODD_VALUES)],
  (draw, fields) => [...fields, "more", draw.oneOf(ODD_VALUES), ""],
];

const INVALID_UTF_8 = Buffer.from([0xe2, 0x28, 0xa1]);

/**
 * The lines of a CSV file that knows no quotes, as a file that nobody should have written: each record gets a serial
 * number `n` in front. `unclosed` ends it within a quote.
 */
export function worseCsv(
  lines: readonly string[],
  { seed, faulty, broken, unclosed }: Omit<WorseOptions, "twice"> & { readonly unclosed: boolean },
): Buffer {
  const draw = new Draw(seed);
  const [header = "", ...records] = lines;
  const parts = [Buffer.from(`\ufeffn,${header}\r\n`)];
  for (const [index, record] of records.entries()) {
    let fields: readonly string[] = [String(index), ...record.split(",")];
    if (draw.chance(faulty)) fields = draw.oneOf(FAULTS)(draw, fields);
    const bytes = Buffer.from(fields.join(","));
    // Within the last field, which then is no text.
    parts.push(draw.chance(broken) ? Buffer.concat([bytes, INVALID_UTF_8]) : bytes);
    parts.push(Buffer.from(draw.chance(0.5) ? "\r\n" : "\n"));
  }
  if (unclosed) parts.push(Buffer.from(`${records.length},"this was never closed\nand goes on`));
  return Buffer.concat(parts);
}
