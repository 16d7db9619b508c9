import type { Feature } from "./feature.js";

// Features of the protocol that change how files and commits are read.

export const PROTOCOL: readonly Feature[] = [
  { name: "no feature at all", deltaRs: {} },
  {
    name: "partitioned",
    columns: "day DATE, part STRING",
    clauses: "PARTITIONED BY (day, part)",
    values: "DATE '2024-01-01' + (i % 3)::INTEGER AS day, CASE WHEN i % 4 > 0 THEN 'p ' || i % 4 END AS part",
    deltaRs: { partitionBy: ["day", "part"] },
  },
  {
    name: "column mapping by name",
    columns: "old STRING, gone INT, s STRUCT<x: INT, y: STRING>, part STRING",
    clauses: "PARTITIONED BY (part)",
    properties: { "delta.columnMapping.mode": "name" },
    values: "'old ' || i AS old, 1::INTEGER AS gone, {'x': i::INTEGER, 'y': 'y'} AS s, 'p' || i % 2 AS part",
    alters: ["RENAME COLUMN old TO renamed", "RENAME COLUMN s.x TO xx", "DROP COLUMN gone"],
    laterValues: "'new ' || i AS renamed, {'xx': i::INTEGER, 'y': 'z'} AS s, 'p' || i % 2 AS part",
    ourAlteration: "RENAME COLUMN renamed TO again",
    besides: "columns and a field are renamed and dropped, by either side",
  },
  {
    name: "column mapping by id",
    columns: "old STRING, gone INT, items ARRAY<STRUCT<k: INT, v: STRING>>, part STRING",
    clauses: "PARTITIONED BY (part)",
    properties: { "delta.columnMapping.mode": "id" },
    values:
      "'old ' || i AS old, 1::INTEGER AS gone, [{'k': i::INTEGER, 'v': 'y'}, NULL] AS items, 'p' || i % 2 AS part",
    alters: ["RENAME COLUMN old TO renamed", "RENAME COLUMN items.element.k TO key", "DROP COLUMN gone"],
    laterValues: "'new ' || i AS renamed, [{'key': i::INTEGER, 'v': 'z'}] AS items, 'p' || i % 2 AS part",
    ourAlteration: "DROP COLUMN renamed",
    besides: "columns and a field are renamed and dropped, by either side",
  },
  {
    name: "deletion vectors",
    columns: "part STRING",
    clauses: "PARTITIONED BY (part)",
    values: "'p' || i % 2 AS part",
    properties: { "delta.enableDeletionVectors": "true" },
    commitsHold: /"deletionVector":\{/,
    besides: "DELETE leaves the files and writes vectors",
  },
  {
    name: "change data feed",
    properties: { "delta.enableChangeDataFeed": "true", "delta.enableInCommitTimestamps": "true" },
    changes: true,
    commitsHold: /"cdc":\{/,
    pinned: {
      "we write, delta-rs goes on, we read": { refusedBy: "delta-rs", code: "required: [InCommitTimestamp]" },
      "delta-rs writes, we read": {
        refusedBy: "delta-rs",
        code: "Error parsing property 'delta.enableInCommitTimestamps'",
      },
    },
    besides: "the rows of table_changes",
  },
  {
    name: "change data feed, deletion vectors, column mapping",
    columns: "part STRING",
    clauses: "PARTITIONED BY (part)",
    values: "'p' || i % 2 AS part",
    properties: {
      "delta.enableChangeDataFeed": "true",
      "delta.enableInCommitTimestamps": "true",
      "delta.enableDeletionVectors": "true",
      "delta.columnMapping.mode": "name",
    },
    changes: true,
    pinned: {
      "we write, delta-rs goes on, we read": { refusedBy: "delta-rs", code: "required: [InCommitTimestamp]" },
      "delta-rs writes, we read": {
        refusedBy: "delta-rs",
        code: "Error parsing property 'delta.enableInCommitTimestamps'",
      },
    },
    besides: "the rows of table_changes",
  },
  {
    name: "in-commit timestamps",
    properties: { "delta.enableInCommitTimestamps": "true" },
    timestamps: true,
    commitsHold: /"inCommitTimestamp":\d/,
    pinned: {
      "we write, delta-rs goes on, we read": { refusedBy: "delta-rs", code: "required: [InCommitTimestamp]" },
      "delta-rs writes, we read": {
        refusedBy: "delta-rs",
        code: "Error parsing property 'delta.enableInCommitTimestamps'",
      },
    },
    besides: "the version of a point in time",
  },
  {
    name: "row tracking",
    columns: "part STRING",
    clauses: "PARTITIONED BY (part)",
    values: "'p' || i % 2 AS part",
    properties: { "delta.enableRowTracking": "true" },
    rowIds: true,
    commitsHold: /"baseRowId":\d/,
    pinned: {
      "we write, delta-rs goes on, we read": {
        refusedBy: "delta-rs",
        code: "required: [DomainMetadata, RowTracking]",
      },
      "delta-rs writes, we read": {
        refusedBy: "delta-rs",
        code: "Error parsing property 'delta.enableRowTracking'",
      },
    },
    sparkMaintenance: ["OPTIMIZE {t}"],
    besides: "row ids and commit versions, also after Spark compacts the table",
  },
  {
    name: "row tracking, deletion vectors",
    properties: { "delta.enableRowTracking": "true", "delta.enableDeletionVectors": "true" },
    rowIds: true,
    commitsHold: /"baseRowId":\d/,
    pinned: {
      "we write, delta-rs goes on, we read": {
        refusedBy: "delta-rs",
        code: "required: [DomainMetadata, RowTracking]",
      },
      "delta-rs writes, we read": {
        refusedBy: "delta-rs",
        code: "Error parsing property 'delta.enableRowTracking'",
      },
    },
    besides: "row ids and commit versions",
  },
  {
    name: "domain metadata",
    properties: { "delta.feature.domainMetadata": "supported" },
    pinned: {
      "we write, delta-rs goes on, we read": { refusedBy: "delta-rs", code: "required: [DomainMetadata]" },
      "delta-rs writes, we read": {
        refusedBy: "delta-rs",
        code: "Error parsing property 'delta.feature.domainMetadata'",
      },
    },
  },
  {
    name: "clustering",
    columns: "n STRUCT<x: INT>, w STRING",
    clauses: "CLUSTER BY (v)",
    values: "{'x': i::INTEGER} AS n, 'w' || i AS w",
    alters: ["CLUSTER BY (w, n.x)"],
    clusteringColumns: ["w", "n.x"],
    commitsHold: /"domain":"delta\.clustering"/,
    pinned: {
      "we write, delta-rs goes on, we read": {
        refusedBy: "delta-rs",
        code: "required: [ClusteredTable, DomainMetadata]",
      },
      "delta-rs writes, we read": { notApplicable: "delta-rs has no way to ask for this" },
    },
    sparkMaintenance: ["OPTIMIZE {t}"],
    besides: "the clustering columns that DESCRIBE DETAIL of Spark names; Spark clusters the table",
  },
  {
    name: "type widening",
    // Of several properties that it does not know, delta-rs names any one.
    deltaRs: { configuration: { "delta.enableTypeWidening": "true" } },
    columns: "n INT, d DECIMAL(4,2), s STRUCT<x: SMALLINT>, l ARRAY<INT>, day DATE",
    properties: { "delta.enableTypeWidening": "true", "delta.feature.timestampNtz": "supported" },
    values:
      "i::INTEGER AS n, i::DECIMAL(4,2) AS d, {'x': i::SMALLINT} AS s, [i::INTEGER, NULL] AS l, DATE '2024-01-31' AS day",
    alters: [
      "ALTER COLUMN n TYPE BIGINT",
      "ALTER COLUMN d TYPE DECIMAL(12,4)",
      "ALTER COLUMN s.x TYPE INT",
      "ALTER COLUMN l.element TYPE BIGINT",
      "ALTER COLUMN day TYPE TIMESTAMP_NTZ",
    ],
    laterValues:
      "i + 5000000000 AS n, (i + 123456.0001)::DECIMAL(12,4) AS d, {'x': (i + 100000)::INTEGER} AS s, [i + 5000000000] AS l, TIMESTAMP '2024-02-01 00:00:00.5' AS day",
    pinned: {
      "we write, delta-rs reads": { refusedBy: "delta-rs", code: "required: [TypeWidening]" },
      "we write, delta-rs goes on, we read": { refusedBy: "delta-rs", code: "required: [TypeWidening]" },
      "delta-rs writes, we read": {
        refusedBy: "delta-rs",
        code: "Error parsing property 'delta.enableTypeWidening'",
      },
    },
    ourAlteration: "ALTER COLUMN s.x TYPE BIGINT",
    besides: "columns, a field and an element are widened, by either side",
  },
  {
    name: "vacuum protocol check",
    properties: { "delta.feature.vacuumProtocolCheck": "supported" },
    sparkMaintenance: ["VACUUM {t} RETAIN 200 HOURS DRY RUN"],
    pinned: {
      "we write, delta-rs reads": { refusedBy: "delta-rs", code: "required: [VacuumProtocolCheck]" },
      "we write, delta-rs goes on, we read": {
        refusedBy: "delta-rs",
        code: "required: [VacuumProtocolCheck]",
      },
      "delta-rs writes, we read": {
        refusedBy: "delta-rs",
        code: "Error parsing property 'delta.feature.vacuumProtocolCheck'",
      },
    },
  },
];
