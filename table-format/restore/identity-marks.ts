import type { Metadata } from "../log/actions.js";
import { identityOf } from "../row-rules/index.js";
import { columnMappingMode, physicalName, type StructField, type StructType } from "../schema/index.js";

const HIGH_WATER_MARK = "delta.identity.highWaterMark";

interface TableColumns {
  readonly schema: StructType;
  readonly metadata: Pick<Metadata, "configuration">;
}

/**
 * The schema of an earlier version with the marks that its identity columns have come to since, so that no
 * number is made a second time. Columns are the same where data files call them the same. The same schema when
 * no mark is further.
 */
export function withIdentityMarksOf(now: TableColumns, then: TableColumns): StructType {
  const marks = new Map<string, bigint>();
  const modeNow = columnMappingMode(now.metadata.configuration);
  for (const field of now.schema.fields) {
    const mark = identityOf(field)?.highWaterMark;
    if (mark !== undefined) marks.set(physicalName(field, modeNow), mark);
  }
  const modeThen = columnMappingMode(then.metadata.configuration);
  const further = (field: StructField): StructField => {
    const identity = identityOf(field);
    const mark = marks.get(physicalName(field, modeThen));
    if (identity === undefined || mark === undefined) return field;
    const { highWaterMark, step } = identity;
    const isFurther =
      highWaterMark === undefined || (step > 0n ? mark > highWaterMark : mark < highWaterMark);
    return isFurther ? { ...field, metadata: { ...field.metadata, [HIGH_WATER_MARK]: mark } } : field;
  };
  const fields = then.schema.fields.map(further);
  return fields.every((field, index) => field === then.schema.fields[index])
    ? then.schema
    : { ...then.schema, fields };
}
