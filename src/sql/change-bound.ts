import { LakeError } from "../../core/index.js";
import type { Parameters, Session } from "../../engine/index.js";
import type { ChangeBound } from "../../table-format/index.js";
import { asOfQuery } from "./as-of.js";
import { pickParameters } from "./parameters.js";
import type { Constant } from "./references.js";

/** Types of the engine whose values are instants: texts and points in time. A number is a version. */
const INSTANT = /^(VARCHAR|DATE|TIMESTAMP.*)$/;

/**
 * Evaluates one end of the range that `table_changes` is given: a constant, never a value of a table.
 *
 * @param all the values of the whole query
 * @throws LakeError `invalid-input` when it is neither a version nor a point in time.
 */
export async function evaluateBound(
  session: Session,
  bound: Constant,
  all: Parameters | undefined,
): Promise<ChangeBound> {
  const parameters = pickParameters(all, bound.parameters);
  const [typed] = await session.rows(`SELECT typeof((${bound.expression})) AS type`, { parameters });
  const isInstant = INSTANT.test(String(typed?.["type"]));
  const query = asOfQuery({ ...bound, unit: isInstant ? "timestamp" : "version" });
  const [row] = await session.rows(query, { parameters });
  const value = row?.["value"];
  if (isInstant && typeof value === "bigint") return { timestamp: Number(value) };
  if (typeof value === "string" && /^\d+$/.test(value)) return { version: BigInt(value) };
  throw new LakeError(
    "invalid-input",
    "change-range",
    `table_changes: ${bound.expression} is neither a version, a whole number from 0, nor a timestamp`,
  );
}
