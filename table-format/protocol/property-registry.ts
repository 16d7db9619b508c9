import { parseInterval } from "./interval.js";

/** What a property of Delta's may say. */
export interface PropertyRule {
  /** As Delta spells it. */
  readonly name: string;
  /** What is allowed, as the end of "... must be". */
  readonly allowed: string;
  readonly accepts: (value: string) => boolean;
  /** Whether the value is kept in lower case: a word that Delta's readers compare with or without case. */
  readonly folds?: boolean;
  /** Why people do not set it. */
  readonly refusedBecause?: string;
}

const BOOLEAN = {
  allowed: "true or false",
  accepts: (value: string) => /^(?:true|false)$/i.test(value),
  folds: true,
};
const INTERVAL = {
  allowed: "a length of time such as '7 days' or 'interval 36 hours', without months and years",
  accepts: (value: string) => parseInterval(value) !== undefined,
};
const COUNT = {
  allowed: "a whole number greater than 0",
  accepts: (value: string) => /^0*[1-9]\d{0,8}$/.test(value),
};
const NOTHING = { allowed: "absent", accepts: () => false };

function oneOf(...values: readonly string[]): Pick<PropertyRule, "allowed" | "accepts"> {
  const folded = new Set(values.map((value) => value.toLowerCase()));
  return { allowed: values.join(" or "), accepts: (value) => folded.has(value.toLowerCase()) };
}

function onlyFalse(what: string): Pick<PropertyRule, "allowed" | "accepts"> {
  return {
    allowed: `false: this release does not ${what}`,
    accepts: (value) => value.toLowerCase() === "false",
  };
}

function ownedBy(what: string): Omit<PropertyRule, "name"> {
  return { ...NOTHING, refusedBecause: what };
}

const COLUMN_NAMES = /^\s*(?:(?:`(?:[^`]|``)+`|[^`.,\s]+)\s*[.,]\s*)*(?:`(?:[^`]|``)+`|[^`.,\s]+)\s*$/;

/** The properties that delta-spark and PROTOCOL.md know, by the name after `delta.`. */
const RULES: Readonly<Record<string, Omit<PropertyRule, "name">>> = {
  appendOnly: BOOLEAN,
  autoOptimize: BOOLEAN,
  "autoOptimize.autoCompact": BOOLEAN,
  "autoOptimize.optimizeWrite": BOOLEAN,
  "checkpoint.writeStatsAsJson": BOOLEAN,
  "checkpoint.writeStatsAsStruct": BOOLEAN,
  checkpointInterval: COUNT,
  checkpointPolicy: { ...oneOf("classic", "v2"), folds: true },
  checkpointRetentionDuration: INTERVAL,
  "columnMapping.maxColumnId": ownedBy("it counts the columns that were ever there"),
  "columnMapping.mode": { ...oneOf("none", "name", "id"), folds: true },
  "compatibility.symlinkFormatManifest.enabled": onlyFalse("write symlink manifests"),
  dataSkippingNumIndexedCols: {
    allowed: "a whole number of at least -1",
    accepts: (value) => /^(?:-1|\d{1,9})$/.test(value),
  },
  dataSkippingStatsColumns: {
    allowed: "a list of columns such as a, b.c, `d e`",
    accepts: (value) => COLUMN_NAMES.test(value),
  },
  deletedFileRetentionDuration: INTERVAL,
  "dropFeatureTruncateHistory.retentionDuration": INTERVAL,
  enableChangeDataFeed: BOOLEAN,
  enableDeletionVectors: BOOLEAN,
  enableExpiredLogCleanup: BOOLEAN,
  enableFullRetentionRollback: BOOLEAN,
  enableIcebergCompatV1: onlyFalse("keep tables compatible with Iceberg"),
  enableIcebergCompatV2: onlyFalse("keep tables compatible with Iceberg"),
  enableIcebergCompatV3: onlyFalse("keep tables compatible with Iceberg"),
  enableIcebergWriterCompatV1: onlyFalse("keep tables compatible with Iceberg"),
  enableIcebergWriterCompatV3: onlyFalse("keep tables compatible with Iceberg"),
  enableInCommitTimestamps: BOOLEAN,
  enableRowTracking: BOOLEAN,
  enableTypeWidening: BOOLEAN,
  enableVariantShredding: onlyFalse("write shredded variants"),
  inCommitTimestampEnablementTimestamp: ownedBy("the commit that turns in-commit timestamps on sets it"),
  inCommitTimestampEnablementVersion: ownedBy("the commit that turns in-commit timestamps on sets it"),
  isolationLevel: oneOf("Serializable"),
  logRetentionDuration: INTERVAL,
  "parquet.compression.codec": oneOf("uncompressed", "none", "snappy", "gzip", "lz4", "lz4_raw", "zstd"),
  "parquet.format.version": {
    allowed: "1.0.0 or 2.x.x",
    accepts: (value) => /^(?:1\.0\.0|2\.\d+\.\d+)$/.test(value),
  },
  randomPrefixLength: COUNT,
  randomizeFilePrefixes: BOOLEAN,
  requireCheckpointProtectionBeforeVersion: ownedBy("dropping a feature sets it"),
  "rowTracking.materializedRowCommitVersionColumnName": ownedBy("turning row tracking on sets it"),
  "rowTracking.materializedRowIdColumnName": ownedBy("turning row tracking on sets it"),
  rowTrackingSuspended: BOOLEAN,
  sampleRetentionDuration: INTERVAL,
  setTransactionRetentionDuration: INTERVAL,
  targetFileSize: {
    allowed: "a number of bytes, or a size such as 128mb",
    accepts: (value) => /^\d+\s*(?:b|[kmgt]i?b?)?$/i.test(value),
  },
  tuneFileSizesForRewrites: BOOLEAN,
  "universalFormat.enabledFormats": {
    allowed: "empty: this release does not convert tables",
    accepts: (value) => value.trim() === "",
  },
  writePartitionColumnsToParquet: onlyFalse("write partition columns into data files"),
};

const BY_KEY: ReadonlyMap<string, PropertyRule> = new Map(
  Object.entries(RULES).map(([short, rule]) => {
    const name = `delta.${short}`;
    return [name.toLowerCase(), { name, ...rule }];
  }),
);

/** The rule of a property of Delta's, whatever the case of its name. */
export function propertyRule(name: string): PropertyRule | undefined {
  return BY_KEY.get(name.toLowerCase());
}

/** The names of all properties that people may set. */
export function settableProperties(): readonly string[] {
  return [...BY_KEY.values()]
    .filter(({ refusedBecause }) => refusedBecause === undefined)
    .map(({ name }) => name);
}
