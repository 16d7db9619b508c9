import type { Anomaly } from "./anomaly.js";
import type { TableMetadata } from "./read-log.js";
import type { TableVersion } from "./table-versions.js";
import type { Transaction } from "./transactions.js";

/**
 * Checks what commits say of the table itself: columns and properties change as operations say, none is lost, and
 * no commit comes after a change of them that it had not seen. Pure.
 *
 * @param owners the transactions by the ids of their commits
 */
export function checkMetadata(
  versions: readonly TableVersion[],
  first: number,
  owners: ReadonlyMap<string, Transaction>,
): Anomaly[] {
  const anomalies: Anomaly[] = [];
  const states: TableMetadata[] = [];
  for (const { commit } of versions) {
    const { version, metadata, readVersion = -1 } = commit;
    const before = states.at(-1);
    const now = metadata ?? before ?? { columns: [], configuration: {} };
    states.push(now);
    if (version <= first || before === undefined) continue;
    const owner = commit.txnId === undefined ? undefined : owners.get(commit.txnId);
    if (owner === undefined) continue;
    const { operation } = owner;
    const restored = operation.kind === "restore" ? states[operation.version] : undefined;
    const wanted = [expected(before, operation), ...(restored === undefined ? [] : [restored])];
    if (!wanted.some((state) => textOf(state) === textOf(now))) {
      anomalies.push({
        kind: "lost",
        message: `version ${version} (${operation.kind}) changes ${textOf(before)} to ${textOf(now)}`,
      });
    }
    const read = states[readVersion];
    // A restore may say again what the metadata is.
    const unseen =
      read &&
      states.findIndex((state, at) => at > readVersion && at < version && textOf(state) !== textOf(read));
    if (unseen !== undefined && unseen !== -1) {
      anomalies.push({
        kind: "metadata",
        message: `version ${version} read version ${readVersion} and did not see the metadata of ${unseen}`,
      });
    }
  }
  return anomalies;
}

function expected(
  { columns, configuration }: TableMetadata,
  operation: Transaction["operation"],
): TableMetadata {
  if (operation.kind === "add-column") return { columns: [...columns, operation.column], configuration };
  if (operation.kind !== "set-property") return { columns, configuration };
  return { columns, configuration: { ...configuration, [operation.property]: "set" } };
}

function textOf({ columns, configuration }: TableMetadata): string {
  const properties = Object.entries(configuration).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify({ columns, properties });
}
