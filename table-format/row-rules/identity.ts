import { LakeError } from "../../core/index.js";
import { quoteString } from "../../engine/index.js";
import type { StructField, StructType } from "../schema/index.js";

const START = "delta.identity.start";
const STEP = "delta.identity.step";
const HIGH_WATER_MARK = "delta.identity.highWaterMark";
const ALLOW_EXPLICIT_INSERT = "delta.identity.allowExplicitInsert";

/** A column whose values the writer makes (PROTOCOL.md, "Identity Columns"). */
export interface IdentityColumn {
  /** Its name in the schema's own case. */
  readonly name: string;
  readonly start: bigint;
  /** Never 0. */
  readonly step: bigint;
  /** The value made last; `undefined` before the first. */
  readonly highWaterMark: bigint | undefined;
  /** Whether rows may bring values of their own. */
  readonly allowExplicitInsert: boolean;
}

/** Whether a column's metadata makes it an identity column. */
export function isIdentity(field: StructField): boolean {
  return field.metadata[START] !== undefined || field.metadata[STEP] !== undefined;
}

/**
 * Reads a column's identity from its metadata; `undefined` when it has none.
 *
 * @throws LakeError `corrupt` for one without start or step, with step 0, or that is not a long.
 */
export function identityOf(field: StructField): IdentityColumn | undefined {
  if (!isIdentity(field)) return undefined;
  const [start, step] = [wholeNumber(field, START), wholeNumber(field, STEP)];
  if (start === undefined || step === undefined || step === 0n || field.type.type !== "long") {
    throw new LakeError(
      "corrupt",
      "schema",
      `identity column ${field.name} needs the type long, a start and a step that is not 0`,
      { context: { column: field.name } },
    );
  }
  return {
    name: field.name,
    start,
    step,
    highWaterMark: wholeNumber(field, HIGH_WATER_MARK),
    allowExplicitInsert: field.metadata[ALLOW_EXPLICIT_INSERT] === true,
  };
}

function wholeNumber(field: StructField, key: string): bigint | undefined {
  const value = field.metadata[key];
  if (value === undefined || value === null) return undefined;
  const isWhole = typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value));
  if (isWhole && isLong(BigInt(value))) return BigInt(value);
  throw new LakeError("corrupt", "schema", `${key} of column ${field.name} is not a long`, {
    context: { column: field.name },
  });
}

const LEAST = -(2n ** 63n);
const GREATEST = 2n ** 63n - 1n;

function isLong(value: bigint): boolean {
  return value >= LEAST && value <= GREATEST;
}

/**
 * The first value that comes next: `start + k * step` for the least k of 0 and more that lies beyond the
 * high-water mark in the step's direction.
 *
 * @throws LakeError `invalid-input` when no long is left.
 */
export function nextIdentity(identity: IdentityColumn, rowsBefore = 0n): bigint {
  const { start, step, highWaterMark } = identity;
  const steps = highWaterMark === undefined ? -1n : floorDivide(highWaterMark - start, step);
  const next = start + ((steps < -1n ? -1n : steps) + 1n + rowsBefore) * step;
  if (!isLong(next)) throw identityExhausted(identity.name);
  return next;
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

/** A statement writes no more rows than this, so a limit beyond needs no check of every row. */
const MAX_ROWS = 2n ** 53n;

/**
 * SQL for the values of the rows of one SELECT, in the order in which they come.
 *
 * @param rowsBefore rows that the same commit has numbered before
 * @param exhausted SQL that raises an error; for the row that no long is left for
 */
export function identitySql(identity: IdentityColumn, rowsBefore: bigint, exhausted: string): string {
  const first = nextIdentity(identity, rowsBefore);
  const limit = identity.step > 0n ? GREATEST : LEAST;
  const rows = (limit - first) / identity.step + 1n;
  const row = "row_number() OVER ()";
  // As text, since the least long is no literal; CASE keeps the row too many from overflowing.
  const value = `CAST(${quoteString(String(first))} AS BIGINT) + (${row} - 1) * CAST(${quoteString(String(identity.step))} AS BIGINT)`;
  return rows > MAX_ROWS ? value : `CASE WHEN ${row} > ${rows} THEN ${exhausted} ELSE ${value} END`;
}

/** The error of a column that has no value left. */
export function identityExhausted(name: string): LakeError {
  return new LakeError("invalid-input", "identity-exhausted", `identity column ${name} has no value left`, {
    context: { column: name },
    hint: "Nothing was committed. The next value does not fit the type long.",
  });
}

/**
 * The schema after a commit that made values for `rows` rows of each of the columns: their high-water marks
 * are the last values. It is a change of the table's metadata, so two such commits conflict. Values that rows
 * bring of their own leave the mark as it is, as in delta-spark. The same schema when there is nothing new.
 */
export function withHighWaterMarks(
  schema: StructType,
  identities: readonly IdentityColumn[],
  rows: bigint,
): StructType {
  if (rows === 0n || identities.length === 0) return schema;
  const fields = schema.fields.map((field) => {
    const identity = identities.find(({ name }) => name === field.name);
    if (identity === undefined) return field;
    const mark = nextIdentity(identity, rows - 1n);
    return { ...field, metadata: { ...field.metadata, [HIGH_WATER_MARK]: mark } };
  });
  return { type: "struct", fields };
}
