import { LakeError } from "../../../../core/index.js";
import {
  type FoundFile,
  type LandedFile,
  type LedgerComparison,
  landedFile,
  sameContent,
} from "./landed-file.js";

/**
 * What becomes of a file that landed and has other content now: `refuse` fails the ingest, `append` adds the rows that
 * it has now, `replace` puts them in the place of those that it had.
 */
export type OnChange = "refuse" | "append" | "replace";

export interface ChangePolicy {
  readonly onChange: OnChange;
  /** Whether files land that have landed before, changed or not. With `replace` their former rows leave. */
  readonly again: boolean;
}

/** A file that landed with other content. */
export interface ChangedFile {
  readonly landed: LandedFile;
  /** As it is now. */
  readonly now: LandedFile;
}

export interface FileChoice {
  /** Files whose rows are to land, in the order in which they were found. */
  readonly land: readonly FoundFile[];
  /** Those of them whose former rows leave in the same commit. */
  readonly replaced: readonly FoundFile[];
  readonly skipped: {
    /** Size and modification time are as they were. */
    readonly unchanged: readonly FoundFile[];
    /** The content is as it was: as they are now, to be recorded so. */
    readonly touched: readonly LandedFile[];
  };
  /** Changed files under the policy `refuse`; where there is one, nothing is to land. */
  readonly refused: readonly ChangedFile[];
}

/**
 * The files whose content must be known before {@link chooseFiles}. Pure.
 *
 * A file of another size has other content, but what it is now is told all the same.
 */
export function filesToHash({ touched }: LedgerComparison, { again }: ChangePolicy): FoundFile[] {
  return again ? [] : touched.map(({ found }) => found);
}

/**
 * Decides which files land. Pure.
 *
 * @param found the files that were compared, in their order
 * @param hashes of the content of {@link filesToHash}, by URI
 */
export function chooseFiles(
  found: readonly FoundFile[],
  comparison: LedgerComparison,
  hashes: ReadonlyMap<string, string>,
  policy: ChangePolicy,
): FileChoice {
  const { fresh, unchanged, touched } = comparison;
  if (policy.again) {
    const known =
      policy.onChange === "replace" ? urisOf([...unchanged, ...touched.map((file) => file.found)]) : NONE;
    return {
      land: found,
      replaced: found.filter(({ uri }) => known.has(uri)),
      skipped: { unchanged: [], touched: [] },
      refused: [],
    };
  }
  const seen = touched.map(({ found: file, landed }): ChangedFile => {
    const hash = hashes.get(file.uri);
    if (hash === undefined) throw new LakeError("internal", "no-hash", `${file.uri} was not hashed`);
    return { landed, now: landedFile(file, hash) };
  });
  const changed = seen.filter(({ landed, now }) => !sameContent(landed, now));
  const isRefused = policy.onChange === "refuse" && changed.length > 0;
  const changedUris = urisOf(changed.map(({ now }) => now));
  const landing = urisOf(fresh);
  for (const uri of changedUris) landing.add(uri);
  return {
    land: isRefused ? [] : found.filter(({ uri }) => landing.has(uri)),
    replaced: policy.onChange === "replace" ? found.filter(({ uri }) => changedUris.has(uri)) : [],
    skipped: {
      unchanged,
      touched: seen.filter(({ landed, now }) => sameContent(landed, now)).map(({ now }) => now),
    },
    refused: isRefused ? changed : [],
  };
}

const NONE: ReadonlySet<string> = new Set();
const urisOf = (files: readonly FoundFile[]): Set<string> => new Set(files.map(({ uri }) => uri));
