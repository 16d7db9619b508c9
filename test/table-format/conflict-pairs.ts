import { type Action, READS_EVERYTHING, type StagedCommit } from "../../table-format/index.js";
import {
  A,
  add,
  append,
  B,
  both,
  C,
  compare,
  file,
  info,
  mark,
  metadata,
  PROTOCOL,
  reading,
  remove,
  replacing,
  rewrite,
  SCHEMA,
  statsOf,
  update,
  vector,
} from "./conflict-table.js";

// Pairs of transactions, ours and one that won, and why ours may not follow; without a reason it may.

export type Pair = readonly [
  what: string,
  ours: Partial<StagedCommit>,
  winner: readonly Action[],
  reason?: string,
];

/** The same, however strict the table is. */
export const EVERYWHERE: readonly Pair[] = [
  ["an append follows an append", { adds: [file("x", "1", [0, 1])] }, append("y", "1", [0, 1])],
  ["an append follows an UPDATE", { adds: [file("x", "1", [0, 1])] }, rewrite(A, file("y", "1", [0, 9]))],
  [
    "an append follows an overwrite",
    { adds: [file("x", "1", [0, 1])] },
    [info("WRITE"), remove(A), remove(B), remove(C)],
  ],

  [
    "an UPDATE follows one of another partition",
    { ...update, ...reading(compare("p", "=", 1)) },
    rewrite(C, file("y", "2", [0, 9])),
  ],
  [
    "an UPDATE follows one of rows that it cannot mean",
    { ...update, ...reading(compare("n", "<", 5)) },
    rewrite(B, file("y", "1", [10, 19])),
  ],
  [
    "an UPDATE does not follow one that may have moved rows into its reach",
    { ...update, ...reading(compare("n", "<", 5)) },
    rewrite(B, file("y", "1", [4, 19])),
    "rows-added",
  ],
  [
    "an UPDATE does not follow one into its partition",
    { ...update, ...reading(compare("p", "=", 1)) },
    rewrite(C, file("y", "1", [0, 9])),
    "rows-added",
  ],
  [
    "NULL is a partition of its own",
    { ...update, ...reading(compare("p", "=", 1)) },
    rewrite(C, file("y", null, [0, 9])),
  ],
  [
    "a partition that is not told may be any",
    { ...update, ...reading(compare("p", "=", 1)) },
    [info("UPDATE"), add(file("y", "1", [0, 9], { partitionValues: {} }))],
    "rows-added",
  ],
  [
    "statistics that are not there tell nothing",
    { ...update, ...reading(compare("n", "<", 5)) },
    rewrite(B, file("y", "1", undefined)),
    "rows-added",
  ],
  [
    "partition and statistics count together",
    { ...update, ...reading(both(compare("p", "=", 1), compare("n", "<", 5))) },
    rewrite(C, file("y", "2", [0, 9])),
  ],
  [
    "what is not known of a predicate may be true",
    { ...update, ...reading(both(compare("p", "=", 1), { kind: "unknown" })) },
    rewrite(B, file("y", "1", [90, 99])),
    "rows-added",
  ],
  [
    "a predicate that is never true reads nothing",
    { ...update, ...reading({ kind: "constant", value: false }) },
    rewrite(B, file("y", "1", [0, 9])),
  ],
  [
    "an UPDATE of a whole table follows nothing that adds rows",
    { ...update, reads: READS_EVERYTHING },
    rewrite(C, file("y", "9", [90, 99])),
    "rows-added",
  ],

  [
    "the same file cannot be replaced twice",
    { ...update, ...reading(compare("n", "=", 1)) },
    rewrite(A, file("y", "1", [90, 99])),
    "file-changed",
  ],
  ["rows marked in another file are no new rows", { ...update, ...reading(compare("p", "=", 1)) }, mark(B)],
  ["nor are those of UPDATE and MERGE", { ...update, ...reading(compare("p", "=", 1)) }, mark(B, "MERGE")],
  [
    "rows marked in the file itself are a change of it",
    { ...update, ...reading(compare("p", "=", 1)) },
    mark(A),
    "file-changed",
  ],
  [
    "RESTORE may bring rows back by marking fewer",
    { ...update, ...reading(compare("p", "=", 1)) },
    [
      info("RESTORE"),
      remove({ ...B, deletionVector: vector(5n) }),
      add({ ...B, deletionVector: vector(3n) }),
    ],
    "rows-added",
  ],
  [
    "even a DELETE that marks fewer brings rows back",
    { ...update, ...reading(compare("p", "=", 1)) },
    [info("DELETE"), remove({ ...B, deletionVector: vector(5n) }), add({ ...B, deletionVector: vector(3n) })],
    "rows-added",
  ],
  [
    "a file under another spelling is the same file",
    { ...update, ...reading(compare("n", "=", 1)) },
    [info("DELETE"), remove({ ...A, path: "./p%3D1/a" })],
    "file-changed",
  ],
  [
    "a file that was only looked through may go",
    { ...update, ...reading(compare("p", "=", 1)) },
    [info("DELETE"), remove(B)],
  ],
  [
    "a file that gets row ids is changed",
    { ...update, ...reading(compare("n", "=", 1)) },
    [info("ROW TRACKING BACKFILL"), add({ ...A, dataChange: false, baseRowId: 0n })],
    "file-changed",
  ],

  [
    "what was read elsewhere must still be there",
    { adds: [file("x", "3", [0, 1])], ...reading(compare("p", "=", 1), true) },
    [info("DELETE"), remove(A)],
    "rows-removed",
  ],
  [
    "rows of another partition may go",
    { adds: [file("x", "3", [0, 1])], ...reading(compare("p", "=", 1), true) },
    [info("DELETE"), remove(C)],
  ],
  [
    "the version that was read tells what a removed file held",
    { adds: [file("x", "3", [0, 1])], ...reading(compare("n", ">", 10), true) },
    [info("DELETE"), remove(A)],
  ],
  [
    "so it does where the remove tells nothing",
    { adds: [file("x", "3", [0, 1])], ...reading(compare("p", "=", 2), true) },
    [info("DELETE"), remove({ ...A, partitionValues: {}, path: "./p%3D1/a" })],
  ],
  [
    "of a file that it does not know anything may be",
    { adds: [file("x", "3", [0, 1])], ...reading(compare("n", ">", 90), true) },
    [info("DELETE"), remove(file("other", "1", undefined))],
    "rows-removed",
  ],
  [
    "the statistics of a remove count",
    { adds: [file("x", "3", [0, 1])], ...reading(compare("n", ">", 90), true) },
    [info("DELETE"), remove(file("other", "1", undefined), { stats: statsOf([0, 9]) })],
  ],
  [
    "rows that only moved are still there",
    { adds: [file("x", "3", [0, 1])], ...reading(compare("p", "=", 1), true) },
    [info("OPTIMIZE"), remove(A, { dataChange: false }), add({ ...A, path: "y", dataChange: false })],
  ],

  [
    "a compaction follows appends",
    { ...replacing(A, B), adds: [file("x", "1", [0, 19], { dataChange: false })], dataChange: false },
    append("y", "1", [0, 9]),
  ],
  [
    "a compaction follows a DELETE of another file",
    { ...replacing(A, B), adds: [file("x", "1", [0, 19], { dataChange: false })], dataChange: false },
    mark(C),
  ],
  [
    "a compaction does not follow a DELETE of one of its files",
    { ...replacing(A, B), adds: [file("x", "1", [0, 19], { dataChange: false })], dataChange: false },
    mark(B),
    "file-changed",
  ],
  [
    "an UPDATE follows a compaction of other files",
    { ...update, ...reading(compare("p", "=", 1)) },
    [
      info("OPTIMIZE"),
      remove(B, { dataChange: false }),
      add(file("y", "1", [10, 19], { dataChange: false })),
    ],
  ],
  [
    "an UPDATE does not follow a compaction of its file",
    { ...update, ...reading(compare("p", "=", 1)) },
    [info("OPTIMIZE"), remove(A, { dataChange: false }), add(file("y", "1", [0, 9], { dataChange: false }))],
    "file-changed",
  ],

  [
    "nothing follows a change of metadata",
    { adds: [file("x", "1", [0, 1])] },
    [info("ADD COLUMNS"), { kind: "metaData", metaData: metadata({}, SCHEMA("m")) }],
    "metadata-changed",
  ],
  [
    "nothing follows a change of protocol",
    { adds: [file("x", "1", [0, 1])] },
    [info("UPGRADE PROTOCOL"), PROTOCOL],
    "protocol-changed",
  ],
  [
    "a change of schema follows any change of rows",
    { metadata: metadata({}, SCHEMA("m")) },
    rewrite(A, file("y", "1", [0, 9])),
  ],
  [
    "a rule is checked for rows that were appended too",
    { metadata: metadata({ "delta.constraints.c": "n < 20" }), reads: READS_EVERYTHING },
    append("y", "1", [90, 99]),
    "rows-added",
  ],
  [
    "a predicate over another schema may mean any row",
    { ...update, metadata: metadata({}, SCHEMA("m")), ...reading(compare("p", "=", 1)) },
    rewrite(C, file("y", "2", [0, 9])),
    "rows-added",
  ],

  [
    "one application commits at a time",
    { transactions: [{ appId: "job", version: 2n, lastUpdated: undefined }] },
    [info("WRITE"), { kind: "txn", txn: { appId: "job", version: 1n, lastUpdated: undefined } }],
    "duplicate-application-commit",
  ],
  [
    "another application does not matter",
    { transactions: [{ appId: "job", version: 2n, lastUpdated: undefined }] },
    [info("WRITE"), { kind: "txn", txn: { appId: "other", version: 1n, lastUpdated: undefined } }],
  ],
  [
    "one domain is changed by one at a time",
    { domains: [{ domain: "mine", configuration: "", removed: false }] },
    [
      info("X"),
      { kind: "domainMetadata", domainMetadata: { domain: "mine", configuration: "", removed: false } },
    ],
    "domain-changed",
  ],
  [
    "another domain, and that of row ids, do not matter",
    { domains: [{ domain: "mine", configuration: "", removed: false }] },
    [
      info("X"),
      ...["yours", "delta.rowTracking"].map(
        (domain): Action => ({
          kind: "domainMetadata",
          domainMetadata: { domain, configuration: '{"rowIdHighWaterMark":1}', removed: false },
        }),
      ),
    ],
  ],
];

export type LevelPair = readonly [
  what: string,
  ours: Partial<StagedCommit>,
  winner: readonly Action[],
  writeSerializable: string | undefined,
  serializable: string | undefined,
];

/** What the levels differ in: the reason of each. */
export const BY_LEVEL: readonly LevelPair[] = [
  [
    "an UPDATE and rows appended blindly",
    { ...update, ...reading(compare("p", "=", 1)) },
    append("y", "1", [0, 9]),
    undefined,
    "rows-added",
  ],
  [
    "an UPDATE and rows appended blindly elsewhere",
    { ...update, ...reading(compare("p", "=", 1)) },
    append("y", "2", [0, 9]),
    undefined,
    undefined,
  ],
  [
    "an UPDATE and rows appended by a writer that does not say so",
    { ...update, ...reading(compare("p", "=", 1)) },
    [info("WRITE"), add(file("y", "1", [0, 9]))],
    "rows-added",
    "rows-added",
  ],
  [
    "a blind append that takes rows away is none",
    { ...update, ...reading(compare("p", "=", 1)) },
    [info("WRITE", { isBlindAppend: true }), remove(B), add(file("y", "1", [0, 9]))],
    "rows-added",
    "rows-added",
  ],
  [
    "an overwrite and an append",
    { adds: [file("x", "1", [0, 1])], replaces: { kind: "all" } },
    append("y", "1", [0, 9]),
    undefined,
    undefined,
  ],
  [
    "an overwrite and an UPDATE",
    { adds: [file("x", "1", [0, 1])], replaces: { kind: "all" } },
    rewrite(A, file("y", "1", [0, 9])),
    undefined,
    "replaced-rows-changed",
  ],
  [
    "an overwrite and a DELETE by marks",
    { adds: [file("x", "1", [0, 1])], replaces: { kind: "all" } },
    mark(A),
    undefined,
    "replaced-rows-changed",
  ],
  [
    "an overwrite and a compaction",
    { adds: [file("x", "1", [0, 1])], replaces: { kind: "all" } },
    [info("OPTIMIZE"), remove(A, { dataChange: false }), add({ ...A, path: "y", dataChange: false })],
    undefined,
    undefined,
  ],
  [
    "an overwrite of a partition and an UPDATE in it",
    { adds: [file("x", "1", [0, 1])], replaces: { kind: "partitions", partitions: [{ p: "1" }] } },
    rewrite(A, file("y", "01", [0, 9])),
    undefined,
    "replaced-rows-changed",
  ],
  [
    "an overwrite of a partition and an UPDATE of another",
    {
      adds: [file("x", "2", [0, 1])],
      replaces: { kind: "partitions", partitions: [{ p: "2" }, { p: null }] },
    },
    rewrite(A, file("y", "1", [0, 9])),
    undefined,
    undefined,
  ],
  [
    "an overwrite of the NULL partition and rows that come there",
    { adds: [file("x", null, [0, 1])], replaces: { kind: "partitions", partitions: [{ p: null }] } },
    rewrite(A, file("y", null, [0, 9])),
    undefined,
    "replaced-rows-changed",
  ],
];
