import type { FittedColumn } from "../../formats/index.js";
import { engineType, foldCase, type SourceColumn, type StructType } from "../../table-format/index.js";

/**
 * The columns of a schema, each with the column of a source that its values are in: the one of its name, or else the
 * first that differs in case only. A column that the source has not shown is asked for by its own name.
 *
 * @param schema The columns that are to be filled from the source, in the types they have in the table.
 */
export function fittedColumnsOf(schema: StructType, source: readonly SourceColumn[]): FittedColumn[] {
  return schema.fields.map(({ name, type }) => ({
    name,
    type: engineType(type),
    source: columnOf(source, name)?.name ?? name,
  }));
}

function columnOf(source: readonly SourceColumn[], name: string): SourceColumn | undefined {
  return (
    source.find((column) => column.name === name) ??
    source.find((column) => foldCase(column.name) === foldCase(name))
  );
}
