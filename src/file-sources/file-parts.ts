import { open } from "node:fs/promises";
import { isLakeError, mapParallel } from "../../core/index.js";
import { quoteIdentifier, quoteString, type Session } from "../../engine/index.js";
import {
  type FittedColumn,
  type OpenedSource,
  openSource,
  openSources,
  type Relation,
  type SourceFile,
} from "../../formats/index.js";
import type { LocalTier } from "../../object-store/index.js";
import { CHECKED_BYTES, isSoonRead, keep, type ReadySource, readySource } from "./checked-source.js";
import { type TypedColumn, typedColumns } from "./common-columns.js";
import type { FarParquet, ReadColumns } from "./far-parquet.js";
import { metadataPath, parquetGroups } from "./parquet-files.js";
import { storedCopy } from "./stored-copy.js";

const PARALLEL_LOOKS = 16;
const PARQUET_MAGIC = "PAR1";
/** Of a Parquet file a column is read by itself. */
const SOON_READ_PARQUET_BYTES = 1024 * 1024 * 1024;

/** Rows of some of the files of a query. */
export interface FilePart {
  readonly columns: readonly TypedColumn[];
  /** The columns as the files were opened with them. */
  readonly stated: readonly TypedColumn[];
  /** The same rows in columns of other types; only of texts that are soon read. */
  readonly fitted?: ((columns: readonly FittedColumn[]) => Promise<Relation>) | undefined;
  /** What follows FROM; the columns are those of `r`. */
  readonly from: string;
  /** SQL over it of {@link METADATA_TYPE}. */
  readonly metadata: string;
  /** Whether a column is read to its end in about a second. */
  readonly isSoonRead: boolean;
  readonly threads: number | undefined;
  /** Brings columns that are not here yet, of files that are far away: no others may be read. */
  readonly fetchColumns?: ((columns: ReadColumns) => Promise<void>) | undefined;
  /** What is read; of Parquet files it is opened only when something is wrong. */
  readonly sources: () => AsyncIterable<ReadySource>;
}

/** The column `_metadata` of files, whose members are among those that a table has. */
export const METADATA_TYPE =
  "STRUCT(file_path VARCHAR, file_name VARCHAR, file_size BIGINT, file_modification_time TIMESTAMP WITH TIME ZONE)";

export interface PartOptions {
  /** Whether each row is to tell its file; then text files are read one by one. */
  readonly withMetadata: boolean;
  /** Where copies of files are kept that are slow to read; default nowhere. */
  readonly tier: LocalTier | undefined;
  /** Files whose bytes are not all here. */
  readonly far?: FarParquet | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Opens files: Parquet files of one schema are one part, small text files of one kind too, others one each. They stay
 * open until the session ends.
 *
 * @throws LakeError `invalid-input` naming a file that is damaged or no file of records.
 */
export async function openParts(
  session: Session,
  files: readonly SourceFile[],
  { withMetadata, tier, far, signal }: PartOptions,
): Promise<FilePart[]> {
  const parquet = await mapParallel(
    files,
    PARALLEL_LOOKS,
    async (file) => far?.has(file) === true || isParquet(file),
    signal,
  );
  const others = files.filter((_, index) => parquet[index] === false);
  const parts = await parquetParts(
    session,
    files.filter((_, index) => parquet[index] === true),
    { withMetadata, tier, far, signal },
  );
  for (const source of await opened(session, others, withMetadata, signal)) {
    const copied = tier && (await storedCopy(session, tier, source, { now: Date.now(), signal }));
    const ready = copied ?? (await readySource(session, source, signal));
    parts.push(sourcePart(ready));
  }
  return parts;
}

async function parquetParts(
  session: Session,
  files: readonly SourceFile[],
  { withMetadata, far, signal }: PartOptions,
): Promise<FilePart[]> {
  if (files.length === 0) return [];
  const sources = (): AsyncIterable<ReadySource> => oneByOne(session, files, far);
  try {
    const groups = await parquetGroups(session, files, withMetadata, signal);
    return groups.map(({ files: own, columns, from, metadata, bytes }) => ({
      columns: typedColumns(columns),
      stated: typedColumns(columns),
      from,
      metadata,
      isSoonRead: bytes <= SOON_READ_PARQUET_BYTES,
      threads: undefined,
      fetchColumns:
        far &&
        ((read) =>
          far.fetchColumns(
            own,
            columns.map(({ name }) => name),
            read,
          )),
      sources,
    }));
  } catch (failure) {
    if (!isLakeError(failure) || failure.kind === "cancelled") throw failure;
    // Each by itself says what is wrong with it.
    for await (const _ of sources());
    throw failure;
  }
}

async function* oneByOne(
  session: Session,
  files: readonly SourceFile[],
  far: FarParquet | undefined,
): AsyncGenerator<ReadySource> {
  await far?.fetchAll(files);
  for (const file of files) {
    for (const source of await openSource(session, file)) {
      keep(session, source);
      yield await readySource(session, source, undefined);
    }
  }
}

async function opened(
  session: Session,
  files: readonly SourceFile[],
  withMetadata: boolean,
  signal: AbortSignal | undefined,
): Promise<OpenedSource[]> {
  const groups = withMetadata ? files.map((file) => [file]) : [files];
  const sources: OpenedSource[] = [];
  for (const group of groups) {
    for (const source of await openSources(session, group, { wholeBytes: CHECKED_BYTES, signal })) {
      keep(session, source);
      sources.push(source);
    }
  }
  return sources;
}

function sourcePart(ready: ReadySource): FilePart {
  const { source, relation } = ready;
  const [file] = source.files;
  const { fitted } = source;
  return {
    columns: typedColumns(source.columns),
    stated: typedColumns(source.columns),
    fitted:
      fitted !== undefined && isSoonRead(source)
        ? (columns) => fitted.call(source, columns, "refuse")
        : undefined,
    from: `(${relation.sql}) AS r`,
    metadata: file === undefined ? `NULL::${METADATA_TYPE}` : constantMetadata(file, source.uri),
    isSoonRead: isSoonRead(source),
    threads: source.threads,
    sources: async function* () {
      yield ready;
    },
  };
}

/** @param uri of the source: an entry of an archive is told by `archive.zip!entry`. */
function constantMetadata(source: SourceFile, uri: string): string {
  const { size, modificationTime, uri: file } = source;
  const entry = uri.startsWith(file) ? uri.slice(file.length) : "";
  const path = `${metadataPath(source)}${entry}`;
  const name = path.slice(path.lastIndexOf("/") + 1);
  return (
    `struct_pack(${quoteIdentifier("file_path")} := ${quoteString(path)}, file_name := ${quoteString(name)}, ` +
    `file_size := ${size}::BIGINT, file_modification_time := make_timestamptz(${modificationTime * 1000}))`
  );
}

async function isParquet({ localPath }: SourceFile): Promise<boolean> {
  const file = await open(localPath);
  try {
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(PARQUET_MAGIC.length),
      0,
      PARQUET_MAGIC.length,
      0,
    );
    return buffer.toString("latin1", 0, bytesRead) === PARQUET_MAGIC;
  } finally {
    await file.close();
  }
}
