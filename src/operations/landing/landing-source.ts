import { LakeError } from "../../../core/index.js";
import type { SourceColumn } from "../../../table-format/index.js";

/**
 * How the rows of a source are read: `inferred`, in the types that its own records tell, which is the fast way;
 * `fitted`, in the table's types, where the source's values are texts; `rescue`, with what does not fit put aside.
 */
export type Reading = "inferred" | "fitted" | "rescue";

/** The file that rows came from: of standard input none, of a group of files another for each row. */
export type FileOfRows =
  | { readonly kind: "none" }
  | { readonly kind: "one"; readonly uri: string }
  | { readonly kind: "each" };

/** What a plan needs to know of a source. */
export interface LandingSource {
  readonly uri: string;
  readonly columns: readonly SourceColumn[];
  /** Whether its values are texts, which take their types from who reads them. */
  readonly isText: boolean;
  readonly file: FileOfRows;
  /** The first reading to think of; those before it were tried in vain. */
  readonly reading: Reading;
}

/** Adds to an error which source it is about. */
export function inSource<T>(source: Pick<LandingSource, "uri">, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof LakeError)) throw error;
    throw inFile(error, source.uri);
  }
}

/** The same error, its message and context naming the file. */
export function inFile(error: LakeError, file: string): LakeError {
  return new LakeError(error.kind, error.code, `${file}: ${error.message}`, {
    context: { ...error.context, file },
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: error,
  });
}

const ORDER: readonly Reading[] = ["inferred", "fitted", "rescue"];

/** The readings that are left for a source, in the order in which they are tried. Pure. */
export function readingsOf(
  { reading, isText }: Pick<LandingSource, "reading" | "isText">,
  rescues: boolean,
): readonly Reading[] {
  return ORDER.slice(ORDER.indexOf(reading)).filter(
    (each) => each === "inferred" || (each === "fitted" ? isText : rescues),
  );
}

/** The same error, which says that what does not fit can be put aside. */
export function withRescueHint(error: LakeError): LakeError {
  const rescue = "et what does not fit go to the column _rescued_data: --rescue.";
  return new LakeError(error.kind, error.code, error.message, {
    context: error.context,
    hint: error.hint === undefined ? `L${rescue}` : `${error.hint} Or l${rescue}`,
    cause: error,
  });
}
