import { quoteString, type Session } from "../../engine/index.js";
import type { WrittenFile } from "../../formats/index.js";
import {
  engineType,
  type PartitionValues,
  partitionTextSql,
  type StructField,
} from "../../table-format/index.js";

/**
 * The partition values of written files, in their order, as the log holds them (PROTOCOL.md, "Partition
 * Value Serialization"). The writer tells them in the engine's own text.
 *
 * @param fields the partition columns
 */
export async function partitionTexts(
  session: Session,
  fields: readonly StructField[],
  written: readonly WrittenFile[],
): Promise<PartitionValues[]> {
  if (fields.length === 0 || written.length === 0) return written.map(() => ({}));
  const rows = written.map(({ partitionValues }, index) => {
    const values = fields.map(({ name }) => partitionValues.get(name) ?? null);
    return `(${[index, ...values.map((value) => (value === null ? "NULL" : quoteString(value)))].join(", ")})`;
  });
  const names = fields.map((_, index) => `v${index}`);
  const texts = fields.map(
    ({ type }, index) => `${partitionTextSql(type)(`CAST(v${index} AS ${engineType(type)})`)} AS v${index}`,
  );
  const found = await session.rows(
    `SELECT ${texts.join(", ")} FROM (VALUES ${rows.join(", ")}) AS w(file, ${names.join(", ")}) ORDER BY file`,
  );
  return found.map((row) =>
    Object.fromEntries(
      fields.map(({ name }, index) => {
        const text = row[`v${index}`];
        return [name, typeof text === "string" ? text : null];
      }),
    ),
  );
}
