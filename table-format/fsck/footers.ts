import { LakeError, throwIfCancelled } from "../../core/index.js";
import { quoteString, type Row, type Session } from "../../engine/index.js";
import { objectPath } from "../../object-store/index.js";
import { RAW_TAGS } from "../raw-file/index.js";
import { type DataPlace, elsewhere, isInside, PRESENT } from "./file-presence.js";
import { type FindingLog, firstLine } from "./finding-log.js";
import { fileList, isBrokenFile } from "./log-text.js";
import { type RawCopy, readableFile } from "./raw-file-rules.js";
import { type StoredFile, withStoredFiles } from "./stored-files.js";

/** The files of one page: `file` as the engine names it, and the columns of {@link PRESENT}. */
export const PAGE_FILES = "fsck_page";
/** What their footers say of them: `file`, `num_rows`, `signature` (equal for files of equal columns). */
export const PAGE_FOOTERS = "fsck_footers";
/**
 * What is known of the leaf columns of each file: `file`, `path` (names joined by `", "`), `least` and
 * `greatest` as text, `nulls`; NULL where it is not known.
 */
export const PAGE_COLUMNS = "fsck_columns";

/** Files whose footers are held at a time. */
const PAGE = 1_000;
/** Copies of whole remote files that are on disk at a time. */
const REMOTE_PAGE = 16;

export type PageProgress = (done: number, total: number) => void;

/** What is done with the pages. */
export interface PageReading {
  /** Whether the files are read whole, and not their footers alone. */
  readonly deep: boolean;
  readonly rawCopy: RawCopy;
  readonly check: () => Promise<void>;
  readonly progress: PageProgress;
}

/**
 * Goes through the live data files that are there, page by page: reads their footers into
 * {@link PAGE_FOOTERS} and {@link PAGE_COLUMNS} and lets `check` look at them. A file whose footer cannot be
 * read is a finding, and the rest of its page goes on.
 */
export async function forEachPage(
  session: Session,
  place: DataPlace,
  findings: FindingLog,
  reading: PageReading,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { progress, deep } = reading;
  const [counted] = await session.rows(`SELECT count(*) AS n FROM ${PRESENT}`, { signal });
  const total = Number(counted?.["n"] ?? 0);
  const isLocal = place.store.localPath(objectPath("x")) !== undefined;
  const page = isLocal || !deep ? PAGE : REMOTE_PAGE;
  for (let done = 0; done < total; done += page) {
    throwIfCancelled(signal);
    progress(done, total);
    const rows = await session.rows(
      `SELECT rowid AS row, key, size, tags, ${isInside("key")} AS is_inside,
         json_extract_string(tags, '$."${RAW_TAGS.format}"') IS NOT NULL AS is_raw
       FROM ${PRESENT} WHERE rowid >= ${done} AND rowid < ${done + page} ORDER BY rowid`,
      { signal },
    );
    const files = rows.map((row) => storedFile(row, place, deep));
    await withStoredFiles(
      files,
      (localFiles) => readPage(session, rows, localFiles, findings, reading, signal),
      signal,
    );
  }
  progress(total, total);
}

/** The file of a row: in the table's folder, or elsewhere. */
function storedFile(row: Row, { store, open }: DataPlace, deep: boolean): StoredFile {
  const key = String(row["key"]);
  const whole = deep || row["is_raw"] === true;
  if (row["is_inside"] === true) return { store, path: objectPath(key), whole };
  const other = elsewhere(key, open);
  // It was there when it was looked for.
  if (other === undefined) throw new LakeError("internal", "data-file-elsewhere", `${key} cannot be opened`);
  return { store: other.store, path: objectPath(other.path), whole };
}

async function readPage(
  session: Session,
  rows: readonly Row[],
  files: readonly string[],
  findings: FindingLog,
  { check, rawCopy }: PageReading,
  signal: AbortSignal | undefined,
): Promise<void> {
  const named: { readonly row: Row[string]; readonly file: string; readonly key: string }[] = [];
  for (const [index, row] of rows.entries()) {
    const file = await readableFile(row, files[index] ?? "", rawCopy, findings);
    if (file !== undefined) named.push({ row: row["row"] ?? null, file, key: String(row["key"]) });
  }
  await session.execute(
    `CREATE OR REPLACE TEMP TABLE ${PAGE_FILES} AS
     SELECT f.file, p.* FROM ${PRESENT} AS p JOIN (
       SELECT unnest([${named.map(({ row }) => String(row)).join(", ")}]::BIGINT[]) AS row,
              unnest([${named.map(({ file }) => quoteString(file)).join(", ")}]::VARCHAR[]) AS file
     ) AS f ON p.rowid = f.row;
     CREATE OR REPLACE TEMP TABLE ${PAGE_FOOTERS} (file VARCHAR, num_rows BIGINT, signature VARCHAR);
     CREATE OR REPLACE TEMP TABLE ${PAGE_COLUMNS} (file VARCHAR, path VARCHAR, least VARCHAR, greatest VARCHAR, nulls BIGINT)`,
    { signal },
  );
  // A file that is live twice is still one file.
  const once = new Map(named.map((one) => [one.file, one]));
  await readFooters(session, [...once.values()], findings, signal);
  await check();
}

/** Reads footers; a list that fails is halved until the file is found that cannot be read. */
async function readFooters(
  session: Session,
  files: readonly { readonly file: string; readonly key: string }[],
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  const [first] = files;
  if (first === undefined) return;
  const list = fileList(files.map(({ file }) => file));
  try {
    await session.execute(
      `BEGIN; INSERT INTO ${PAGE_FOOTERS} ${footersSql(list)}; INSERT INTO ${PAGE_COLUMNS} ${columnsSql(list)}; COMMIT`,
      { signal },
    );
  } catch (error) {
    await session.execute("ROLLBACK");
    if (!isBrokenFile(error)) throw error;
    if (files.length === 1) {
      findings.add("data-file-unreadable", `the footer cannot be read: ${firstLine(error)}`, {
        file: first.key,
      });
      return;
    }
    const half = Math.ceil(files.length / 2);
    await readFooters(session, files.slice(0, half), findings, signal);
    await readFooters(session, files.slice(half), findings, signal);
  }
}

function footersSql(list: string): string {
  return `SELECT m.file_name, m.num_rows, s.signature
    FROM parquet_file_metadata(${list}) AS m JOIN (
      SELECT file_name, md5(string_agg(concat_ws('|', name, type, type_length, repetition_type, num_children, converted_type, scale, precision, logical_type, field_id), ';' ORDER BY position)) AS signature
      FROM (SELECT *, row_number() OVER () AS position FROM parquet_schema(${list})) GROUP BY file_name
    ) AS s USING (file_name)`;
}

// A text that a writer cut is a bound and no value. Writers that do not say so cut at 64 bytes or later.
const UNCUT_BYTES = 60;

function columnsSql(list: string): string {
  const exact = (value: string, flag: string): string =>
    `CASE WHEN coalesce(${flag}, strlen(${value}) < ${UNCUT_BYTES}) AND type <> 'INT96' THEN ${value} END`;
  // One row a row group; the least of all is found where the type is known.
  return `SELECT file_name, path_in_schema, ${exact("stats_min_value", "min_is_exact")}, ${exact("stats_max_value", "max_is_exact")}, stats_null_count
    FROM parquet_metadata(${list})`;
}
