import { quoteIdentifier } from "../../engine/index.js";
import { type Misfits, RESCUED, ROW_NUMBER, rescuedJson, rescuedValue } from "../../formats/index.js";
import {
  type EngineField,
  engineType,
  type PlannedColumn,
  parseEngineType,
  planColumns,
  type SourceColumn,
  type StructType,
} from "../../table-format/index.js";
import { type FittedValue, fieldFor, fitValue, type Misplaced } from "./fit-value.js";
import { valueJson } from "./value-json.js";

export interface TypedRows {
  /** The columns of the relation. With `rescue` {@link ROW_NUMBER} follows them. */
  readonly columns: readonly SourceColumn[];
  /** SQL: the file that a row is of, a VARCHAR: a text, or a column of the relation. */
  readonly file: string;
}

/** How rows that have types already become rows of a table. */
export interface TypedFit {
  /** For each column of the schema, in its order: its value, over the columns of the relation. */
  readonly columns: readonly PlannedColumn[];
  /** What `RESCUED` says of the row, over the same; undefined where misfits are refused. */
  readonly rescued: string | undefined;
}

/**
 * Fits typed rows, those of Parquet, Avro and Arrow files, to columns of a table, by name whatever the case.
 *
 * With `refuse` it is what `planColumns` makes of them: a type that does not fit is refused now, a value when the
 * rows are read. With `rescue` nothing fails: `RESCUED` has every value whose column does not hold it exactly, and
 * every column and field that the table does not have, as `valueJson` writes them. Of a struct the fields are
 * rescued that do not fit; a list or map goes as a whole. What is rescued is NULL in its column, and a value that is
 * NULL is never rescued.
 *
 * With `rescue` each value is looked at and not its type alone: the double 5.0 has a place in a column of whole
 * numbers, a wall clock in one of instants, in UTC.
 *
 * @param schema The columns that are to be filled from the source.
 * @throws LakeError `invalid-input` as `planColumns`, with `refuse`.
 */
export function fitTyped(schema: StructType, source: TypedRows, misfits: Misfits): TypedFit {
  if (misfits === "refuse") {
    return { columns: planColumns(schema, source.columns, "strict").columns, rescued: undefined };
  }
  const parsed = source.columns.map(({ name, type }): EngineField => ({ name, type: parseEngineType(type) }));
  const fitted = schema.fields.map((field): PlannedColumn & Pick<FittedValue, "misplaced"> => {
    const found = fieldFor(parsed, field.name);
    const type = engineType(field.type);
    if (found === undefined) return { name: field.name, sql: `CAST(NULL AS ${type})`, misplaced: [] };
    const { sql, misplaced } = fitValue(quoteIdentifier(found.name), found.type, field.type, found.name);
    // A column that needs no conversion may still be an alias of its type, as JSON is of VARCHAR.
    return { name: field.name, sql: `CAST(${sql} AS ${type})`, misplaced };
  });
  const known = new Set(schema.fields.flatMap((field) => fieldFor(parsed, field.name)?.name ?? []));
  const unknown = parsed
    .filter((column) => !known.has(column.name))
    .map(({ name, type }): Misplaced => {
      const sql = quoteIdentifier(name);
      return { path: name, where: `${sql} IS NOT NULL`, json: valueJson(sql, type) };
    });
  const misplaced = [...fitted.flatMap((column) => column.misplaced), ...unknown];
  const rescued = rescuedJson({
    file: source.file,
    place: { by: "row", sql: ROW_NUMBER },
    values: misplaced.map(({ path, where, json }) =>
      rescuedValue(path, `CASE WHEN ${where} THEN ${json} END`),
    ),
  });
  return { columns: fitted.map(({ name, sql }) => ({ name, sql })), rescued };
}

/** The rows of a relation as the fit has them: a SELECT of its columns, with `rescue` followed by `RESCUED`. */
export function fittedSelect({ columns, rescued }: TypedFit, relation: string): string {
  const fields = [
    ...columns.map(({ name, sql }) => `${sql} AS ${quoteIdentifier(name)}`),
    ...(rescued === undefined ? [] : [`${rescued} AS ${RESCUED}`]),
  ];
  return `SELECT ${fields.join(", ")} FROM (${relation})`;
}
