import type { Session } from "../../engine/index.js";
import { keepFiles, type ScanReport, type ScanRequest } from "./kept-files.js";
import { relationSql } from "./relation-sql.js";

/** A table's files as a relation. */
export interface ScanRelation {
  /** A SELECT of all columns of the table, in the order of its schema; then `_metadata`, where it was asked for. */
  readonly sql: string;
  readonly report: ScanReport;
  /** SQL of the names of the files as a list. */
  readonly files: string;
}

/**
 * The rows of the snapshot, read from exactly the files that can hold a row of the request, with all
 * columns of the table. A column that the request does not use may read as NULL. The SQL is for this
 * session, where `name` sets what it needs apart from other relations.
 *
 * @throws LakeError `corrupt` for a data file or deletion vector that is missing or cannot be read, and for
 * a file whose column has a type that is none of the table's.
 */
export async function scanRelation(
  session: Session,
  name: string,
  request: ScanRequest,
  signal?: AbortSignal,
): Promise<ScanRelation> {
  const { schema, metadata } = request.snapshot;
  const kept = await request.snapshot.withFiles(
    (table) => keepFiles(session, name, table, request, signal),
    signal,
  );
  const sql = relationSql(kept, {
    schema,
    metadata,
    used: request.columns,
    withMetadata: request.withMetadata ?? false,
    withFileNumbers: request.withFileNumbers,
  });
  return { sql, report: kept.report, files: kept.list };
}
