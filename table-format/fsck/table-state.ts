import { messageOf, unreachable } from "../../core/index.js";
import type { Session } from "../../engine/index.js";
import type { Action, DomainMetadata, Metadata, Protocol } from "../log/actions.js";
import { parseCommit } from "../log/parse-actions.js";
import type { FindingPlace } from "./finding.js";
import type { FindingLog } from "./finding-log.js";

/** An action about the table as a whole, and where it stands. */
export interface StateEntry {
  readonly action: Action;
  readonly version: bigint;
  readonly place: FindingPlace;
}

/** What a range of the log says of the table as a whole; each part beside the place that says it. */
export interface FoundState {
  readonly protocol: { readonly value: Protocol; readonly place: FindingPlace } | undefined;
  readonly metadata: { readonly value: Metadata; readonly place: FindingPlace } | undefined;
  /** The live ones, by name. */
  readonly domains: ReadonlyMap<string, { readonly value: DomainMetadata; readonly place: FindingPlace }>;
}

export const NO_STATE: FoundState = { protocol: undefined, metadata: undefined, domains: new Map() };

/**
 * Reads the actions about the table as a whole out of a table of actions, oldest first. One that breaks its
 * schema is a finding and is left out.
 *
 * @param placeOf the place of an action of a version and line
 */
export async function readState(
  session: Session,
  table: string,
  placeOf: (version: bigint, line: number | undefined) => FindingPlace,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<StateEntry[]> {
  const rows = await session.rows(
    `SELECT version, line, kind, json FROM ${table} WHERE kind IN ('protocol', 'metaData', 'domainMetadata', 'txn')
     ORDER BY version, line`,
    { signal },
  );
  return rows.flatMap((row) => {
    const version = BigInt(String(row["version"]));
    const line = row["line"];
    const place = placeOf(version, line === null || line === undefined ? undefined : Number(line));
    try {
      return parseCommit(String(row["json"]), "the action").map((action) => ({ action, version, place }));
    } catch (error) {
      findings.add("action-field", reasonOf(error), place);
      return [];
    }
  });
}

/** The parser names the place, which a finding has already; its cause has the bare fault. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return messageOf(cause ?? error);
}

/** What the actions up to a version come to, on top of an older state. Pure. */
export function stateAfter(from: FoundState, entries: readonly StateEntry[], to: bigint): FoundState {
  let { protocol, metadata } = from;
  const domains = new Map(from.domains);
  for (const { action, version, place } of entries) {
    if (version > to) continue;
    switch (action.kind) {
      case "protocol":
        protocol = { value: action.protocol, place };
        break;
      case "metaData":
        metadata = { value: action.metaData, place };
        break;
      case "domainMetadata": {
        const { domain, removed } = action.domainMetadata;
        if (removed) domains.delete(domain);
        else domains.set(domain, { value: action.domainMetadata, place });
        break;
      }
      case "txn":
      case "add":
      case "remove":
      case "cdc":
      case "commitInfo":
      case "other":
        break;
      default:
        unreachable(action, "action");
    }
  }
  return { protocol, metadata, domains };
}
