import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import type { DeletionVector } from "./deletion-vector.js";

// Reads the entries of a log as JSON, by PROTOCOL.md ("Delta Log Entries", "Actions"), with nothing of the library
// under test.

/** A file of a version: a data file, and the rows of it that are deleted. */
export interface LiveFile {
  readonly path: string;
  readonly partition: number | undefined;
  readonly deletionVector: DeletionVector | undefined;
  /** One text for one file with one deletion vector. */
  readonly key: string;
}

export interface Commit {
  readonly version: number;
  readonly operation: string;
  readonly txnId: string | undefined;
  readonly readVersion: number | undefined;
  readonly adds: readonly LiveFile[];
  readonly removes: readonly LiveFile[];
  readonly metadata: TableMetadata | undefined;
}

export interface TableMetadata {
  readonly columns: readonly string[];
  readonly configuration: Readonly<Record<string, string>>;
}

/** The versions that the log has entries of, in order. */
export function versionsOf(table: string): number[] {
  const names = readdirSync(path.join(table, "_delta_log"));
  return names
    .flatMap((name) => (/^\d{20}\.json$/.test(name) ? [Number.parseInt(name, 10)] : []))
    .sort((a, b) => a - b);
}

/** @throws Error for an entry that is not whole. */
export function readCommit(table: string, version: number): Commit {
  const text = readFileSync(
    path.join(table, "_delta_log", `${String(version).padStart(20, "0")}.json`),
    "utf8",
  );
  const lines = text.split("\n").filter((line) => line !== "");
  // The documented border: the members that are read are those that the protocol names.
  const actions = lines.map((line): LogAction => JSON.parse(line));
  const info = actions.find(({ commitInfo }) => commitInfo !== undefined)?.commitInfo;
  const metadata = actions.find(({ metaData }) => metaData !== undefined)?.metaData;
  return {
    version,
    operation: info?.operation ?? "",
    txnId: info?.txnId,
    readVersion: info?.readVersion,
    adds: actions.flatMap(({ add }) => (add === undefined ? [] : [liveFile(add)])),
    removes: actions.flatMap(({ remove }) => (remove === undefined ? [] : [liveFile(remove)])),
    metadata: metadata && {
      columns: columnsOf(metadata.schemaString),
      configuration: metadata.configuration ?? {},
    },
  };
}

interface LogAction {
  readonly commitInfo?: {
    readonly operation?: string;
    readonly txnId?: string;
    readonly readVersion?: number;
  };
  readonly add?: FileAction;
  readonly remove?: FileAction;
  readonly metaData?: {
    readonly schemaString: string;
    readonly configuration?: Readonly<Record<string, string>>;
  };
}

interface FileAction {
  readonly path: string;
  readonly partitionValues?: Readonly<Record<string, string | null>>;
  readonly deletionVector?: DeletionVector;
}

function liveFile({ path: encoded, partitionValues, deletionVector }: FileAction): LiveFile {
  const partition = partitionValues?.["p"];
  const decoded = decodeURIComponent(encoded);
  const vector =
    deletionVector &&
    `${deletionVector.storageType}${deletionVector.pathOrInlineDv}@${deletionVector.offset ?? 0}`;
  return {
    path: decoded,
    partition: partition === undefined || partition === null ? undefined : Number(partition),
    deletionVector,
    key: `${decoded}#${vector ?? ""}`,
  };
}

function columnsOf(schemaString: string): string[] {
  const schema: { readonly fields: readonly { readonly name: string }[] } = JSON.parse(schemaString);
  return schema.fields.map(({ name }) => name);
}
