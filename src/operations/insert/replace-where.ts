import { basename } from "node:path";
import { LakeError } from "../../../core/index.js";
import { type Parameters, quoteIdentifier, type Row } from "../../../engine/index.js";
import { engineType, type Snapshot, type StagedCommit, type TableRead } from "../../../table-format/index.js";
import { hidesMetadata, METADATA_COLUMN } from "../../scan/metadata-column.js";
import { SCANNED } from "../../table.js";
import type { ResolvedTable } from "../../table-resolver.js";
import type { WriteTarget } from "../data-files.js";
import { leavingRowsSelect } from "../row-change/kept-rows.js";
import { MatchedRows } from "../row-change/matched-rows.js";
import { fileActions, RowChangeWork } from "../row-change/row-change-work.js";
import type { RowChangeContext } from "../table-change.js";
import type { IncomingRows } from "./incoming-rows.js";
import type { InsertPlan } from "./plan-insert.js";
import type { RowFiles } from "./written-rows.js";

/** A temporary table of the session: the new rows, which are looked at more than once. */
const ARRIVING = "gl_arriving";

export interface ReplaceOptions {
  /** SQL over the table's columns. */
  readonly condition: string;
  readonly parameters: Parameters | undefined;
  readonly signal: AbortSignal | undefined;
  /** The table with the columns that it will have. */
  readonly target: WriteTarget;
}

export interface ReplacedRows {
  readonly written: RowFiles;
  readonly rowsDeleted: bigint;
  readonly work: RowChangeWork;
  readonly actions: Pick<StagedCommit, "adds" | "replaces" | "changes">;
  readonly reads: readonly TableRead[];
  readonly metrics: Readonly<Record<string, string>>;
}

/**
 * Puts rows in the place of those of a condition: only files that can hold one are read. The new rows must all meet
 * it, so that the same statement can be run again and gives the same table.
 *
 * @throws LakeError `invalid-input` `replace-where` naming a row that does not meet the condition.
 */
export async function replaceRows(
  context: RowChangeContext,
  resolved: ResolvedTable,
  read: Snapshot,
  rows: IncomingRows,
  plan: InsertPlan,
  options: ReplaceOptions,
): Promise<ReplacedRows> {
  const { condition, parameters, signal, target } = options;
  if (hidesMetadata(read.schema)) throw hiddenMetadata(resolved.label);
  const { session } = rows;
  await session.execute(`CREATE OR REPLACE TEMP TABLE ${ARRIVING} AS ${plan.select}`, {
    parameters: rows.parameters,
    signal,
  });
  await checkArriving(context, resolved, rows, options);
  const name = quoteIdentifier(tableAlias(resolved.label));
  const snapshot = plan.table.changed ? read.withMetadata(target.metadata) : read;
  const found = await context.rows.planOver(
    { label: resolved.label, snapshot },
    `SELECT _metadata.file_path AS file, _metadata.row_index AS row_index FROM ${SCANNED} AS ${name} WHERE (${condition}\n)`,
    { parameters, signal, session, toTell: true },
  );
  try {
    const select = { sql: found.sql, parameters: { parameters: found.parameters, signal } };
    const matched = await MatchedRows.find(session, read, select, signal);
    const work = new RowChangeWork(session, snapshot, target, context.clock, signal);
    const writes = await work.write({
      leaving: matched,
      arriving: [{ select: `FROM ${ARRIVING}` }],
      updatesRows: false,
      changes: async () => {
        const leaving = await leavingRowsSelect(session, snapshot, matched, signal);
        return [
          `SELECT *, 'delete' AS _change_type FROM (${leaving})`,
          `SELECT *, 'insert' AS _change_type FROM ${ARRIVING}`,
        ];
      },
    });
    const adds = writes.arrived.flatMap((arrived) => arrived.adds);
    const count = writes.arrived.reduce((sum, arrived) => sum + arrived.rows, 0n);
    return {
      written: { adds, rows: count, bytes: adds.reduce((sum, { size }) => sum + size, 0n) },
      rowsDeleted: matched.count,
      work,
      actions: { ...fileActions(writes), changes: writes.changes },
      reads: found.scans.map(({ predicate }) => ({ predicate, removals: false })),
      metrics: {
        numDeletedRows: String(matched.count),
        numCopiedRows: String(writes.keptRows),
        numAddedChangeFiles: String(writes.changes.length),
      },
    };
  } finally {
    if (snapshot !== read) await snapshot.retire();
    await MatchedRows.drop(session);
    await context.rows.release(found);
  }
}

async function checkArriving(
  context: RowChangeContext,
  { label }: ResolvedTable,
  { session }: IncomingRows,
  { condition, parameters, signal, target }: ReplaceOptions,
): Promise<void> {
  const columns = target.schema.fields.map(({ name, type }) => ({ name, type: engineType(type) }));
  const outside = await context.rows.planOver(
    undefined,
    `SELECT * FROM ${ARRIVING} AS ${quoteIdentifier(tableAlias(label))} WHERE (${condition}\n) IS NOT TRUE LIMIT 1`,
    { parameters, signal, session, sessionTables: [{ name: ARRIVING, columns }] },
  );
  try {
    const texts = `SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (${outside.sql}\n)`;
    const [row] = await session.rows(texts, { parameters: outside.parameters, signal });
    if (row !== undefined) throw outsideCondition(condition, row);
  } finally {
    await context.rows.release(outside);
  }
}

/** What expressions of a statement call a table that got no alias. */
function tableAlias(label: string): string {
  return label.includes("/") ? basename(label) : (label.split(".").at(-1) ?? label);
}

/** Values longer than this many characters are cut in a message. */
const MAX_VALUE = 200;

function outsideCondition(condition: string, row: Row): LakeError {
  const values = Object.entries(row).map(
    ([column, value]) => `${column} = ${value === null ? "NULL" : String(value).slice(0, MAX_VALUE)}`,
  );
  return new LakeError(
    "invalid-input",
    "replace-where",
    `a row does not meet REPLACE WHERE ${condition}: ${values.join(", ")}`,
    {
      context: { condition },
      hint: "Nothing was committed. Filter the query by the condition, or widen the condition.",
    },
  );
}

/** Where a row lies is told by a column that the table's own takes the place of. */
function hiddenMetadata(label: string): LakeError {
  return new LakeError(
    "unsupported",
    "metadata-column",
    `rows of ${label} cannot be replaced: it has a column called ${METADATA_COLUMN}`,
    { context: { column: METADATA_COLUMN }, hint: "Rename the column first; that needs column mapping." },
  );
}
