import type { DomainMetadata, Metadata, Protocol } from "../log/actions.js";
import { changedProtocol } from "../protocol/new-protocol.js";
import { protocolFeatures } from "../protocol/upgrade.js";
import { columnMappingMode, serializeSchema } from "../schema/index.js";
import type { TableState } from "../schema-change/alteration.js";
import { CLUSTERING_DOMAIN, clusteringColumns, clusteringDomain } from "../schema-change/clustering.js";
import { withIdentityMarksOf } from "./identity-marks.js";

/** What going back to an earlier version makes of a table, beside its files. */
export interface PlannedRestore {
  readonly metadata: Metadata;
  /** `undefined`: it stays. */
  readonly protocol: Protocol | undefined;
  readonly featuresAdded: readonly string[];
  readonly domains: readonly DomainMetadata[];
  /** Whether any of these differs from what the table has. */
  readonly changesTable: boolean;
}

/**
 * Plans the metadata of a table that goes back to an earlier version, as delta-spark's RESTORE does: schema,
 * partitioning, properties, comment and clustering are those of then. What has been given out is not given out
 * again: identity columns go on from their marks of now, column ids from the greatest of now, and the domain of
 * row ids is left alone. The protocol gets back features that it lost meanwhile and loses none, for the versions
 * in between need them. Application ids and the domains of others stay as they are. Pure.
 *
 * @throws LakeError `unsupported` for a feature of then that this release does not write.
 */
export function planRestore(now: TableState, then: TableState): PlannedRestore {
  const schema = withIdentityMarksOf(now, then);
  const metadata: Metadata = {
    ...then.metadata,
    id: now.metadata.id,
    schemaString: schema === then.schema ? then.metadata.schemaString : serializeSchema(schema),
    configuration: restoredConfiguration(now.metadata.configuration, then.metadata.configuration),
  };
  const change = changedProtocol(now.protocol, now.metadata, metadata, protocolFeatures(then.protocol));
  const domains = restoredClustering(now, then);
  return {
    metadata,
    protocol: change.added.length === 0 ? undefined : change.protocol,
    featuresAdded: change.added,
    domains,
    changesTable: change.added.length + domains.length > 0 || !isSame(metadata, now.metadata),
  };
}

const MAX_COLUMN_ID = "delta.columnMapping.maxColumnId";
const TIMES_IN_LOG = "delta.enableInCommitTimestamps";
const TIMES_BEGIN = "delta.inCommitTimestampEnablement";
/** Properties that tell of the log as it lies there, whatever version the table goes back to. */
const OF_THE_LOG: readonly string[] = ["delta.requireCheckpointProtectionBeforeVersion"];

type Configuration = Metadata["configuration"];

function restoredConfiguration(now: Configuration, then: Configuration): Configuration {
  const ofThen = Object.entries(then).filter(([name]) => !OF_THE_LOG.includes(name) && !tellsTimes(name));
  // Since when the log has kept its times: where it keeps them on, what is known now; else the commit says so.
  const keepsTimes = isOn(now[TIMES_IN_LOG]) && isOn(then[TIMES_IN_LOG]);
  const ofNow = Object.entries(now).filter(
    ([name]) => OF_THE_LOG.includes(name) || (keepsTimes && tellsTimes(name)),
  );
  const configuration = Object.fromEntries([...ofThen, ...ofNow]);
  if (columnMappingMode(then) === "none") return configuration;
  const last = Math.max(Number(now[MAX_COLUMN_ID] ?? 0), Number(then[MAX_COLUMN_ID] ?? 0));
  return { ...configuration, [MAX_COLUMN_ID]: String(last) };
}

function tellsTimes(name: string): boolean {
  return name.startsWith(TIMES_BEGIN);
}

function isOn(value: string | undefined): boolean {
  return value?.toLowerCase() === "true";
}

/** A table that was not clustered then is no more, whichever columns it has now. */
function restoredClustering(now: TableState, then: TableState): readonly DomainMetadata[] {
  const [ofNow, ofThen] = [now, then].map(({ domains }) => domains.get(CLUSTERING_DOMAIN));
  const [columnsNow, columnsThen] = [clusteringColumns(ofNow), clusteringColumns(ofThen)];
  if (JSON.stringify(columnsNow) === JSON.stringify(columnsThen)) return [];
  if (ofThen !== undefined && columnsThen.length > 0) return [ofThen];
  const { schema, metadata } = then;
  return [clusteringDomain({ schema, ...metadata }, [])];
}

function isSame(a: Metadata, b: Metadata): boolean {
  const text = ({ configuration, formatOptions, createdTime, ...rest }: Metadata): string =>
    JSON.stringify([
      Object.entries(rest).sort(byName),
      Object.entries(configuration).sort(byName),
      Object.entries(formatOptions).sort(byName),
      String(createdTime),
    ]);
  return text(a) === text(b);
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
