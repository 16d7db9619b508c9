import { type CallOptions, type ObjectPath, type ObjectStore, objectPath } from "../object-store/index.js";
import type { TableName } from "./names.js";
import { type CatalogState, locationKey, uniqueSuffix } from "./state.js";

/** Bytes of a folder name, so that with a suffix it stays under the 255 of every file system. */
const MAX_SEGMENT = 200;

/**
 * Chooses the folder of a new table: `namespace/name`, or `namespace/name-<8 hex digits of its id>`
 * when a table had that one before or objects lie in it. A writer that still holds a dropped table
 * must never meet a new one of the same name.
 */
export async function chooseLocation(
  store: ObjectStore,
  state: CatalogState,
  name: TableName,
  id: string,
  options: CallOptions,
): Promise<ObjectPath> {
  const plain = plainLocation(name);
  const isTaken = state.usedLocations.has(locationKey(plain)) || (await holdsObjects(store, plain, options));
  return isTaken ? objectPath(plain + uniqueSuffix(id)) : plain;
}

/** `namespace/name`, each part made a plain folder name. */
export function plainLocation({ namespace, name }: TableName): ObjectPath {
  return objectPath(`${folderName(namespace)}/${folderName(name)}`);
}

/**
 * The name with everything but ASCII letters, digits, `-`, `.` and `_` percent-encoded, cut where it
 * grows too long. A leading `.` or `_` is encoded as well: readers take such folders for hidden, and
 * `_grizzly` is the lake's own.
 */
function folderName(name: string): string {
  let folder = "";
  for (const byte of new TextEncoder().encode(name)) {
    const character = String.fromCharCode(byte);
    const isPlain = (folder === "" ? /[A-Za-z0-9-]/ : /[A-Za-z0-9._-]/).test(character);
    const piece = isPlain ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    if (folder.length + piece.length > MAX_SEGMENT) break;
    folder += piece;
  }
  return folder;
}

async function holdsObjects(store: ObjectStore, folder: ObjectPath, options: CallOptions): Promise<boolean> {
  for await (const _ of store.list(`${folder}/`, options)) return true;
  return (await store.head(folder, options)) !== undefined;
}
