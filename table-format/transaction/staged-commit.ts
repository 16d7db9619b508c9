import type { JsonObject } from "../../core/index.js";
import type {
  AddFile,
  ChangeFile,
  DomainMetadata,
  Metadata,
  PartitionValues,
  Protocol,
  RemoveFile,
  SetTransaction,
} from "../log/actions.js";
import type { Predicate } from "../skipping/predicate.js";

/** Which live files a commit replaces. */
export type Replaced =
  | { readonly kind: "none" }
  | { readonly kind: "all" }
  /** The files of the partitions that the added files belong to. */
  | { readonly kind: "partitions"; readonly partitions: readonly PartitionValues[] }
  /** These files of the version that was read, each as it was there. */
  | { readonly kind: "files"; readonly files: readonly LiveFile[] };

/** A live file, as far as removing it needs to know: everything that its `remove` says, and where it lies. */
export interface LiveFile
  extends Pick<
    RemoveFile,
    "path" | "size" | "partitionValues" | "tags" | "deletionVector" | "baseRowId" | "defaultRowCommitVersion"
  > {
  /** `partitionValues` as we would spell them: writers differ in how (`1.5` and `1.50`, zones of timestamps). */
  readonly partition: PartitionValues;
}

/** Rows of a table that decided what a transaction writes. JSON, so that another process can judge it too. */
export interface TableRead {
  /** TRUE for every row that could matter. */
  readonly predicate: Predicate;
  /**
   * Whether it also matters that such rows are gone. It does not where the transaction replaces every file
   * in which it found rows, as UPDATE and DELETE do: that another writer changed one of these is told by the
   * files. It does where rows that were read went elsewhere, as by INSERT ... SELECT from the table itself.
   */
  readonly removals: boolean;
}

/** Every row of the table, whatever became of it. */
export const READS_EVERYTHING: readonly TableRead[] = [
  { predicate: { kind: "constant", value: true }, removals: true },
];

/** What a transaction wants the log to say. Nothing in it depends on the version it will get. */
export interface StagedCommit {
  readonly operation: string;
  readonly operationParameters: JsonObject;
  readonly operationMetrics: Readonly<Record<string, string>>;
  /** Anything else for `commitInfo`. */
  readonly provenance?: JsonObject | undefined;
  readonly protocol?: Protocol | undefined;
  readonly metadata?: Metadata | undefined;
  readonly adds: readonly AddFile[];
  readonly replaces: Replaced;
  /** Rows for the change data feed that the adds and removes do not tell. */
  readonly changes?: readonly ChangeFile[] | undefined;
  readonly domains?: readonly DomainMetadata[] | undefined;
  readonly transactions?: readonly SetTransaction[] | undefined;
  /** The rows of the version that was read that decided what is written; default none. */
  readonly reads?: readonly TableRead[] | undefined;
  /** Whether the removes change what the table holds; default yes. */
  readonly dataChange?: boolean | undefined;
  readonly engineInfo: string;
}
