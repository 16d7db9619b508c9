import { isLakeError, mapParallel } from "../../core/index.js";
import type { Session } from "../../engine/index.js";
import { type ObjectMeta, type ObjectStore, objectPath, type StoreOpener } from "../../object-store/index.js";
import { fileElsewhere } from "../log/data-path.js";
import type { FindingLog } from "./finding-log.js";
import { LIVE } from "./replay-sql.js";
import { OBJECTS } from "./table-listing.js";

/** Live data files that are there, with the size that the log says: `key`, `stats`, `tags`, `dv_id`, `dv`. */
export const PRESENT = "fsck_present";

/** Where the files of a table are: its own store, and how those are opened that have the others. */
export interface DataPlace {
  readonly store: ObjectStore;
  readonly open: StoreOpener;
}

const PARALLEL_HEADS = 32;
const PAGE = 1_000;

/** SQL: whether a file's key is a path inside the table's folder. */
export function isInside(key: string): string {
  return `NOT starts_with(${key}, '/') AND NOT contains(${key}, '://')`;
}

/**
 * Checks that every live data file is there with the size that the log says, and leaves those that are in
 * {@link PRESENT}. Files in the table's folder are looked up in its listing, others one by one.
 */
export async function checkFilePresence(
  session: Session,
  open: StoreOpener,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  await session.execute(
    `CREATE OR REPLACE TEMP TABLE ${PRESENT} AS
     SELECT l.key, l.size, l.stats, l.tags, l.dv_id, l.dv, o.size AS found FROM ${LIVE} AS l JOIN ${OBJECTS} AS o ON o.path = l.key
     WHERE ${isInside("l.key")}`,
    { signal },
  );
  await findings.addRows(
    session,
    "data-file-missing",
    `SELECT key, version FROM ${LIVE} WHERE ${isInside("key")} AND key NOT IN (SELECT path FROM ${OBJECTS}) ORDER BY key`,
    (row) => ({
      message: "the file is live and is not there",
      place: { file: String(row["key"]), version: BigInt(String(row["version"])) },
    }),
    signal,
  );
  await checkFilesElsewhere(session, open, findings, signal);
  await findings.addRows(
    session,
    "data-file-size",
    `SELECT key, size, found FROM ${PRESENT} WHERE found <> size ORDER BY key`,
    (row) => ({
      message: `the file has ${row["found"]} bytes, and the log says ${row["size"]}`,
      place: { file: String(row["key"]) },
    }),
    signal,
  );
}

async function checkFilesElsewhere(
  session: Session,
  open: StoreOpener,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let last = ""; ; ) {
    const rows = await session.rows(
      `SELECT DISTINCT key FROM ${LIVE} WHERE NOT (${isInside("key")}) AND key > $1 ORDER BY key LIMIT ${PAGE}`,
      { signal, parameters: [last] },
    );
    const keys = rows.map((row) => String(row["key"]));
    const found = await mapParallel(keys, PARALLEL_HEADS, (key) => headElsewhere(key, open, signal), signal);
    for (const [index, key] of keys.entries()) {
      const result = found[index];
      if (result === undefined)
        findings.add("data-file-missing", "the file is live and is not there", { file: key });
      else if (result === "unreachable")
        findings.add("data-file-elsewhere", "the file is on a store that this release cannot open", {
          file: key,
        });
      else {
        await session.execute(
          `INSERT INTO ${PRESENT} SELECT key, size, stats, tags, dv_id, dv, ${result.size} FROM ${LIVE} WHERE key = $1`,
          { signal, parameters: [key] },
        );
      }
    }
    last = keys.at(-1) ?? last;
    if (keys.length < PAGE) return;
  }
}

async function headElsewhere(
  key: string,
  open: StoreOpener,
  signal: AbortSignal | undefined,
): Promise<ObjectMeta | "unreachable" | undefined> {
  const { store, path } = elsewhere(key, open) ?? {};
  if (store === undefined || path === undefined) return "unreachable";
  return store.head(objectPath(path), { signal });
}

/** The store and the path of a file outside the table's folder; `undefined` when no store of ours has it. */
export function elsewhere(
  key: string,
  open: StoreOpener,
): { readonly store: ObjectStore; readonly path: string } | undefined {
  const { folder, name } = fileElsewhere(key);
  try {
    return { store: open(folder), path: name };
  } catch (error) {
    if (isLakeError(error, "unsupported")) return undefined;
    throw error;
  }
}
