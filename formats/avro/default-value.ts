import { isJsonObject, type JsonValue } from "../../core/index.js";
import { type AvroLeaf, type AvroType, unwrapped } from "./schema.js";

/**
 * A field's default, given as JSON, in the binary encoding: it is then read as the data of a file is. Avro
 * specification 1.12, "Complex Types", the table of field defaults. Undefined when it is no value of the type.
 */
export function defaultData(type: AvroType, value: JsonValue): Uint8Array | undefined {
  const encoded = encode(type, value);
  return encoded === undefined ? undefined : Buffer.concat(encoded);
}

type Bytes = readonly Uint8Array[];

function encode(type: AvroType, value: JsonValue): Bytes | undefined {
  const known = unwrapped(type);
  switch (known.kind) {
    case "array":
      return Array.isArray(value) ? block(value, (item) => encode(known.items, item)) : undefined;
    case "map": {
      if (!isJsonObject(value)) return undefined;
      return block(Object.entries(value), ([key, item]) => {
        const encoded = item === undefined ? undefined : encode(known.values, item);
        const name = Buffer.from(key);
        return encoded === undefined ? undefined : [number(BigInt(name.length)), name, ...encoded];
      });
    }
    case "record":
      return isJsonObject(value)
        ? joined(known.fields, (field) => {
            const member = value[field.name] ?? field.fallback;
            return member === undefined ? undefined : encode(field.type, member);
          })
        : undefined;
    case "enum": {
      const index = typeof value === "string" ? known.symbols.indexOf(value) : -1;
      return index < 0 ? undefined : [number(BigInt(index))];
    }
    case "union": {
      for (const [index, branch] of known.branches.entries()) {
        const encoded = encode(branch, value);
        if (encoded !== undefined) return [number(BigInt(index)), ...encoded];
      }
      return undefined;
    }
    default:
      return leaf(known, value);
  }
}

function leaf(type: AvroLeaf, value: JsonValue): Bytes | undefined {
  switch (type.kind) {
    case "null":
      return value === null ? [] : undefined;
    case "boolean":
      return typeof value === "boolean" ? [Uint8Array.of(value ? 1 : 0)] : undefined;
    case "int":
    case "date":
    case "time-millis":
      return integer(value, 32);
    case "long":
    case "time-micros":
    case "timestamp":
      return integer(value, 64);
    case "float":
    case "double": {
      const real = realOf(value);
      if (real === undefined) return undefined;
      return [new Uint8Array((type.kind === "float" ? Float32Array : Float64Array).of(real).buffer)];
    }
    case "string":
    case "uuid":
      return typeof value === "string" ? sized(Buffer.from(value)) : undefined;
    case "bytes":
      return sized(bytesOf(value));
    case "decimal":
      return type.fixed === undefined ? sized(bytesOf(value)) : ofSize(bytesOf(value), type.fixed.size);
    case "fixed":
    case "duration":
    case "uuid-fixed":
      return ofSize(bytesOf(value), type.size);
  }
}

function integer(value: JsonValue, bits: number): Bytes | undefined {
  if (typeof value !== "bigint" && (typeof value !== "number" || !Number.isInteger(value))) return undefined;
  const whole = BigInt(value);
  return BigInt.asIntN(bits, whole) === whole ? [number(whole)] : undefined;
}

/** A fraction with more digits than a double keeps arrives as text. */
function realOf(value: JsonValue): number | undefined {
  if (typeof value === "number" || typeof value === "bigint") return Number(value);
  return typeof value === "string" && /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(value)
    ? Number(value)
    : undefined;
}

/** Each character of the text is a byte. */
function bytesOf(value: JsonValue): Uint8Array | undefined {
  if (typeof value !== "string") return undefined;
  const bytes = Uint8Array.from(value, (character) => character.charCodeAt(0));
  return [...value].every((character) => character.charCodeAt(0) < 256) ? bytes : undefined;
}

const ofSize = (bytes: Uint8Array | undefined, size: number): Bytes | undefined =>
  bytes?.length === size ? [bytes] : undefined;

const sized = (bytes: Uint8Array | undefined): Bytes | undefined =>
  bytes === undefined ? undefined : [number(BigInt(bytes.length)), bytes];

/** One block of items and the end of them. */
function block<T>(items: readonly T[], of: (item: T) => Bytes | undefined): Bytes | undefined {
  const encoded = joined(items, of);
  if (encoded === undefined || items.length === 0) return encoded && [number(0n)];
  return [number(BigInt(items.length)), ...encoded, number(0n)];
}

function joined<T>(items: readonly T[], of: (item: T) => Bytes | undefined): Bytes | undefined {
  const all: Uint8Array[] = [];
  for (const item of items) {
    const encoded = of(item);
    if (encoded === undefined) return undefined;
    all.push(...encoded);
  }
  return all;
}

/** A zig-zag number of variable length. */
function number(value: bigint): Uint8Array {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n));
  const bytes: number[] = [];
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Uint8Array.from([...bytes, Number(rest)]);
}
