import { LakeError } from "../../../core/index.js";
import { quoteIdentifier, quoteString } from "../../../engine/index.js";
import {
  type EngineType,
  foldCase,
  hasFeature,
  type Protocol,
  parseEngineType,
  type SourceColumn,
  type StructField,
  type StructType,
} from "../../../table-format/index.js";
import type { Assignment, MergeClause } from "../../sql/dml/row-statements.js";
import { clauseText } from "./merge-clauses.js";

/** What `*` is read against: the table as the merge leaves it, and the source. */
export interface StarScope {
  readonly table: { readonly schema: StructType; readonly protocol: Protocol };
  readonly source: readonly SourceColumn[];
  /** What expressions call the source. */
  readonly sourceName: string;
  readonly evolve: boolean;
}

/**
 * The columns that a clause gives values to, `*` written out: every column of the table by its name in the source.
 * The source must have them all, except where columns may join the table; there an UPDATE leaves the columns and
 * struct fields that the source lacks as they are, as in delta-spark. Pure.
 *
 * @throws LakeError `invalid-input` `column-missing`.
 */
export function assignmentsOf(clause: MergeClause, scope: StarScope): readonly Assignment[] {
  const { action } = clause;
  if (action.kind === "delete") return [];
  const said = action.kind === "update" ? action.set : action.values;
  if (said !== "all") return said;
  return scope.table.schema.fields.flatMap((field): Assignment[] => {
    const column = scope.source.find(({ name }) => foldCase(name) === foldCase(field.name));
    if (column === undefined) {
      if (scope.evolve || isMade(field, scope.table.protocol)) return [];
      throw missing(clause, field.name);
    }
    const value = `${quoteIdentifier(scope.sourceName)}.${quoteIdentifier(column.name)}`;
    const type = parseEngineType(column.type);
    if (action.kind === "update" && scope.evolve) return partsOf(field, [field.name], value, type);
    checkFields(clause, field, [field.name], type, scope.evolve);
    return [{ column: [field.name], value }];
  });
}

/** A column that gets its values by itself. */
function isMade({ metadata }: StructField, protocol: Protocol): boolean {
  return (
    (hasFeature(protocol, "generatedColumns") && metadata["delta.generationExpression"] !== undefined) ||
    (hasFeature(protocol, "identityColumns") && metadata["delta.identity.start"] !== undefined)
  );
}

/** A struct that has fewer fields in the source is set field by field. */
function partsOf(
  field: StructField,
  path: readonly string[],
  value: string,
  source: EngineType,
): Assignment[] {
  if (field.type.type !== "struct" || source.kind !== "struct" || hasAllFields(field, source)) {
    return [{ column: path, value }];
  }
  return field.type.fields.flatMap((member) => {
    const found = source.fields.find(({ name }) => foldCase(name) === foldCase(member.name));
    if (found === undefined) return [];
    return partsOf(
      member,
      [...path, member.name],
      `struct_extract(${value}, ${quoteString(found.name)})`,
      found.type,
    );
  });
}

function hasAllFields(field: StructField, source: EngineType): boolean {
  return missingField(field, [], source) === undefined;
}

function checkFields(
  clause: MergeClause,
  field: StructField,
  path: readonly string[],
  source: EngineType,
  evolve: boolean,
): void {
  const lacking = evolve ? undefined : missingField(field, path, source);
  if (lacking !== undefined) throw missing(clause, lacking.join("."));
}

/** The first field inside a struct that the source does not have. */
function missingField(
  field: StructField,
  path: readonly string[],
  source: EngineType,
): readonly string[] | undefined {
  if (field.type.type !== "struct" || source.kind !== "struct") return undefined;
  for (const member of field.type.fields) {
    const here = [...path, member.name];
    const found = source.fields.find(({ name }) => foldCase(name) === foldCase(member.name));
    const lacking = found === undefined ? here : missingField(member, here, found.type);
    if (lacking !== undefined) return lacking;
  }
  return undefined;
}

function missing(clause: MergeClause, column: string): LakeError {
  return new LakeError(
    "invalid-input",
    "column-missing",
    `${clauseText(clause)} *: the source has no column "${column}", which the table has`,
    {
      context: { column },
      hint: "Name the columns that are to be set, or add the column to the source.",
    },
  );
}
