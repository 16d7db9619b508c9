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
  /** Whether rows of the version that was read decided what is written; default no. */
  readonly readsRows?: boolean | undefined;
  /** Whether the removes change what the table holds; default yes. */
  readonly dataChange?: boolean | undefined;
  readonly engineInfo: string;
}
