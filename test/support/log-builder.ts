import { randomUUID } from "node:crypto";
import type { Engine } from "../../engine/index.js";
import { quoteString } from "../../engine/index.js";
import { type LocalStore, type ObjectStore, objectPath } from "../../object-store/index.js";
import { DeltaTable, type Snapshot } from "../../table-format/index.js";

// Logs written by hand, a file at a time.

export type Json = Readonly<Record<string, unknown>>;

export const digits = (n: number): string => String(n).padStart(20, "0");

const SCHEMA = '{"type":"struct","fields":[{"name":"a","type":"long","nullable":true,"metadata":{}}]}';

export function protocol(...features: string[]): Json {
  return {
    protocol: {
      minReaderVersion: 3,
      minWriterVersion: 7,
      readerFeatures: readers(features),
      writerFeatures: features,
    },
  };
}

const WRITERS_ONLY = new Set(["inCommitTimestamp", "domainMetadata"]);

function readers(features: readonly string[]): string[] {
  return features.filter((feature) => !WRITERS_ONLY.has(feature));
}

export function metadata(configuration: Readonly<Record<string, string>> = {}, schemaString = SCHEMA): Json {
  const format = { provider: "parquet", options: {} };
  return { metaData: { id: "table-id", format, schemaString, partitionColumns: [], configuration } };
}

export function add(path: string, more: Json = {}): Json {
  return { add: { path, partitionValues: {}, size: 1, modificationTime: 1, dataChange: true, ...more } };
}

export function remove(path: string, more: Json = {}): Json {
  return { remove: { path, deletionTimestamp: 1, dataChange: true, ...more } };
}

/** Writes a file of the log with one action a line. */
export async function put(store: LocalStore, name: string, ...actions: Json[]): Promise<void> {
  const text = actions.map((action) => `${JSON.stringify(action)}\n`).join("");
  await store.put(objectPath(`_delta_log/${name}`), Buffer.from(text));
}

export function putCommit(store: LocalStore, n: number, ...actions: Json[]): Promise<void> {
  return put(store, `${digits(n)}.json`, ...actions);
}

export function removeFiles(store: LocalStore, ...names: string[]): Promise<void> {
  return store.delete(names.map((name) => objectPath(`_delta_log/${name}`)));
}

/**
 * Writes rows as a Parquet file of the log.
 *
 * @param rows SELECTs of one action each, joined by the names of their columns
 */
export async function putParquet(
  engine: Engine,
  store: LocalStore,
  name: string,
  ...rows: readonly string[]
): Promise<void> {
  await put(store, name);
  const target = store.localPath(objectPath(`_delta_log/${name}`));
  await engine.withSession((session) =>
    session.execute(`COPY (${rows.join(" UNION ALL BY NAME ")}) TO ${quoteString(target)} (FORMAT parquet)`),
  );
}

/** SELECTs of what every checkpoint has, for {@link putParquet}. */
export function stateRows(...features: string[]): string[] {
  const list = (names: readonly string[]): string => `[${names.map(quoteString).join(", ")}]::VARCHAR[]`;
  return [
    `SELECT {minReaderVersion: 3, minWriterVersion: 7, readerFeatures: ${list(readers(features))}, writerFeatures: ${list(features)}} AS protocol`,
    `SELECT {id: 'table-id', format: {provider: 'parquet', options: MAP {}::MAP(VARCHAR, VARCHAR)}, schemaString: ${quoteString(SCHEMA)}, partitionColumns: []::VARCHAR[], configuration: MAP {}::MAP(VARCHAR, VARCHAR)} AS metaData`,
  ];
}

export function addRow(path: string, more = ""): string {
  return `SELECT {path: ${quoteString(path)}, partitionValues: MAP {}::MAP(VARCHAR, VARCHAR), size: 1::BIGINT, modificationTime: 1::BIGINT, dataChange: false${more}} AS add`;
}

export function uuidName(n: number, format: "json" | "parquet"): string {
  return `${digits(n)}.checkpoint.${randomUUID()}.${format}`;
}

/** The paths of the live files of a snapshot, sorted. */
export async function paths(snapshot: Snapshot): Promise<string[]> {
  return (await files(snapshot, "path")).map((row) => String(row["path"])).sort();
}

export function files(snapshot: Snapshot, columns: string): Promise<Readonly<Record<string, unknown>>[]> {
  return snapshot.withFiles((table) =>
    snapshot.folder.engine.withSession((session) =>
      session.rows(`SELECT ${columns} FROM ${table.relation} ORDER BY path`),
    ),
  );
}

/** A table that has seen nothing yet. */
export function fresh(store: ObjectStore, engine: Engine): DeltaTable {
  return new DeltaTable({ store, engine });
}
