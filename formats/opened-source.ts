import type { SourceFile } from "./source/source-file.js";

export type SourceFormat = "parquet" | "avro" | "arrow" | "jsonl" | "json" | "csv";
export type Compression = "none" | "gzip" | "zstd";

export interface SourceColumn {
  readonly name: string;
  /** A DuckDB type as SQL text: `BIGINT`, `STRUCT("a" VARCHAR, "b" DOUBLE[])`. */
  readonly type: string;
}

/** Rows of a source as SQL, until disposed. */
export interface Relation {
  /**
   * A SELECT that yields exactly the source's columns, in order, strictly typed. Read it whole:
   * reading all columns is what lets the engine refuse a record that does not fit.
   */
  readonly sql: string;
  /** Drops temporary tables and files. */
  dispose(): Promise<void>;
}

/** What `relation` is asked for beside the columns. */
export interface RelationOptions {
  /** Whether {@link ROW_NUMBER} follows the columns; default no. */
  readonly numbered?: boolean | undefined;
  /**
   * Whether {@link FILE_URI} follows the columns, and the row number; default no. A source of one file need not give
   * it: whoever reads it knows the file.
   */
  readonly withFile?: boolean | undefined;
}

/** A BIGINT: the place of the row in its file, from 1. */
export const ROW_NUMBER = "gl_row";

/** A VARCHAR: the `file://` URI of the file that the row came from, where a source has several. */
export const FILE_URI = "gl_file";

/**
 * A VARCHAR: what of the row's record did not find a place in the columns, as JSON text; NULL where all did.
 *
 * `{"file": "raw/a.jsonl", "line": 12, "values": {"year": "19xx", "address.zip": 5}}`: `values` by the path of the
 * field, each as the source had it. A record that could not be read at all has no `values` but `record`, its text,
 * or `recordBase64`, where its bytes are no text, and `reason`. Every other column of its row is NULL. `line` counts
 * from 1; a format without lines has `row` in its place.
 */
export const RESCUED = "gl_rescued";

/** A column that rows are wanted in, whatever the source takes its values for. */
export interface FittedColumn {
  /** What the relation calls it. */
  readonly name: string;
  /** A DuckDB type as SQL text. */
  readonly type: string;
  /** The key of a JSON record, the column of any other source, that its values are in; the case does not matter. */
  readonly source: string;
}

/**
 * `refuse`: reading fails at a value, a field or a record that does not fit. `rescue`: it does not, and
 * {@link RESCUED} follows the columns.
 */
export type Misfits = "refuse" | "rescue";

/** A source that has been looked at: its columns are known, its rows can be read any number of times. */
export interface OpenedSource {
  /** As in the file; of several files, the first and how many more; an entry of an archive is `archive.zip!path/in/archive.csv`. */
  readonly uri: string;
  readonly format: SourceFormat;
  readonly compression: Compression;
  readonly columns: readonly SourceColumn[];
  /** What a person should know about how the file was understood, one sentence each. */
  readonly notes: readonly string[];
  /** Bytes of the file as it was found; of the entry, decompressed, for an entry of an archive. */
  readonly sizeBytes: number;
  /** How many threads of the engine reading it takes to keep all cores at work; default one a core. */
  readonly threads?: number;
  /** How many rows the file itself says it holds; a reader that counts another number has a broken file. */
  readonly statedRows?: bigint;
  /** Whether columns and types are known to hold for every record: reading {@link OpenedSource.relation} shows nothing new. */
  readonly exact?: boolean;
  /** The files, as they were found, that hold its records: one, or many small ones that are read together. */
  readonly files: readonly SourceFile[];
  relation(options?: RelationOptions): Promise<Relation>;
  /**
   * Of formats whose values are texts, which take their types from who reads them. Rows of exactly these columns, in
   * order; a column that the source lacks is NULL, and so is a value that is rescued. Every value is kept exactly or
   * does not fit. {@link RESCUED} follows the columns, then what the options ask for.
   *
   * With `refuse` it is the reading that fails at what does not fit, or this call where only a look at every
   * record can tell; either failure goes to {@link OpenedSource.reopen}.
   */
  fitted?(columns: readonly FittedColumn[], misfits: Misfits, options?: RelationOptions): Promise<Relation>;
  /**
   * What to do after reading the relation failed: the source again, its types now inferred from every
   * record. Costs at least one more pass over the file.
   *
   * @throws LakeError the failure, explained (file, line, column or offset), when other types would
   *   not help: a broken line, a ragged row, damaged bytes.
   */
  reopen(failure: unknown): Promise<OpenedSource>;
  /** Removes temporary files. Relations of the source must not be read afterwards. */
  dispose(): Promise<void>;
}

/** What a format makes of the bytes of one file, whichever files they came from. */
export interface RecordSource extends Omit<OpenedSource, "files" | "reopen"> {
  /** As {@link OpenedSource.reopen}. */
  reopen(failure: unknown): Promise<RecordSource>;
}
