import { isLakeError, type JsonValue, parseJson, throwIfCancelled } from "../../core/index.js";
import type { Row, Session } from "../../engine/index.js";
import {
  loadDeletionVectors,
  parseDeletionVectorDescriptor,
  type WantedDeletionVector,
} from "../deletion-vector/index.js";
import type { DataPlace } from "./file-presence.js";
import type { FindingLog } from "./finding-log.js";
import { PAGE_FILES, PAGE_FOOTERS } from "./footers.js";
import { LIVE } from "./replay-sql.js";

/** Deletion vectors whose bytes are held at a time. */
const PAGE = 500;

interface Listed {
  readonly key: string;
  readonly wanted: WantedDeletionVector;
}

/**
 * Loads every deletion vector of the live files: that its file is there, its checksum, size and cardinality,
 * and that no row index is beyond the rows of its data file (PROTOCOL.md, "Deletion Vectors").
 */
export async function checkDeletionVectors(
  session: Session,
  place: DataPlace,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let done = 0; ; done += PAGE) {
    throwIfCancelled(signal);
    const rows = await session.rows(
      `SELECT key, dv, TRY_CAST(json_extract_string(CASE WHEN json_valid(stats) THEN stats END, '$.numRecords') AS BIGINT) AS records
       FROM ${LIVE} WHERE dv IS NOT NULL ORDER BY dv_id, key LIMIT ${PAGE} OFFSET ${done}`,
      { signal },
    );
    const listed = rows.flatMap((row, index) => parsed(row, index, findings));
    await loadAll(place, listed, findings, signal);
    if (rows.length < PAGE) return;
  }
}

function parsed(row: Row, fileIndex: number, findings: FindingLog): Listed[] {
  const key = String(row["key"]);
  try {
    const descriptor = parseDeletionVectorDescriptor(withoutNulls(parseJson(String(row["dv"]))));
    const records = row["records"];
    const numRecords = records === null || records === undefined ? undefined : BigInt(String(records));
    return [{ key, wanted: { fileIndex, descriptor, numRecords } }];
  } catch (error) {
    if (!isLakeError(error)) throw error;
    findings.add("deletion-vector", error.message, { file: key });
    return [];
  }
}

/** A Parquet checkpoint spells an absent field as NULL. */
function withoutNulls(json: JsonValue): JsonValue {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return json;
  return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null));
}

/** Loads all at once, with few requests; only when one is broken, each by itself. */
async function loadAll(
  place: DataPlace,
  listed: readonly Listed[],
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (listed.length === 0) return;
  try {
    const wanted = listed.map((one) => one.wanted);
    for await (const _ of loadDeletionVectors(place.store, wanted, { openStore: place.open, signal }))
      throwIfCancelled(signal);
  } catch (error) {
    if (!isLakeError(error) || error.kind === "cancelled") throw error;
    const [only] = listed;
    if (listed.length > 1 || only === undefined) {
      for (const one of listed) await loadAll(place, [one], findings, signal);
      return;
    }
    findings.add("deletion-vector", `the deletion vector of the file: ${error.message}`, { file: only.key });
  }
}

/** The wanted deletion vectors of the files of a page, numbered as in the rows that are given. */
export async function pageVectors(
  session: Session,
  signal: AbortSignal | undefined,
): Promise<{ readonly file: string; readonly key: string; readonly wanted: WantedDeletionVector }[]> {
  const rows = await session.rows(
    `SELECT file, key, dv FROM ${PAGE_FILES} JOIN ${PAGE_FOOTERS} USING (file) WHERE dv IS NOT NULL ORDER BY file`,
    { signal },
  );
  return rows.flatMap((row, fileIndex) => {
    try {
      const descriptor = parseDeletionVectorDescriptor(withoutNulls(parseJson(String(row["dv"]))));
      return [{ file: String(row["file"]), key: String(row["key"]), wanted: { fileIndex, descriptor } }];
    } catch (error) {
      // Found by checkDeletionVectors already.
      if (!isLakeError(error)) throw error;
      return [];
    }
  });
}
