import { quoteString, type Session } from "../../engine/index.js";
import { physicalName, typeText } from "../schema/index.js";
import { partitionValueSql } from "../skipping/partition-value.js";
import { lineOf } from "./file-rules.js";
import type { FindingLog } from "./finding-log.js";
import { LIVE } from "./replay-sql.js";
import type { CheckedSchema } from "./schema-rules.js";

/**
 * Checks that every live file has a value for each partition column, and that it is of the column's type
 * (PROTOCOL.md, "Partition Value Serialization").
 */
export async function checkPartitionValues(
  session: Session,
  { partitions, mode, isMapped }: CheckedSchema,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!isMapped) return;
  for (const field of partitions) {
    const name = quoteString(physicalName(field, mode));
    const value = `partition_values[${name}]`;
    await findings.addRows(
      session,
      "partition-value",
      `SELECT * FROM (
         SELECT key, version, line, ${value} AS value, NOT coalesce(map_contains(partition_values, ${name}), false) AS is_missing,
           NULLIF(${value}, '') IS NOT NULL AND TRY(${partitionValueSql(field.type)(value)}) IS NULL AS is_other
         FROM ${LIVE}
       ) WHERE is_missing OR is_other ORDER BY key`,
      (row) => ({
        message:
          row["is_missing"] === true
            ? `the add of ${row["key"]} has no value for the partition column ${field.name}`
            : `the add of ${row["key"]} has the value ${JSON.stringify(row["value"])} for the partition column ${field.name}, which is no ${typeText(field.type)}`,
        place: { ...lineOf(row), column: field.name },
      }),
      signal,
    );
  }
}
