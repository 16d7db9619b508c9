import type { Row, Value } from "../../../engine/index.js";
import { type Member, type Token, tokenOf, written } from "./json-tokens.js";
import { fieldsOf, isSameField, isSameNumber, isSameValue } from "./same-value.js";

/** One record of a file, cut by the test's own code. */
export interface InputRecord {
  /** Line that it begins on, from 1. */
  readonly line: number;
  /** Its place among the records of the file, from 1. */
  readonly row: number;
  /** Where it begins, in bytes of the file. */
  readonly offset: number;
  /** Without the end of its line. */
  readonly bytes: Buffer;
  /** What it holds; undefined for one that is no record of its format. */
  readonly content:
    | { readonly kind: "json"; readonly members: readonly Member[] }
    | { readonly kind: "csv"; readonly fields: readonly (readonly [column: string, text: string])[] }
    | undefined;
}

/** Where the records of a file went. */
export interface Account {
  readonly records: number;
  /** Records of which every value is in a column. */
  readonly inColumns: number;
  /** Records of which something was rescued, and the rest is in columns. */
  readonly partlyRescued: number;
  /** Records that were rescued whole. */
  readonly rescuedWhole: number;
  /** The places among the records of those with something rescued. */
  readonly rescued: readonly number[];
  /** Of those that were rescued whole though they could be read. */
  readonly readable: readonly number[];
  /** What is not accounted for, a sentence each. */
  readonly problems: readonly string[];
}

const RESCUED = "_rescued_data";

/**
 * Adds up where every value of every record went. Each record has one row: one with rescued data is found by its line, or by
 * its place in a file without lines, any other by its serial number, the column `n`.
 *
 * @param file as the rescued data are to name it
 */
export function account(file: string, records: readonly InputRecord[], rows: readonly Row[]): Account {
  const problems: string[] = [];
  const byPlace = new Map<string, { row: Row; rescued: Rescued }>();
  const byNumber = new Map<string, Row>();
  for (const row of rows) {
    const text = row[RESCUED] ?? null;
    const rescued = typeof text === "string" ? rescuedOf(text) : undefined;
    if (typeof text === "string" && rescued === undefined)
      problems.push(`no rescued data: ${text.slice(0, 200)}`);
    if (rescued !== undefined) {
      const { place } = rescued;
      if (rescued.file !== file) problems.push(`${place} is said to be of the file ${rescued.file}`);
      if (byPlace.has(place)) problems.push(`${place} has two rows`);
      byPlace.set(place, { row, rescued });
    } else if (text === null) {
      const number = String(row["n"] ?? null);
      if (byNumber.has(number)) problems.push(`record number ${number} has two rows`);
      byNumber.set(number, row);
    }
  }
  const counts = { inColumns: 0, partlyRescued: 0, rescuedWhole: 0 };
  const [rescued, readable]: [number[], number[]] = [[], []];
  for (const record of records) {
    const place = [`line ${record.line}`, `row ${record.row}`].find((one) => byPlace.has(one));
    const found = byPlace.get(place ?? "");
    if (found === undefined) {
      const number = numberOf(record);
      const row = number === undefined ? undefined : byNumber.get(number);
      if (number !== undefined) byNumber.delete(number);
      if (row === undefined || record.content === undefined) problems.push(`${shown(record)}: it has no row`);
      else problems.push(...misses(record, row, undefined));
      counts.inColumns++;
      continue;
    }
    byPlace.delete(place ?? "");
    rescued.push(record.row);
    if (found.rescued.record === undefined) {
      problems.push(...misses(record, found.row, found.rescued));
      counts.partlyRescued++;
    } else {
      problems.push(...wholeMisses(record, found.row, found.rescued));
      counts.rescuedWhole++;
      if (record.content !== undefined) readable.push(record.row);
    }
  }
  for (const number of byNumber.keys()) problems.push(`the row of number ${number} comes from no record`);
  for (const place of byPlace.keys()) problems.push(`the row of ${place} comes from no record`);
  return { records: records.length, ...counts, rescued, readable, problems };
}

interface Rescued {
  readonly file: string;
  /** `line 12`, `row 12` */
  readonly place: string;
  readonly values: readonly Member[];
  readonly record: Buffer | undefined;
  readonly reason: string | undefined;
}

function rescuedOf(text: string): Rescued | undefined {
  const token = tokenOf(text);
  if (token?.kind !== "object") return undefined;
  const member = (name: string): Token | undefined => token.members.find((one) => one.name === name)?.token;
  const textOf = (name: string): string | undefined => {
    const found = member(name);
    return found?.kind === "string" ? found.value : undefined;
  };
  const [line, row, values] = [member("line"), member("row"), member("values")];
  const base64 = textOf("recordBase64");
  const place =
    line?.kind === "number" ? `line ${line.text}` : row?.kind === "number" ? `row ${row.text}` : undefined;
  if (place === undefined) return undefined;
  const whole = textOf("record");
  return {
    file: textOf("file") ?? "",
    place,
    values: values?.kind === "object" ? values.members : [],
    record:
      base64 !== undefined
        ? Buffer.from(base64, "base64")
        : whole === undefined
          ? undefined
          : Buffer.from(whole),
    reason: textOf("reason"),
  };
}

/** A record that was rescued whole: its very bytes, a reason, and no value in any column. */
function wholeMisses(record: InputRecord, row: Row, { record: bytes, reason }: Rescued): string[] {
  const problems: string[] = [];
  if (bytes === undefined || !bytes.equals(record.bytes))
    problems.push(`${shown(record)}: rescued otherwise`);
  if (reason === undefined || reason === "") problems.push(`${shown(record)}: rescued without a reason`);
  for (const [name, value] of columnsOf(row)) {
    if (value !== null) problems.push(`${shown(record)}: rescued whole, and ${name} has a value`);
  }
  return problems;
}

/** What of a record is neither in the row's columns nor rescued, and what of the row is not of the record. */
function misses(record: InputRecord, row: Row, rescued: Rescued | undefined): string[] {
  const { content } = record;
  if (content === undefined) return [`${shown(record)}: it is no record, and has values in columns`];
  const values = new Map<string, Token[]>();
  for (const { name, token } of rescued?.values ?? []) values.set(name, [...(values.get(name) ?? []), token]);
  const columns = new Map(columnsOf(row));
  const missing =
    content.kind === "json"
      ? missingMembers(content.members, columns, values, "")
      : missingFields(content.fields, columns, values);
  const invented = [
    ...[...values.keys()].map((name) => `${name} was rescued and never there`),
    ...[...columns].filter(([, value]) => value !== null).map(([name]) => `${name} was never there`),
  ];
  return [...missing, ...invented].map((problem) => `${shown(record)}: ${problem}`);
}

/** Takes out of `columns` and `values` what it finds there; what is left then was never in the record. */
function missingMembers(
  members: readonly Member[],
  columns: Map<string, Value>,
  values: Map<string, Token[]>,
  prefix: string,
): string[] {
  return members.flatMap(({ name, token }) => {
    const path = `${prefix}${name}`;
    if (takeRescued(values, path, token)) return [];
    const column = columnFor(columns, name, members);
    const value = column === undefined ? null : (columns.get(column) ?? null);
    if (token.kind === "object" && isStruct(value)) {
      const fields = fieldsOf(value);
      const missing = missingMembers(token.members, fields, values, `${path}.`);
      if (column !== undefined) columns.delete(column);
      const invented = [...fields].filter(([, field]) => field !== null);
      return [...missing, ...invented.map(([field]) => `${path}.${field} was never there`)];
    }
    if (column !== undefined && isSameValue(token, value)) {
      columns.delete(column);
      return [];
    }
    if (token.kind === "null") return [];
    return [`${path} is ${written(token).slice(0, 80)} and was lost: the column has ${String(value)}`];
  });
}

function missingFields(
  fields: readonly (readonly [string, string])[],
  columns: Map<string, Value>,
  values: Map<string, Token[]>,
): string[] {
  return fields.flatMap(([name, text]) => {
    if (takeRescued(values, name, { kind: "string", value: text })) return [];
    const value = columns.get(name) ?? null;
    if (isSameField(text, value)) {
      columns.delete(name);
      return [];
    }
    return text === ""
      ? []
      : [`${name} is ${JSON.stringify(text)} and was lost: the column has ${String(value)}`];
  });
}

/** Whether a value was rescued under this path. */
function takeRescued(values: Map<string, Token[]>, path: string, token: Token): boolean {
  const found = values.get(path);
  const index = found?.findIndex((one) => written(one) === written(token)) ?? -1;
  if (found === undefined || index < 0) return false;
  const rest = found.toSpliced(index, 1);
  if (rest.length === 0) values.delete(path);
  else values.set(path, rest);
  return true;
}

/**
 * The column of a key: the one of its name, else one whose name differs in case only and is no other key's. Names that
 * differ in case only get a number behind them when a table is made, and one that is empty is called by its place.
 */
function columnFor(
  columns: ReadonlyMap<string, Value>,
  name: string,
  members: readonly Member[],
): string | undefined {
  if (columns.has(name)) return name;
  const taken = new Set(members.map((member) => member.name));
  const free = [...columns].filter(([column, value]) => value !== null && !taken.has(column));
  const called = (spelled: string): boolean =>
    name === "" ? /^column\d+$/.test(spelled) : spelled.toLowerCase() === name.toLowerCase();
  return free.find(([column]) => called(column) || called(column.replace(/_\d+$/, "")))?.[0];
}

function isStruct(value: Value): value is { readonly [field: string]: Value } {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}

function columnsOf(row: Row): [string, Value][] {
  return Object.entries(row).filter(([name]) => name !== RESCUED && name !== "_source_file");
}

/** The serial number of a record that can be read. */
export function numberOf({ content }: InputRecord): string | undefined {
  if (content?.kind === "json") {
    const token = content.members.find(({ name }) => name === "n")?.token;
    return token?.kind === "number" ? token.text : undefined;
  }
  const text = content?.fields.find(([name]) => name === "n")?.[1];
  return text !== undefined && isSameNumber(text, text) ? text : undefined;
}

function shown({ line, bytes }: InputRecord): string {
  return `line ${line} (${bytes.subarray(0, 120).toString("latin1")})`;
}
