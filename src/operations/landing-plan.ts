import { LakeError, newUuid } from "../../core/index.js";
import { quoteIdentifier, type Session } from "../../engine/index.js";
import {
  canPartition,
  checkNewSchema,
  findField,
  isAppendOnly,
  type Metadata,
  type Protocol,
  planColumns,
  protocolFor,
  type Snapshot,
  type SourceColumn,
  type StructType,
  serializeSchema,
  typeText,
  usesTimestampNtz,
  writerFeatures,
} from "../../table-format/index.js";

/** What a plan needs to know of a source. */
export interface LandingSource {
  readonly uri: string;
  readonly columns: readonly SourceColumn[];
}

export interface LandingOptions {
  readonly mode?: "append" | "overwrite" | "overwrite-partitions" | undefined;
  readonly partitionBy?: readonly string[] | undefined;
  readonly schema?: "strict" | "merge" | undefined;
}

/** How sources become rows of a table. */
export interface LandingPlan {
  readonly schema: StructType;
  readonly metadata: Metadata;
  /** Whether the commit must carry `metadata`: the table is new, or gets columns. */
  readonly metadataChanged: boolean;
  /** The protocol of a new table. */
  readonly protocol: Protocol | undefined;
  /** For each source: one SQL expression a column of `schema`, named. */
  readonly expressions: readonly (readonly string[])[];
  /** For each source: what was decided about it. */
  readonly notes: readonly (readonly string[])[];
  /** The table's columns, types as Delta names them. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

/**
 * Plans a landing: fits every source to the table's schema, or makes the schema of a new table from the
 * sources.
 *
 * @param read the table as it is; `undefined` for a new one
 * @param now milliseconds since the epoch
 * @throws LakeError `invalid-input` naming the source and the column that does not fit.
 */
export async function planLanding(
  session: Session,
  label: string,
  read: Snapshot | undefined,
  sources: readonly LandingSource[],
  options: LandingOptions,
  now: number,
): Promise<LandingPlan> {
  if (read === undefined) {
    const base = await commonSchema(session, sources);
    return landingPlan(base, newTable(base, sources, options, now), sources, true);
  }
  checkMode(label, read, options);
  const mode = options.schema ?? "strict";
  const schema = mode === "strict" ? read.schema : mergedSchema(read.schema, sources);
  const changed = schema !== read.schema;
  if (changed) checkNewSchema(schema);
  if (changed && usesTimestampNtz(schema) && !writerFeatures(read.protocol).includes("timestampNtz")) {
    throw new LakeError(
      "invalid-input",
      "feature-needed",
      `a new column of ${label} is a timestamp without a time zone, which needs the table feature timestampNtz`,
      {
        hint: "Give the timestamps a time zone in the source, or land them in a new table.",
      },
    );
  }
  const metadata = changed ? { ...read.metadata, schemaString: serializeSchema(schema) } : read.metadata;
  return landingPlan(schema, { metadata, protocol: undefined }, sources, changed);
}

function landingPlan(
  schema: StructType,
  table: { readonly metadata: Metadata; readonly protocol: Protocol | undefined },
  sources: readonly LandingSource[],
  metadataChanged: boolean,
): LandingPlan {
  const expressions = sources.map((source) =>
    inSource(source, () => planColumns(schema, source.columns, "strict")).columns.map(
      ({ name, sql }) => `${sql} AS ${quoteIdentifier(name)}`,
    ),
  );
  const notes = sources.map((source) => {
    const present = new Set(source.columns.map((column) => findField(schema, column.name)?.name));
    const missing = schema.fields.filter((field) => !present.has(field.name)).map((field) => field.name);
    return missing.length === 0 ? [] : [`no ${missing.join(", ")}: NULL in its rows`];
  });
  const columns = schema.fields.map((field) => ({ name: field.name, type: typeText(field.type) }));
  return { schema, ...table, metadataChanged, expressions, notes, columns };
}

/** The columns of all sources by name, each with the type that holds the values of every source. */
async function commonSchema(session: Session, sources: readonly LandingSource[]): Promise<StructType> {
  const [first] = sources;
  if (first === undefined) throw new LakeError("internal", "no-source", "an ingest without a source");
  const columns = sources.length === 1 ? first.columns : await commonColumns(session, sources);
  const { schema } = inSource(first, () => planColumns({ type: "struct", fields: [] }, columns, "merge"));
  checkNewSchema(schema);
  return schema;
}

async function commonColumns(session: Session, sources: readonly LandingSource[]): Promise<SourceColumn[]> {
  const shapes = new Set(
    sources.map(({ columns }) =>
      columns.map(({ name, type }) => `NULL::${type} AS ${quoteIdentifier(name)}`).join(", "),
    ),
  );
  const union = [...shapes].map((shape) => `SELECT ${shape}`).join(" UNION ALL BY NAME ");
  const rows = await session.rows(`DESCRIBE ${union}`);
  return rows.map((row) => ({ name: String(row["column_name"]), type: String(row["column_type"]) }));
}

function mergedSchema(table: StructType, sources: readonly LandingSource[]): StructType {
  return sources.reduce(
    (schema, source) => inSource(source, () => planColumns(schema, source.columns, "merge")).schema,
    table,
  );
}

function newTable(
  schema: StructType,
  sources: readonly LandingSource[],
  options: LandingOptions,
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

function checkMode(label: string, read: Snapshot, options: LandingOptions): void {
  const { partitionColumns, configuration } = read.metadata;
  const mode = options.mode ?? "append";
  if (mode !== "append" && isAppendOnly(configuration)) {
    throw new LakeError(
      "invalid-input",
      "append-only",
      `${label} is append-only: its rows cannot be replaced`,
      {
        hint: "Append, or set delta.appendOnly to false first.",
      },
    );
  }
  if (mode === "overwrite-partitions" && partitionColumns.length === 0) {
    throw new LakeError("invalid-input", "not-partitioned", `${label} has no partitions to overwrite`, {
      hint: "Use --mode overwrite to replace the whole table.",
    });
  }
  const asked = options.partitionBy?.map((name) => findField(read.schema, name)?.name ?? name);
  if (asked !== undefined && asked.join("\0") !== partitionColumns.join("\0")) {
    const are =
      partitionColumns.length === 0 ? "not partitioned" : `partitioned by ${partitionColumns.join(", ")}`;
    throw new LakeError(
      "invalid-input",
      "partition-mismatch",
      `${label} is ${are}, not by ${asked.join(", ")}`,
      {
        hint: "Leave --partition-by out: an existing table keeps its partitions.",
      },
    );
  }
}

/** Adds to an error which source it is about. */
function inSource<T>(source: LandingSource, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof LakeError)) throw error;
    throw new LakeError(error.kind, error.code, `${source.uri}: ${error.message}`, {
      context: { ...error.context, file: source.uri },
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
    });
  }
}
