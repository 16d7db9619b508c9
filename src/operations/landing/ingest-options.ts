import { LakeError } from "../../../core/index.js";
import type { StreamPart } from "../../../formats/index.js";
import type { ProgressListener } from "../progress.js";
import type { ApplicationTransaction } from "../table-operation.js";
import type { OnChange } from "./ledger/choose-files.js";

export type IngestMode = "append" | "overwrite" | "overwrite-partitions";

export type { OnChange };

/** What the data files of a table are made of. */
export type LandAs = "parquet" | "avro" | "jsonl" | "keep";

export interface IngestOptions {
  /** `[namespace.]table`, or a path. Created when it does not exist. */
  readonly into: string;
  /**
   * `append` (default), `overwrite` (the whole table), or `overwrite-partitions` (the partitions that
   * the new rows belong to; the others stay). Appended files land once each; the others land what they are given.
   */
  readonly mode?: IngestMode | undefined;
  /** Columns to partition a new table by; an existing table must agree. */
  readonly partitionBy?: readonly string[] | undefined;
  /**
   * `strict` (default) refuses columns that the table does not have; `merge` adds them, and makes types wider where
   * the table has type widening; `overwrite` makes the sources' columns the table's and goes with the mode
   * `overwrite` only.
   */
  readonly schema?: "strict" | "merge" | "overwrite" | undefined;
  /**
   * A file that landed before and whose content is another now: `refuse` (default) ends the ingest, `append` adds its
   * rows, `replace` takes its former rows out in the same commit, which it tells by the column `_source_file`.
   */
  readonly onChange?: OnChange | undefined;
  /** Lands files that have landed before once more; with `onChange` `replace` in the place of their former rows. */
  readonly again?: boolean | undefined;
  /**
   * Whether what does not fit a column, fields that the table lacks and records that cannot be read go to the column
   * `_rescued_data`, which a table that lacks it gets; default whether the table has it. Else they are refused.
   */
  readonly rescue?: boolean | undefined;
  /** Gives a table that lacks it the column `_source_file`: the URI of the file that a row came from. */
  readonly sourceColumn?: boolean | undefined;
  /**
   * The format of the data files: `parquet` (default); `avro` or `jsonl`, of files of that format, or `keep` leave
   * files as they are, which only programs read that know the table feature `grizzly.multiFormat`.
   */
  readonly as?: LandAs | undefined;
  /** With `as` other than `parquet`: the files stay where they are, and must stay there as they are. */
  readonly inPlace?: boolean | undefined;
  /** An Avro schema, as JSON text, that Avro files are read with in the place of their own. */
  readonly avroSchema?: string | undefined;
  /** What one commit of an append takes at most; default 10,000 files and 8 GiB. */
  readonly batch?: { readonly files?: number | undefined; readonly bytes?: number | undefined } | undefined;
  /**
   * A job that runs twice lands once: what this application has committed, by its version, is skipped. All files
   * land in one commit then.
   */
  readonly application?: ApplicationTransaction | undefined;
  /** What `-` reads; the process's standard input by default. */
  readonly stdin?: AsyncIterable<Uint8Array> | undefined;
  /** Where that is a part of a longer stream: what a person would call it, and how its records are written. */
  readonly stdinPart?: StreamPart | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ProgressListener | undefined;
}

/**
 * Refuses options that contradict one another, before anything is read. Pure.
 *
 * @throws LakeError `invalid-input` `ingest-options`.
 */
export function checkIngestOptions(options: IngestOptions): void {
  const { mode = "append", onChange, as = "parquet", inPlace, sourceColumn, batch } = options;
  if (onChange !== undefined && mode !== "append") {
    throw conflicting(`onChange is for appended files, not for mode ${mode}`);
  }
  if (inPlace === true && as === "parquet") {
    throw conflicting("inPlace is for files that land as they are: as avro, jsonl or keep");
  }
  if (as !== "parquet" && mode === "overwrite-partitions") {
    throw conflicting(`files land as ${as} in the modes append and overwrite only`);
  }
  if (sourceColumn === false && onChange === "replace") {
    throw conflicting("onChange replace tells the former rows of a file by the column _source_file");
  }
  for (const limit of [batch?.files, batch?.bytes]) {
    if (limit !== undefined && !(Number.isSafeInteger(limit) && limit > 0)) {
      throw conflicting("a batch has at least one file and one byte");
    }
  }
}

function conflicting(message: string): LakeError {
  return new LakeError("invalid-input", "ingest-options", message, { hint: "Leave one of the options out." });
}
