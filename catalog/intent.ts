import { isObjectPath, type ObjectPath } from "../object-store/index.js";
import { corruptLine, type Line, objectsField, stringField, stringsField } from "./json-lines.js";

/** What a transaction over several tables is going to commit: enough for any process to finish it. */
export interface TransactionIntent {
  readonly id: string;
  /** In the order in which their commits are placed. */
  readonly tables: readonly TransactionTable[];
}

/** One table of a transaction. */
export interface TransactionTable {
  /** The table's folder: `./` and its path below the lake's, as in a URI, or the URI of one elsewhere. */
  readonly location: string;
  /** The version that the commit stands on; `undefined` when it creates the table. */
  readonly readVersion: bigint | undefined;
  /** What is to be committed, in the table's folder. */
  readonly stagedPath: ObjectPath;
  /** The transaction id of the table's commit. */
  readonly txnId: string;
  /** That of the commit which takes it back, where another table's cannot be made. */
  readonly undoId: string;
}

export interface TransactionEnd {
  readonly id: string;
  readonly outcome: TransactionOutcome;
  /** Of one that was rolled back: the tables whose commit stands, because another writer had built on it. */
  readonly kept: readonly string[];
}

export type TransactionOutcome = "committed" | "rolled-back";

/** @throws LakeError `corrupt`. */
export function intentOf(line: Line): TransactionIntent {
  return { id: stringField(line, "id"), tables: objectsField(line, "tables").map(tableOf) };
}

/** @throws LakeError `corrupt`. */
export function transactionEndOf(line: Line): TransactionEnd {
  const outcome = stringField(line, "outcome");
  if (outcome !== "committed" && outcome !== "rolled-back") {
    throw corruptLine(line.at, `${JSON.stringify(outcome)} is no outcome of a transaction`);
  }
  return { id: stringField(line, "id"), outcome, kept: stringsField(line, "kept") };
}

function tableOf(line: Line): TransactionTable {
  const { at, fields } = line;
  const stagedPath = stringField(line, "stagedPath");
  if (!isObjectPath(stagedPath))
    throw corruptLine(at, `stagedPath ${JSON.stringify(stagedPath)} is not a path`);
  const { readVersion } = fields;
  const isVersion = typeof readVersion === "bigint" || Number.isSafeInteger(readVersion);
  if (readVersion !== undefined && !isVersion) throw corruptLine(at, "readVersion is not an integer");
  return {
    location: stringField(line, "location"),
    readVersion: readVersion === undefined ? undefined : BigInt(String(readVersion)),
    stagedPath,
    txnId: stringField(line, "txnId"),
    undoId: stringField(line, "undoId"),
  };
}
