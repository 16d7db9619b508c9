import { isLakeError, LakeError } from "../../../core/index.js";
import type { Session } from "../../../engine/index.js";
import type { OpenedSource, WrittenFile } from "../../../formats/index.js";
import { rowsSelect, violationOf } from "../../../table-format/index.js";
import { removeFiles, totalRows, type WriteTarget, writeDataFiles } from "../data-files.js";
import type { SourceLanding } from "./landing-plan.js";

export interface IngestedSource {
  readonly uri: string;
  readonly format: string;
  readonly compression: string;
  readonly rows: bigint;
  /** What detection and inference decided. */
  readonly notes: readonly string[];
}

export type SourceOutcome =
  | { readonly status: "written"; readonly files: readonly WrittenFile[] }
  | { readonly status: "reopened"; readonly source: OpenedSource };

export interface LandSourceOptions {
  /** Rows of the same commit that identity columns have numbered before. */
  readonly rowsBefore: bigint;
  readonly signal: AbortSignal | undefined;
}

/** A source of at most this many bytes becomes one data file, its rows in the order they had. */
const ONE_FILE_BYTES = 1024 ** 3;

/**
 * Writes the rows of one source as data files.
 *
 * @throws LakeError naming the file when it is at fault, or the table's rule that a row breaks.
 */
export async function landSource(
  session: Session,
  target: WriteTarget,
  source: OpenedSource,
  { rules, columns }: SourceLanding,
  { rowsBefore, signal }: LandSourceOptions,
): Promise<SourceOutcome> {
  let files: readonly WrittenFile[];
  try {
    const relation = await source.relation();
    try {
      const select = rowsSelect(rules, { from: `(${relation.sql}) AS source`, source: columns, rowsBefore });
      const ordered = source.sizeBytes <= ONE_FILE_BYTES;
      files = await writeDataFiles(session, target, select, { ordered, signal });
    } finally {
      await relation.dispose();
    }
  } catch (failure) {
    if (isLakeError(failure, "cancelled")) throw failure;
    const violation = violationOf(failure, rules.marker);
    if (violation !== undefined) throw inFile(violation, source.uri);
    return { status: "reopened", source: await source.reopen(failure) };
  }
  const rows = totalRows(files);
  if (source.statedRows !== undefined && source.statedRows !== rows) {
    await removeFiles(files);
    throw new LakeError(
      "invalid-input",
      "row-count",
      `${source.uri} says that it holds ${source.statedRows} rows and holds ${rows}`,
      { context: { file: source.uri }, hint: "The file is damaged: write it again. Nothing was committed." },
    );
  }
  return { status: "written", files };
}

export function ingestedSource(
  source: OpenedSource,
  files: readonly WrittenFile[],
  notes: readonly string[],
): IngestedSource {
  const { uri, format, compression } = source;
  const rows = totalRows(files);
  return { uri, format, compression, rows, notes: [...source.notes, ...notes] };
}

function inFile(error: LakeError, file: string): LakeError {
  return new LakeError(error.kind, error.code, `${file}: ${error.message}`, {
    context: { ...error.context, file },
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: error,
  });
}
