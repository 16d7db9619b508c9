import type { ByteSpan } from "../../../object-store/index.js";

/** The values of one leaf column in one row group of a Parquet file (parquet-format parquet.thrift, ColumnMetaData). */
export interface ColumnChunk {
  /** The names from the top-level column down, with `, ` between them. */
  readonly path: string;
  /** Its pages, the dictionary among them. */
  readonly pages: ByteSpan;
  /** Its Bloom filter, where it has one; the length is `undefined` where the writer does not tell it. */
  readonly bloom: { readonly offset: number; readonly length: number | undefined } | undefined;
  /** As the engine prints values of the column; `undefined` where the writer does not tell. */
  readonly nullCount: bigint | undefined;
  readonly min: string | undefined;
  readonly max: string | undefined;
}

/** Some rows of a file, all their columns. */
export interface RowGroup {
  readonly rows: number;
  readonly chunks: readonly ColumnChunk[];
}

/** Where the bytes of a Parquet file are. */
export interface FileLayout {
  /** In the order of the rows. */
  readonly groups: readonly RowGroup[];
  /** Bytes before the footer. */
  readonly dataEnd: number;
}

/** Whether a chunk is part of a top-level column. A name with `, ` in it may seem to be part of another. */
export function isOfColumn({ path }: ColumnChunk, column: string): boolean {
  return path === column || path.startsWith(`${column}, `);
}
