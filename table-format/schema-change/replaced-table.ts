import type { DomainMetadata, Metadata } from "../log/actions.js";
import { protocolFeatures, upgradeProtocol } from "../protocol/upgrade.js";
import { ROW_TRACKING_DOMAIN } from "../transaction/row-ids.js";
import type { PlannedChange, TableState } from "./alteration.js";

/** When the times in the log began; true of the log, whatever the table becomes. */
const TIMES_IN_LOG = [
  "delta.inCommitTimestampEnablementVersion",
  "delta.inCommitTimestampEnablementTimestamp",
] as const;

/**
 * Puts a new table in the place of one that exists. The table keeps its id, and all features of its protocol:
 * older versions are read with them. Row ids go on from those that were given out. Everything else is the new
 * table's.
 *
 * @param created the first commit of the new table, by `planNewTable`
 */
export function replacedTable(state: TableState, created: PlannedChange): PlannedChange {
  const { metadata, protocol } = created;
  if (metadata === undefined || protocol === undefined) return created;
  const upgraded = upgradeProtocol(state.protocol, protocolFeatures(protocol));
  return {
    ...created,
    metadata: {
      ...metadata,
      id: state.metadata.id,
      configuration: { ...timesInLog(state.metadata, metadata), ...metadata.configuration },
    },
    protocol: upgraded.protocol,
    featuresAdded: upgraded.added,
    domains: [...created.domains, ...droppedDomains(state, created.domains)],
  };
}

function timesInLog(before: Metadata, after: Metadata): Readonly<Record<string, string>> {
  const isOn = ({ configuration }: Metadata): boolean =>
    configuration["delta.enableInCommitTimestamps"]?.toLowerCase() === "true";
  if (!isOn(before) || !isOn(after)) return {};
  return Object.fromEntries(
    TIMES_IN_LOG.flatMap((key) => {
      const value = before.configuration[key];
      return value === undefined ? [] : [[key, value]];
    }),
  );
}

/** The domains of the old table end with it (PROTOCOL.md, "Domain Metadata"). */
function droppedDomains({ domains }: TableState, kept: readonly DomainMetadata[]): DomainMetadata[] {
  const stays = new Set([ROW_TRACKING_DOMAIN, ...kept.map(({ domain }) => domain)]);
  return [...domains.values()]
    .filter(({ domain, removed }) => !stays.has(domain) && !removed)
    .map((domain) => ({ ...domain, removed: true }));
}
