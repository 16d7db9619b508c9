import { quoteIdentifier, type Session } from "../../../engine/index.js";
import type {
  DeltaTable,
  FindingLog,
  RowCondition,
  StructField,
  StructType,
  Version,
} from "../../../table-format/index.js";
import { scanRelation } from "../../scan/scan-relation.js";

/** What rows are held against, as the log has it. */
export interface RowRules {
  readonly schema: StructType;
  readonly conditions: readonly RowCondition[];
}

/**
 * Holds every row against the table's constraints, and identity columns against their marks. It reads the table
 * as a query does, so it says nothing of a table that queries refuse.
 *
 * @throws LakeError when the table cannot be read.
 */
export async function checkRows(
  session: Session,
  table: DeltaTable,
  at: Version,
  { schema, conditions }: RowRules,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  const identities = schema.fields.filter((field) => isMarked(field));
  if (conditions.length === 0 && identities.length === 0) return;
  const snapshot = await table.snapshot({ version: at }, signal);
  const { sql } = await scanRelation(
    session,
    "fsck_rows",
    { snapshot, columns: "all", predicate: { kind: "constant", value: true } },
    signal,
  );
  for (const condition of conditions) {
    await findings.attempt(condition.what, () => checkCondition(session, sql, condition, findings, signal));
  }
  for (const field of identities) await checkMark(session, sql, at, field, findings, signal);
}

async function checkCondition(
  session: Session,
  rows: string,
  { what, column, sql }: RowCondition,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  const [row] = await session.rows(`SELECT count(*) AS n FROM (${rows}) WHERE (${sql}) IS NOT TRUE`, {
    signal,
  });
  const broken = BigInt(String(row?.["n"] ?? 0));
  if (broken === 0n) return;
  findings.add("constraint-violation", `${broken} ${broken === 1n ? "row breaks" : "rows break"} ${what}`, {
    column,
  });
}

/** Values that a writer gives out alone: a person's own may be anywhere (PROTOCOL.md, "Identity Columns"). */
function isMarked({ metadata }: StructField): boolean {
  return (
    metadata["delta.identity.step"] !== undefined && metadata["delta.identity.allowExplicitInsert"] === false
  );
}

async function checkMark(
  session: Session,
  rows: string,
  at: Version,
  field: StructField,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  const step = BigInt(String(field.metadata["delta.identity.step"]));
  const text = field.metadata["delta.identity.highWaterMark"];
  const mark = text === undefined || text === null ? undefined : BigInt(String(text));
  const most = step > 0n ? "max" : "min";
  const [row] = await session.rows(
    `SELECT ${most}(${quoteIdentifier(field.name)})::VARCHAR AS most FROM (${rows})`,
    { signal },
  );
  const found = row?.["most"];
  if (typeof found !== "string") return;
  const isBeyond = mark === undefined || (step > 0n ? BigInt(found) > mark : BigInt(found) < mark);
  if (!isBeyond) return;
  const stated = mark === undefined ? "has no mark" : `has the mark ${mark}`;
  findings.add("identity-mark", `the identity column ${field.name} ${stated} and holds ${found}`, {
    version: at,
    column: field.name,
  });
}
