import { isLakeError, LakeError } from "../../../core/index.js";
import type { Session } from "../../../engine/index.js";
import type { OpenedSource, Relation, WrittenFile } from "../../../formats/index.js";
import { type AddFile, rowsSelect, violationOf } from "../../../table-format/index.js";
import { removeFiles, totalRows, totalSize, type WriteTarget, writeDataFiles } from "../data-files.js";
import type { RescuedCounts } from "./ingest-report.js";
import { inFile } from "./landing-source.js";
import { rescuedRows } from "./rescued-rows.js";
import type { SourceLanding } from "./source-landing.js";

/** The rows of a source as they were written. */
export interface LandedRows {
  /** Data files that are written and not adopted. */
  readonly files: readonly WrittenFile[];
  /** Source files that are data files as they are. */
  readonly kept: readonly AddFile[];
  readonly rows: bigint;
  readonly rescued: RescuedCounts;
  /** Bytes that were written to the table's folder. */
  readonly bytesWritten: bigint;
  /** Removes what was written. */
  discard(): Promise<void>;
}

export type SourceOutcome =
  | ({ readonly status: "written" } & LandedRows)
  /** A value late in the source did not fit: another reading is left, or the source with other types. */
  | { readonly status: "misfit"; readonly failure: unknown };

export interface LandSourceOptions {
  /** Rows of the same commit that identity columns have numbered before. */
  readonly rowsBefore: bigint;
  /** A table of the session that is to hold the rows beside; default none. */
  readonly keptIn?: string | undefined;
  /** Called when the engine is about to read the rows: then this thread has time for other work. */
  readonly onReading: () => void;
  readonly signal: AbortSignal | undefined;
}

/** A source of at most this many bytes becomes one data file, its rows in the order they had. */
const ONE_FILE_BYTES = 1024 ** 3;

/**
 * Writes the rows of one source as data files.
 *
 * @throws LakeError the table's rule that a row breaks, naming the file; `invalid-input` `row-count` for a file with
 *   other rows than it says.
 */
export async function landSource(
  session: Session,
  target: WriteTarget,
  source: OpenedSource,
  landing: SourceLanding,
  { rowsBefore, keptIn, onReading, signal }: LandSourceOptions,
): Promise<SourceOutcome> {
  const { rules, columns } = landing;
  let files: readonly WrittenFile[];
  try {
    const relation = await relationOf(source, landing);
    try {
      const rows = rowsSelect(rules, { from: `(${relation.sql}) AS source`, source: columns, rowsBefore });
      const ordered = source.sizeBytes <= ONE_FILE_BYTES;
      onReading();
      if (keptIn !== undefined)
        await session.execute(`CREATE OR REPLACE TEMP TABLE ${keptIn} AS ${rows}`, { signal });
      const select = keptIn === undefined ? rows : `FROM ${keptIn}`;
      files = await writeDataFiles(session, target, select, { ordered, signal });
    } finally {
      await relation.dispose();
    }
  } catch (failure) {
    if (isLakeError(failure, "cancelled")) throw failure;
    const violation = violationOf(failure, rules.marker);
    if (violation !== undefined) throw inFile(violation, source.uri);
    return { status: "misfit", failure };
  }
  const rows = totalRows(files);
  if (source.statedRows !== undefined && source.statedRows !== rows) {
    await removeFiles(target, files);
    throw new LakeError(
      "invalid-input",
      "row-count",
      `${source.uri} says that it holds ${source.statedRows} rows and holds ${rows}`,
      { context: { file: source.uri }, hint: "The file is damaged: write it again. Nothing was committed." },
    );
  }
  const rescued =
    landing.reading === "rescue" ? await rescuedRows(session, target, files, signal) : NONE_RESCUED;
  const discard = (): Promise<void> => removeFiles(target, files);
  return { status: "written", files, kept: [], rows, rescued, bytesWritten: totalSize(files), discard };
}

export const NONE_RESCUED: RescuedCounts = { rows: 0n, records: 0n };

/** The rows of a source as its plan reads them. */
export function relationOf(source: OpenedSource, { relation, withFile }: SourceLanding): Promise<Relation> {
  switch (relation.kind) {
    case "inferred":
      return source.relation({ withFile });
    case "fitted": {
      if (source.fitted !== undefined) return source.fitted(relation.columns, relation.misfits, { withFile });
      throw new LakeError("internal", "not-fitted", `${source.uri} cannot be read in other types`);
    }
    case "numbered":
      return source.relation({ withFile, numbered: true });
  }
}
