import type { Parameters } from "../../../engine/index.js";
import type { Merge } from "../../sql/dml/row-statements.js";

/** What a MERGE does, as its statement says it. */
export interface MergeOptions extends Pick<Merge, "source" | "on" | "clauses"> {
  /** What expressions call the table; default its name. */
  readonly alias?: Merge["alias"];
  /** What expressions call the source; default its name, where it has one. */
  readonly sourceAlias?: Merge["sourceAlias"];
  /** New columns of the source that clauses mention join the table; default not. */
  readonly evolve?: boolean | undefined;
  /** Values for `?`, `$1` (array) or `$name` (record). */
  readonly parameters?: Parameters | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface MergeReport {
  readonly table: string;
  /** The newest version afterwards. */
  readonly version: bigint;
  readonly sourceRows: bigint;
  readonly rowsInserted: bigint;
  readonly rowsUpdated: bigint;
  readonly rowsDeleted: bigint;
  /** Files of the table in which matches were looked for. */
  readonly filesRead: number;
  /** New files, those with rows of rewritten files among them. */
  readonly filesAdded: number;
  readonly filesRemoved: number;
  /** Files that stay and got a deletion vector. */
  readonly filesMarked: number;
  /** Files whose remaining rows were written to another file. */
  readonly filesRewritten: number;
}
