import { LakeError } from "../../core/index.js";
import type { StructType } from "../schema/index.js";
import { namesColumn } from "./expression-columns.js";
import { type FieldPath, pathText } from "./field-path.js";

export const CONSTRAINT_PREFIX = "delta.constraints.";

/** The CHECK constraints of a table, by name (PROTOCOL.md, "CHECK Constraints"). */
export function checkConstraints(
  configuration: Readonly<Record<string, string>>,
): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(configuration)
      .filter(([key]) => key.toLowerCase().startsWith(CONSTRAINT_PREFIX))
      .map(([key, expression]) => [key.slice(CONSTRAINT_PREFIX.length), expression]),
  );
}

/**
 * Checks that no CHECK constraint and no generated column names a column that is about to change, as
 * delta-spark does: their expressions would mean something else, or nothing.
 *
 * @param change what is about to happen, as the end of "cannot ..."
 * @throws LakeError `invalid-input` `column-in-use` naming the rules.
 */
export function checkUnused(
  schema: StructType,
  configuration: Readonly<Record<string, string>>,
  path: FieldPath,
  change: string,
): void {
  const constraints = [...checkConstraints(configuration)]
    .filter(([, expression]) => namesColumn(expression, path))
    .map(([name, expression]) => `the constraint ${name} (${expression})`);
  const generated = schema.fields.flatMap((field) => {
    const expression = field.metadata["delta.generationExpression"];
    return typeof expression === "string" && namesColumn(expression, path)
      ? [`the generated column ${pathText([field.name])} (${expression})`]
      : [];
  });
  const users = [...constraints, ...generated];
  if (users.length === 0) return;
  throw new LakeError("invalid-input", "column-in-use", `cannot ${change}: ${users.join(", ")} names it`, {
    context: { column: pathText(path) },
    hint:
      generated.length === 0
        ? "Drop the constraint first: ALTER TABLE ... DROP CONSTRAINT."
        : "A generated column is written from the columns that its expression names.",
  });
}
