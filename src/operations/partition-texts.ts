import { quoteString, type Session } from "../../engine/index.js";
import type { WrittenFile } from "../../formats/index.js";
import {
  type ColumnMappingMode,
  engineType,
  type PartitionValues,
  partitionTextSql,
  physicalName,
  type StructField,
} from "../../table-format/index.js";

/**
 * The partition values of written files, in their order, as the log holds them (PROTOCOL.md, "Partition
 * Value Serialization"). The writer tells them in the engine's own text.
 *
 * @param fields the partition columns
 * @param mode how they are called in files and in the log
 */
export async function partitionTexts(
  session: Session,
  fields: readonly StructField[],
  mode: ColumnMappingMode,
  written: readonly WrittenFile[],
): Promise<PartitionValues[]> {
  if (fields.length === 0 || written.length === 0) return written.map(() => ({}));
  const keys = fields.map((field) => physicalName(field, mode));
  const rows = written.map(({ partitionValues }, index) => {
    const values = keys.map((key) => partitionValues.get(key) ?? null);
    return `(${[index, ...values.map((value) => (value === null ? "NULL" : quoteString(value)))].join(", ")})`;
  });
  const names = keys.map((_, index) => `v${index}`);
  const texts = fields.map(
    ({ type }, index) => `${partitionTextSql(type)(`CAST(v${index} AS ${engineType(type)})`)} AS v${index}`,
  );
  const found = await session.rows(
    `SELECT ${texts.join(", ")} FROM (VALUES ${rows.join(", ")}) AS w(file, ${names.join(", ")}) ORDER BY file`,
  );
  return found.map((row) =>
    Object.fromEntries(
      keys.map((key, index) => {
        const text = row[`v${index}`];
        return [key, typeof text === "string" ? text : null];
      }),
    ),
  );
}
