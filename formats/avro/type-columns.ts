import {
  Binary,
  DateDay,
  Float32,
  Float64,
  Int32,
  Int64,
  TimeMicrosecond,
  TimeMillisecond,
  TimestampMicrosecond,
  Utf8,
} from "apache-arrow";
import { LakeError, stringifyJson } from "../../core/index.js";
import {
  booleanColumn,
  byteColumn,
  type Column,
  decimalColumn,
  listColumn,
  mapColumn,
  numberColumn,
  structColumn,
} from "./column.js";
import { branchAt, readPlain, symbolAt } from "./plain-value.js";
import { float32Run, float64Run, int32Run, int64Run } from "./runs.js";
import type { AvroType, TimestampUnit } from "./schema.js";
import type { Tap } from "./tap.js";

const MAX_DECIMAL_DIGITS = 38;

/** Tells a person what became of a type that has no column type of its own. */
export type Note = (path: string, what: string) => void;

/**
 * The column for a type:
 *
 * - Timestamps are instants, local timestamps wall clocks, both to the microsecond.
 * - A nullable union is its other branch. Of `int` and `long` the wider holds both, of `float` and
 *   `double` too. Any other union is a struct with a nullable field for each branch, `member0`,
 *   `member1` and so on, as Spark reads it.
 * - A duration is a struct of months, days and milliseconds, since no table format keeps intervals.
 * - A type that holds itself, and a record with no fields, is JSON text.
 *
 * @throws LakeError `unsupported` for a decimal of more than 38 digits.
 */
export function columnOf(type: AvroType, path: string, note: Note): Column {
  switch (type.kind) {
    case "null":
      return byteColumn(new Utf8(), () => new Uint8Array(0));
    case "boolean":
      return booleanColumn();
    case "int":
      return numberColumn(new Int32(), int32Run(), (tap) => tap.int());
    case "long":
      return numberColumn(new Int64(), int64Run(), (tap) => tap.long());
    case "float":
      return numberColumn(new Float32(), float32Run(), (tap) => tap.float());
    case "double":
      return numberColumn(new Float64(), float64Run(), (tap) => tap.double());
    case "bytes":
      return byteColumn(new Binary(), (tap) => tap.bytes());
    case "fixed":
      return byteColumn(new Binary(), (tap) => tap.bytes(type.size));
    case "string":
    case "uuid":
      return byteColumn(new Utf8(), (tap) => tap.bytes());
    case "uuid-fixed":
      return byteColumn(new Utf8(), (tap) => utf8(dashed(Buffer.from(tap.bytes(16)).toString("hex"))));
    case "enum": {
      const symbols = new Map(type.symbols.map((symbol) => [symbol, utf8(symbol)]));
      return byteColumn(new Utf8(), (tap) => symbols.get(symbolAt(type.symbols, tap)) ?? utf8(""));
    }
    case "date":
      return numberColumn(new DateDay(), int32Run(), (tap) => tap.int());
    case "time-millis":
      return numberColumn(new TimeMillisecond(), int32Run(), (tap) => tap.int());
    case "time-micros":
      return numberColumn(new TimeMicrosecond(), int64Run(), (tap) => tap.long());
    case "timestamp": {
      if (type.unit === "nanos") note(path, "holds nanoseconds; cut to microseconds");
      const arrowType = new TimestampMicrosecond(type.local ? null : "UTC");
      return numberColumn(arrowType, int64Run(), (tap) => microseconds(tap.long(), type.unit));
    }
    case "decimal": {
      const { precision, scale, size } = type;
      if (precision > MAX_DECIMAL_DIGITS) {
        throw new LakeError(
          "unsupported",
          "decimal-digits",
          `${path} is a decimal of ${precision} digits; ${MAX_DECIMAL_DIGITS} is the most`,
          {
            context: { column: path },
          },
        );
      }
      return decimalColumn(precision, scale, (tap) => (size === undefined ? tap.bytes() : tap.bytes(size)));
    }
    case "duration":
      return durationColumn();
    case "array":
      return listColumn(columnOf(type.items, `${path}[]`, note));
    case "map":
      return mapColumn(columnOf(type.values, `${path}{}`, note));
    case "union":
      return unionColumn(type.branches, path, note);
    case "record": {
      if (type.fields.length === 0) return jsonColumn(type, path, note);
      const members = type.fields.map(({ name, type: field }) => ({
        name,
        column: columnOf(field, `${path}.${name}`, note),
      }));
      return structColumn(members, (tap) => {
        for (const { column } of members) column.read(tap);
        return true;
      });
    }
    case "recursive":
      return jsonColumn(type, path, note);
  }
}

function jsonColumn(type: AvroType, path: string, note: Note): Column {
  note(path, "has a type that no column can hold; kept as JSON text");
  return byteColumn(new Utf8(), (tap) => utf8(stringifyJson(readPlain(type, tap))));
}

function unionColumn(branches: readonly AvroType[], path: string, note: Note): Column {
  const kinds = new Set(branches.map((branch) => branch.kind));
  kinds.delete("null");
  const others = branches.filter((branch) => branch.kind !== "null");
  const [only] = others;
  if (only === undefined) return nullable(branches, columnOf({ kind: "null" }, path, note));
  if (others.length === 1) return nullable(branches, columnOf(only, path, note));
  const isAll = (...allowed: string[]): boolean => [...kinds].every((kind) => allowed.includes(kind));
  if (isAll("int", "long")) {
    return nullable(branches, columnOf({ kind: "long" }, path, note));
  }
  if (isAll("float", "double")) {
    const wide = numberColumn(new Float64(), float64Run(), (tap) => (float ? tap.float() : tap.double()));
    let float = false;
    return {
      ...wide,
      read(tap) {
        const branch = branchAt(branches, tap);
        if (branch.kind === "null") return wide.appendNull();
        float = branch.kind === "float";
        wide.read(tap);
      },
    };
  }
  note(path, `is a union of ${others.length} types; became a struct with a field for each`);
  const members = others.map((branch, index) => ({
    name: `member${index}`,
    column: columnOf(branch, `${path}.member${index}`, note),
  }));
  return structColumn(members, (tap) => {
    const chosen = branchAt(branches, tap);
    for (const [index, { column }] of members.entries()) {
      if (others[index] === chosen) column.read(tap);
      else column.appendNull();
    }
    return chosen.kind !== "null";
  });
}

/** A union whose branches are null and types that `column` reads alike: int and long are. */
function nullable(branches: readonly AvroType[], column: Column): Column {
  return {
    type: column.type,
    appendNull: () => column.appendNull(),
    take: () => column.take(),
    read: (tap) => (branchAt(branches, tap).kind === "null" ? column.appendNull() : column.read(tap)),
  };
}

/** Three little-endian unsigned 32-bit numbers. Avro specification 1.12, "Duration". */
function durationColumn(): Column {
  let parts: DataView = new DataView(new ArrayBuffer(12));
  const members = ["months", "days", "milliseconds"].map((name, index) => ({
    name,
    column: numberColumn(new Int64(), int64Run(), () => BigInt(parts.getUint32(index * 4, true))),
  }));
  return structColumn(members, (tap: Tap) => {
    const bytes = tap.bytes(12);
    parts = new DataView(bytes.buffer, bytes.byteOffset, 12);
    for (const { column } of members) column.read(tap);
    return true;
  });
}

function microseconds(value: bigint, unit: TimestampUnit): bigint {
  if (unit === "micros") return value;
  if (unit === "millis") return value * 1000n;
  // Toward the past, before 1970 as well as after.
  return value >= 0n ? value / 1000n : -((-value + 999n) / 1000n);
}

const dashed = (hex: string): string => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");

const encoder = new TextEncoder();
const utf8 = (text: string): Uint8Array => encoder.encode(text);
