import type { Session } from "../../engine/index.js";
import { hasFeature } from "../protocol/features.js";
import { checkExpressions, type RowCondition } from "./expression-rules.js";
import type { FindingLog } from "./finding-log.js";
import { checkPartitionValues } from "./partition-rules.js";
import { checkTableProtocol } from "./protocol-rules.js";
import { LIVE } from "./replay-sql.js";
import { checkRowIds } from "./row-id-rules.js";
import { type CheckedSchema, checkSchema } from "./schema-rules.js";
import type { FoundState } from "./table-state.js";

/** What a table says of itself, as far as checks of its data can build on it. */
export interface CheckedState {
  /** `undefined` when there is none, or this release cannot read it. */
  readonly schema: CheckedSchema | undefined;
  /** What every row must meet. */
  readonly conditions: readonly RowCondition[];
}

/** Checks protocol, metadata and the live files' own actions against one another. */
export async function checkState(
  session: Session,
  state: FoundState,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<CheckedState> {
  checkTableProtocol(state, findings);
  await checkVectorFeature(session, state, findings, signal);
  await checkRowIds(session, state, findings, signal);
  const { metadata } = state;
  if (metadata === undefined) {
    findings.add("state-missing", "the log holds no metaData action");
    return { schema: undefined, conditions: [] };
  }
  const schema = checkSchema(metadata.value, metadata.place, findings);
  if (schema === undefined) return { schema, conditions: [] };
  await checkPartitionValues(session, schema, findings, signal);
  const conditions = checkExpressions(metadata.value, schema.schema, metadata.place, findings);
  return { schema, conditions };
}

async function checkVectorFeature(
  session: Session,
  { protocol }: FoundState,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (protocol === undefined || hasFeature(protocol.value, "deletionVectors")) return;
  await findings.addRows(
    session,
    "feature-missing",
    `SELECT key FROM ${LIVE} WHERE dv_id IS NOT NULL ORDER BY key`,
    (row) => ({
      message: `the file has a deletion vector, and the protocol does not have the table feature deletionVectors`,
      place: { file: String(row["key"]) },
    }),
    signal,
  );
}
