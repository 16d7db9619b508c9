import { LakeError } from "../../../core/index.js";
import type { SourceColumn } from "../../../table-format/index.js";

/** What a plan needs to know of a source. */
export interface LandingSource {
  readonly uri: string;
  readonly columns: readonly SourceColumn[];
}

/** Adds to an error which source it is about. */
export function inSource<T>(source: LandingSource, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof LakeError)) throw error;
    throw new LakeError(error.kind, error.code, `${source.uri}: ${error.message}`, {
      context: { ...error.context, file: source.uri },
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
    });
  }
}
