import { type EngineField, type EngineType, foldCase } from "../../table-format/index.js";

export const TEXT: EngineType = { kind: "scalar", name: "VARCHAR" };
const DOUBLE: EngineType = { kind: "scalar", name: "DOUBLE" };
const MAX_DECIMAL_DIGITS = 38;

/** Decimal digits of the largest value of a whole-number type, and whether it has a sign. */
const WHOLE_NUMBERS: Readonly<Record<string, { readonly digits: number; readonly signed: boolean }>> = {
  TINYINT: { digits: 3, signed: true },
  UTINYINT: { digits: 3, signed: false },
  SMALLINT: { digits: 5, signed: true },
  USMALLINT: { digits: 5, signed: false },
  INTEGER: { digits: 10, signed: true },
  UINTEGER: { digits: 10, signed: false },
  BIGINT: { digits: 19, signed: true },
  UBIGINT: { digits: 20, signed: false },
};
const SIGNED_BY_SIZE = ["TINYINT", "SMALLINT", "INTEGER", "BIGINT"];

/** Wall clocks of one type once they are to the microsecond. */
const WALL_CLOCKS: ReadonlySet<string> = new Set(["DATE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP"]);

/** A column that holds nothing but NULL goes with every type. */
export function isNullType(type: EngineType): boolean {
  return type.kind === "scalar" && (type.name === "NULL" || type.name === "SQLNULL");
}

export function isText(type: EngineType): boolean {
  return type.kind === "scalar" && type.name === "VARCHAR";
}

/**
 * Pure: the type that values of both types go to, each as it is or refused: structs field by field, numbers to the
 * wider type, and what has no other type in common as text, nested values as their JSON.
 */
export function commonType(a: EngineType, b: EngineType): EngineType {
  if (isNullType(a)) return b;
  if (isNullType(b)) return a;
  if (a.kind === "struct" && b.kind === "struct") return { kind: "struct", fields: commonFields(a, b) };
  if (a.kind === "list" && b.kind === "list") {
    const size = a.size === b.size ? a.size : undefined;
    return { kind: "list", element: commonType(a.element, b.element), size };
  }
  if (a.kind === "map" && b.kind === "map") {
    return { kind: "map", key: commonType(a.key, b.key), value: commonType(a.value, b.value) };
  }
  if (a.kind === "scalar" && b.kind === "scalar" && a.name === b.name) return a;
  return commonNumber(a, b) ?? commonTime(a, b) ?? TEXT;
}

/** The fields of the first, then those that only the second has. Names that differ in their case are one. */
function commonFields(
  a: EngineType & { readonly kind: "struct" },
  b: EngineType & { readonly kind: "struct" },
): EngineField[] {
  const inBoth = a.fields.map(({ name, type }) => {
    const other = fieldOf(b.fields, name);
    return { name, type: other === undefined ? type : commonType(type, other.type) };
  });
  return [...inBoth, ...b.fields.filter(({ name }) => fieldOf(a.fields, name) === undefined)];
}

export function fieldOf(fields: readonly EngineField[], name: string): EngineField | undefined {
  return fields.find((field) => foldCase(field.name) === foldCase(name));
}

function commonNumber(a: EngineType, b: EngineType): EngineType | undefined {
  if (isFloating(a) || isFloating(b)) return isNumber(a) && isNumber(b) ? DOUBLE : undefined;
  const [one, other] = [decimalOf(a), decimalOf(b)];
  if (one === undefined || other === undefined) return undefined;
  return commonWhole(a, b) ?? commonDecimal(one, other);
}

/** Of two whole-number types the signed one that holds both. */
function commonWhole(a: EngineType, b: EngineType): EngineType | undefined {
  const sizes = [a, b].map((type) => {
    const whole = type.kind === "scalar" ? WHOLE_NUMBERS[type.name] : undefined;
    if (type.kind !== "scalar" || whole === undefined) return -1;
    if (whole.signed) return SIGNED_BY_SIZE.indexOf(type.name);
    const next = SIGNED_BY_SIZE.indexOf(type.name.slice(1)) + 1;
    return next < SIGNED_BY_SIZE.length ? next : -1;
  });
  const name = sizes.includes(-1) ? undefined : SIGNED_BY_SIZE[Math.max(...sizes)];
  return name === undefined ? undefined : { kind: "scalar", name };
}

interface Digits {
  readonly whole: number;
  readonly scale: number;
}

function commonDecimal(a: Digits, b: Digits): EngineType | undefined {
  const scale = Math.max(a.scale, b.scale);
  const precision = Math.max(a.whole, b.whole) + scale;
  return precision <= MAX_DECIMAL_DIGITS ? { kind: "decimal", precision, scale } : undefined;
}

/** The digits that every value of an exact number's type fits in. */
function decimalOf(type: EngineType): Digits | undefined {
  if (type.kind === "decimal") return { whole: type.precision - type.scale, scale: type.scale };
  const whole = type.kind === "scalar" ? WHOLE_NUMBERS[type.name] : undefined;
  return whole === undefined ? undefined : { whole: whole.digits, scale: 0 };
}

export function isFloating(type: EngineType): boolean {
  return type.kind === "scalar" && (type.name === "FLOAT" || type.name === "DOUBLE");
}

function isNumber(type: EngineType): boolean {
  return isFloating(type) || decimalOf(type) !== undefined;
}

/** Every value of these types is exact as a double. */
export function isExactAsDouble(type: EngineType): boolean {
  const digits = decimalOf(type);
  return isFloating(type) || (digits !== undefined && digits.scale === 0 && digits.whole <= 15);
}

/** A day is the wall clock at its midnight. It is no instant: that would need a time zone. */
function commonTime(a: EngineType, b: EngineType): EngineType | undefined {
  if (a.kind !== "scalar" || b.kind !== "scalar") return undefined;
  if (WALL_CLOCKS.has(a.name) && WALL_CLOCKS.has(b.name)) return { kind: "scalar", name: "TIMESTAMP" };
  return undefined;
}
