import { isLakeError, LakeError } from "../../core/index.js";
import { isObjectAbsent, type ObjectPath, type ObjectStore } from "../../object-store/index.js";

/** Losing the race for a log entry is a result, not an error. */
export type CommitResult = { readonly status: "committed" } | { readonly status: "conflict" };

/**
 * Writes one log entry by put-if-absent, the only commit mode there is.
 *
 * A put whose outcome is unknown (the request failed, or an earlier try of the same bytes landed and
 * this one was answered `exists`) is settled by reading the entry back: `isOurs` tells our bytes from
 * another writer's by the transaction id in them. So `committed` and `conflict` are both certain.
 *
 * @param onTaken told as soon as there is an entry, before that is read
 * @throws LakeError `unavailable`: `commit-outcome` when nothing was committed, with another code when the entry cannot
 *   be read back either, or may yet appear: the outcome stays unknown.
 */
export async function commitEntry(
  store: ObjectStore,
  path: ObjectPath,
  data: Uint8Array,
  isOurs: (entry: Uint8Array) => boolean,
  signal?: AbortSignal,
  onTaken?: () => void,
): Promise<CommitResult> {
  try {
    const put = await store.putIfAbsent(path, data, { signal, readsBack: true });
    if (put.status === "created") return { status: "committed" };
  } catch (error) {
    if (!isLakeError(error, "unavailable")) throw error;
    const entry = await readEntry(store, path);
    // What a service far away has not done yet, it may still do.
    if (entry === undefined && error.code === "put-outcome-unknown") throw undecided(path, error);
    if (entry === undefined) {
      throw new LakeError(
        "unavailable",
        "commit-outcome",
        `the commit of ${path} failed and is not in the log`,
        {
          cause: error,
          hint: "Nothing was committed. Run it again.",
        },
      );
    }
    return { status: isOurs(entry) ? "committed" : "conflict" };
  }
  onTaken?.();
  const entry = await readEntry(store, path);
  return { status: entry !== undefined && isOurs(entry) ? "committed" : "conflict" };
}

function undecided(path: ObjectPath, cause: LakeError): LakeError {
  return new LakeError("unavailable", "commit-undecided", `whether ${path} is committed is not known`, {
    cause,
    hint: "Look at the table's history before it is run again: the store may still write the entry.",
  });
}

async function readEntry(store: ObjectStore, path: ObjectPath): Promise<Uint8Array | undefined> {
  try {
    return await store.get(path);
  } catch (error) {
    if (isObjectAbsent(error)) return undefined;
    throw error;
  }
}
