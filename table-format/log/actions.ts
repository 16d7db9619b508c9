import type { JsonObject, JsonValue } from "../../core/index.js";
import type { DeletionVectorDescriptor } from "../deletion-vector/index.js";

/**
 * The actions of the transaction log (PROTOCOL.md, "Actions"), as this library reads and writes them.
 */
export type Action =
  | { readonly kind: "add"; readonly add: AddFile }
  | { readonly kind: "remove"; readonly remove: RemoveFile }
  | { readonly kind: "metaData"; readonly metaData: Metadata }
  | { readonly kind: "protocol"; readonly protocol: Protocol }
  | { readonly kind: "txn"; readonly txn: SetTransaction }
  | { readonly kind: "cdc"; readonly cdc: ChangeFile }
  | { readonly kind: "commitInfo"; readonly commitInfo: CommitInfo }
  | { readonly kind: "domainMetadata"; readonly domainMetadata: DomainMetadata }
  /** An action that replay passes over (`checkpointMetadata`, `sidecar` and later ones). */
  | { readonly kind: "other"; readonly name: string; readonly value: JsonValue };

export type PartitionValues = Readonly<Record<string, string | null>>;

/** PROTOCOL.md, "Add File and Remove File". */
export interface AddFile {
  /** URI-encoded, relative to the table's folder, or absolute. */
  readonly path: string;
  readonly partitionValues: PartitionValues;
  /** Bytes. */
  readonly size: bigint;
  /** Milliseconds since the epoch. */
  readonly modificationTime: bigint;
  readonly dataChange: boolean;
  /** JSON text (PROTOCOL.md, "Per-file Statistics"). */
  readonly stats?: string | undefined;
  readonly tags?: Tags | undefined;
  /** The rows of the file that are deleted; without one, none is. */
  readonly deletionVector?: DeletionVectorDescriptor | undefined;
  /** The row id of the file's first row (PROTOCOL.md, "Row Tracking"). */
  readonly baseRowId?: bigint | undefined;
  /** The version that first added the file: the commit version of its rows, where none is materialised. */
  readonly defaultRowCommitVersion?: bigint | undefined;
  /** Who clustered the file (PROTOCOL.md, "Clustered Table"). */
  readonly clusteringProvider?: string | undefined;
}

export type Tags = Readonly<Record<string, string | null>>;

export interface RemoveFile {
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly deletionTimestamp: bigint;
  readonly dataChange: boolean;
  readonly extendedFileMetadata: true;
  readonly partitionValues: PartitionValues;
  readonly size: bigint;
  readonly stats?: string | undefined;
  readonly tags?: Tags | undefined;
  readonly deletionVector?: DeletionVectorDescriptor | undefined;
  readonly baseRowId?: bigint | undefined;
  readonly defaultRowCommitVersion?: bigint | undefined;
}

/** PROTOCOL.md, "Add CDC File": rows that a commit changed, for the change data feed only. */
export interface ChangeFile {
  readonly path: string;
  readonly partitionValues: PartitionValues;
  /** Bytes. */
  readonly size: bigint;
  readonly dataChange: false;
  readonly tags?: Tags | undefined;
}

/** PROTOCOL.md, "Change Metadata". */
export interface Metadata {
  readonly id: string;
  readonly name: string | undefined;
  readonly description: string | undefined;
  readonly provider: string;
  readonly formatOptions: Readonly<Record<string, string>>;
  /** JSON text of the schema; see schema/schema-string.ts. */
  readonly schemaString: string;
  readonly partitionColumns: readonly string[];
  readonly configuration: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly createdTime: bigint | undefined;
}

/** PROTOCOL.md, "Protocol Evolution". The feature lists exist only in versions 3 (reader), 7 (writer). */
export interface Protocol {
  readonly minReaderVersion: number;
  readonly minWriterVersion: number;
  readonly readerFeatures: readonly string[] | undefined;
  readonly writerFeatures: readonly string[] | undefined;
}

/** PROTOCOL.md, "Transaction Identifiers". */
export interface SetTransaction {
  readonly appId: string;
  readonly version: bigint;
  readonly lastUpdated: bigint | undefined;
}

/** PROTOCOL.md, "Domain Metadata". */
export interface DomainMetadata {
  readonly domain: string;
  readonly configuration: string;
  readonly removed: boolean;
}

/** PROTOCOL.md, "Commit Provenance Information": free-form; these are the fields that we use. */
export type CommitInfo = JsonObject;
