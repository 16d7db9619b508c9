import { isLakeError, type LakeError, throwIfCancelled } from "../../core/index.js";
import { quoteString, type Session } from "../../engine/index.js";
import type { ObjectPath, ObjectStore } from "../../object-store/index.js";
import { withLocalFiles } from "../snapshot/local-files.js";

/** A file of the log, and the version that its actions count as. */
export interface LogText {
  readonly path: ObjectPath;
  readonly version: bigint;
  /** Bytes. */
  readonly size: number;
}

/** The engine holds whole files while it cuts them into lines: so much of them at a time. */
const BATCH_BYTES = 64 * 1024 * 1024;
const BATCH_FILES = 1_000;

/**
 * Hands the lines of log files to `take`, batch by batch, as SQL of a relation with the columns `version`,
 * `line` (from 1), `text` and `is_last` (the file ends in this line, without a line feed). Blank lines are
 * left out. A file that is gone or is no UTF-8 text goes to `broken`, and stops no other one.
 */
export async function readLogLines(
  store: ObjectStore,
  files: readonly LogText[],
  take: (lines: string) => Promise<void>,
  broken: (file: LogText, error: LakeError) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const batch of batches(files)) {
    throwIfCancelled(signal);
    try {
      await readBatch(store, batch, take, signal);
    } catch (error) {
      if (!isBrokenFile(error)) throw error;
      const [only] = batch;
      if (batch.length === 1 && only !== undefined) {
        broken(only, error);
        continue;
      }
      for (const file of batch) await readLogLines(store, [file], take, broken, signal);
    }
  }
}

/** Errors that tell of the machine, or of a statement of ours that is wrong. */
const NOT_OF_THE_FILE: ReadonlySet<string> = new Set([
  "engine-out-of-memory",
  "engine-binder",
  "engine-parser",
  "engine-catalog",
  "session-closed",
  "engine-closed",
]);

/**
 * Whether an error of reading one stored file is that file's. The engine has many names for bytes that it
 * cannot read, some of them its own faults.
 */
export function isBrokenFile(error: unknown): error is LakeError {
  if (!isLakeError(error) || error.kind === "cancelled") return false;
  return !NOT_OF_THE_FILE.has(error.code);
}

/** A local file's name as the engine's readers take it, which treat some characters as those of a glob. */
export function fileLiteral(file: string): string {
  return quoteString(file.replaceAll(/[[*?]/g, "[$&]"));
}

export function fileList(files: readonly string[]): string {
  return `[${files.map(fileLiteral).join(", ")}]`;
}

async function readBatch(
  store: ObjectStore,
  batch: readonly LogText[],
  take: (lines: string) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  await withLocalFiles(
    // What is checked is what is there, and no copy of it.
    { store },
    batch,
    (files) => {
      const versions = batch.map(({ version }) => version).join(", ");
      const names = files.map(quoteString).join(", ");
      return take(
        `SELECT version, line, text, line = lines AS is_last FROM (
           SELECT version, unnest(texts) AS text, generate_subscripts(texts, 1) AS line, len(texts) AS lines
           FROM (
             SELECT f.version, string_split(t.content, chr(10)) AS texts
             FROM read_text(${fileList(files)}) AS t
             JOIN (SELECT unnest([${names}]) AS filename, unnest([${versions}]::BIGINT[]) AS version) AS f
               ON f.filename = t.filename
           )
         ) WHERE trim(text, ' ' || chr(9) || chr(13)) <> ''`,
      );
    },
    signal,
  );
}

function* batches(files: readonly LogText[]): Generator<LogText[]> {
  let batch: LogText[] = [];
  let bytes = 0;
  for (const file of files) {
    if (batch.length > 0 && (bytes + file.size > BATCH_BYTES || batch.length === BATCH_FILES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(file);
    bytes += file.size;
  }
  if (batch.length > 0) yield batch;
}

/** Makes an empty table of actions; see {@link ACTION_COLUMNS}. */
export async function makeActionTable(
  session: Session,
  table: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await session.execute(`CREATE OR REPLACE TEMP TABLE ${table} (${ACTION_COLUMNS})`, { signal });
}

/**
 * A table of actions: the file actions in columns, every other action as its JSON, `{"kind": {...}}`.
 * `key` and `dv_id` together tell files apart (PROTOCOL.md, "Action Reconciliation"); `live` is true for an
 * add; `tags` is JSON; `faults` says which required fields are missing or of another type.
 */
const ACTION_COLUMNS =
  "version BIGINT, line BIGINT, kind VARCHAR, live BOOLEAN, path VARCHAR, key VARCHAR, dv_id VARCHAR, dv VARCHAR, " +
  "size BIGINT, partition_values MAP(VARCHAR, VARCHAR), stats VARCHAR, tags VARCHAR, base_row_id BIGINT, " +
  "default_row_commit_version BIGINT, data_change BOOLEAN, faults VARCHAR[], json VARCHAR";
