import { LakeError, newUuid } from "../../../core/index.js";
import type { Session } from "../../../engine/index.js";
import {
  type ColumnRule,
  type DomainMetadata,
  findField,
  isAppendOnly,
  type Metadata,
  numberedColumns,
  type PlannedColumn,
  type Protocol,
  planColumns,
  type RowRules,
  rowRulesFor,
  type Snapshot,
  type StructType,
  serializeSchema,
  sourceSchema,
  typeText,
  withHighWaterMarks,
} from "../../../table-format/index.js";
import { evolvedTable, keepsRows, type SchemaEvolution } from "../insert/evolve-schema.js";
import { stateOf } from "../table-change.js";
import { inSource, type LandingSource } from "./landing-source.js";
import { commonColumns, commonSchema, newTable } from "./new-landing-table.js";

export interface LandingOptions {
  readonly mode?: "append" | "overwrite" | "overwrite-partitions" | undefined;
  readonly partitionBy?: readonly string[] | undefined;
  readonly schema?: "strict" | "merge" | "overwrite" | undefined;
}

/** How the rows of one source become rows of a table. */
export interface SourceLanding {
  /** Where each column's values come from, and what every row keeps. */
  readonly rules: RowRules;
  /** The expressions over the source of the columns that it brings. */
  readonly columns: readonly PlannedColumn[];
  /** What was decided about the source. */
  readonly notes: readonly string[];
}

/** How sources become rows of a table. */
export interface LandingPlan {
  readonly schema: StructType;
  readonly metadata: Metadata;
  /** Whether the commit must carry `metadata`: the table is new, or gets columns. */
  readonly metadataChanged: boolean;
  /** The protocol of a new table, or of one that gets features. */
  readonly protocol: Protocol | undefined;
  readonly domains: readonly DomainMetadata[];
  /** For each source, in their order. */
  readonly landings: readonly SourceLanding[];
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
    const created = newTable(base, sources, options, now);
    return landingPlan(base, { ...created, commitsProtocol: true, domains: [], changed: true }, sources, now);
  }
  checkMode(label, read, options);
  const evolution = EVOLUTIONS[options.schema ?? "strict"];
  const state = stateOf(read);
  for (const source of sources) {
    // What cannot join the table is told with the source that brings it.
    inSource(source, () => evolvedTable(label, state, [source.columns], evolution));
  }
  const columns =
    evolution === "overwrite"
      ? [await commonColumns(session, sources)]
      : sources.map((source) => source.columns);
  const { schema, metadata, protocol, featuresAdded, domains, changed } = evolvedTable(
    label,
    state,
    columns,
    evolution,
  );
  return landingPlan(
    schema,
    { metadata, protocol, commitsProtocol: featuresAdded.length > 0, domains, changed },
    sources,
    now,
  );
}

const EVOLUTIONS: Readonly<Record<NonNullable<LandingOptions["schema"]>, SchemaEvolution>> = {
  strict: "none",
  merge: "merge",
  overwrite: "overwrite",
};

interface PlannedTable {
  readonly metadata: Metadata;
  readonly protocol: Protocol;
  /** Whether the commit must carry `protocol`. */
  readonly commitsProtocol: boolean;
  readonly domains: readonly DomainMetadata[];
  readonly changed: boolean;
}

function landingPlan(
  schema: StructType,
  { metadata, protocol, commitsProtocol, domains, changed }: PlannedTable,
  sources: readonly LandingSource[],
  now: number,
): LandingPlan {
  const { configuration } = metadata;
  const landings = sources.map((source) =>
    inSource(source, (): SourceLanding => {
      const given = source.columns.map((column) => column.name);
      const rules = rowRulesFor({ schema, configuration, protocol, given, marker: newUuid(), now });
      return {
        rules,
        columns: planColumns(sourceSchema(rules), source.columns, "strict").columns,
        notes: landingNotes(rules),
      };
    }),
  );
  return {
    schema,
    metadata,
    metadataChanged: changed,
    protocol: commitsProtocol ? protocol : undefined,
    domains,
    landings,
    columns: schema.fields.map((field) => ({ name: field.name, type: typeText(field.type) })),
  };
}

/** What a person is told of the columns that a source does not bring. */
function landingNotes({ columns }: RowRules): string[] {
  const of = (kind: ColumnRule["kind"]): string =>
    columns
      .filter((column) => column.kind === kind)
      .map((column) => column.field.name)
      .join(", ");
  const [missing, defaults, generated, numbered] = [
    of("null"),
    of("default"),
    of("generated"),
    of("identity"),
  ];
  return [
    ...(missing === "" ? [] : [`no ${missing}: NULL in its rows`]),
    ...(defaults === "" ? [] : [`no ${defaults}: the default in its rows`]),
    ...(generated === "" ? [] : [`no ${generated}: generated`]),
    ...(numbered === "" ? [] : [`no ${numbered}: numbered`]),
  ];
}

/** The plan of a table whose identity columns have given out values to the rows of each source. */
export function withNumberedRows(plan: LandingPlan, rows: readonly bigint[]): LandingPlan {
  const schema = plan.landings.reduce(
    (numbered, { rules }, index) =>
      withHighWaterMarks(numbered, numberedColumns(rules), rowsUpTo(plan, rows, index)),
    plan.schema,
  );
  if (schema === plan.schema) return plan;
  const metadata = { ...plan.metadata, schemaString: serializeSchema(schema) };
  return { ...plan, schema, metadata, metadataChanged: true };
}

/**
 * The rows that identity columns have numbered before a source: those of the sources before it that bring no
 * values of their own.
 *
 * @param rows those of each source
 */
export function numberedBefore({ landings }: LandingPlan, rows: readonly bigint[], index: number): bigint {
  return landings
    .slice(0, index)
    .reduce((sum, { rules }, at) => (numberedColumns(rules).length > 0 ? sum + (rows[at] ?? 0n) : sum), 0n);
}

function rowsUpTo(plan: LandingPlan, rows: readonly bigint[], index: number): bigint {
  return numberedBefore(plan, rows, index) + (rows[index] ?? 0n);
}

function checkMode(label: string, read: Snapshot, options: LandingOptions): void {
  const { partitionColumns, configuration } = read.metadata;
  const mode = options.mode ?? "append";
  if (options.schema === "overwrite" && mode !== "overwrite") throw keepsRows(label);
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
