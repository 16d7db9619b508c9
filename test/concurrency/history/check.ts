import type { Anomaly, CheckReport } from "./anomaly.js";
import { checkMetadata } from "./check-metadata.js";
import { effectOf, effectText, type State } from "./model.js";
import type { OperationKind } from "./operations.js";
import { SerialOrder } from "./serial-order.js";
import type { TableVersion } from "./table-versions.js";
import type { Transaction } from "./transactions.js";

export interface HistoryToCheck {
  readonly versions: readonly TableVersion[];
  readonly transactions: ReadonlyMap<number, Transaction>;
  /** The version that the workers began with. */
  readonly first: number;
  /** Whether the serial order must be that of the log. */
  readonly serializable: boolean;
}

/** Operations that always have something to commit. */
const ALWAYS_COMMIT: readonly OperationKind[] = [
  "append",
  "overwrite",
  "merge",
  "add-column",
  "set-property",
];
/** Operations that may find nothing to do for reasons that are not in their parameters. */
const MAY_DO_NOTHING: readonly OperationKind[] = ["compact", "restore"];
/** What a transaction may fail of. */
const EXPECTED_FAILURES = ["unavailable", "conflict"];

/** Checks a history: what its processes told against what the table's folder holds. Pure. */
export function checkHistory(history: HistoryToCheck, found: readonly Anomaly[]): CheckReport {
  const { versions, transactions, first, serializable } = history;
  const anomalies = [...found];
  const report = (kind: Anomaly["kind"], message: string): void => {
    anomalies.push({ kind, message });
  };
  const versionRows = (version: number): State => versions[version]?.rows ?? new Map();
  const order = new SerialOrder(versionRows(first), serializable, versionRows);
  const operations = new Map(
    [...transactions.values()].flatMap((each) => each.txnIds.map((id) => [id, each])),
  );
  const committed = new Map<Transaction, number>();
  const kinds: Record<string, number> = {};
  let placed = true;

  for (const { commit, rows, effect } of versions.slice(first + 1)) {
    const { version, txnId } = commit;
    const owner = txnId === undefined ? undefined : operations.get(txnId);
    if (owner === undefined) {
      report("foreign", `version ${version} (${commit.operation}) is nobody's`);
      order.restart(rows);
      continue;
    }
    const { operation, outcome, newestBefore } = owner;
    const { op, kind } = operation;
    const what = `version ${version} (${kind} ${op})`;
    kinds[kind] = (kinds[kind] ?? 0) + 1;
    const before = committed.get(owner);
    if (before !== undefined) report("duplicated", `${what} is version ${before} too`);
    committed.set(owner, version);
    if (outcome?.status === "failed")
      report("foreign", `${what} was said to have failed: ${outcome.message}`);
    if (outcome?.status === "done" && outcome.version !== undefined && outcome.version !== version) {
      report("foreign", `${what} was said to be version ${outcome.version}`);
    }
    const readVersion = commit.readVersion ?? -1;
    if (readVersion < newestBefore) {
      report("stale", `${what} stands on version ${readVersion} and began after version ${newestBefore}`);
    }
    if (!order.add({ version, operation, effect }, readVersion)) {
      const expected = effectText(effectOf(operation, versionRows(readVersion), versionRows));
      const did = effectText(effect);
      const meant =
        did === expected ? "follows from the version it read, and from no serial order" : `did ${did}`;
      report("order", `${what}, which read version ${readVersion}, ${meant}; alone it does ${expected}`);
      placed = false;
      order.restart(rows);
    }
  }
  for (const anomaly of checkMetadata(versions, first, operations)) anomalies.push(anomaly);
  for (const transaction of transactions.values()) {
    const { operation, outcome } = transaction;
    const what = `${operation.kind} ${operation.op}`;
    if (outcome !== undefined && outcome.status !== "done" && !EXPECTED_FAILURES.includes(outcome.kind)) {
      report("failure", `${what} failed: ${outcome.kind} ${outcome.code}: ${outcome.message}`);
    }
    if (outcome?.status !== "done" || committed.has(transaction)) continue;
    if (!mayBeNothing(transaction, versionRows)) report("lost", `${what} was done and is not in the log`);
  }

  const last = versions.at(-1)?.rows ?? new Map();
  const replayed = placed && sameRows(order.rows, last);
  if (placed && !replayed) report("lost", "the serial order does not come to the rows of the last version");
  const all = [...transactions.values()];
  const count = (status: "done" | "failed" | "unknown" | undefined, inLog: boolean): number =>
    all.filter((each) => each.outcome?.status === status && committed.has(each) === inLog).length;
  return {
    versions: versions.length,
    transactions: all.length,
    committed: count("done", true),
    nothing: count("done", false),
    failed: count("failed", false) + count("failed", true),
    unknown: count("unknown", false),
    unknownInLog: count("unknown", true),
    killed: count(undefined, false),
    killedInLog: count(undefined, true),
    kinds,
    reordered: order.reordered,
    totals: versions.map(({ rows }) => totalsOf(rows)),
    replayed,
    anomalies,
  };
}

/** Whether the operation had nothing to do at some version while it ran. */
function mayBeNothing(
  { operation, newestBefore, newestAfter }: Transaction,
  versionRows: (version: number) => State,
): boolean {
  if (ALWAYS_COMMIT.includes(operation.kind)) return false;
  if (MAY_DO_NOTHING.includes(operation.kind)) return true;
  for (let version = newestBefore; version <= (newestAfter ?? newestBefore); version++) {
    const { removed, added } = effectOf(operation, versionRows(version), versionRows);
    if (removed.length === 0 && added.length === 0) return true;
  }
  return false;
}

function sameRows(one: State, other: State): boolean {
  const effect = { removed: [...one.values()], added: [...other.values()] };
  return effectText(effect) === effectText({ removed: [], added: [] });
}

function totalsOf(rows: State): readonly [number, number, number] {
  let [ids, values] = [0, 0];
  for (const { id, v } of rows.values()) {
    ids += id;
    values += v;
  }
  return [rows.size, ids, values];
}
