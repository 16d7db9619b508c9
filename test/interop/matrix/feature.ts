import type { Configuration } from "../spark/spark.js";

/** The columns of the matrix. */
export const DIRECTIONS = [
  "we write, Spark reads",
  "we write, Spark goes on, we read",
  "Spark writes, we read",
  "Spark writes, we go on, Spark reads",
  "we write, delta-rs reads",
  "we write, delta-rs goes on, we read",
  "delta-rs writes, we read",
] as const;

export type Direction = (typeof DIRECTIONS)[number];

/** What a cell must come to where it is not "yes". */
export type Pinned =
  /** `code`: of Spark its error condition, of us the code of the error, of delta-rs a part of what it says. */
  { readonly refusedBy: Peer; readonly code: string } | { readonly notApplicable: string };

export type Peer = "Spark" | "delta-rs" | "Grizzly";

/** A row that the table's rules do not allow, and how each side refuses it. */
export interface ForbiddenRow {
  /** As in {@link Feature.values}. */
  readonly values: string;
  readonly spark: string;
  readonly ours: string;
}

/**
 * One row of the matrix. Both sides take the same steps: CREATE TABLE with `id BIGINT, v STRING` and `columns`;
 * rows 0 to 19; the statements of `alters`; rows 20 to 29; DELETE of every fifth row. The statements are text that
 * Spark and we both speak.
 */
export interface Feature {
  readonly name: string;
  readonly columns?: string;
  /** What follows the columns: PARTITIONED BY, CLUSTER BY. */
  readonly clauses?: string;
  readonly properties?: Readonly<Record<string, string>>;
  /** A SELECT list over `i`, the row's number, beside `id` and `v`; the engine's SQL. */
  readonly values?: string;
  /** What follows ALTER TABLE t. */
  readonly alters?: readonly string[];
  /** {@link values} after `alters`, where they differ. */
  readonly laterValues?: string;
  /** What we alter of a table of Spark's, after ALTER TABLE t. Default: a column is added. */
  readonly ourAlteration?: string;
  /** What Spark runs besides on a table of ours; `{t}` is the table. */
  readonly sparkMaintenance?: readonly string[];
  /** Rows cannot be deleted or updated: the conditions that say so. */
  readonly appendOnly?: { readonly spark: string; readonly ours: string };
  readonly forbidden?: readonly ForbiddenRow[];
  /** Columns that hold no value twice. */
  readonly unique?: readonly string[];
  /** Row ids and commit versions are compared too. */
  readonly rowIds?: true;
  /** Change feeds are compared too. */
  readonly changes?: true;
  /** The version of a point in time is compared too. */
  readonly timestamps?: true;
  /** What Spark's DESCRIBE DETAIL must name. */
  readonly clusteringColumns?: readonly string[];
  /** Settings of Spark while it writes. */
  readonly configuration?: Configuration;
  /** SELECT lists where `*` is no comparable relation. */
  readonly select?: { readonly ours: string; readonly spark: string };
  /** The last part of the table's path. */
  readonly folder?: string;
  /** What we write when the rows are there. */
  readonly ourLog?: OurLog;
  /** A file that the log holds when its writer is done. */
  readonly logHolds?: { readonly ours?: RegExp; readonly spark?: RegExp };
  /** What its commits hold when its writer is done. */
  readonly commitsHold?: RegExp;
  /** Changes the log of the newly made table, whoever made it: for what no statement can ask for. */
  readonly edit?: (entry: string) => string;
  /** The commits before the last checkpoint are removed, so that nothing but the checkpoint tells of them. */
  readonly forget?: true;
  /** How delta-rs makes a table of the kind. */
  readonly deltaRs?: {
    readonly partitionBy?: readonly string[];
    /** Default {@link properties}. */
    readonly configuration?: Readonly<Record<string, string>>;
    readonly compactLog?: true;
    readonly checkpoint?: true;
    /** It tells no history of such a table. */
    readonly noHistory?: true;
  };
  /** Cells that are not "yes". */
  readonly pinned?: Readonly<Partial<Record<Direction, Pinned>>>;
  /** What is compared besides rows and schema, in words. */
  readonly besides?: string;
}

/** What we write beside the commits. */
export type OurLog = "classic" | "multi-part" | "v2-json" | "v2-parquet" | "log-compaction";
