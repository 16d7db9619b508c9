import type { AddFile, Metadata, PartitionValues, RemoveFile } from "../log/actions.js";
import { canonicalDataPath } from "../log/data-path.js";
import type { Predicate } from "../skipping/predicate.js";
import type { ConflictScope } from "./conflict-scope.js";
import { differsInIdentityMarksOnly } from "./identity-marks.js";
import { ROW_TRACKING_DOMAIN } from "./row-ids.js";
import {
  addedFile,
  type ChangedFile,
  removedFile,
  type Winner,
  type WinningCommit,
  winnerOf,
  winnerText,
} from "./winning-commit.js";

// Which commits a transaction may follow: the rules, and nothing else. They are Delta's, which its protocol
// leaves to writers (docs.delta.io, "Concurrency control"); where ours differ, the rule says so.

/** Why a transaction cannot follow a commit that won. */
export type ConflictReason =
  | "table-created"
  | "protocol-changed"
  | "metadata-changed"
  | "domain-changed"
  | "duplicate-application-commit"
  | "file-changed"
  | "rows-added"
  | "rows-removed"
  | "replaced-rows-changed";

export interface Conflict {
  readonly reason: ConflictReason;
  /** `version 12 (UPDATE by ...) added rows that this one could have read: file x, partition p=3` */
  readonly message: string;
  /** The commit that was lost to. */
  readonly winner: Winner;
  /** The file that tells, as the log spells its path. */
  readonly file?: string | undefined;
  /** Its partition, by the names of the columns. */
  readonly partition?: PartitionValues | undefined;
}

/** A file of a winner that is a conflict if it may hold a row of the predicate. */
export interface RowDoubt {
  readonly reason: "rows-added" | "rows-removed" | "replaced-rows-changed";
  readonly predicate: Predicate;
  readonly file: ChangedFile;
}

/** What a rule found. */
interface Finding {
  readonly reason: ConflictReason;
  /** What the winner did, after its name. */
  readonly what: string;
  readonly file?: Pick<ChangedFile, "path" | "partitionValues"> | undefined;
}

type Rule = (scope: ConflictScope, winner: WinningCommit) => Finding | undefined;

const CERTAIN_RULES: readonly Rule[] = [
  tableCreated,
  protocolChanged,
  metadataChanged,
  domainChanged,
  applicationCommitted,
  fileChanged,
];

/**
 * Decides whether a transaction may be rebased over a commit that won the version it wanted. Pure.
 *
 * @param doubts those of {@link rowDoubts}
 * @param mayHold whether the file of a doubt may hold a row of its predicate, where the predicate does not tell
 */
export function findConflict(
  scope: ConflictScope,
  winner: WinningCommit,
  doubts: readonly RowDoubt[],
  mayHold: (doubt: RowDoubt) => boolean,
): Conflict | undefined {
  for (const rule of CERTAIN_RULES) {
    const finding = rule(scope, winner);
    if (finding !== undefined) return conflictOf(scope, winner, finding);
  }
  const doubt = doubts.find((each) => certainAnswer(each) ?? mayHold(each));
  return doubt && conflictOf(scope, winner, rowsChanged(doubt));
}

/**
 * The doubts about rows, of which one that is true makes a conflict. Pure.
 *
 * @param later what was committed after the winner
 */
export function rowDoubts(
  scope: ConflictScope,
  winner: WinningCommit,
  later: readonly WinningCommit[],
): RowDoubt[] {
  const others = [...removedRowDoubts(scope, winner), ...replacedRowDoubts(scope, winner)];
  if (scope.reads.length === 0 || !mindsAdds(scope, winner, later)) return others;
  return [...addedRowDoubts(scope, winner), ...others];
}

/** What a predicate that is the same for every row says of any file; one that is not known may be TRUE. */
export function certainAnswer({ predicate }: RowDoubt): boolean | undefined {
  if (predicate.kind === "unknown") return true;
  return predicate.kind === "constant" ? predicate.value : undefined;
}

/** Who creates a table found none: any commit is another table. */
function tableCreated({ creates }: ConflictScope): Finding | undefined {
  return creates ? { reason: "table-created", what: "created the table first" } : undefined;
}

function protocolChanged(_: ConflictScope, { actions }: WinningCommit): Finding | undefined {
  return actions.some((action) => action.kind === "protocol")
    ? { reason: "protocol-changed", what: "changed the table's protocol" }
    : undefined;
}

/**
 * Another schema, or other properties, may give the staged files another meaning. That identity values were
 * given out does not, to a commit that gives out none.
 */
function metadataChanged(scope: ConflictScope, { actions }: WinningCommit): Finding | undefined {
  for (const action of actions) {
    if (action.kind !== "metaData" || onlyGivesOutValues(scope, action.metaData)) continue;
    return { reason: "metadata-changed", what: "changed the table's schema or properties" };
  }
  return undefined;
}

function onlyGivesOutValues({ metadata, changesMetadata }: ConflictScope, won: Metadata): boolean {
  return metadata !== undefined && !changesMetadata && differsInIdentityMarksOnly(metadata, won);
}

/** The high-water mark of row ids is the one domain that is worked out anew for each attempt. */
function domainChanged({ domains }: ConflictScope, { actions }: WinningCommit): Finding | undefined {
  for (const action of actions) {
    if (action.kind !== "domainMetadata") continue;
    const { domain } = action.domainMetadata;
    if (domain !== ROW_TRACKING_DOMAIN && domains.has(domain)) {
      return { reason: "domain-changed", what: `changed the metadata of domain ${domain}` };
    }
  }
  return undefined;
}

/** PROTOCOL.md, "Transaction Identifiers": an application's versions go up one commit at a time. */
function applicationCommitted({ appIds }: ConflictScope, { actions }: WinningCommit): Finding | undefined {
  for (const action of actions) {
    if (action.kind === "txn" && appIds.has(action.txn.appId)) {
      return { reason: "duplicate-application-commit", what: `is of application ${action.txn.appId} too` };
    }
  }
  return undefined;
}

/**
 * A file that is replaced must be as it was read, rows, deletion vector and row ids, and one that is added
 * again must still be there. So the winner must not have removed it or added it again, whether or not that
 * changed rows.
 */
function fileChanged({ files, root }: ConflictScope, { actions }: WinningCommit): Finding | undefined {
  if (files.size === 0) return undefined;
  for (const action of actions) {
    if (action.kind !== "add" && action.kind !== "remove") continue;
    const file = action.kind === "add" ? action.add : action.remove;
    if (!files.has(canonicalDataPath(file.path, root))) continue;
    return { reason: "file-changed", what: "changed a file that this one changes too", file };
  }
  return undefined;
}

/** Rows that this transaction would have read, had it begun later. */
function addedRowDoubts(scope: ConflictScope, winner: WinningCommit): RowDoubt[] {
  const files = filesWithNewRows(scope, winner);
  return scope.reads.flatMap(({ predicate }) =>
    files.map((file) => ({ reason: "rows-added" as const, predicate, file })),
  );
}

/**
 * A blind append read nothing, so a serial order may have it later than the log does, and
 * `WriteSerializable` asks for no more. A change of metadata is what later commits stand on, so it cannot be
 * moved before one: a constraint, say, must hold for the appended rows as well.
 */
function mindsAdds(scope: ConflictScope, winner: WinningCommit, later: readonly WinningCommit[]): boolean {
  switch (scope.isolation) {
    case "SnapshotIsolation":
      return false;
    case "WriteSerializable":
      if (scope.changesMetadata || !isBlindAppend(winner)) return true;
      return later.some((commit) => restsOnAppend(commit, winner, scope));
    case "Serializable":
      return true;
  }
}

/**
 * Whether a commit rests on rows that were appended blindly before it, and so holds them in their place: what did
 * not see these rows cannot come before both of them, for it may have changed what the commit read. Delta's rules
 * leave this out and then have no serial order of the writes.
 *
 * DELETE and UPDATE replace each file in which they find a row. Of others only what they had read is known.
 */
function restsOnAppend(commit: WinningCommit, append: WinningCommit, { root }: ConflictScope): boolean {
  if (isBlindAppend(commit)) return false;
  const removed = pathsOf(commit, "remove", root);
  if (removed.length > 0) {
    const appended = new Set(pathsOf(append, "add", root));
    if (removed.some((path) => appended.has(path))) return true;
  }
  const { operation, readVersion } = commit.info;
  if (!changesRows(commit) || operation === "DELETE" || operation === "UPDATE") return false;
  const isKnown = typeof readVersion === "number" || typeof readVersion === "bigint";
  return !isKnown || BigInt(readVersion) >= append.version;
}

function changesRows({ actions }: WinningCommit): boolean {
  return actions.some(
    (action) =>
      (action.kind === "add" && action.add.dataChange) ||
      (action.kind === "remove" && action.remove.dataChange),
  );
}

function pathsOf({ actions }: WinningCommit, kind: "add" | "remove", root: string): string[] {
  return actions.flatMap((action) => {
    if (action.kind !== kind || (action.kind !== "add" && action.kind !== "remove")) return [];
    const { path } = action.kind === "add" ? action.add : action.remove;
    return [canonicalDataPath(path, root)];
  });
}

/** Told by the writer, and believed of a commit that takes no rows away. */
export function isBlindAppend({ info, actions }: WinningCommit): boolean {
  return (
    info["isBlindAppend"] === true &&
    !actions.some((action) => action.kind === "remove" && action.remove.dataChange)
  );
}

/** Rows that this transaction read and that are gone. */
function removedRowDoubts({ reads }: ConflictScope, winner: WinningCommit): RowDoubt[] {
  const minding = reads.filter(({ removals }) => removals);
  if (minding.length === 0) return [];
  const files = filesWithGoneRows(winner);
  return minding.flatMap(({ predicate }) =>
    files.map((file) => ({ reason: "rows-removed" as const, predicate, file })),
  );
}

/**
 * An overwrite replaces what it finds when it lands, so the log order is a serial order whatever came before.
 * Where the table is `Serializable` it is made to see a change of rows that it would undo, all the same; what
 * was appended blindly it replaces as it would a moment later.
 */
function replacedRowDoubts(scope: ConflictScope, winner: WinningCommit): RowDoubt[] {
  const { replacedRows, isolation } = scope;
  if (replacedRows === undefined || isolation !== "Serializable" || isBlindAppend(winner)) return [];
  const files = [...filesWithNewRows(scope, winner), ...filesWithGoneRows(winner)];
  return files.map((file) => ({ reason: "replaced-rows-changed" as const, predicate: replacedRows, file }));
}

/** Files that the winner added, but for those of which it only deleted rows. */
function filesWithNewRows({ root }: ConflictScope, winner: WinningCommit): ChangedFile[] {
  const shrunk = shrunkFiles(winner, root);
  return winner.actions.flatMap((action) =>
    action.kind === "add" && action.add.dataChange && !shrunk.has(action.add) ? [addedFile(action.add)] : [],
  );
}

function filesWithGoneRows({ actions }: WinningCommit): ChangedFile[] {
  return actions.flatMap((action) =>
    action.kind === "remove" && action.remove.dataChange ? [removedFile(action.remove)] : [],
  );
}

/** Operations that add a file again to have more of its rows deleted, where RESTORE may bring some back. */
const DELETING = new Set(["DELETE", "UPDATE", "MERGE"]);

/** Files that are as before but for rows that a deletion vector has beside those it had. */
function shrunkFiles({ actions, info }: WinningCommit, root: string): ReadonlySet<AddFile> {
  const operation = info["operation"];
  if (typeof operation !== "string" || !DELETING.has(operation)) return new Set();
  const removed = new Map<string, RemoveFile>();
  for (const action of actions) {
    if (action.kind === "remove") removed.set(canonicalDataPath(action.remove.path, root), action.remove);
  }
  if (removed.size === 0) return new Set();
  return new Set(
    actions.flatMap((action) => {
      if (action.kind !== "add") return [];
      const before = removed.get(canonicalDataPath(action.add.path, root));
      return before !== undefined && deletedRows(action.add) > deletedRows(before) ? [action.add] : [];
    }),
  );
}

function deletedRows({ deletionVector }: AddFile | RemoveFile): bigint {
  return deletionVector === undefined ? 0n : BigInt(deletionVector.cardinality);
}

function rowsChanged({ reason, file }: RowDoubt): Finding {
  const what = {
    "rows-added": "added rows that this one could have read",
    "rows-removed": "removed rows that this one read",
    "replaced-rows-changed": "changed rows that this one would replace",
  } as const;
  return { reason, what: what[reason], file };
}

function conflictOf(scope: ConflictScope, commit: WinningCommit, finding: Finding): Conflict {
  const { reason, what, file } = finding;
  const winner = winnerOf(commit);
  const told = `${winnerText(winner)} ${what}`;
  if (file === undefined) return { reason, message: told, winner };
  const values = Object.entries(file.partitionValues);
  const named = values.map(([key, value]) => [scope.partitionNames.get(key) ?? key, value] as const);
  const lies = named.map(([name, value]) => `${name}=${value ?? "NULL"}`).join("/");
  const where = lies === "" ? `file ${file.path}` : `file ${file.path}, partition ${lies}`;
  const partition = named.length === 0 ? undefined : Object.fromEntries(named);
  return { reason, message: `${told}: ${where}`, winner, file: file.path, partition };
}
