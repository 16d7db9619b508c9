import { Draw } from "./draw.js";

/** A key and its value as JSON text. */
type WrittenMember = readonly [name: string, json: string];
/** Makes a record worse. */
type Fault = (draw: Draw, members: readonly WrittenMember[]) => readonly WrittenMember[];
/** Makes the text of a record something that is no record. */
type Break = (draw: Draw, line: string) => string | Buffer;

const ODD_VALUES = [
  '"n/a"',
  '"5"',
  "5",
  "-0.25",
  "true",
  '""',
  "[1, 2]",
  '{"deep": {"er": [null, "x"]}}',
  "123456789012345678901234567890",
  "9007199254740993",
  "-9223372036854775809",
  "1e-7",
  '"2024-02-30"',
  '"Feb 31 1999"',
  '"0000-00-00"',
  '"\\u00fcml\\u00e4ut \\ud83e\\uddf8 \\"quoted\\" \\\\ \\n"',
] as const;

const EXTRA_FIELDS: readonly [WrittenMember, ...WrittenMember[]] = [
  ["extra", "1"],
  ["extra", '"text"'],
  ["größe", '{"a": [1, {"b": null}], "c": 12345678901234567890}'],
  ["with.dot", "0.1000"],
  ["", '"no name"'],
  ["Ünïcode 日本", "null"],
  ['quo"te', "[[], {}]"],
];

const FAULTS: readonly [Fault, ...Fault[]] = [
  // A value of another type.
  (draw, members) => replaced(members, place(draw, members), ([name]) => [name, draw.oneOf(ODD_VALUES)]),
  (draw, members) => replaced(members, place(draw, members), ([name]) => [name, draw.oneOf(ODD_VALUES)]),
  // Fields missing.
  (draw, members) => members.toSpliced(place(draw, members), 1),
  (draw, members) => members.filter(([name]) => name === "n" || draw.chance(0.4)),
  // Fields that nobody knows.
  (draw, members) => [...members, draw.oneOf(EXTRA_FIELDS)],
  (draw, members) => members.toSpliced(place(draw, members), 0, draw.oneOf(EXTRA_FIELDS)),
  otherCase,
  // Another order.
  (_, members) => members.toReversed(),
  inside,
  inside,
];

/** A key in another case. */
function otherCase(draw: Draw, members: readonly WrittenMember[]): readonly WrittenMember[] {
  return replaced(members, place(draw, members), ([name, json]) => [name.toUpperCase(), json]);
}

/** A fault in an object that the record holds, if it holds one, or in an object that a list of it holds. */
function inside(draw: Draw, members: readonly WrittenMember[]): readonly WrittenMember[] {
  const nested = members.flatMap(([, json], index) => (/^\[?\{/.test(json) ? [index] : []));
  return replaced(members, nested[draw.below(nested.length)] ?? -1, ([name, json]) => {
    const [open, close] = json.startsWith("[") ? ["[", "]"] : ["", ""];
    const fields: object = JSON.parse(json.slice(open.length, json.length - close.length));
    const written = Object.entries(fields).map(([key, value]): WrittenMember => [key, JSON.stringify(value)]);
    return [name, `${open}${objectText(draw.oneOf(FAULTS)(draw, written))}${close}`];
  });
}

function objectText(members: readonly WrittenMember[]): string {
  return `{${members.map(([name, json]) => `${JSON.stringify(name)}: ${json}`).join(", ")}}`;
}

/** A key twice, with another value. */
const TWICE: Fault = (draw, members) => {
  const [name] = members[place(draw, members)] ?? ["n"];
  return [...members, [name, draw.oneOf(ODD_VALUES)]];
};

const BREAKS: readonly [Break, ...Break[]] = [
  (draw, line) => line.slice(0, 1 + draw.below(line.length - 1)),
  (_, line) => `${line},`,
  (_, line) => `${line} ${line}`,
  (_, line) => line.replace(":", ""),
  (_, line) => line.replace(/"n": (\d+)/, '"n": 0$1'),
  (_, line) => `${line.slice(0, -1)}, "x": .5}`,
  (_, line) => `${line.slice(0, -1)}, "x": nil}`,
  (_, line) => `${line.slice(0, -1)}, }`,
  (_, line) => `${line.slice(0, -1)}, "x": "\\q"}`,
  () => "this was meant for the log",
  () => "]",
  () => '"a string"',
  () => "[1, 2, 3]",
  () => "42",
  () => "\u0000\u0000",
  // Bytes that are no UTF-8, in a value and outside.
  (_, line) =>
    Buffer.concat([
      Buffer.from(`${line.slice(0, -1)}, "x": "`),
      Buffer.from([0xc3, 0x28]),
      Buffer.from('"}'),
    ]),
  (_, line) => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(line)]),
];

export interface WorseOptions {
  readonly seed: number;
  /** The share of records with a fault. */
  readonly faulty: number;
  /** The share of records that become something that is no record. */
  readonly broken: number;
  /** The share of records that have a key twice. */
  readonly twice: number;
  /** Whether keys may be in another case; default yes. */
  readonly otherCase?: boolean;
}

/** Records, each with a serial number `n` before its fields, as JSON lines that nobody should have written. */
export function worseJsonLines(records: readonly object[], options: WorseOptions): Buffer {
  const draw = new Draw(options.seed);
  const parts: Buffer[] = [Buffer.from([0xef, 0xbb, 0xbf])];
  for (const [index, record] of records.entries()) {
    const line = objectText(worseMembers(draw, index, record, options));
    const text = draw.chance(options.broken) ? draw.oneOf(BREAKS)(draw, line) : line;
    parts.push(Buffer.from(text), Buffer.from(draw.chance(0.3) ? "\r\n" : "\n"));
    if (draw.chance(0.02)) parts.push(Buffer.from(draw.oneOf(["\n", "  \t\r\n", "\r\n"])));
  }
  // The last line has no end.
  const last = parts.findLastIndex((part) => part.toString("latin1").trim() !== "");
  return Buffer.concat(parts.slice(0, last + 1));
}

/** The same as one array, in lines of its own making; every element is JSON. */
export function worseJsonArray(records: readonly object[], options: WorseOptions): Buffer {
  const draw = new Draw(options.seed);
  const elements = records.map((record, index) => {
    const members = worseMembers(draw, index, record, options);
    const [end, indent] = draw.oneOf([
      ["\r\n", "  "],
      ["\n", "\t"],
      ["", ""],
    ]);
    const body = members.map(([name, json]) => `${indent}${JSON.stringify(name)} : ${json}`).join(`,${end}`);
    if (draw.chance(0.02)) return draw.oneOf(['"a string"', "42", "null", "[1, 2]", "true"]);
    return `{${end}${body}${end}}`;
  });
  return Buffer.from(`\ufeff[\r\n${elements.join(draw.oneOf([",\r\n", ",\n", " , "]))}\n]\r\n`);
}

function worseMembers(
  draw: Draw,
  index: number,
  record: object,
  { faulty, twice, otherCase: mayDiffer = true }: WorseOptions,
): readonly WrittenMember[] {
  let members: readonly WrittenMember[] = [
    ["n", String(index)],
    ...Object.entries(record).map(([name, value]): WrittenMember => [name, JSON.stringify(value)]),
  ];
  if (draw.chance(faulty)) {
    const fault = draw.oneOf(FAULTS);
    if (mayDiffer || fault !== otherCase) members = fault(draw, members);
  }
  if (draw.chance(twice)) members = TWICE(draw, members);
  return members;
}

/** Where a member is that is not the serial number; the end when there is none. */
function place(draw: Draw, members: readonly WrittenMember[]): number {
  const at = draw.below(members.length);
  if (members[at]?.[0] !== "n") return at;
  return at + 1;
}

function replaced(
  members: readonly WrittenMember[],
  at: number,
  change: (member: WrittenMember) => WrittenMember,
): readonly WrittenMember[] {
  const member = members[at];
  return member === undefined ? members : members.with(at, change(member));
}
