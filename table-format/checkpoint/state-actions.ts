import { type JsonObject, stringifyJson } from "../../core/index.js";
import { quoteString } from "../../engine/index.js";
import { metadataJson } from "../log/serialize-actions.js";
import { parseInterval } from "../protocol/interval.js";
import { STATE_STRUCTS } from "../snapshot/action-columns.js";
import type { TableState } from "../snapshot/state.js";

/** The types of the actions of a checkpoint that are of no file. */
const STRUCTS = {
  ...STATE_STRUCTS,
  checkpointMetadata: 'STRUCT("version" BIGINT, tags MAP(VARCHAR, VARCHAR))',
  sidecar: "STRUCT(path VARCHAR, sizeInBytes BIGINT, modificationTime BIGINT, tags MAP(VARCHAR, VARCHAR))",
} as const;

export type StateActionName = keyof typeof STRUCTS;

/** One action of a checkpoint that is of no file: its name, and its JSON. */
export interface StateAction {
  readonly name: StateActionName;
  readonly value: JsonObject;
}

/**
 * What a checkpoint says of the table as a whole (PROTOCOL.md, "Checkpoints"): its protocol, its metadata,
 * the progress of each application, and the domains that are not removed. Progress older than
 * `delta.setTransactionRetentionDuration` is left out, where its writer said how old it is.
 *
 * @param now milliseconds since the epoch
 */
export function stateActions(state: TableState, now: number): StateAction[] {
  const { protocol, metadata } = state;
  const text = metadata.configuration["delta.setTransactionRetentionDuration"];
  const retention = text === undefined ? undefined : parseInterval(text);
  const oldest = retention === undefined ? undefined : BigInt(Math.floor(now - retention));
  const transactions = [...state.transactions.values()].filter(
    ({ lastUpdated }) => oldest === undefined || lastUpdated === undefined || lastUpdated > oldest,
  );
  const domains = [...state.domains.values()].filter((domain) => !domain.removed);
  return [
    { name: "protocol", value: { ...protocol } },
    { name: "metaData", value: metadataJson(metadata) },
    ...transactions.map((txn): StateAction => ({ name: "txn", value: { ...txn } })),
    ...domains.map((domain): StateAction => ({ name: "domainMetadata", value: { ...domain } })),
  ];
}

/**
 * The actions as rows with a column for every name in `names`, all but one of them NULL in each; absent fields
 * become NULL.
 */
export function stateRowsSql(actions: readonly StateAction[], names: readonly StateActionName[]): string {
  const none = `SELECT ${names.map((name) => `NULL::${STRUCTS[name]} AS ${name}`).join(", ")} WHERE false`;
  const rows = names
    .filter((name) => actions.some((action) => action.name === name))
    .map((name) => {
      const texts = actions
        .filter((action) => action.name === name)
        .map(({ value }) => quoteString(stringifyJson(value)));
      // from_json takes a type as JSON text.
      const type = quoteString(stringifyJson(STRUCTS[name]));
      return `SELECT from_json(json::JSON, ${type}) AS ${name} FROM (SELECT unnest([${texts.join(", ")}]) AS json)`;
    });
  return [none, ...rows].join(" UNION ALL BY NAME ");
}
