import { LakeError } from "../../../core/index.js";
import type { Session } from "../../../engine/index.js";
import {
  changedProtocol,
  type DomainMetadata,
  findField,
  foldCase,
  isAppendOnly,
  type Metadata,
  numberedColumns,
  type Protocol,
  RAW_FILES_FEATURE,
  type Snapshot,
  type SourceColumn,
  type StructType,
  serializeSchema,
  type TableState,
  typeText,
  withHighWaterMarks,
} from "../../../table-format/index.js";
import { evolvedTable, keepsRows, type WrittenTable } from "../insert/evolve-schema.js";
import { stateOf } from "../table-change.js";
import {
  type AskedColumns,
  asSourceColumns,
  type LandingColumns,
  landingColumns,
} from "./landing-columns.js";
import { inSource, type LandingSource } from "./landing-source.js";
import { commonColumns, commonSchema, newTable } from "./new-landing-table.js";
import { planSource, type SourceLanding } from "./source-landing.js";

export type { SourceLanding } from "./source-landing.js";

export interface LandingOptions extends AskedColumns {
  readonly mode?: "append" | "overwrite" | "overwrite-partitions" | undefined;
  readonly partitionBy?: readonly string[] | undefined;
  readonly schema?: "strict" | "merge" | "overwrite" | undefined;
}

/** A table as a landing leaves it. */
interface PlannedTable {
  readonly schema: StructType;
  readonly metadata: Metadata;
  /** Whether the commit must carry `metadata`: the table is new, or gets columns. */
  readonly metadataChanged: boolean;
  readonly protocol: Protocol;
  /** Whether the commit must carry `protocol`: the table is new, or gets features. */
  readonly protocolChanged: boolean;
  readonly domains: readonly DomainMetadata[];
}

/** How sources become rows of a table. */
export interface LandingPlan extends PlannedTable {
  /** The columns that landing fills itself. */
  readonly filled: LandingColumns;
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
  const filled = landingColumns(read?.schema, options);
  const own = asSourceColumns(filled);
  const table =
    read === undefined
      ? await createdTable(session, sources, own, options, now)
      : await writtenTable(session, label, read, sources, own, options);
  const landings = sources.map((source) => planSource(source, table, filled, now));
  const columns = table.schema.fields.map((field) => ({ name: field.name, type: typeText(field.type) }));
  return { ...table, filled, landings, columns };
}

async function createdTable(
  session: Session,
  sources: readonly LandingSource[],
  own: readonly SourceColumn[],
  options: LandingOptions,
  now: number,
): Promise<PlannedTable> {
  const schema = await commonSchema(session, withOwn(sources, own));
  const { metadata, protocol } = newTable(schema, sources, options, now);
  return { schema, metadata, metadataChanged: true, protocol, protocolChanged: true, domains: [] };
}

async function writtenTable(
  session: Session,
  label: string,
  read: Snapshot,
  sources: readonly LandingSource[],
  own: readonly SourceColumn[],
  options: LandingOptions,
): Promise<PlannedTable> {
  checkMode(label, read, options);
  const { schema, metadata, protocol, featuresAdded, domains, changed } = await evolved(
    session,
    label,
    stateOf(read),
    sources,
    own,
    options,
  );
  const protocolChanged = featuresAdded.length > 0;
  return { schema, metadata, metadataChanged: changed, protocol, protocolChanged, domains };
}

async function evolved(
  session: Session,
  label: string,
  state: TableState,
  sources: readonly LandingSource[],
  own: readonly SourceColumn[],
  { schema = "strict", rescue }: LandingOptions,
): Promise<WrittenTable> {
  if (schema === "overwrite") {
    return evolvedTable(label, state, [await commonColumns(session, withOwn(sources, own))], "overwrite");
  }
  const merging = schema === "merge" ? joiningColumns(label, state, sources, rescue === true) : [];
  return evolvedTable(label, state, [...merging, own], "merge");
}

/** What the sources bring to a table that takes new columns; what cannot join it is rescued, where that is asked for. */
function joiningColumns(
  label: string,
  state: TableState,
  sources: readonly LandingSource[],
  rescues: boolean,
): (readonly SourceColumn[])[] {
  return sources.map((source) => {
    const joins = (columns: readonly SourceColumn[]): unknown =>
      evolvedTable(label, state, [columns], "merge");
    // What cannot join the table is told with the source that brings it.
    if (!rescues) inSource(source, () => joins(source.columns));
    return rescues ? source.columns.filter((column) => succeeds(() => joins([column]))) : source.columns;
  });
}

function succeeds(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (error instanceof LakeError && error.kind !== "internal") return false;
    throw error;
  }
}

/** A file none of whose records can be read tells no columns. */
function withoutColumns([first]: readonly LandingSource[]): LakeError {
  const file = first?.uri ?? "the source";
  return new LakeError(
    "invalid-input",
    "no-readable-records",
    `${file}: no record of the file can be read, so the table would have no columns`,
    {
      context: { file },
      hint: "Create the table first; then --rescue lands each such record in its column _rescued_data.",
    },
  );
}

/**
 * The sources that bring columns, and one that brings those which landing fills.
 *
 * @throws LakeError `invalid-input` where none of the sources brings any.
 */
function withOwn(
  sources: readonly LandingSource[],
  own: readonly SourceColumn[],
): Pick<LandingSource, "uri" | "columns">[] {
  const known = sources.filter(({ columns }) => columns.length > 0);
  if (known.length === 0) throw withoutColumns(sources);
  const names = new Set(own.map(({ name }) => foldCase(name)));
  const others = known.map(({ uri, columns }) => ({
    uri,
    columns: columns.filter(({ name }) => !names.has(foldCase(name))),
  }));
  return own.length === 0 ? others : [...others, { uri: "the columns of the landing", columns: own }];
}

/** The plan of a table that gets data files which are not Parquet. */
export function withRawFiles(plan: LandingPlan): LandingPlan {
  const { metadata } = plan;
  const { protocol, added } = changedProtocol(plan.protocol, metadata, metadata, [RAW_FILES_FEATURE]);
  return { ...plan, protocol, protocolChanged: plan.protocolChanged || added.length > 0 };
}

/**
 * The plan of a table whose identity columns have given out values to the rows of each source: those of the sources
 * that bring none of their own are numbered, one source after the other.
 */
export function withNumberedRows(plan: LandingPlan, rows: readonly bigint[]): LandingPlan {
  let { schema } = plan;
  let numbered = 0n;
  for (const [index, { rules }] of plan.landings.entries()) {
    const columns = numberedColumns(rules);
    if (columns.length === 0) continue;
    numbered += rows[index] ?? 0n;
    schema = withHighWaterMarks(schema, columns, numbered);
  }
  if (schema === plan.schema) return plan;
  const metadata = { ...plan.metadata, schemaString: serializeSchema(schema) };
  return { ...plan, schema, metadata, metadataChanged: true };
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
