import { LakeError } from "../../core/index.js";
import type { RowCheck, Snapshot } from "../../table-format/index.js";
import type { ScanRunner } from "../table.js";
import type { ResolvedTable } from "../table-resolver.js";

/**
 * Checks that every row of a version keeps a rule that the table is about to get.
 *
 * @throws LakeError `invalid-input` `rows-break-rule` with the number of rows that do not.
 */
export async function checkRows(
  runner: ScanRunner,
  table: ResolvedTable,
  read: Snapshot,
  check: RowCheck,
  signal: AbortSignal | undefined,
): Promise<void> {
  const [first] = read.schema.fields;
  if (first === undefined) return;
  const filter = `(${check.conditionSql}) IS NOT TRUE`;
  const result = await runner.scan(table, { version: read.version, columns: [first.name], filter, signal });
  let breaking = 0n;
  for await (const batch of result.batches()) breaking += BigInt(batch.numRows);
  if (breaking === 0n) return;
  throw new LakeError(
    "invalid-input",
    "rows-break-rule",
    `${breaking} ${breaking === 1n ? "row" : "rows"} of ${table.label} ${breaking === 1n ? "breaks" : "break"} ${check.rule}`,
    { context: { rows: breaking }, hint: "The table is as it was. Correct the rows first." },
  );
}
