import { LakeError } from "../../core/index.js";
import type { DomainMetadata, Metadata, Protocol } from "../log/actions.js";
import { changedProtocol } from "../protocol/new-protocol.js";
import {
  type ColumnPlan,
  checkNewSchema,
  columnMappingMode,
  type DataType,
  extendSchema,
  findField,
  type NewField,
  type SourceColumn,
  type StructType,
  serializeSchema,
  type WidenedType,
} from "../schema/index.js";
import type { TableState } from "./alteration.js";
import { CLUSTERING_DOMAIN, clusteringColumns, clusteringDomain, logicalPath } from "./clustering.js";
import { mapNewColumns } from "./column-mapping.js";
import { checkUnused } from "./dependents.js";
import { changeFields, findPath, pathText } from "./field-path.js";
import { checkReservedColumns } from "./reserved-columns.js";
import { canWiden, widenType } from "./type-widening.js";

/** A table as a write that brings other columns leaves it. */
export interface EvolvedTable {
  readonly schema: StructType;
  readonly metadata: Metadata;
  /** The protocol afterwards. */
  readonly protocol: Protocol;
  /** Features that join it. */
  readonly featuresAdded: readonly string[];
  readonly domains: readonly DomainMetadata[];
}

type Growth = Pick<ColumnPlan, "newFields" | "widened">;

/**
 * What joins a table's schema when rows of these columns are written to it: new columns and fields, each at the
 * end of its struct, and wider types where the table has `delta.enableTypeWidening`. As in delta-spark a whole
 * number does not become a decimal or a double this way, which only ALTER TABLE does.
 *
 * @throws LakeError as `extendSchema`.
 */
export function schemaGrowth(
  table: StructType,
  source: readonly SourceColumn[],
  configuration: Readonly<Record<string, string>>,
): Growth & { readonly schema: StructType } {
  const isOn = configuration["delta.enableTypeWidening"] === "true";
  return extendSchema(table, source, isOn ? widensByItself : undefined);
}

function widensByItself(from: DataType, to: DataType): boolean {
  const crosses =
    to.type === "decimal" ? from.type !== "decimal" : to.type === "double" && from.type !== "float";
  return !crosses && canWiden(from, to);
}

/**
 * Gives a table new columns and wider types; `undefined` when there is nothing new. The rows that are there
 * hold NULL in the new columns.
 *
 * @param growth in the order in which it was found out
 * @throws LakeError `invalid-input` for names that differ in case only, for a type that a rule of the table
 * depends on, and for a feature that the table must be given first.
 */
export function grownTable(
  state: TableState,
  growth: readonly Growth[],
  newUuid: () => string,
): EvolvedTable | undefined {
  const { metadata } = state;
  let { schema } = state;
  for (const { newFields, widened } of growth) {
    schema = widened.reduce((before, change) => withWiderType(before, metadata, change), schema);
    schema = newFields.reduce(withNewField, schema);
  }
  if (schema === state.schema) return undefined;
  checkNewSchema(schema);
  const mapped = mapNewColumns(schema, metadata.configuration, () => `col-${newUuid()}`);
  return evolved(state, mapped.schema, { ...metadata, configuration: mapped.configuration }, []);
}

function withNewField(schema: StructType, { parent, field }: NewField): StructType {
  return changeFields(schema, parent, (fields) => [...fields, field]);
}

function withWiderType(schema: StructType, metadata: Metadata, { path, type }: WidenedType): StructType {
  const target = findPath(schema, path);
  const change = `change the type of ${pathText(target.path)}`;
  checkUnused(schema, metadata.configuration, target.path, change);
  if (target.field.metadata["delta.identity.start"] !== undefined) {
    throw new LakeError("invalid-input", "identity-column", "an identity column stays BIGINT");
  }
  return widenType(schema, path, type);
}

/**
 * Gives a table the columns of a source in the place of its own, for a commit that replaces every row. Its
 * properties stay, and its partition columns unless others are given; the rules of columns go with them. With
 * column mapping every column is a new one.
 *
 * @throws LakeError `invalid-input` for columns that cannot be, and while the table is partitioned or clustered
 * by a column that goes.
 */
export function replacedColumns(
  state: TableState,
  source: readonly SourceColumn[],
  newUuid: () => string,
): EvolvedTable {
  const { metadata } = state;
  const plain = extendSchema({ type: "struct", fields: [] }, source).schema;
  checkNewSchema(plain);
  const mapped = mapNewColumns(plain, metadata.configuration, () => `col-${newUuid()}`);
  const partitionColumns = metadata.partitionColumns.map((name) => {
    const field = findField(plain, name);
    if (field !== undefined) return field.name;
    throw keptColumn(name, "partitioned");
  });
  const changed = { ...metadata, configuration: mapped.configuration, partitionColumns };
  return evolved(state, mapped.schema, changed, clusteringOf(state, mapped.schema, changed));
}

/** The clustering of the table in terms of its new columns. */
function clusteringOf(state: TableState, schema: StructType, metadata: Metadata): DomainMetadata[] {
  const columns = clusteringColumns(state.domains.get(CLUSTERING_DOMAIN));
  if (columns.length === 0) return [];
  const mode = columnMappingMode(state.metadata.configuration);
  const paths = columns.map((column) => logicalPath(state.schema, column, mode));
  const gone = paths.find(([name]) => findField(schema, name ?? "") === undefined);
  if (gone !== undefined) throw keptColumn(pathText(gone), "clustered");
  const { partitionColumns, configuration } = metadata;
  return [clusteringDomain({ schema, partitionColumns, configuration }, paths)];
}

function evolved(
  state: TableState,
  schema: StructType,
  changed: Metadata,
  domains: readonly DomainMetadata[],
): EvolvedTable {
  const metadata = { ...changed, schemaString: serializeSchema(schema) };
  checkReservedColumns(schema, metadata);
  const { protocol, added } = changedProtocol(state.protocol, state.metadata, metadata, []);
  return { schema, metadata, protocol, featuresAdded: added, domains };
}

function keptColumn(name: string, how: "partitioned" | "clustered"): LakeError {
  return new LakeError(
    "invalid-input",
    "column-in-use",
    `the table is ${how} by ${name}, which the new columns do not have`,
    {
      context: { column: name },
      hint: "Keep the column, or make the table anew: CREATE OR REPLACE TABLE ... AS SELECT.",
    },
  );
}
