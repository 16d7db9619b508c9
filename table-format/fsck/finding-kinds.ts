import type { FindingKind } from "./finding.js";

const RESTORE_LOG_FILE =
  "Restore the file from a copy of the table. Without one, only the versions that fsck calls readable are left.";
const RESTORE_DATA_FILE =
  "Restore the file from a copy. Without one, restore the table to a version that does not need it, or remove the file from the table.";
const WRITER_FAULT =
  "A writer broke the Delta protocol. Restore the table to a version before it, and report the fault to the maker of that writer.";
const NEW_CHECKPOINT =
  "Delete the checkpoint's files once the commits before it are known to be whole, then write a new one: grizzly checkpoint TABLE.";
const FIX_METADATA =
  "Correct the table's metadata with a writer that can (ALTER TABLE), or restore the table to a version before it.";
const REWRITE_FILE =
  "Rewrite the rows of the file: statistics and row counts are made anew. Until then, queries that skip files by them may miss rows.";

/** Every kind of finding. Codes are stable; what they stand for does not change. */
export const FINDING_KINDS = {
  // The files of the log.
  "log-gap": {
    severity: "damage",
    title: "versions missing from the log",
    remedy:
      "Restore the missing entry, or a checkpoint of its version or a later one. Versions that need it cannot be read.",
  },
  "version-unreadable": {
    severity: "damage",
    title: "a newest version that cannot be read",
    remedy: "Mend the log files that the other findings name.",
  },
  "history-gap": {
    severity: "warning",
    title: "versions lost from the history",
    remedy:
      "A later checkpoint makes up for them, so the table is whole. Older versions that need them cannot be read any more.",
  },
  "log-file-unreadable": {
    severity: "damage",
    title: "log files that cannot be read",
    remedy: RESTORE_LOG_FILE,
  },
  "log-line-broken": {
    severity: "damage",
    title: "lines of log entries that are no JSON object",
    remedy: RESTORE_LOG_FILE,
  },
  "log-name-unknown": {
    severity: "warning",
    title: "files in the log folder that no reader knows",
    remedy: "No reader looks at them. Move them away if no program of yours put them there.",
  },
  "log-leftover": {
    severity: "warning",
    title: "leftover temporary files in the log folder",
    remedy: "They come from writers that were stopped. Delete them when no writer is at work.",
  },
  "checkpoint-incomplete": {
    severity: "warning",
    title: "checkpoints that lack parts",
    remedy:
      "Readers pass over them. Delete their files, or restore the missing parts where the log needs them.",
  },
  "checkpoint-unreadable": {
    severity: "damage",
    title: "checkpoints that cannot be read",
    remedy: NEW_CHECKPOINT,
  },
  "checkpoint-contradicts": {
    severity: "damage",
    title: "checkpoints that contradict the commits",
    remedy: NEW_CHECKPOINT,
  },
  "sidecar-missing": {
    severity: "damage",
    title: "sidecar files of checkpoints that are missing or of another size",
    remedy: NEW_CHECKPOINT,
  },
  "last-checkpoint-broken": {
    severity: "warning",
    title: "a _last_checkpoint that leads nowhere",
    remedy: "Readers list the log instead, which takes longer. Write a checkpoint: grizzly checkpoint TABLE.",
  },
  "last-checkpoint-stale": {
    severity: "warning",
    title: "a _last_checkpoint that is out of date",
    remedy: "Readers replay more of the log than they need. Write a checkpoint: grizzly checkpoint TABLE.",
  },
  "checksum-broken": {
    severity: "warning",
    title: "checksum files that cannot be understood",
    remedy: "Readers pass over them. Delete them.",
  },
  "checksum-contradicts": {
    severity: "damage",
    title: "checksum files that contradict the log",
    remedy:
      "Either the log was changed after the commit or the writer of the checksum counted wrong. Compare the log with a copy; when the log is right, delete the checksum file.",
  },
  "compaction-unreadable": {
    severity: "damage",
    title: "log compaction files that cannot be read",
    remedy: "Delete the file: its commits hold the same.",
  },
  "compaction-contradicts": {
    severity: "damage",
    title: "log compaction files that contradict their commits",
    remedy: "Delete the file: its commits are what counts.",
  },

  // What the actions say.
  "action-unknown": {
    severity: "warning",
    title: "actions of a kind that this release does not know",
    remedy:
      "Readers pass over them. When the name looks misspelt, the log entry is damaged: compare it with a copy.",
  },
  "action-field": {
    severity: "damage",
    title: "actions that lack a field or have one of another type",
    remedy: WRITER_FAULT,
  },
  "data-change-missing": {
    severity: "warning",
    title: "file actions without dataChange",
    remedy: "Readers take it for true. Report it to the maker of the writer.",
  },
  "file-added-twice": {
    severity: "damage",
    title: "files added twice at once",
    remedy: WRITER_FAULT,
  },
  "file-live-twice": {
    severity: "damage",
    title: "files that are live with several deletion vectors",
    remedy:
      "Their rows are counted more than once. Restore the table to a version before it, or remove one of the entries.",
  },
  "file-added-and-removed": {
    severity: "damage",
    title: "files both added and removed by one commit",
    remedy: WRITER_FAULT,
  },
  "file-removed-unknown": {
    severity: "warning",
    title: "files removed that were not there",
    remedy: "The remove had no effect. Look at the history around that version for a commit that is missing.",
  },
  "state-missing": {
    severity: "damage",
    title: "a log without protocol or metadata",
    remedy: RESTORE_LOG_FILE,
  },
  "schema-broken": {
    severity: "damage",
    title: "a schema that is none",
    remedy: FIX_METADATA,
  },
  "schema-unsupported": {
    severity: "unsupported",
    title: "a schema that this release does not read",
    remedy:
      "Read the table with a program that knows the type. Its data files were checked as far as that goes without.",
  },
  "protocol-invalid": {
    severity: "damage",
    title: "a protocol that breaks its own rules",
    remedy: WRITER_FAULT,
  },
  "feature-unsupported": {
    severity: "unsupported",
    title: "table features that this release does not support",
    remedy: "Use the table with a program that knows the feature, or drop the feature there.",
  },
  "feature-missing": {
    severity: "damage",
    title: "what the table uses and its protocol does not name",
    remedy: "Programs that do not know the feature misread the table. Turn the feature on, or undo its use.",
  },
  "column-mapping": {
    severity: "damage",
    title: "column mapping that is incomplete or ambiguous",
    remedy: FIX_METADATA,
  },
  "partition-column": {
    severity: "damage",
    title: "partition columns that the table cannot have",
    remedy: FIX_METADATA,
  },
  "partition-value": {
    severity: "damage",
    title: "partition values that are missing or not of their column's type",
    remedy: WRITER_FAULT,
  },
  "expression-invalid": {
    severity: "damage",
    title: "expressions of columns or constraints that make no sense",
    remedy: FIX_METADATA,
  },
  "expression-unsupported": {
    severity: "warning",
    title: "expressions of columns or constraints that this release does not evaluate",
    remedy: "Rows cannot be written with this release, and were not checked against it.",
  },
  "commit-time": {
    severity: "damage",
    title: "in-commit timestamps that are missing or not in order",
    remedy: "Time travel by timestamp may give another version than it should. Use version numbers instead.",
  },
  "row-id": {
    severity: "damage",
    title: "row ids that are missing, or given out twice",
    remedy: "Do not rely on row ids of the table. Rewrite the files that are named, with row tracking on.",
  },
  "identity-mark": {
    severity: "damage",
    title: "identity columns whose next value is taken already",
    remedy: "Set the column's next value past its data: ALTER TABLE ... ALTER COLUMN ... SYNC IDENTITY.",
  },

  // The data.
  "data-file-missing": {
    severity: "damage",
    title: "data files that are missing",
    remedy: RESTORE_DATA_FILE,
  },
  "data-file-size": {
    severity: "damage",
    title: "data files of another size than the log says",
    remedy: RESTORE_DATA_FILE,
  },
  "data-file-changed": {
    severity: "damage",
    title: "data files with other bytes than those that landed",
    remedy: RESTORE_DATA_FILE,
  },
  "data-file-unreadable": {
    severity: "damage",
    title: "data files that cannot be read",
    remedy: RESTORE_DATA_FILE,
  },
  "data-file-elsewhere": {
    severity: "unsupported",
    title: "data files on another store, which were not checked",
    remedy: "Check them where they are.",
  },
  "data-file-rows": {
    severity: "damage",
    title: "data files with another number of rows than the log says",
    remedy: REWRITE_FILE,
  },
  "column-type": {
    severity: "damage",
    title: "columns of data files whose type does not fit the table's",
    remedy: "The column cannot be read. Rewrite the file with the table's type, or restore it from a copy.",
  },
  "column-unknown": {
    severity: "warning",
    title: "columns of data files that the table does not have",
    remedy:
      "They are not read. When the table should have such a column, its schema was changed: look at its history.",
  },
  "statistics-broken": {
    severity: "damage",
    title: "statistics that cannot be understood",
    remedy: REWRITE_FILE,
  },
  "statistics-wrong": {
    severity: "damage",
    title: "statistics that the data contradicts",
    remedy: REWRITE_FILE,
  },
  "null-violation": {
    severity: "damage",
    title: "NULL in columns that are NOT NULL",
    remedy: "Correct the rows, or make the column nullable.",
  },
  "constraint-violation": {
    severity: "damage",
    title: "rows that break a constraint of the table",
    remedy: "Correct or delete the rows, or drop the constraint.",
  },
  "deletion-vector": {
    severity: "damage",
    title: "deletion vectors that are missing or broken",
    remedy:
      "The rows they delete cannot be told. Restore the file from a copy, or restore the table to a version before it.",
  },
  "change-file-missing": {
    severity: "warning",
    title: "change data files that are missing",
    remedy:
      "The change feed cannot be read over these versions; the table itself is whole. A vacuum may have removed them.",
  },
  "orphan-files": {
    severity: "warning",
    title: "files that no kept version refers to",
    remedy:
      "They cost space and nothing else: leftovers of stopped writers or removed rows. A vacuum deletes them.",
  },

  // The check itself.
  "check-incomplete": {
    severity: "unsupported",
    title: "checks that could not be carried out",
    remedy: "Nothing is known of what they look at. Mend the other findings and run fsck again.",
  },
} as const satisfies Readonly<Record<string, FindingKind>>;
