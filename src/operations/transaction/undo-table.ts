import { quoteString } from "../../../engine/index.js";
import {
  type Action,
  type AddFile,
  type CommitOutcome,
  type DeltaTable,
  liveAdds,
  type Snapshot,
  undoCommit,
  type Version,
  version,
} from "../../../table-format/index.js";
import { ENGINE_INFO } from "../../product.js";

/** The commit of a transaction, as it stands in a table's log. */
export interface PlacedCommit {
  readonly version: Version;
  readonly actions: readonly Action[];
}

/**
 * Takes a transaction's commit back by another one. Whoever does it, and however often, there is one such commit.
 *
 * @param undoId the transaction id of that commit
 * @returns `conflict` when a commit that came after stands on what it would take back: then both stay
 */
export async function undoTable(
  table: DeltaTable,
  placed: PlacedCommit,
  undoId: string,
  transaction: string,
): Promise<CommitOutcome> {
  const before =
    placed.version === 0n ? undefined : await table.snapshot({ version: version(placed.version - 1n) });
  const staged = undoCommit({
    actions: placed.actions,
    before: before?.state,
    filesBefore: before === undefined ? [] : await filesOf(before, placed.actions),
    root: table.where,
    transaction,
    engineInfo: ENGINE_INFO,
  });
  const read = await table.snapshot({ version: placed.version });
  return table.commit(read, staged, undefined, undoId);
}

/** Of the files that a commit names: those that were live before it. */
async function filesOf(before: Snapshot, actions: readonly Action[]): Promise<AddFile[]> {
  const paths = actions.flatMap((action) => {
    if (action.kind === "add") return [action.add.path];
    return action.kind === "remove" ? [action.remove.path] : [];
  });
  if (paths.length === 0) return [];
  const list = [...new Set(paths)].map(quoteString).join(", ");
  const adds = await before.withFiles(({ relation }) =>
    before.folder.engine.withSession((session) =>
      liveAdds(session, `SELECT * FROM ${relation} WHERE path IN (${list}) ORDER BY path`),
    ),
  );
  return adds.map(({ add }) => add);
}
