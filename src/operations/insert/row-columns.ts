import * as arrow from "apache-arrow";
import { LakeError } from "../../../core/index.js";
import {
  type DataType,
  findField,
  type StructField,
  type StructType,
  typeText,
} from "../../../table-format/index.js";
import {
  clockMicros,
  dayNumber,
  decimalUnits,
  floatingNumber,
  instantMicros,
  unfit,
  type ValuePlace,
  wholeNumber,
} from "./row-values.js";

/** Values of one column or of a part of one, and where each of them stands. */
interface Values {
  readonly values: readonly unknown[];
  readonly placeOf: (index: number) => ValuePlace;
}

/** The Arrow type of a table's column. @throws LakeError `unsupported` for a type that rows cannot give. */
export function arrowTypeOf(type: DataType): arrow.DataType {
  switch (type.type) {
    case "string":
      return new arrow.Utf8();
    case "binary":
      return new arrow.Binary();
    case "boolean":
      return new arrow.Bool();
    case "byte":
      return new arrow.Int8();
    case "short":
      return new arrow.Int16();
    case "integer":
      return new arrow.Int32();
    case "long":
      return new arrow.Int64();
    case "float":
      return new arrow.Float32();
    case "double":
      return new arrow.Float64();
    case "decimal":
      return new arrow.Decimal(type.scale, type.precision, 128);
    case "date":
      return new arrow.DateDay();
    case "timestamp":
      return new arrow.TimestampMicrosecond("UTC");
    case "timestamp_ntz":
      return new arrow.TimestampMicrosecond();
    case "array":
      return new arrow.List(new arrow.Field("element", arrowTypeOf(type.elementType), true));
    case "map":
      return new arrow.Map_(
        new arrow.Field(
          "entries",
          new arrow.Struct<{ key: arrow.DataType; value: arrow.DataType }>([
            new arrow.Field("key", arrowTypeOf(type.keyType), false),
            new arrow.Field("value", arrowTypeOf(type.valueType), true),
          ]),
          false,
        ),
      );
    case "struct":
      return new arrow.Struct(
        type.fields.map(({ name, type: inner }) => new arrow.Field(name, arrowTypeOf(inner), true)),
      );
    default:
      throw new LakeError("unsupported", "row-type", `rows cannot give values of type ${typeText(type)}`, {
        hint: "Insert them by a query, which can make such values.",
      });
  }
}

/** A column of rows as Arrow data. @throws LakeError `invalid-input` `row-value` naming the row and the field. */
export function columnData(field: StructField, values: readonly unknown[], firstRow: number): arrow.Data {
  const placeOf = (index: number): ValuePlace => ({ row: firstRow + index, path: field.name });
  return dataOf(field.type, { values, placeOf });
}

function dataOf(type: DataType, given: Values): arrow.Data {
  const { length } = given.values;
  switch (type.type) {
    case "byte":
      return numbers(type, given, new Int8Array(length), smallNumber);
    case "short":
      return numbers(type, given, new Int16Array(length), smallNumber);
    case "integer":
      return numbers(type, given, new Int32Array(length), smallNumber);
    case "long":
      return numbers(type, given, new BigInt64Array(length), wholeNumber);
    case "float":
      return numbers(type, given, new Float32Array(length), floatingNumber);
    case "double":
      return numbers(type, given, new Float64Array(length), floatingNumber);
    case "date":
      return numbers(type, given, new Int32Array(length), dayNumber);
    case "timestamp":
      return numbers(type, given, new BigInt64Array(length), instantMicros);
    case "timestamp_ntz":
      return numbers(type, given, new BigInt64Array(length), clockMicros);
    case "decimal":
      return decimals(type, given);
    case "string":
      return texts(type, given, (value) => typeof value === "string");
    case "binary":
      return texts(type, given, (value) => value instanceof Uint8Array);
    case "boolean":
      return texts(type, given, (value) => typeof value === "boolean");
    case "array":
      return lists(type, given);
    case "map":
      return maps(type, given);
    case "struct":
      return structs(type, given);
    default:
      throw new LakeError("internal", "row-type", `rows of type ${typeText(type)}`);
  }
}

function smallNumber(value: unknown, type: DataType, place: ValuePlace): number {
  return Number(wholeNumber(value, type, place));
}

/** Values of a fixed width, read into `data`. */
function numbers<T extends number | bigint>(
  type: DataType,
  given: Values,
  data: { [index: number]: T },
  read: (value: unknown, type: DataType, place: ValuePlace) => T,
): arrow.Data {
  const { values, placeOf } = given;
  for (const [index, value] of values.entries()) {
    if (!isNull(value)) data[index] = read(value, type, placeOf(index));
  }
  return fixedData(type, given, data);
}

function decimals(type: DataType & { readonly type: "decimal" }, given: Values): arrow.Data {
  const { values, placeOf } = given;
  const words = new BigUint64Array(values.length * 2);
  for (const [index, value] of values.entries()) {
    if (isNull(value)) continue;
    const units = decimalUnits(value, type, placeOf(index));
    words[index * 2] = BigInt.asUintN(64, units);
    words[index * 2 + 1] = BigInt.asUintN(64, units >> 64n);
  }
  return fixedData(type, given, new Uint32Array(words.buffer));
}

function fixedData(type: DataType, given: Values, data: object): arrow.Data {
  const { nullBitmap, nullCount } = validityOf(given);
  const buffers = { [arrow.BufferType.DATA]: data, [arrow.BufferType.VALIDITY]: nullBitmap };
  return new arrow.Data(arrowTypeOf(type), 0, given.values.length, nullCount, buffers);
}

/** Values that Arrow's own builders take as they are. */
function texts(type: DataType, given: Values, isOne: (value: unknown) => boolean): arrow.Data {
  const { values, placeOf } = given;
  const checked = values.map((value, index) => {
    if (isNull(value)) return null;
    if (!isOne(value)) throw unfit(value, type, placeOf(index));
    return value;
  });
  const arrowType = arrowTypeOf(type);
  return arrow.vectorFromArray(checked, arrowType).data[0] ?? new arrow.Data(arrowType, 0, 0, 0, {});
}

function lists(type: DataType & { readonly type: "array" }, given: Values): arrow.Data {
  const items = given.values.map((value, index) => {
    if (isNull(value)) return [];
    if (Array.isArray(value)) return value;
    throw unfit(value, type, given.placeOf(index));
  });
  const inner = flattened(given, items, (path, at) => `${path}[${at}]`);
  return nestedData(type, given, offsetsOf(items), [dataOf(type.elementType, inner)]);
}

function maps(type: DataType & { readonly type: "map" }, given: Values): arrow.Data {
  const entries = given.values.map((value, index): (readonly [unknown, unknown])[] => {
    if (isNull(value)) return [];
    if (value instanceof Map) return [...value];
    if (type.keyType.type === "string" && isPlainObject(value)) return Object.entries(value);
    throw unfit(value, type, given.placeOf(index), "Give a Map.");
  });
  const ofKeys = flattened(
    given,
    entries.map((pairs) => pairs.map(([key]) => key)),
    (path) => `${path}, a key`,
  );
  for (const [index, key] of ofKeys.values.entries()) {
    if (isNull(key)) throw unfit(key, type.keyType, ofKeys.placeOf(index));
  }
  const ofValues = flattened(
    given,
    entries.map((pairs) => pairs.map(([, value]) => value)),
    (path, at) => `${path}, value ${at}`,
  );
  const arrowType = arrowTypeOf(type);
  const entryType = arrowType.children[0]?.type ?? new arrow.Struct([]);
  const pairs = [dataOf(type.keyType, ofKeys), dataOf(type.valueType, ofValues)];
  const count = ofKeys.values.length;
  const child = new arrow.Data(entryType, 0, count, 0, {}, pairs);
  return nestedData(type, given, offsetsOf(entries), [child]);
}

function structs(type: StructType, given: Values): arrow.Data {
  const rows = given.values.map((value, index) => {
    if (isNull(value)) return undefined;
    const place = given.placeOf(index);
    if (!isPlainObject(value)) throw unfit(value, type, place);
    return fieldsOf(type, value, place);
  });
  const children = type.fields.map((field) =>
    dataOf(field.type, {
      values: rows.map((row) => row?.get(field.name) ?? null),
      placeOf: (index) => within(given.placeOf(index), (path) => `${path}.${field.name}`),
    }),
  );
  return nestedData(type, given, undefined, children);
}

/**
 * The values of an object by the names that a table has for them, whatever the case; `undefined` is no value.
 *
 * @throws LakeError `invalid-input` `row-field` for a field that is not there, or that is given twice.
 */
export function fieldsOf(
  type: StructType,
  object: object,
  { row, path }: ValuePlace,
): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) continue;
    const field = findField(type, key);
    const here = path === "" ? key : `${path}.${key}`;
    if (field === undefined || found.has(field.name)) {
      const fault = field === undefined ? "is not in the table" : `and ${field.name} are one column`;
      throw new LakeError("invalid-input", "row-field", `row ${row}: ${here} ${fault}`, {
        context: { row, column: here },
        hint: `There are ${type.fields.map(({ name }) => name).join(", ")}.`,
      });
    }
    found.set(field.name, value);
  }
  return found;
}

function nestedData(
  type: DataType,
  given: Values,
  offsets: Int32Array | undefined,
  children: arrow.Data[],
): arrow.Data {
  const { nullBitmap, nullCount } = validityOf(given);
  const buffers = {
    ...(offsets === undefined ? {} : { [arrow.BufferType.OFFSET]: offsets }),
    [arrow.BufferType.VALIDITY]: nullBitmap,
  };
  return new arrow.Data(arrowTypeOf(type), 0, given.values.length, nullCount, buffers, children);
}

function flattened(
  given: Values,
  lists: readonly (readonly unknown[])[],
  pathOf: (path: string, at: number) => string,
): Values {
  const owners = lists.flatMap((list, owner) => list.map((_, at) => [owner, at] as const));
  return {
    values: lists.flat(1),
    placeOf: (index) => {
      const [owner, at] = owners[index] ?? [0, 0];
      return within(given.placeOf(owner), (path) => pathOf(path, at));
    },
  };
}

function within({ row, path }: ValuePlace, inside: (path: string) => string): ValuePlace {
  return { row, path: inside(path) };
}

function offsetsOf(lists: readonly (readonly unknown[])[]): Int32Array {
  const offsets = new Int32Array(lists.length + 1);
  for (const [index, { length }] of lists.entries()) offsets[index + 1] = (offsets[index] ?? 0) + length;
  return offsets;
}

/** A bit for each value that is not null. */
function validityOf({ values }: Values): { readonly nullBitmap: Uint8Array; readonly nullCount: number } {
  const nullBitmap = new Uint8Array((values.length + 7) >> 3);
  let nullCount = 0;
  for (const [index, value] of values.entries()) {
    if (isNull(value)) nullCount++;
    else nullBitmap[index >> 3] = (nullBitmap[index >> 3] ?? 0) | (1 << (index & 7));
  }
  return { nullBitmap, nullCount };
}

function isNull(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

function isPlainObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
