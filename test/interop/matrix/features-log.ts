import type { Feature } from "./feature.js";

// The log: checkpoints of every kind, compactions, checksums, and time travel through them.

const STRUCTS = {
  "delta.checkpoint.writeStatsAsStruct": "true",
  "delta.checkpoint.writeStatsAsJson": "false",
};
const PARTS = { "spark.databricks.delta.checkpoint.partSize": "2" };
const ONLY = "the commits before the checkpoint are gone";

/** Spark writes a checkpoint with its DELETE, version 3. */
const THIRD = { "delta.checkpointInterval": "3" };

const TABLE = {
  columns: "part STRING",
  clauses: "PARTITIONED BY (part)",
  values: "'p' || i % 2 AS part",
} as const;

export const LOG: readonly Feature[] = [
  {
    name: "classic checkpoints",
    ...TABLE,
    properties: THIRD,
    ourLog: "classic",
    forget: true,
    logHolds: { ours: /^\d{20}\.checkpoint\.parquet$/, spark: /^\d{20}\.checkpoint\.parquet$/ },
    deltaRs: { partitionBy: ["part"], checkpoint: true },
    besides: ONLY,
  },
  {
    name: "multi-part checkpoints",
    ...TABLE,
    pinned: { "delta-rs writes, we read": { notApplicable: "delta-rs writes no checkpoints in parts" } },
    properties: THIRD,
    ourLog: "multi-part",
    configuration: PARTS,
    forget: true,
    logHolds: {
      ours: /\.checkpoint\.\d{10}\.\d{10}\.parquet$/,
      spark: /\.checkpoint\.\d{10}\.\d{10}\.parquet$/,
    },
    besides: ONLY,
  },
  {
    name: "checkpoints with struct statistics",
    ...TABLE,
    pinned: { "delta-rs writes, we read": { notApplicable: "delta-rs writes no such checkpoints" } },
    properties: { ...THIRD, ...STRUCTS },
    ourLog: "classic",
    forget: true,
    logHolds: { ours: /^\d{20}\.checkpoint\.parquet$/, spark: /^\d{20}\.checkpoint\.parquet$/ },
    besides: `${ONLY}; no statistics as JSON`,
  },
  {
    name: "V2 checkpoints, JSON",
    ...TABLE,
    pinned: { "delta-rs writes, we read": { notApplicable: "delta-rs writes no V2 checkpoints" } },
    properties: { ...THIRD, "delta.checkpointPolicy": "v2" },
    ourLog: "v2-json",
    configuration: { ...PARTS, "spark.databricks.delta.checkpointV2.topLevelFileFormat": "json" },
    forget: true,
    logHolds: { ours: /\.checkpoint\.[0-9a-f-]+\.json$/, spark: /\.checkpoint\.[0-9a-f-]+\.json$/ },
    besides: ONLY,
  },
  {
    name: "V2 checkpoints, Parquet",
    ...TABLE,
    pinned: { "delta-rs writes, we read": { notApplicable: "delta-rs writes no V2 checkpoints" } },
    properties: { ...THIRD, "delta.checkpointPolicy": "v2" },
    ourLog: "v2-parquet",
    configuration: { ...PARTS, "spark.databricks.delta.checkpointV2.topLevelFileFormat": "parquet" },
    forget: true,
    logHolds: { ours: /\.checkpoint\.[0-9a-f-]+\.parquet$/, spark: /\.checkpoint\.[0-9a-f-]+\.parquet$/ },
    besides: ONLY,
  },
  {
    name: "log compaction",
    ...TABLE,
    ourLog: "log-compaction",
    logHolds: { ours: /^\d{20}\.\d{20}\.compacted\.json$/ },
    deltaRs: { partitionBy: ["part"], compactLog: true },
    pinned: {
      "Spark writes, we read": { notApplicable: "Spark writes no log compactions" },
      "Spark writes, we go on, Spark reads": { notApplicable: "Spark writes no log compactions" },
    },
  },
  {
    name: "version checksums (.crc)",
    ...TABLE,
    pinned: { "delta-rs writes, we read": { notApplicable: "delta-rs writes no checksums" } },
    logHolds: { ours: /^\d{20}\.crc$/, spark: /^\d{20}\.crc$/ },
    besides: "`fsck` compares every checksum with the log",
  },
  {
    name: "time travel by timestamp",
    ...TABLE,
    timestamps: true,
    deltaRs: { partitionBy: ["part"] },
    besides: "the version of a point in time, from the times of the log's files",
  },
];
