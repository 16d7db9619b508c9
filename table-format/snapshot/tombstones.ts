import { pathKeySql } from "../log/path-key.js";
import {
  checkpointSql,
  deletionVectorIdSql,
  FILE_KEY_STRUCT,
  ndjsonSql,
  REMOVE_STRUCT,
} from "./action-columns.js";

/**
 * The removes of a log that no later add undid: the newest reference to each pair of path and deletion
 * vector, where it is a remove (PROTOCOL.md, "Action Reconciliation"). A SELECT of one column `remove`, a struct
 * of {@link REMOVE_STRUCT}; expired ones are among them.
 *
 * @param commitFiles oldest first; compactions may be among them
 * @param checkpointFiles every file of the checkpoint before them, sidecars included
 * @param root the table's folder as a URI
 */
export function tombstonesSql(
  commitFiles: readonly string[],
  checkpointFiles: readonly string[],
  root: string,
): string {
  const parts: string[] = [];
  const vector = (file: string): string => `${deletionVectorIdSql(`${file}.deletionVector`)} AS vector`;
  if (commitFiles.length > 0) {
    const source = ndjsonSql(commitFiles, { add: FILE_KEY_STRUCT, remove: REMOVE_STRUCT });
    parts.push(
      `SELECT file_index::BIGINT AS seq, add.path AS path, ${vector("add")}, true AS live, NULL AS remove FROM ${source} WHERE add IS NOT NULL`,
      `SELECT file_index::BIGINT AS seq, remove.path AS path, ${vector("remove")}, false AS live, remove FROM ${source} WHERE add IS NULL AND remove IS NOT NULL`,
    );
  }
  if (checkpointFiles.length > 0) {
    parts.push(
      `SELECT -1::BIGINT AS seq, remove.path AS path, ${vector("remove")}, false AS live, remove
       FROM ${checkpointSql(checkpointFiles, { remove: REMOVE_STRUCT })} WHERE remove IS NOT NULL`,
    );
  }
  if (parts.length === 0) return `SELECT NULL::${REMOVE_STRUCT} AS remove WHERE false`;
  return `SELECT remove FROM (${parts.join(" UNION ALL ")})
    QUALIFY row_number() OVER (PARTITION BY ${pathKeySql("path", root)}, vector ORDER BY seq DESC, live DESC) = 1 AND NOT live`;
}
