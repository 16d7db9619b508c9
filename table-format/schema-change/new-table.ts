import { type JsonObject, LakeError, stringifyJson } from "../../core/index.js";
import type { Metadata } from "../log/actions.js";
import { newProtocol } from "../protocol/new-protocol.js";
import { askedProperties } from "../protocol/property-change.js";
import {
  checkNewSchema,
  type DataType,
  findField,
  type StructField,
  type StructType,
  serializeSchema,
  typeText,
} from "../schema/index.js";
import { canPartition } from "../skipping/partition-value.js";
import type { PlannedChange } from "./alteration.js";
import { clusteringDomain } from "./clustering.js";
import {
  constraintSql,
  defaultMetadata,
  generatedMetadata,
  type IdentityDefinition,
  identityMetadata,
} from "./column-rules.js";
import { CONSTRAINT_PREFIX } from "./dependents.js";
import { type FieldPath, pathText } from "./field-path.js";
import { withEffects } from "./property-effects.js";
import { checkReservedColumns } from "./reserved-columns.js";

/** A column of a table that is to be created. At most one of the last three is given. */
export interface ColumnDefinition {
  readonly name: string;
  readonly type: DataType;
  /** Default true. */
  readonly nullable?: boolean | undefined;
  readonly comment?: string | undefined;
  /** A Spark SQL expression without columns. */
  readonly default?: string | undefined;
  /** A Spark SQL expression over other columns. */
  readonly generatedAs?: string | undefined;
  readonly identity?: IdentityDefinition | undefined;
}

export interface TableDefinition {
  readonly columns: readonly ColumnDefinition[];
  readonly partitionBy?: readonly string[] | undefined;
  readonly clusterBy?: readonly FieldPath[] | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
  readonly comment?: string | undefined;
  /** CHECK constraints: Spark SQL conditions by name. */
  readonly constraints?: Readonly<Record<string, string>> | undefined;
}

/** What of a new table is not decided by its definition. */
export interface NewTableFacts {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly newUuid: () => string;
  /** Whether the lake chose its folder. */
  readonly isManaged: boolean;
}

/**
 * Plans the first commit of a table without rows. Its protocol is the oldest that what it uses allows.
 *
 * @throws LakeError `invalid-input` naming the column, property or constraint that cannot be.
 */
export function planNewTable(
  definition: TableDefinition,
  { now, newUuid, isManaged }: NewTableFacts,
): PlannedChange {
  const plain = newSchema(definition.columns);
  const { configuration: asked, features } = askedProperties(definition.properties ?? {});
  const constraints = newConstraints(plain, definition.constraints ?? {});
  const { schema, configuration } = withEffects(plain, undefined, { ...asked, ...constraints }, newUuid);
  const partitionColumns = newPartition(schema, definition.partitionBy ?? []);
  const metadata: Metadata = {
    id: newUuid(),
    name: undefined,
    description: definition.comment,
    provider: "parquet",
    formatOptions: {},
    schemaString: serializeSchema(schema),
    partitionColumns,
    configuration,
    createdTime: BigInt(now),
  };
  checkReservedColumns(schema, metadata);
  const clusterBy = definition.clusterBy ?? [];
  const clustered = clusterBy.length === 0 ? [] : ["clustering"];
  const domains =
    clusterBy.length === 0 ? [] : [clusteringDomain({ schema, partitionColumns, configuration }, clusterBy)];
  const defaults = definition.columns.some((column) => column.default !== undefined)
    ? ["allowColumnDefaults"]
    : [];
  const change = newProtocol(metadata, [...features, ...clustered, ...defaults]);
  return {
    metadata,
    protocol: change.protocol,
    domains,
    featuresAdded: change.added,
    operation: "CREATE TABLE",
    parameters: {
      isManaged: String(isManaged),
      description: definition.comment ?? null,
      partitionBy: stringifyJson(partitionColumns),
      clusterBy: stringifyJson(clusterBy.map(pathText)),
      properties: stringifyJson(configuration),
    },
    check: undefined,
    needsRowIds: false,
  };
}

function newSchema(columns: readonly ColumnDefinition[]): StructType {
  const plain: StructType = {
    type: "struct",
    fields: columns.map(({ name, type, nullable = true, comment }) => ({
      name,
      type,
      nullable,
      metadata: comment === undefined ? {} : { comment },
    })),
  };
  checkNewSchema(plain);
  const written = columns.filter(
    ({ generatedAs, identity }) => generatedAs === undefined && identity === undefined,
  );
  const source: StructType = {
    type: "struct",
    fields: plain.fields.filter((field) => written.some(({ name }) => name === field.name)),
  };
  const fields = plain.fields.map((field, index): StructField => {
    const rule = columns[index] === undefined ? {} : ruleMetadata(columns[index], source);
    return { ...field, metadata: { ...field.metadata, ...rule } };
  });
  return { type: "struct", fields };
}

function ruleMetadata(column: ColumnDefinition, source: StructType): JsonObject {
  const { name, type, generatedAs, identity } = column;
  if ([column.default, generatedAs, identity].filter((rule) => rule !== undefined).length > 1) {
    throw new LakeError(
      "invalid-input",
      "column-rules",
      `column ${name} has more than one of DEFAULT, GENERATED AS and IDENTITY`,
      { context: { column: name } },
    );
  }
  if (generatedAs !== undefined) return generatedMetadata(source, name, type, generatedAs);
  if (identity !== undefined) return identityMetadata(name, type, identity);
  return column.default === undefined ? {} : defaultMetadata(name, type, column.default);
}

function newConstraints(
  schema: StructType,
  constraints: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(constraints).map(([name, expression]) => {
      constraintSql(schema, name, expression);
      return [`${CONSTRAINT_PREFIX}${name.toLowerCase()}`, expression];
    }),
  );
}

/** The partition columns as the schema spells them. */
function newPartition(schema: StructType, names: readonly string[]): readonly string[] {
  const columns = names.map((name) => {
    const field = findField(schema, name);
    if (field === undefined) {
      throw partitionError(
        `cannot partition by ${name}: there is no such column`,
        `There are ${schema.fields.map((other) => other.name).join(", ")}.`,
      );
    }
    if (!canPartition(field.type)) {
      throw partitionError(
        `cannot partition by ${name}: its type is ${typeText(field.type)}`,
        "Partition by columns of simple types.",
      );
    }
    if (field.metadata["delta.identity.start"] !== undefined) {
      throw partitionError(
        `cannot partition by ${name}: it is an identity column`,
        "Every row has a number of its own: partition by a column whose values many rows share.",
      );
    }
    return field.name;
  });
  if (new Set(columns).size !== columns.length || columns.length === schema.fields.length) {
    throw partitionError(
      "a table is partitioned by some of its columns, each named once",
      "Leave at least one column out of PARTITIONED BY.",
    );
  }
  return columns;
}

function partitionError(message: string, hint: string): LakeError {
  return new LakeError("invalid-input", "partition-column", message, { hint });
}
