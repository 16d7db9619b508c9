import { isLakeError } from "../../core/index.js";
import type { OpenedSource, Relation } from "../../formats/index.js";

/**
 * Reads a source with `read`; when a value met late in the file does not fit the types inferred from
 * a sample, infers from the whole file and reads again. `read` must leave nothing behind when it
 * throws. Gives the source as it was read at last, whose columns and notes count; disposing it
 * disposes the first as well.
 *
 * @throws LakeError `invalid-input` naming the file, and the line or byte, when the file is at fault.
 */
export async function readSource<T>(
  source: OpenedSource,
  read: (relation: Relation, source: OpenedSource) => Promise<T>,
): Promise<{ readonly source: OpenedSource; readonly result: T }> {
  // Ends because a source whose types came from every record refuses to reopen.
  for (let current = source; ; ) {
    try {
      return { source: current, result: await readOnce(current, read) };
    } catch (failure) {
      if (isLakeError(failure, "cancelled")) throw failure;
      current = await current.reopen(failure);
    }
  }
}

async function readOnce<T>(
  source: OpenedSource,
  read: (relation: Relation, source: OpenedSource) => Promise<T>,
): Promise<T> {
  const relation = await source.relation();
  try {
    return await read(relation, source);
  } finally {
    await relation.dispose();
  }
}
