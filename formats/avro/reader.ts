import { stringifyJson } from "../../core/index.js";
import { Block, readCount } from "./block.js";
import type { ByteColumn } from "./byte-column.js";
import type { Column, ListColumn, RealColumn, StructColumn } from "./column.js";
import { readPlain } from "./plain-value.js";
import { decimalReader } from "./read-decimal.js";
import {
  bytesReader,
  dateReader,
  doubleReader,
  fixedReader,
  floatReader,
  intReader,
  longReader,
  type Read,
  realReader,
  timeReader,
  timestampReader,
  uuidReader,
  widenedReader,
} from "./read-leaf.js";
import { type BranchDecoding, type Decoding, physical, type Step } from "./resolve.js";
import type { AvroLeaf, AvroType } from "./schema.js";
import { readItemCount, skipOf } from "./skip.js";
import { AvroDataError, endsEarly, Tap } from "./tap.js";
import { unionLayout } from "./type-columns.js";

/**
 * The reader of a decoding's values into the column of the reader's type. Readers are put together once,
 * each of the few it calls: nothing is looked up while rows are read.
 */
export function readerOf(decoding: Decoding, column: Column): Read {
  if (column.kind === "bytes" && column.content === "json") return jsonReader(decoding, column);
  switch (decoding.kind) {
    case "leaf":
      return leafReader(decoding.writer, decoding.reader, column);
    case "enum":
      return enumReader(decoding.symbols, decoding.writer.symbols, expect(column, "bytes"));
    case "array":
      return listReader(expect(column, "list"), (items) => readerOf(decoding.items, items));
    case "map":
      return mapReader(expect(column, "list"), decoding.values);
    case "record": {
      const { children } = expect(column, "struct");
      return inTurn(decoding.steps.map((step) => stepReader(step, children)));
    }
    case "recursive":
      return readerOf(decoding.resolve(), column);
    case "union":
      return unionReader(decoding.tagged, decoding.branches, decoding.readers, column);
  }
}

/** The reader of a record's step into its column, one of `columns`. */
export function stepReader(step: Step, columns: readonly Column[]): Read {
  if (step.kind === "skip") return skipOf(step.type);
  const column = columns[step.index];
  if (column === undefined) throw new RangeError(`the record has no column ${step.index}`);
  const read = readerOf(step.value, column);
  if (step.kind === "field") return read;
  const constant = new Block(step.data);
  return (_block, at, row) => {
    read(constant, 0, row);
    return at;
  };
}

function inTurn(readers: readonly Read[]): Read {
  return (block, at, row) => {
    let place = at;
    for (const read of readers) place = read(block, place, row);
    return place;
  };
}

const nullReader =
  (column: Column): Read =>
  (_block, at, row) => {
    column.setNull(row);
    return at;
  };

function leafReader(writer: AvroLeaf, reader: AvroLeaf, column: Column): Read {
  switch (reader.kind) {
    case "null":
      return nullReader(column);
    case "boolean":
      return booleanReader(column);
    case "int":
      return intReader(expect(column, "number"));
    case "date":
      return dateReader(expect(column, "number"));
    case "long":
      return physical(writer) === "int"
        ? widenedReader(expect(column, "number"))
        : longReader(expect(column, "number"));
    case "time-millis":
    case "time-micros":
      // The unit is the writer's, where it has one.
      return timeReader(
        expect(column, "number"),
        (isTime(writer) ? writer.kind : reader.kind) === "time-millis" ? "millis" : "micros",
      );
    case "timestamp":
      return timestampReader(
        expect(column, "number"),
        writer.kind === "timestamp" ? writer.unit : reader.unit,
      );
    case "float":
    case "double":
      return realLeafReader(writer, expect(column, "real"));
    case "decimal":
      return decimalReader(expect(column, "number"), reader.precision, reader.fixed?.size);
    case "duration":
      return durationReader(expect(column, "struct"));
    case "uuid-fixed":
      return uuidReader(expect(column, "bytes"));
    case "fixed":
      return fixedReader(expect(column, "bytes"), reader.size);
    case "bytes":
    case "string":
    case "uuid":
      return bytesReader(expect(column, "bytes"));
  }
}

const isTime = (type: AvroLeaf): boolean => type.kind === "time-millis" || type.kind === "time-micros";

function realLeafReader(writer: AvroLeaf, column: RealColumn): Read {
  if (writer.kind === "float") return floatReader(column);
  return writer.kind === "double" ? doubleReader(column) : realReader(column);
}

function booleanReader(column: Column): Read {
  const bits = expect(column, "bits");
  return (block, at, row) => {
    const byte = block.data[at] ?? 0;
    if (byte > 1) throw new AvroDataError(`${byte} is no boolean`, at);
    if (byte === 1) bits.set(row);
    return at + 1;
  };
}

function enumReader(
  symbols: readonly (string | undefined)[],
  names: readonly string[],
  column: ByteColumn,
): Read {
  const texts = symbols.map((symbol) => (symbol === undefined ? undefined : Buffer.from(symbol)));
  return (block, at, row) => {
    const next = readCount(block, at);
    const text = texts[block.count];
    if (text === undefined) {
      const name = names[block.count];
      throw new AvroDataError(
        name === undefined
          ? `an enum has no symbol ${block.count}`
          : `the reader's enum has no symbol ${name}`,
        at,
      );
    }
    column.append(text, 0, text.length, row);
    return next;
  };
}

function listReader(column: ListColumn, itemReader: (items: Column) => Read): Read {
  const [items] = column.children;
  if (items === undefined) throw new RangeError("a list has no column of items");
  const readItem = itemReader(items);
  return (block, at, row) => {
    for (;;) {
      at = readItemCount(block, at);
      const { count, itemsEnd } = block;
      if (count === 0) break;
      column.reserveItems(count);
      for (const stop = column.items + count; column.items < stop; column.items++) {
        at = readItem(block, at, column.items);
        if (at > block.data.length) throw endsEarly(block.data.length);
      }
      if (itemsEnd !== undefined && itemsEnd !== at)
        throw new AvroDataError("the items do not take the size that is said before them", at);
    }
    column.end(row);
    return at;
  };
}

function mapReader(column: ListColumn, values: Decoding): Read {
  const [entries] = column.children;
  const [keyColumn, valueColumn] = entries === undefined ? [] : expect(entries, "struct").children;
  if (keyColumn === undefined || valueColumn === undefined) throw new RangeError("a map has no columns");
  const keys = expect(keyColumn, "bytes");
  const readKey = bytesReader(keys);
  const readValue = readerOf(values, valueColumn);
  const read = listReader(column, () => (block, at, row) => readValue(block, readKey(block, at, row), row));
  return (block, at, row) => {
    const first = column.items;
    const next = read(block, at, row);
    if (column.items - first > 1 && keys.repeats(first, column.items))
      throw new AvroDataError("a map has a key twice", at);
    return next;
  };
}

/** Three little-endian unsigned 32-bit numbers. Avro specification 1.12, "Duration". */
function durationReader(column: StructColumn): Read {
  const numbers = column.children.map((child) => expect(child, "number"));
  return (block, at, row) => {
    if (at + 12 > block.data.length) throw endsEarly(at);
    for (const [index, { words }] of numbers.entries()) {
      words[row * 2] = block.view.getInt32(at + index * 4, true);
      words[row * 2 + 1] = 0;
    }
    return at + 12;
  };
}

function jsonReader(decoding: Decoding, column: ByteColumn): Read {
  return (block, at, row) => {
    const tap = new Tap(block.data, at);
    const text = Buffer.from(stringifyJson(readPlain(decoding, tap)));
    column.append(text, 0, text.length, row);
    return tap.offset;
  };
}

function unionReader(
  tagged: boolean,
  branches: readonly BranchDecoding[],
  readers: readonly AvroType[] | undefined,
  column: Column,
): Read {
  const reads = branches.map((branch) => branchReader(branch, readers, column));
  const [first] = reads;
  if (!tagged && first !== undefined) return first;
  return (block, at, row) => {
    const next = readCount(block, at);
    const read = reads[block.count];
    if (read === undefined) throw new AvroDataError(`a union has no branch ${block.count}`, at);
    return read(block, next, row);
  };
}

function branchReader(
  branch: BranchDecoding,
  readers: readonly AvroType[] | undefined,
  column: Column,
): Read {
  if (branch.kind === "mismatch") {
    return (_block, at) => {
      throw new AvroDataError(branch.refusal.message, at);
    };
  }
  const target = readers?.[branch.target];
  if (readers === undefined || target === undefined) return readerOf(branch.value, column);
  if (target.kind === "null") return nullReader(column);
  const layout = unionLayout(readers);
  if (layout.kind === "one") return widenedBranch(branch.value, column);
  const struct = expect(column, "struct");
  const chosen = struct.children[layout.members.indexOf(target)];
  if (chosen === undefined) throw new RangeError("a union has no column for its branch");
  const others = struct.children.filter((child) => child !== chosen);
  const read = readerOf(branch.value, chosen);
  return (block, at, row) => {
    for (const other of others) other.setNull(row);
    return read(block, at, row);
  };
}

/** A branch int of a union kept as long, and a branch float of one kept as double. */
function widenedBranch(value: Decoding, column: Column): Read {
  if (value.kind === "leaf" && value.reader.kind === "int" && column.kind === "number" && column.width === 2)
    return widenedReader(column);
  return readerOf(value, column);
}

/** The column, which a type's values are always gathered in, as what it is. */
function expect<K extends Column["kind"]>(column: Column, kind: K): Extract<Column, { kind: K }> {
  if (isKind(column, kind)) return column;
  throw new RangeError(`a column of ${column.kind} where one of ${kind} is due`);
}

const isKind = <K extends Column["kind"]>(column: Column, kind: K): column is Extract<Column, { kind: K }> =>
  column.kind === kind;
