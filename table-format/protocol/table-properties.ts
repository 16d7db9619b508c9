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
  return configuration["delta.appendOnly"] === "true";
}

const UNIT_MS: Readonly<Record<string, number>> = {
  millisecond: 1,
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
};

/**
 * How long, in milliseconds, a checkpoint must carry the tombstone of a removed file; a week unless the
 * table says otherwise, `undefined` (for ever) when what it says cannot be understood.
 */
export function tombstoneRetentionMs(configuration: Configuration): number | undefined {
  const text = configuration["delta.deletedFileRetentionDuration"];
  if (text === undefined) return UNIT_MS["week"];
  const match = /^(?:interval\s+)?(\d+)\s+([a-z]+?)s?$/i.exec(text.trim());
  const unit = UNIT_MS[match?.[2]?.toLowerCase() ?? ""];
  return match?.[1] === undefined || unit === undefined ? undefined : Number(match[1]) * unit;
}
