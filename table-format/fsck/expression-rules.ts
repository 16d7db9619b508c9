import { isJsonObject, isLakeError, type JsonValue, parseJson } from "../../core/index.js";
import { compileExpression, parseExpression } from "../expression/index.js";
import type { Metadata } from "../log/actions.js";
import type { DataType, StructField, StructType } from "../schema/index.js";
import type { FindingPlace } from "./finding.js";
import type { FindingLog } from "./finding-log.js";

/** A condition that every row meets, as SQL over the columns of the schema by their names. */
export interface RowCondition {
  /** What it is, for messages: `the constraint positive (amount > 0)`. */
  readonly what: string;
  readonly column: string | undefined;
  /** TRUE, FALSE or NULL; only FALSE, and for an invariant NULL too, breaks it. */
  readonly sql: string;
}

/**
 * Checks that the expressions of a table can be understood: constraints, invariants, generated columns and
 * defaults (PROTOCOL.md, "CHECK Constraints", "Column Invariants", "Generated Columns", "Default Columns").
 * Gives the conditions that rows can be held against.
 */
export function checkExpressions(
  metadata: Metadata,
  schema: StructType,
  place: FindingPlace,
  findings: FindingLog,
): RowCondition[] {
  const conditions: RowCondition[] = [];
  const boolean: DataType = { type: "boolean" };
  for (const [key, text] of Object.entries(metadata.configuration)) {
    const name = /^delta\.constraints\.(.+)$/i.exec(key)?.[1];
    if (name === undefined) continue;
    const what = `the constraint ${name} (${text})`;
    const sql = compiled(text, what, schema, boolean, false, place, findings);
    if (sql !== undefined) conditions.push({ what, column: undefined, sql });
  }
  for (const { field, column, isTop } of fieldsOf(schema, "")) {
    const at = { ...place, column };
    const invariant = invariantOf(field);
    if (invariant !== undefined) {
      const what = `the invariant of ${column} (${invariant})`;
      const sql = compiled(invariant, what, schema, boolean, false, at, findings);
      if (sql !== undefined) conditions.push({ what, column, sql });
    }
    const generation = field.metadata["delta.generationExpression"];
    if (typeof generation === "string") {
      const what = `the expression of the generated column ${column} (${generation})`;
      const sql = compiled(generation, what, schema, field.type, false, at, findings);
      const own = `"${field.name.replaceAll('"', '""')}"`;
      if (sql !== undefined && isTop)
        conditions.push({ what, column, sql: `${own} IS NOT DISTINCT FROM (${sql})` });
    }
    const byDefault = field.metadata["CURRENT_DEFAULT"];
    if (typeof byDefault === "string") {
      const empty: StructType = { type: "struct", fields: [] };
      compiled(byDefault, `the default of ${column} (${byDefault})`, empty, field.type, true, at, findings);
    }
  }
  return conditions;
}

function compiled(
  text: string,
  what: string,
  columns: StructType,
  type: DataType,
  allowVolatile: boolean,
  place: FindingPlace,
  findings: FindingLog,
): string | undefined {
  try {
    return compileExpression(parseExpression(text), { columns, allowVolatile }, type).sql;
  } catch (error) {
    if (!isLakeError(error)) throw error;
    const code = error.kind === "unsupported" ? "expression-unsupported" : "expression-invalid";
    findings.add(code, `${what}: ${error.message}`, place);
    return undefined;
  }
}

/** The text of `delta.invariants`: `{"expression": {"expression": "x > 3"}}`. */
function invariantOf(field: StructField): string | undefined {
  const text = field.metadata["delta.invariants"];
  if (typeof text !== "string") return undefined;
  let json: JsonValue;
  try {
    json = parseJson(text);
  } catch {
    // It is put to the parser of expressions as it is, which says what is wrong with it.
    return text;
  }
  const outer = isJsonObject(json) ? json["expression"] : undefined;
  const inner = isJsonObject(outer) ? outer["expression"] : undefined;
  return typeof inner === "string" ? inner : text;
}

interface NamedField {
  readonly field: StructField;
  readonly column: string;
  readonly isTop: boolean;
}

function fieldsOf(struct: StructType, path: string): NamedField[] {
  return struct.fields.flatMap((field) => {
    const column = path === "" ? field.name : `${path}.${field.name}`;
    const own: NamedField = { field, column, isTop: path === "" };
    return field.type.type === "struct" ? [own, ...fieldsOf(field.type, column)] : [own];
  });
}
