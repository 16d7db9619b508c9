import type { DataType, StructType } from "../schema/index.js";
import { statisticsColumns } from "./statistics-columns.js";

/** What the Parquet writer says of one file. */
export interface WriterStatistics {
  readonly rowCount: bigint;
  readonly columns: readonly WriterColumnStatistics[];
}

/**
 * What the Parquet writer says of one leaf column. `path` is as the file spells it; a list's elements and a
 * map's entries have paths of their own, below the column's. `min` and `max` are bounds, in the text of
 * DuckDB's casts: `"2024-01-31 10:00:00.123456+00"`, `"12.50"`, `"inf"`.
 */
export interface WriterColumnStatistics {
  readonly path: readonly string[];
  readonly nullCount: bigint;
  readonly min?: string;
  readonly max?: string;
  /** Whether a floating column holds a NaN; without an answer it counts as yes. */
  readonly hasNan?: boolean;
}

export interface StatisticsTable {
  readonly schema: StructType;
  readonly partitionColumns: readonly string[];
  readonly configuration: Readonly<Record<string, string>>;
}

/**
 * The `stats` text of an `add` action (PROTOCOL.md, "Per-file Statistics"): the row count, and for the
 * table's indexed columns the bounds and the count of NULLs. Bounds are never tighter than the data:
 * strings are cut 32 characters after what the least and the greatest begin with in common, as URLs and paths do,
 * the maximum with U+10FFFF put after it; timestamps are in
 * milliseconds, the minimum rounded down and the maximum up. A bound that JSON or other readers would not
 * take as it is (NaN, infinity, a year outside 1 to 9999) is left out. Numbers keep every digit. Columns of
 * booleans and bytes have only their count of NULLs; arrays and maps, whose writer counts elements, none.
 */
export function statisticsJson(statistics: WriterStatistics, table: StatisticsTable): string {
  const byPath = new Map(statistics.columns.map((column) => [pathKey(column.path), column]));
  const minValues = new JsonTree();
  const maxValues = new JsonTree();
  const nullCount = new JsonTree();
  for (const leaf of statisticsColumns(table.schema, table.partitionColumns, table.configuration)) {
    const column = byPath.get(pathKey(leaf.physicalPath));
    if (column === undefined || leaf.type.type === "array" || leaf.type.type === "map") continue;
    nullCount.set(leaf.physicalPath, column.nullCount.toString());
    if (column.nullCount >= statistics.rowCount) continue;
    const min = column.min === undefined ? undefined : bound(leaf.type, column.min, "min", column);
    const max = column.max === undefined ? undefined : bound(leaf.type, column.max, "max", column);
    if (min !== undefined) minValues.set(leaf.physicalPath, min);
    if (max !== undefined) maxValues.set(leaf.physicalPath, max);
  }
  return `{"numRecords":${statistics.rowCount},"minValues":${minValues},"maxValues":${maxValues},"nullCount":${nullCount}}`;
}

type Side = "min" | "max";

/** A bound as JSON text, or `undefined` when there is none to give. */
function bound(type: DataType, text: string, side: Side, column: WriterColumnStatistics): string | undefined {
  switch (type.type) {
    case "byte":
    case "short":
    case "integer":
    case "long":
      return /^-?\d+$/.test(text) ? text : undefined;
    case "decimal":
      return /^-?\d+(\.\d+)?$/.test(text) ? text : undefined;
    case "float":
    case "double":
      // NaN is greater than every number, and writers leave it out of their bounds.
      return column.hasNan === false && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? text : undefined;
    case "date":
      return /^\d{4}-\d\d-\d\d$/.test(text) ? JSON.stringify(text) : undefined;
    case "timestamp":
    case "timestamp_ntz":
      return timestampBound(text, side, type.type === "timestamp");
    case "string":
      return JSON.stringify(
        side === "min" ? prefix(text, keptLength(column)) : upperBound(text, keptLength(column)),
      );
    default:
      return undefined;
  }
}

const STRING_PREFIX_LENGTH = 32;
const GREATEST_CODE_POINT = "\u{10FFFF}";

/** Characters of the bounds of a text that are kept. */
function keptLength({ min = "", max = "" }: WriterColumnStatistics): number {
  const greatest = [...max];
  const parting = [...min].findIndex((character, index) => character !== greatest[index]);
  return STRING_PREFIX_LENGTH + (parting === -1 ? min.length : parting);
}

function prefix(text: string, length: number): string {
  return text.length <= length ? text : [...text].slice(0, length).join("");
}

/**
 * A text of at most `length` and one code points, or a few more, that is no less than `text` in the order of code
 * points, which is that of UTF-8 bytes. What follows the cut must be no greater than what is put there, and equal
 * only where the text ends: so code points U+10FFFF at the cut stay.
 */
function upperBound(text: string, length: number): string {
  const codePoints = [...text];
  let cut = length;
  while (codePoints[cut] === GREATEST_CODE_POINT) cut += 1;
  return codePoints.length <= cut ? text : `${codePoints.slice(0, cut).join("")}${GREATEST_CODE_POINT}`;
}

const TIMESTAMP = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]00(?::?00)?)?$/;

function timestampBound(text: string, side: Side, isInstant: boolean): string | undefined {
  const match = TIMESTAMP.exec(text);
  const [, date, time, fraction = "", zone] = match ?? [];
  if (date === undefined || time === undefined || (zone !== undefined) !== isInstant) return undefined;
  const digits = fraction.padEnd(3, "0");
  const floor = Date.parse(`${date}T${time}.${digits.slice(0, 3)}Z`);
  const milliseconds = side === "max" && /[1-9]/.test(digits.slice(3)) ? floor + 1 : floor;
  if (Number.isNaN(milliseconds)) return undefined;
  const iso = new Date(milliseconds).toISOString();
  // Beyond the year 9999 ISO 8601 takes a sign and two more digits, which few readers know.
  if (iso.length !== "0001-01-01T00:00:00.000Z".length) return undefined;
  return JSON.stringify(isInstant ? iso : iso.slice(0, -1));
}

function pathKey(path: readonly string[]): string {
  return JSON.stringify(path);
}

/** JSON objects in each other, with values that are JSON text already. */
class JsonTree {
  readonly #members = new Map<string, JsonTree | string>();

  set(path: readonly string[], json: string): void {
    const [name, ...rest] = path;
    if (name === undefined) return;
    if (rest.length === 0) {
      this.#members.set(name, json);
      return;
    }
    const member = this.#members.get(name);
    const child = member instanceof JsonTree ? member : new JsonTree();
    this.#members.set(name, child);
    child.set(rest, json);
  }

  toString(): string {
    return `{${[...this.#members].map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(",")}}`;
  }
}
