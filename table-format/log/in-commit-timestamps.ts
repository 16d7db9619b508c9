import type { Metadata, Protocol } from "./actions.js";
import { type Version, version } from "./version.js";

// PROTOCOL.md, "In-Commit Timestamps".

interface Described {
  readonly protocol: Protocol;
  readonly metadata: Metadata;
}

/** Whether the version's commit says itself when it happened. */
export function usesInCommitTimestamps({ protocol, metadata }: Described): boolean {
  return (
    protocol.writerFeatures?.includes("inCommitTimestamp") === true &&
    metadata.configuration["delta.enableInCommitTimestamps"] === "true"
  );
}

/** From where on the commits of a table have timestamps of their own. */
export interface InCommitTimestamps {
  readonly since: Version;
  /** The timestamp of that version, in milliseconds since the epoch; none where it is version 0. */
  readonly sinceTimestamp: number | undefined;
}

/** `undefined` where the table, at its newest version, does not have them. */
export function inCommitTimestamps(table: Described): InCommitTimestamps | undefined {
  if (!usesInCommitTimestamps(table)) return undefined;
  const { configuration } = table.metadata;
  const since = wholeNumber(configuration["delta.inCommitTimestampEnablementVersion"]);
  const sinceTimestamp = wholeNumber(configuration["delta.inCommitTimestampEnablementTimestamp"]);
  // Without the properties, which go together, every commit has one.
  if (since === undefined || sinceTimestamp === undefined)
    return { since: version(0), sinceTimestamp: undefined };
  return { since: version(since), sinceTimestamp: Number(sinceTimestamp) };
}

function wholeNumber(text: string | undefined): bigint | undefined {
  return text !== undefined && /^\d{1,18}$/.test(text) ? BigInt(text) : undefined;
}
