import { LakeError, newUuid } from "../../../core/index.js";
import { quoteIdentifier, type Session } from "../../../engine/index.js";
import {
  canPartition,
  checkNewSchema,
  findField,
  type Metadata,
  type Protocol,
  planColumns,
  protocolFor,
  type SourceColumn,
  type StructType,
  serializeSchema,
  typeText,
} from "../../../table-format/index.js";
import { inSource, type LandingSource } from "./landing-source.js";

type SourceOfColumns = Pick<LandingSource, "uri" | "columns">;

/** The columns of all sources by name, each with the type that holds the values of every source. */
export async function commonSchema(
  session: Session,
  sources: readonly SourceOfColumns[],
): Promise<StructType> {
  const [first] = sources;
  if (first === undefined) throw new LakeError("internal", "no-source", "an ingest without a source");
  const columns = await commonColumns(session, sources);
  const { schema } = inSource(first, () => planColumns({ type: "struct", fields: [] }, columns, "merge"));
  checkNewSchema(schema);
  return schema;
}

/** As {@link commonSchema}, in types of the engine. */
export async function commonColumns(
  session: Session,
  sources: readonly SourceOfColumns[],
): Promise<readonly SourceColumn[]> {
  const [first, ...others] = sources;
  if (first !== undefined && others.length === 0) return first.columns;
  const shapes = new Set(
    sources.map(({ columns }) =>
      columns.map(({ name, type }) => `NULL::${type} AS ${quoteIdentifier(name)}`).join(", "),
    ),
  );
  const union = [...shapes].map((shape) => `SELECT ${shape}`).join(" UNION ALL BY NAME ");
  const rows = await session.rows(`DESCRIBE ${union}`);
  return rows.map((row) => ({ name: String(row["column_name"]), type: String(row["column_type"]) }));
}

/**
 * The metadata and protocol of a table that is made from sources.
 *
 * @param now milliseconds since the epoch
 * @throws LakeError `invalid-input` for columns that cannot partition it.
 */
export function newTable(
  schema: StructType,
  sources: readonly SourceOfColumns[],
  options: { readonly partitionBy?: readonly string[] | undefined },
  now: number,
): { readonly metadata: Metadata; readonly protocol: Protocol } {
  const partitionColumns = (options.partitionBy ?? []).map((name) => {
    const field = findField(schema, name);
    if (field === undefined) {
      throw new LakeError(
        "invalid-input",
        "partition-column",
        `cannot partition by ${name}: ${sources[0]?.uri ?? "the source"} has no such column`,
        {
          context: { column: name },
          hint: `Its columns are ${schema.fields.map((column) => column.name).join(", ")}.`,
        },
      );
    }
    if (!canPartition(field.type)) {
      throw new LakeError(
        "invalid-input",
        "partition-column",
        `cannot partition by ${name}: its type is ${typeText(field.type)}`,
        {
          context: { column: name },
          hint: "Partition by columns of simple types.",
        },
      );
    }
    return field.name;
  });
  if (
    new Set(partitionColumns).size !== partitionColumns.length ||
    partitionColumns.length === schema.fields.length
  ) {
    throw new LakeError(
      "invalid-input",
      "partition-column",
      "a table is partitioned by some of its columns, each named once",
      {
        hint: "Leave at least one column out of --partition-by.",
      },
    );
  }
  const metadata: Metadata = {
    id: newUuid(),
    name: undefined,
    description: undefined,
    provider: "parquet",
    formatOptions: {},
    schemaString: serializeSchema(schema),
    partitionColumns,
    configuration: {},
    createdTime: BigInt(now),
  };
  return { metadata, protocol: protocolFor(schema) };
}
