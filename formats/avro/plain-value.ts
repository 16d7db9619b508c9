import type { JsonValue } from "../../core/index.js";
import { Block } from "./block.js";
import { decimalText, signedBigEndian } from "./read-decimal.js";
import { uuidText } from "./read-leaf.js";
import { type BranchDecoding, type Decoding, physical, type RecordDecoding } from "./resolve.js";
import type { AvroLeaf } from "./schema.js";
import { skipOf } from "./skip.js";
import { AvroDataError, Tap } from "./tap.js";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * One value as plain JSON, for types that no column type can hold: unions are their value, bytes
 * hexadecimal, decimals and uuids text, other logical types their underlying number.
 */
export function readPlain(decoding: Decoding, tap: Tap): JsonValue {
  switch (decoding.kind) {
    case "leaf":
      return readLeaf(decoding.writer, decoding.reader, tap);
    case "enum": {
      const index = tap.count();
      const symbol = decoding.symbols[index];
      if (symbol === undefined) throw new AvroDataError(`an enum has no symbol ${index}`, tap.offset);
      return symbol;
    }
    case "array": {
      const items: JsonValue[] = [];
      tap.blocks(() => items.push(readPlain(decoding.items, tap)));
      return items;
    }
    case "map": {
      const entries: [string, JsonValue][] = [];
      tap.blocks(() => entries.push([text(tap), readPlain(decoding.values, tap)]));
      return Object.fromEntries(entries);
    }
    case "record":
      return readRecord(decoding, tap);
    case "recursive":
      return readRecord(decoding.resolve(), tap);
    case "union":
      return readBranch(decoding.branches[decoding.tagged ? tap.count() : 0], tap);
  }
}

function readBranch(branch: BranchDecoding | undefined, tap: Tap): JsonValue {
  if (branch === undefined) throw new AvroDataError("a union has no such branch", tap.offset);
  if (branch.kind === "mismatch") throw new AvroDataError(branch.refusal.message, tap.offset);
  return readPlain(branch.value, tap);
}

function readRecord({ steps, fields }: RecordDecoding, tap: Tap): JsonValue {
  const values = new Array<JsonValue>(fields.length).fill(null);
  for (const step of steps) {
    switch (step.kind) {
      case "field":
        values[step.index] = readPlain(step.value, tap);
        break;
      case "skip":
        tap.pass((data, at) => skipOf(step.type)(new Block(data), at));
        break;
      case "default":
        values[step.index] = readPlain(step.value, new Tap(step.data));
        break;
    }
  }
  return Object.fromEntries(fields.map((name, index) => [name, values[index] ?? null]));
}

function readLeaf(writer: AvroLeaf, reader: AvroLeaf, tap: Tap): JsonValue {
  switch (reader.kind) {
    case "null":
      return null;
    case "boolean":
      return tap.boolean();
    case "decimal":
      return decimalText(
        signedBigEndian(reader.fixed === undefined ? tap.bytes() : tap.bytes(reader.fixed.size)),
        reader.scale,
      );
    case "uuid-fixed":
      return uuidText(tap.bytes(16));
    case "fixed":
    case "duration":
      return hex(tap.bytes(reader.size));
    case "bytes":
      return hex(tap.bytes());
    case "string":
    case "uuid":
      return text(tap);
    case "float":
    case "double":
      return readReal(writer, tap);
    default:
      return readWhole(writer, reader, tap);
  }
}

/** A time is in the reader's unit; what is finer is cut, toward the past. */
function readWhole(writer: AvroLeaf, reader: AvroLeaf, tap: Tap): JsonValue {
  const value = physical(writer) === "int" ? tap.int() : tap.long();
  const from = nanosPerUnit(writer);
  const to = nanosPerUnit(reader);
  if (from === undefined || to === undefined || from === to) return value;
  const nanos = BigInt(value) * from;
  return nanos >= 0n ? nanos / to : -((-nanos + to - 1n) / to);
}

function nanosPerUnit(type: AvroLeaf): bigint | undefined {
  if (type.kind === "time-millis") return 1_000_000n;
  if (type.kind === "time-micros") return 1000n;
  return type.kind === "timestamp" ? { millis: 1_000_000n, micros: 1000n, nanos: 1n }[type.unit] : undefined;
}

// JSON has no NaN and no infinity.
function readReal(writer: AvroLeaf, tap: Tap): JsonValue {
  const base = physical(writer);
  if (base === "int" || base === "long") return Number(tap.long());
  const value = base === "float" ? tap.float() : tap.double();
  return Number.isFinite(value) ? value : String(value);
}

function text(tap: Tap): string {
  const at = tap.offset;
  try {
    return utf8.decode(tap.bytes());
  } catch (error) {
    if (error instanceof AvroDataError) throw error;
    throw new AvroDataError("a string is not UTF-8", at);
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
