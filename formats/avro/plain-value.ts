import type { JsonValue } from "../../core/index.js";
import type { AvroType } from "./schema.js";
import { AvroDataError, type Tap } from "./tap.js";

const utf8 = new TextDecoder();

/**
 * One value as plain JSON, for types that no column type can hold: unions are their value, bytes
 * hexadecimal, logical types their underlying number or text.
 */
export function readPlain(type: AvroType, tap: Tap): JsonValue {
  switch (type.kind) {
    case "null":
      return null;
    case "boolean":
      return tap.boolean();
    case "int":
    case "date":
    case "time-millis":
      return tap.int();
    case "long":
    case "time-micros":
    case "timestamp":
      return tap.long();
    case "float":
      return finite(tap.float());
    case "double":
      return finite(tap.double());
    case "string":
    case "uuid":
      return utf8.decode(tap.bytes());
    case "bytes":
      return hex(tap.bytes());
    case "fixed":
      return hex(tap.bytes(type.size));
    case "decimal":
      return hex(type.size === undefined ? tap.bytes() : tap.bytes(type.size));
    case "duration":
      return hex(tap.bytes(12));
    case "uuid-fixed":
      return hex(tap.bytes(16));
    case "enum":
      return symbolAt(type.symbols, tap);
    case "union":
      return readPlain(branchAt(type.branches, tap), tap);
    case "recursive":
      return readPlain(type.resolve(), tap);
    case "array": {
      const items: JsonValue[] = [];
      tap.blocks(() => items.push(readPlain(type.items, tap)));
      return items;
    }
    case "map": {
      const entries: [string, JsonValue][] = [];
      tap.blocks(() => entries.push([utf8.decode(tap.bytes()), readPlain(type.values, tap)]));
      return Object.fromEntries(entries);
    }
    case "record":
      return Object.fromEntries(type.fields.map((field) => [field.name, readPlain(field.type, tap)]));
  }
}

export function branchAt(branches: readonly AvroType[], tap: Tap): AvroType {
  const index = tap.count();
  const branch = branches[index];
  if (branch === undefined) throw new AvroDataError(`a union has no branch ${index}`, tap.offset);
  return branch;
}

export function symbolAt(symbols: readonly string[], tap: Tap): string {
  const index = tap.count();
  const symbol = symbols[index];
  if (symbol === undefined) throw new AvroDataError(`an enum has no symbol ${index}`, tap.offset);
  return symbol;
}

// JSON has no NaN and no infinity.
const finite = (value: number): number | string => (Number.isFinite(value) ? value : String(value));

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
