import { LakeError } from "../../core/index.js";
import type { RowCheck, Snapshot } from "../../table-format/index.js";
import { type QueryRunner, SCANNED } from "../table.js";

/**
 * Checks that every row of a version keeps a rule that the table is about to get.
 *
 * @throws LakeError `invalid-input` `rows-break-rule` with the number of rows that do not.
 */
export async function checkRows(
  runner: QueryRunner,
  table: { readonly label: string; readonly snapshot: Snapshot },
  check: RowCheck,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (table.snapshot.schema.fields.length === 0) return;
  const query = `SELECT count(*) AS breaking FROM ${SCANNED} WHERE (${check.conditionSql}) IS NOT TRUE`;
  const breaking = await onlyNumber(runner, table, query, signal);
  if (breaking === 0n) return;
  throw new LakeError(
    "invalid-input",
    "rows-break-rule",
    `${breaking} ${breaking === 1n ? "row" : "rows"} of ${table.label} ${breaking === 1n ? "breaks" : "break"} ${check.rule}`,
    { context: { rows: breaking }, hint: "The table is as it was. Correct the rows first." },
  );
}

async function onlyNumber(
  runner: QueryRunner,
  table: { readonly label: string; readonly snapshot: Snapshot },
  query: string,
  signal: AbortSignal | undefined,
): Promise<bigint> {
  const planned = await runner.planOver(table, query, { signal });
  const { session, sql, explain } = planned;
  try {
    const [row] = await session.rows(sql, { signal });
    return BigInt(String(Object.values(row ?? {})[0]));
  } catch (error) {
    throw await explain(error);
  } finally {
    await runner.release(planned);
  }
}
