import { quoteString, type Session } from "../../engine/index.js";
import { invalidSource } from "../failure.js";
import { STAGED_NUMBER } from "../rescue/staged-records.js";
import { readBytes } from "../source/byte-range.js";
import { enginePath } from "../source/engine-path.js";
import type { SourceFile } from "../source/source-file.js";
import type { CsvLayout } from "./layout.js";
import { REASON, stageCsv } from "./stage-csv.js";

/**
 * Who cuts the records of a file: the engine, which is fast, or we, who take more: line ends of several kinds in one
 * file, and records of any length.
 */
export type CutBy = "engine" | "us";

/**
 * Whether a file ends where a character would be hidden. The engine then takes an open quote for closed, and drops the
 * escape.
 */
export async function endsInEscape(
  { localPath, size }: SourceFile,
  { dialect }: CsvLayout,
): Promise<boolean> {
  if (dialect.escape !== "\\" || size === 0) return false;
  const [last] = await readBytes(localPath, size - 1, 1);
  return last === dialect.escape.charCodeAt(0);
}

/** Records as text, in columns `c0`, `c1`, ... A quoted empty field is an empty text, a bare one NULL. */
export interface CsvRecords {
  readonly sql: string;
  dispose(): Promise<void>;
}

/** The code of the error for a record that cannot be read. */
export const BROKEN_CSV = "broken-csv";
/** The code of the error for a column that nobody asks for. */
export const COLUMN_UNKNOWN = "column-unknown";
/** Errors that say what is wrong, and where, already. */
export const EXPLAINED: ReadonlySet<string> = new Set([COLUMN_UNKNOWN, BROKEN_CSV]);

/** @throws LakeError `invalid-input` with the line of the first record that cannot be read, where we cut them. */
export async function recordsOf(
  session: Session,
  file: SourceFile,
  layout: CsvLayout,
  cutBy: CutBy,
  signal: AbortSignal | undefined,
): Promise<CsvRecords> {
  if (cutBy === "engine") return { sql: engineRecords(file, layout), dispose: async () => {} };
  const staged = await stageCsv(session, file, layout, signal);
  try {
    await refuseFaults(session, file, staged.sql, signal);
    return staged;
  } catch (error) {
    await staged.dispose();
    throw error;
  }
}

async function refuseFaults(
  session: Session,
  file: SourceFile,
  records: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const [fault] = await session.rows(
    `SELECT ${STAGED_NUMBER} AS line, ${REASON} AS reason FROM (${records}) WHERE ${REASON} IS NOT NULL LIMIT 1`,
    { signal },
  );
  if (fault === undefined) return;
  throw invalidSource(
    file.uri,
    BROKEN_CSV,
    String(fault["reason"]),
    { line: Number(fault["line"]) },
    { hint: "Correct the line, or quote fields that hold the delimiter." },
  );
}

/** What the engine cuts; of a sample it reads a buffer of so many bytes at a time. */
export function engineRecords(
  file: Pick<SourceFile, "localPath">,
  { dialect, header, names }: Omit<CsvLayout, "notes">,
  bufferBytes?: number,
): string {
  const buffer = bufferBytes === undefined ? "" : `, buffer_size = ${bufferBytes}`;
  const columns = names.map((_, index) => `'c${index}': 'VARCHAR'`).join(", ");
  return (
    `SELECT * FROM read_csv(${enginePath(file.localPath)}, auto_detect = false, strict_mode = true, ` +
    `delim = ${quoteString(dialect.delimiter)}, quote = '"', escape = ${quoteString(dialect.escape)}, ` +
    `header = ${header}, columns = {${columns}}, allow_quoted_nulls = false, nullstr = '', compression = 'none'${buffer})`
  );
}
