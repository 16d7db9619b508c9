import { isLakeError, LakeError } from "../../../core/index.js";
import type { Session } from "../../../engine/index.js";
import type { OpenedSource, Relation } from "../../../formats/index.js";
import { numberedColumns, rowsSelect } from "../../../table-format/index.js";
import { removeFiles, totalRows, totalSize, type WriteTarget, writeDataFiles } from "../data-files.js";
import type { IngestedSource } from "./ingest-report.js";
import { type LandedRows, NONE_RESCUED, relationOf } from "./land-source.js";
import type { SourceLanding } from "./source-landing.js";

/** A source with how it lands. */
export interface PlannedSource {
  readonly source: OpenedSource;
  readonly landing: SourceLanding;
}

/** Larger sources become data files of their own. */
const SMALL_BYTES = 4 * 1024 ** 2;
/** What is written together at most: sources, and bytes of them. */
export const MOST_TOGETHER = 200;
const MOST_BYTES = 64 * 1024 ** 2;

/**
 * How many sources from the first on may share data files: small texts of one kind, whose rows need no numbers. At
 * least one. Pure.
 */
export function landsTogether(planned: readonly PlannedSource[]): number {
  const [first] = planned;
  if (first === undefined || !isSmall(first)) return 1;
  let bytes = 0;
  const end = planned.slice(0, MOST_TOGETHER).findIndex((next) => {
    const { format, compression, sizeBytes } = next.source;
    bytes += sizeBytes;
    const isAlike = format === first.source.format && compression === first.source.compression;
    return !isAlike || !isSmall(next) || bytes > MOST_BYTES;
  });
  return Math.max(1, end === -1 ? Math.min(planned.length, MOST_TOGETHER) : end);
}

function isSmall({ source, landing }: PlannedSource): boolean {
  const isPlain =
    source.fitted !== undefined &&
    landing.reading === "inferred" &&
    numberedColumns(landing.rules).length === 0;
  return isPlain && source.files.length === 1 && source.sizeBytes <= SMALL_BYTES;
}

/**
 * Writes the rows of several sources to data files that they share, in their order. `undefined` where a row of them
 * does not fit or breaks a rule: it is told when they are landed one by one.
 */
export async function landTogether(
  session: Session,
  target: WriteTarget,
  planned: readonly PlannedSource[],
  signal: AbortSignal | undefined,
): Promise<LandedRows | undefined> {
  const relations: Relation[] = [];
  try {
    const selects: string[] = [];
    for (const { source, landing } of planned) {
      const relation = await relationOf(source, landing);
      relations.push(relation);
      const from = `(${relation.sql}) AS source`;
      selects.push(`(${rowsSelect(landing.rules, { from, source: landing.columns })})`);
    }
    const files = await writeDataFiles(session, target, selects.join(" UNION ALL "), {
      ordered: true,
      signal,
    });
    const discard = (): Promise<void> => removeFiles(target, files);
    const rows = totalRows(files);
    if (!isStated(planned, rows)) {
      await discard();
      return undefined;
    }
    return { files, kept: [], rows, rescued: NONE_RESCUED, bytesWritten: totalSize(files), discard };
  } catch (error) {
    if (isLakeError(error, "invalid-input") || isLakeError(error, "corrupt")) return undefined;
    throw error;
  } finally {
    for (const relation of relations) await relation.dispose();
  }
}

/** Files that count their rows and hold others are found out one by one. */
function isStated(planned: readonly PlannedSource[], rows: bigint): boolean {
  let stated = 0n;
  for (const { source } of planned) {
    if (source.statedRows === undefined) return true;
    stated += source.statedRows;
  }
  return stated === rows;
}

const MOST_NOTES = 10;

/** What is told of sources that were landed together. Pure. */
export function ingestedTogether(
  sources: readonly OpenedSource[],
  { rows, rescued }: Pick<LandedRows, "rows" | "rescued">,
  notes: readonly string[],
): IngestedSource {
  const [first, ...others] = sources;
  if (first === undefined) throw new LakeError("internal", "no-source", "rows of no source");
  const { uri, format, compression } = first;
  const all = [...sources.flatMap((source) => source.notes), ...notes];
  return {
    uri: others.length === 0 ? uri : `${uri} and ${others.length} more`,
    format,
    compression,
    files: sources.reduce((sum, { files }) => sum + files.length, 0),
    rows,
    rescued,
    notes: others.length === 0 ? all : [...new Set(all)].slice(0, MOST_NOTES),
  };
}
