import { objectPath } from "../../object-store/index.js";
import { hidesMetadata, METADATA_COLUMN } from "../scan/metadata-column.js";
import { mentionsColumn } from "./hidden-column.js";
import type { ReferencedFiles, ReferencedTable } from "./query-expander.js";

/** The names of the tables whose `_metadata` a query can mean. */
export function tablesShowingMetadata(
  sql: string,
  tables: readonly ReferencedTable[],
  files: readonly ReferencedFiles[],
): ReadonlySet<string> {
  if (!mentionsColumn(sql, METADATA_COLUMN)) return new Set();
  const showing = tables.filter(
    ({ snapshot, changes }) => changes === undefined && !hidesMetadata(snapshot.schema),
  );
  const showingFiles = files.filter(({ table }) => table.metadataType !== undefined);
  return new Set([...showing, ...showingFiles].map(({ name }) => name));
}

/**
 * Whether there is something to choose. Of one local file the engine reads only the columns and row groups it needs,
 * and finds them faster than we could plan it; of what is far away they have to be fetched first.
 */
export async function haveFilesToChoose(
  tables: readonly ReferencedTable[],
  signal: AbortSignal | undefined,
): Promise<boolean> {
  for (const { snapshot } of tables) {
    if (snapshot.folder.store.localPath(objectPath("x")) === undefined) return true;
    if ((await snapshot.withFiles(async (files) => files.count, signal)) > 1) return true;
  }
  return false;
}
