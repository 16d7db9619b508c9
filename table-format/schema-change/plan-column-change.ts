import { LakeError, stringifyJson } from "../../core/index.js";
import { quoteIdentifier } from "../../engine/index.js";
import type { StructField } from "../schema/index.js";
import type { Alteration, AlteredParts, TableState } from "./alteration.js";
import { moveColumn, requireField, setColumnMetadata, setNullable } from "./column-changes.js";
import { defaultMetadata } from "./column-rules.js";
import { checkUnused } from "./dependents.js";
import { type FieldPath, findPath, pathText } from "./field-path.js";
import { columnLog, positionText } from "./plan-columns.js";
import { widenType } from "./type-widening.js";

/** ALTER COLUMN. @throws LakeError `invalid-input` for a change that cannot be. */
export function planColumnChange(
  state: TableState,
  { column, change }: Alteration & { kind: "change-column" },
): AlteredParts {
  const { schema } = state;
  switch (change.kind) {
    case "type":
      return planTypeChange(state, column, change.type);
    case "nullable":
      return planNullability(state, column, change.nullable);
    case "comment": {
      const changed = setColumnMetadata(schema, column, "comment", change.comment);
      return { schema: changed, ...changeLog(column, requireField(changed, column, "change")) };
    }
    case "position": {
      const field = requireField(schema, column, "move");
      const log = changeLog(findPath(schema, column).path, field);
      return {
        schema: moveColumn(schema, column, change.position),
        operation: log.operation,
        parameters: { ...log.parameters, position: positionText(change.position) },
      };
    }
    case "default":
      return planDefault(state, column, change.expression);
  }
}

function planTypeChange(
  { schema, metadata }: TableState,
  column: FieldPath,
  type: StructField["type"],
): AlteredParts {
  const target = findPath(schema, column);
  checkUnused(schema, metadata.configuration, target.path, `change the type of ${pathText(target.path)}`);
  const widened = widenType(schema, column, type);
  if (metadata.configuration["delta.enableTypeWidening"] !== "true") {
    throw new LakeError(
      "invalid-input",
      "type-widening-needed",
      `cannot change the type of ${pathText(target.path)} without type widening: the data files hold the type that it has`,
      {
        context: { column: pathText(target.path) },
        hint: "Turn it on first: ALTER TABLE ... SET TBLPROPERTIES ('delta.enableTypeWidening' = 'true'). Programs that do not know type widening then no longer open the table.",
      },
    );
  }
  if (target.field.metadata["delta.identity.start"] !== undefined) {
    throw new LakeError("invalid-input", "identity-column", "an identity column stays BIGINT");
  }
  const nullable = target.kind === "field" ? target.field.nullable : target.partPath.at(-1) !== "key";
  const metadataOfPart = target.kind === "field" ? target.field.metadata : {};
  return {
    schema: widened,
    ...changeLog(target.path, { name: "", type, nullable, metadata: metadataOfPart }),
  };
}

/** NOT NULL is set only where no row holds NULL, which the check finds out. */
function planNullability({ schema }: TableState, column: FieldPath, nullable: boolean): AlteredParts {
  const { path } = findPath(schema, column);
  const changed = setNullable(schema, column, nullable);
  const parts = { schema: changed, ...changeLog(path, requireField(changed, path, "change")) };
  if (nullable) return parts;
  const [name, ...inside] = path;
  if (name === undefined || inside.length > 0) {
    throw new LakeError(
      "unsupported",
      "nested-not-null",
      `cannot set ${pathText(path)} NOT NULL: this release does so for whole columns only`,
      { context: { column: pathText(path) } },
    );
  }
  const check = {
    conditionSql: `${quoteIdentifier(name)} IS NOT NULL`,
    rule: `NOT NULL of ${pathText(path)}`,
  };
  return { ...parts, check };
}

function planDefault(
  { schema }: TableState,
  column: FieldPath,
  expression: string | undefined,
): AlteredParts {
  const field = requireField(schema, column, "change");
  const { path } = findPath(schema, column);
  if (path.length > 1) {
    throw new LakeError(
      "invalid-input",
      "nested-default",
      `${pathText(path)} is inside a column: only columns have defaults`,
      {
        context: { column: pathText(path) },
      },
    );
  }
  const isGenerated = ["delta.generationExpression", "delta.identity.start"].some(
    (key) => field.metadata[key] !== undefined,
  );
  if (isGenerated && expression !== undefined) {
    throw new LakeError(
      "invalid-input",
      "column-rules",
      `column ${pathText(path)} is generated and has no default`,
      {
        context: { column: pathText(path) },
      },
    );
  }
  if (expression !== undefined) defaultMetadata(field.name, field.type, expression);
  const changed = setColumnMetadata(schema, path, "CURRENT_DEFAULT", expression);
  return { schema: changed, ...changeLog(path, requireField(changed, path, "change")) };
}

function changeLog(
  path: FieldPath,
  field: StructField,
): { readonly operation: string; readonly parameters: { readonly column: string } } {
  return { operation: "CHANGE COLUMN", parameters: { column: stringifyJson(columnLog(path, field)) } };
}
