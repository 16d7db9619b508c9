import type { JsonObject } from "../../core/index.js";
import type { DomainMetadata, Metadata, Protocol } from "../log/actions.js";
import type { DataType, StructType } from "../schema/index.js";
import type { AddedColumn, ColumnPosition } from "./column-changes.js";
import type { FieldPath } from "./field-path.js";

/** One change of what a table is; its rows stay. */
export type Alteration =
  | { readonly kind: "set-properties"; readonly properties: Readonly<Record<string, string>> }
  | { readonly kind: "unset-properties"; readonly names: readonly string[]; readonly ifExists: boolean }
  | { readonly kind: "add-columns"; readonly columns: readonly AddedColumn[] }
  | { readonly kind: "drop-columns"; readonly columns: readonly FieldPath[]; readonly ifExists: boolean }
  | { readonly kind: "rename-column"; readonly column: FieldPath; readonly to: string }
  | { readonly kind: "change-column"; readonly column: FieldPath; readonly change: ColumnChange }
  | { readonly kind: "add-constraint"; readonly name: string; readonly expression: string }
  | { readonly kind: "drop-constraint"; readonly name: string; readonly ifExists: boolean }
  /** `undefined` takes the comment away. */
  | { readonly kind: "set-table-comment"; readonly comment: string | undefined }
  /** No columns: clustered no more. */
  | { readonly kind: "cluster-by"; readonly columns: readonly FieldPath[] }
  | { readonly kind: "drop-feature"; readonly feature: string };

/** What happens to one column. */
export type ColumnChange =
  | { readonly kind: "type"; readonly type: DataType }
  | { readonly kind: "nullable"; readonly nullable: boolean }
  /** A Spark SQL expression; `undefined` takes the default away. */
  | { readonly kind: "default"; readonly expression: string | undefined }
  /** `undefined` takes it away. */
  | { readonly kind: "comment"; readonly comment: string | undefined }
  | { readonly kind: "position"; readonly position: ColumnPosition };

/** A table as a change finds it. */
export interface TableState {
  readonly schema: StructType;
  readonly metadata: Metadata;
  readonly protocol: Protocol;
  readonly domains: ReadonlyMap<string, DomainMetadata>;
}

/** What all rows of a table must satisfy before a change is committed. */
export interface RowCheck {
  /** SQL of the engine, over the columns by their names: true for a row that is in order. */
  readonly conditionSql: string;
  /** What a row that is not in order breaks, as the end of "... rows break ...". */
  readonly rule: string;
}

/** What a change makes of the parts of a table; what is absent stays. */
export interface AlteredParts {
  readonly schema?: StructType;
  readonly configuration?: Readonly<Record<string, string>>;
  readonly partitionColumns?: readonly string[];
  /** The comment of the table; without text it has none. */
  readonly comment?: { readonly text: string | undefined };
  readonly domains?: readonly DomainMetadata[];
  /** Features that the change asks for by name. */
  readonly asked?: readonly string[];
  /** The feature that the table loses. */
  readonly dropped?: string;
  /** The name of the operation and its parameters, as delta-spark writes them to the history. */
  readonly operation: string;
  readonly parameters: JsonObject;
  readonly check?: RowCheck;
}

/** A change, ready to be committed. */
export interface PlannedChange {
  readonly metadata: Metadata | undefined;
  readonly protocol: Protocol | undefined;
  readonly domains: readonly DomainMetadata[];
  readonly featuresAdded: readonly string[];
  readonly operation: string;
  readonly parameters: JsonObject;
  readonly check: RowCheck | undefined;
  /** Files that are there must get row ids before this can be committed (PROTOCOL.md, "Row Tracking"). */
  readonly needsRowIds: boolean;
}
