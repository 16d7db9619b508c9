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

/** A source that has been looked at: its columns are known, its rows can be read any number of times. */
export interface OpenedSource {
  /** As in the file; an entry of an archive is `archive.zip!path/in/archive.csv`. */
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
  relation(): Promise<Relation>;
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
