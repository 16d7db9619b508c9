import { LakeError } from "../../../core/index.js";
import {
  type FieldPath,
  findField,
  foldCase,
  pathText,
  type SourceColumn,
  type StructType,
} from "../../../table-format/index.js";
import type { SchemaEvolution } from "./evolve-schema.js";

/** How the columns of a query are those of a table. */
export interface ColumnNaming {
  /** The columns that the query gives values for, in its order; default all of the table's. */
  readonly columns?: readonly FieldPath[] | undefined;
  /** By the names of the query. */
  readonly byName: boolean;
  readonly evolution: SchemaEvolution;
}

/**
 * The columns of a query with the names that they have in the table, in the query's order. Without names to go by
 * it is the order that tells them, as in Spark; columns beyond the table's are new ones where they may join it.
 * Pure.
 *
 * @throws LakeError `invalid-input` where there are too few or too many columns, or one of them twice.
 */
export function namedColumns(
  label: string,
  schema: StructType,
  query: readonly SourceColumn[],
  { columns, byName, evolution }: ColumnNaming,
): SourceColumn[] {
  const named =
    columns !== undefined
      ? listed(label, schema, query, columns, evolution)
      : byName || evolution === "overwrite"
        ? query
        : inOrder(label, schema, query, evolution);
  checkOnce(named);
  if (evolution === "overwrite") return named.map(({ name, type }) => ({ name, type }));
  return named.map(({ name, type }) => ({ name: findField(schema, name)?.name ?? name, type }));
}

function inOrder(
  label: string,
  { fields }: StructType,
  query: readonly SourceColumn[],
  evolution: SchemaEvolution,
): SourceColumn[] {
  const isRight = query.length === fields.length || (evolution === "merge" && query.length > fields.length);
  if (!isRight) {
    throw new LakeError(
      "invalid-input",
      "column-count",
      `${label} has ${counted(fields.length)} and the query gives ${counted(query.length)}`,
      {
        context: { expected: fields.length, found: query.length },
        hint: `Name the columns: INSERT INTO ${label} (${fields.map(({ name }) => name).join(", ")}) ..., or INSERT INTO ${label} BY NAME .... Those that are left out are filled by the table's rules.`,
      },
    );
  }
  return query.map(({ name, type }, index) => ({ name: fields[index]?.name ?? name, type }));
}

function listed(
  label: string,
  schema: StructType,
  query: readonly SourceColumn[],
  columns: readonly FieldPath[],
  evolution: SchemaEvolution,
): SourceColumn[] {
  // Rows of which the table makes every value have a column that stands for none.
  if (columns.length === 0) return [];
  if (columns.length !== query.length) {
    throw new LakeError(
      "invalid-input",
      "column-count",
      `INSERT names ${counted(columns.length)} and the query gives ${counted(query.length)}`,
      { context: { expected: columns.length, found: query.length } },
    );
  }
  return query.map(({ type }, index) => {
    const path = columns[index] ?? [];
    const [name, ...inside] = path;
    if (name === undefined || inside.length > 0) throw nested(path);
    if (evolution === "none" && findField(schema, name) === undefined) throw unknown(label, schema, name);
    return { name, type };
  });
}

function checkOnce(named: readonly SourceColumn[]): void {
  const seen = new Set<string>();
  for (const { name } of named) {
    if (seen.has(foldCase(name))) {
      throw new LakeError("invalid-input", "column-duplicate", `column ${pathText([name])} is given twice`, {
        context: { column: name },
        hint: "The names of columns are the same whatever their case.",
      });
    }
    seen.add(foldCase(name));
  }
}

function nested(path: FieldPath): LakeError {
  return new LakeError(
    "unsupported",
    "nested-insert-column",
    `INSERT takes whole columns, not ${pathText(path)}`,
    { context: { column: pathText(path) }, hint: "Give the whole struct, such as {'a': 1, 'b': NULL}." },
  );
}

function unknown(label: string, { fields }: StructType, name: string): LakeError {
  return new LakeError("invalid-input", "column-not-found", `${label} has no column ${pathText([name])}`, {
    context: { column: name },
    hint: `It has ${fields.map((field) => field.name).join(", ")}.`,
  });
}

function counted(columns: number): string {
  return `${columns} ${columns === 1 ? "column" : "columns"}`;
}
