import { Data, DataType, Field, RecordBatch, Schema, Struct, type Table } from "apache-arrow";
import { LakeError } from "../../../core/index.js";
import { engineTypeOfArrow } from "../../../engine/index.js";
import {
  type DeltaTable,
  engineType,
  type FieldPath,
  type Snapshot,
  type StructField,
  type StructType,
} from "../../../table-format/index.js";
import type { InsertMode } from "../../sql/dml/row-statements.js";
import type { ResolvedTable } from "../../table-resolver.js";
import type { RowChangeContext } from "../table-change.js";
import type { TableOperation } from "../table-operation.js";
import type { SchemaEvolution } from "./evolve-schema.js";
import { loadedRows, writtenOutRows } from "./incoming-rows.js";
import { type InsertReport, type OpenedRows, rowsOperation } from "./insert-operation.js";
import { arrowTypeOf, columnData, fieldsOf } from "./row-columns.js";
import { literalRows } from "./row-literals.js";

/**
 * Rows of a program. Objects have a field a column, by its name; values are those that query results give: `bigint`
 * or a safe number for whole numbers, text for decimals, days (`2025-01-31`) and timestamps, and a Date for an
 * instant. A field that no row has is left to the table's rules; one that some rows have is NULL in the others.
 */
export type GivenRows =
  | { readonly rows: readonly object[] }
  | { readonly arrow: Table | RecordBatch | readonly RecordBatch[] };

export interface InsertRowsOptions {
  /** Default `append`. */
  readonly mode?: InsertMode | undefined;
  /** Default `none`. Objects have the columns of the table: only Arrow can bring others. */
  readonly evolution?: SchemaEvolution | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Inserts rows of a program, by the names of their columns.
 *
 * @throws LakeError `invalid-input` naming the row and the field of a value that its column does not hold; as
 *   `insertOperation`.
 */
export function insertRowsOperation(
  context: RowChangeContext,
  target: ResolvedTable,
  given: GivenRows,
  { mode = { kind: "append" }, evolution = "none", signal }: InsertRowsOptions = {},
): TableOperation<InsertReport> {
  return rowsOperation(context, target, {
    mode,
    evolution,
    signal,
    open: (read) =>
      "rows" in given
        ? openObjects(target.table, read, given.rows, evolution, signal)
        : openArrow(target.table, given.arrow, evolution, signal),
  });
}

/** The values of an object by the table's names of its columns. */
type RowFields = ReadonlyMap<string, unknown>;

/** Objects that become columns at once. */
const BATCH_ROWS = 16_384;

async function openObjects(
  into: DeltaTable,
  { schema }: Snapshot,
  objects: readonly object[],
  evolution: SchemaEvolution,
  signal: AbortSignal | undefined,
): Promise<OpenedRows> {
  if (evolution === "overwrite") {
    throw new LakeError("invalid-input", "row-schema", "objects do not tell the types of a new schema", {
      hint: "Insert Arrow, or a query.",
    });
  }
  const rowFields = objects.map((object, row) => fieldsOf(schema, object, { row, path: "" }));
  const given = givenFields(schema, rowFields);
  const columns = given.map(({ name, type }) => ({ name, type: engineType(type) }));
  const sql = literalRows(given, rowFields);
  if (sql !== undefined) {
    return { rows: await writtenOutRows(into, sql, columns), naming: { byName: true, evolution } };
  }
  const fields = given.map(({ name, type }) => new Field(name, arrowTypeOf(type), true));
  // Of rows without any field the engine still needs their number.
  const isEmpty = fields.length === 0;
  const arrowSchema = new Schema(isEmpty ? [COUNTING] : fields);
  const batches = isEmpty
    ? countingBatches(arrowSchema, objects.length)
    : batchesOf(arrowSchema, given, rowFields);
  const rows = await loadedRows(into, arrowSchema, batches, columns, signal);
  const names: readonly FieldPath[] | undefined = isEmpty ? [] : undefined;
  return { rows, naming: { byName: true, columns: names, evolution } };
}

const COUNTING = new Field("row", arrowTypeOf({ type: "boolean" }), true);

function countingBatches(schema: Schema, count: number): RecordBatch[] {
  const field = { name: COUNTING.name, type: { type: "boolean" }, nullable: true, metadata: {} } as const;
  return [batchOf(schema, [columnData(field, new Array<null>(count).fill(null), 0)], count)];
}

/** The columns that at least one row has a value for, in the table's order. */
function givenFields(schema: StructType, rows: readonly RowFields[]): readonly StructField[] {
  const names = new Set<string>();
  for (const row of rows) {
    for (const name of row.keys()) names.add(name);
  }
  return schema.fields.filter(({ name }) => names.has(name));
}

function* batchesOf(
  schema: Schema,
  given: readonly StructField[],
  rows: readonly RowFields[],
): Generator<RecordBatch> {
  for (let first = 0; first < rows.length; first += BATCH_ROWS) {
    const some = rows.slice(first, first + BATCH_ROWS);
    const columns = given.map((field) =>
      columnData(
        field,
        some.map((row) => row.get(field.name)),
        first,
      ),
    );
    yield batchOf(schema, columns, some.length);
  }
}

function batchOf(schema: Schema, children: Data[], length: number): RecordBatch {
  const type = new Struct(schema.fields);
  return new RecordBatch(schema, new Data(type, 0, length, 0, {}, children));
}

async function openArrow(
  into: DeltaTable,
  given: Table | RecordBatch | readonly RecordBatch[],
  evolution: SchemaEvolution,
  signal: AbortSignal | undefined,
): Promise<OpenedRows> {
  const batches = "batches" in given ? given.batches : "schema" in given ? [given] : given;
  const schema = "schema" in given ? given.schema : batches[0]?.schema;
  if (schema === undefined) {
    throw new LakeError("invalid-input", "row-schema", "no record batch: there are no columns to insert");
  }
  const columns = schema.fields.map((field) => ({
    name: field.name,
    type: DataType.isNull(field.type) ? "NULL" : engineTypeOfArrow(field),
  }));
  const rows = await loadedRows(into, schema, batches, columns, signal);
  return { rows, naming: { byName: true, evolution } };
}
