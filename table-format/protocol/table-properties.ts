import { parseInterval } from "./interval.js";

/**
 * Table properties that this release acts on (`metaData.configuration`; Delta's names and defaults).
 * A value that cannot be understood gives the safe choice, which each function states.
 */
export type Configuration = Readonly<Record<string, string>>;

/** Commits between two checkpoints; 10 unless the table says otherwise. */
export function checkpointInterval(configuration: Configuration): bigint {
  const text = configuration["delta.checkpointInterval"];
  return text !== undefined && /^[1-9]\d*$/.test(text) ? BigInt(text) : 10n;
}

/** Whether removing rows is forbidden (PROTOCOL.md, "Append-only Tables"). */
export function isAppendOnly(configuration: Configuration): boolean {
  return configuration["delta.appendOnly"]?.toLowerCase() === "true";
}

/**
 * How long, in milliseconds, a checkpoint must carry the tombstone of a removed file; a week unless the
 * table says otherwise, `undefined` (for ever) when what it says cannot be understood.
 */
export function tombstoneRetentionMs(configuration: Configuration): number | undefined {
  return parseInterval(configuration["delta.deletedFileRetentionDuration"] ?? "interval 1 week");
}
