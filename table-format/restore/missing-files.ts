import { LakeError, mapParallel } from "../../core/index.js";
import { objectPath, openStore } from "../../object-store/index.js";
import { deletionVectorPath } from "../deletion-vector/descriptor.js";
import { type DataPlace, elsewhere } from "../fsck/file-presence.js";
import type { AddFile } from "../log/actions.js";
import { canonicalDataPath, type DataPath } from "../log/data-path.js";
import type { TableFolder } from "../snapshot/snapshot.js";

/** A data file that cannot be read as it is described. */
export interface MissingFile<F extends Pick<AddFile, "path" | "deletionVector">> {
  readonly file: F;
  /** What is not there: the file itself, or the one with its deletion vector. */
  readonly missing: string;
}

const PARALLEL_HEADS = 32;

/**
 * The files that are gone, or whose deletion vector is: one request for each of them.
 *
 * @throws LakeError `unsupported` for a file on a store that this release cannot open.
 */
export async function missingFiles<F extends Pick<AddFile, "path" | "deletionVector">>(
  { store, openStore: open = openStore }: Pick<TableFolder, "store" | "openStore">,
  files: readonly F[],
  signal?: AbortSignal,
): Promise<MissingFile<F>[]> {
  const keys = new Map<string, readonly F[]>();
  for (const file of files) {
    for (const key of keysOf(file, store.uri)) keys.set(key, [...(keys.get(key) ?? []), file]);
  }
  const isThere = await mapParallel(
    keys.keys(),
    PARALLEL_HEADS,
    (key) => exists({ store, open }, key, signal),
    signal,
  );
  const missing = new Map<F, string>();
  for (const [index, [key, users]] of [...keys].entries()) {
    if (isThere[index] === true) continue;
    for (const user of users) missing.set(user, missing.get(user) ?? key);
  }
  return files.flatMap((file) => {
    const key = missing.get(file);
    return key === undefined ? [] : [{ file, missing: key }];
  });
}

/** Every object that reading the file needs. */
function keysOf(file: Pick<AddFile, "path" | "deletionVector">, root: string): readonly string[] {
  const vector = file.deletionVector && deletionVectorPath(file.deletionVector);
  const data = canonicalDataPath(file.path, root);
  return vector === undefined ? [data] : [data, canonicalDataPath(uriOf(vector), root)];
}

function uriOf(place: DataPath): string {
  if (place.kind === "relative") return encodeURI(place.path);
  return `${place.scheme}://${place.authority}${encodeURI(place.path)}`;
}

async function exists(
  { store, open }: DataPlace,
  key: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (!key.startsWith("/") && !key.includes("://"))
    return (await store.head(objectPath(key), { signal })) !== undefined;
  const found = elsewhere(key, open);
  if (found === undefined) {
    throw new LakeError(
      "unsupported",
      "data-file-elsewhere",
      `${key} is on a store that this release cannot open`,
      { context: { file: key } },
    );
  }
  return (await found.store.head(objectPath(found.path), { signal })) !== undefined;
}
