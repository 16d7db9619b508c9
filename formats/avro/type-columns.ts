import {
  Binary,
  Bool,
  DateDay,
  Decimal,
  Field,
  Float32,
  Float64,
  Int32,
  Int64,
  List,
  Map_,
  Struct,
  TimeMicrosecond,
  TimestampMicrosecond,
  Utf8,
} from "apache-arrow";
import { LakeError } from "../../core/index.js";
import { ByteColumn } from "./byte-column.js";
import { BitColumn, type Column, ListColumn, NumberColumn, RealColumn, StructColumn } from "./column.js";
import type { AvroType } from "./schema.js";

const MAX_DECIMAL_DIGITS = 38;

/** Tells a person what became of a type that has no column type of its own. */
export type Note = (path: string, what: string) => void;

/**
 * The column for a type:
 *
 * - Timestamps are instants, local timestamps wall clocks, both to the microsecond; so are times of day.
 * - A union is what {@link unionLayout} says.
 * - A duration is a struct of months, days and milliseconds, since no table format keeps intervals.
 * - A type that holds itself, and a record with no fields, is JSON text.
 *
 * @throws LakeError `unsupported` for a decimal of more than 38 digits.
 */
export function columnOf(type: AvroType, path: string, note: Note): Column {
  switch (type.kind) {
    case "null":
    case "string":
    case "uuid":
    case "uuid-fixed":
    case "enum":
      return new ByteColumn(new Utf8(), "text");
    case "boolean":
      return new BitColumn(new Bool());
    case "int":
      return new NumberColumn(new Int32(), 1);
    case "long":
      return new NumberColumn(new Int64(), 2);
    case "float":
      return new RealColumn(new Float32(), 32);
    case "double":
      return new RealColumn(new Float64(), 64);
    case "bytes":
    case "fixed":
      return new ByteColumn(new Binary(), "bytes");
    case "date":
      return new NumberColumn(new DateDay(), 1);
    case "time-millis":
    case "time-micros":
      return new NumberColumn(new TimeMicrosecond(), 2);
    case "timestamp":
      if (type.unit === "nanos") note(path, "holds nanoseconds; cut to microseconds");
      return new NumberColumn(new TimestampMicrosecond(type.local ? null : "UTC"), 2);
    case "decimal":
      return new NumberColumn(decimalType(type.precision, type.scale, path), 4);
    case "duration":
      return structColumn(
        ["months", "days", "milliseconds"].map((name) => [name, new NumberColumn(new Int64(), 2)]),
      );
    case "array": {
      const items = columnOf(type.items, `${path}[]`, note);
      return new ListColumn(new List(new Field("element", items.type, true)), [items]);
    }
    case "map":
      return mapColumn(columnOf(type.values, `${path}{}`, note));
    case "union":
      return unionColumn(type.branches, path, note);
    case "record":
      if (type.fields.length === 0) return jsonColumn(path, note);
      return structColumn(
        type.fields.map((field) => [field.name, columnOf(field.type, `${path}.${field.name}`, note)]),
      );
    case "recursive":
      return jsonColumn(path, note);
  }
}

/**
 * How a union is kept. A nullable union is its other branch. Of `int` and `long` the wider holds both, of
 * `float` and `double` too. Any other is a struct with a nullable field for each branch but null, `member0`,
 * `member1` and so on, as Spark reads it.
 */
export type UnionLayout =
  | { readonly kind: "one"; readonly type: AvroType }
  | { readonly kind: "members"; readonly members: readonly AvroType[] };

export function unionLayout(branches: readonly AvroType[]): UnionLayout {
  const members = branches.filter((branch) => branch.kind !== "null");
  const [only] = members;
  if (only === undefined) return { kind: "one", type: { kind: "null" } };
  if (members.length === 1) return { kind: "one", type: only };
  const areAll = (...kinds: string[]): boolean => members.every((member) => kinds.includes(member.kind));
  if (areAll("int", "long")) return { kind: "one", type: { kind: "long" } };
  if (areAll("float", "double")) return { kind: "one", type: { kind: "double" } };
  return { kind: "members", members };
}

function unionColumn(branches: readonly AvroType[], path: string, note: Note): Column {
  const layout = unionLayout(branches);
  if (layout.kind === "one") return columnOf(layout.type, path, note);
  note(path, `is a union of ${layout.members.length} types; became a struct with a field for each`);
  return structColumn(
    layout.members.map((member, index) => [
      `member${index}`,
      columnOf(member, `${path}.member${index}`, note),
    ]),
  );
}

function structColumn(members: readonly (readonly [name: string, column: Column])[]): StructColumn {
  const type = new Struct(members.map(([name, column]) => new Field(name, column.type, true)));
  return new StructColumn(
    type,
    members.map(([, column]) => column),
  );
}

function mapColumn(values: Column): ListColumn {
  const keys = new ByteColumn(new Utf8(), "text");
  const entries = new Struct([new Field("key", keys.type, false), new Field("value", values.type, true)]);
  return new ListColumn(new Map_(new Field("entries", entries, false)), [
    new StructColumn(entries, [keys, values]),
  ]);
}

function jsonColumn(path: string, note: Note): Column {
  note(path, "has a type that no column can hold; kept as JSON text");
  return new ByteColumn(new Utf8(), "json");
}

function decimalType(precision: number, scale: number, path: string): Decimal {
  if (precision <= MAX_DECIMAL_DIGITS) return new Decimal(scale, precision, 128);
  throw new LakeError(
    "unsupported",
    "decimal-digits",
    `${path} is a decimal of ${precision} digits; ${MAX_DECIMAL_DIGITS} is the most`,
    { context: { column: path } },
  );
}
