import { join } from "node:path";
import { type Clock, LakeError } from "../../core/index.js";
import { type Parameters, quoteIdentifier, type Session } from "../../engine/index.js";
import { type WrittenFile, writeParquet } from "../../formats/index.js";
import type { ObjectPath } from "../../object-store/index.js";
import {
  type AddFile,
  columnIds,
  columnMappingMode,
  type DeltaTable,
  encodeDataPath,
  FILE_SCHEMA_TAG,
  fileSchemaDigest,
  findField,
  type Metadata,
  physicalName,
  physicalValueSql,
  type StructField,
  type StructType,
  statisticsJson,
  storedFields,
} from "../../table-format/index.js";
import { partitionTexts } from "./partition-texts.js";
import {
  discardFiles,
  folderToWrite,
  removeEmptied,
  removeWriteFolder,
  stagedPath,
} from "./staging-folder.js";

/** A table as rows are written to it. */
export interface WriteTarget {
  readonly table: DeltaTable;
  readonly schema: StructType;
  readonly metadata: Metadata;
}

export interface WriteOptions {
  /** One file a partition at most, its rows in the order of the SELECT. */
  readonly ordered?: boolean | undefined;
  /** A folder below the table's; default the table's own. */
  readonly folder?: string | undefined;
  /** A column of the SELECT, of at most a hundred whole numbers, that splits the rows into files too. */
  readonly splitBy?: string | undefined;
  /** Columns of the SELECT that the table does not have and the files get, after the table's. */
  readonly extraColumns?: readonly string[] | undefined;
  /** Values for parameters of the SELECT. */
  readonly parameters?: Parameters | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Writes rows as data files of a table, with the names, ids and partitions that its files have. They are
 * not in the table before {@link adoptFiles} and a commit.
 *
 * @param select a SELECT of the table's columns, by their names in the schema
 */
export async function writeDataFiles(
  session: Session,
  target: WriteTarget,
  select: string,
  options: WriteOptions = {},
): Promise<WrittenFile[]> {
  const { schema, metadata, table } = target;
  const { folder = "", extraColumns = [], splitBy, ordered, parameters, signal } = options;
  const mode = columnMappingMode(metadata.configuration);
  const columns = storedFields(schema.fields).map((field) => {
    const value = physicalValueSql(quoteIdentifier(field.name), field.type, mode);
    return `${value} AS ${quoteIdentifier(physicalName(field, mode))}`;
  });
  const others = [...extraColumns, ...(splitBy === undefined ? [] : [splitBy])].map(quoteIdentifier);
  const partitionFields = partitionFieldsOf(target);
  const stored = schema.fields.filter((field) => !partitionFields.includes(field));
  const place = await folderToWrite(table);
  try {
    const written = await writeParquet(session, {
      select: `SELECT ${[...columns, ...others].join(", ")} FROM (${select})`,
      directory: join(place, folder),
      partitionBy: partitionFields.map((field) => physicalName(field, mode)),
      splitBy,
      fieldIds: columnIds(stored, mode),
      ordered,
      parameters,
      signal,
    });
    if (written.length === 0) await removeWriteFolder(table, place);
    return written;
  } catch (error) {
    await removeWriteFolder(table, place);
    throw error;
  }
}

/** The partition columns in their order. */
function partitionFieldsOf({ schema, metadata }: WriteTarget): readonly StructField[] {
  return metadata.partitionColumns.flatMap((name) => findField(schema, name) ?? []);
}

/** A written file that became an object of the table. */
export interface AdoptedFile {
  /** As actions hold it: relative, URI-encoded. */
  readonly path: string;
  readonly partitionValues: AddFile["partitionValues"];
  readonly file: WrittenFile;
}

/** Makes the written files durable objects of the table. */
export async function adoptFiles(
  session: Session,
  target: WriteTarget,
  written: readonly WrittenFile[],
  signal: AbortSignal | undefined,
): Promise<AdoptedFile[]> {
  const { table, metadata } = target;
  const mode = columnMappingMode(metadata.configuration);
  const partitions = await partitionTexts(session, partitionFieldsOf(target), mode, written);
  const placed: { readonly file: WrittenFile; readonly path: ObjectPath }[] = [];
  for (const file of written) placed.push({ file, path: await stagedPath(table, file.localPath) });
  await table.folder.store.adopt(
    placed.map(({ file, path }) => ({ localFile: file.localPath, path })),
    { signal },
  );
  await removeEmptied(
    table,
    written.map(({ localPath }) => localPath),
  );
  return placed.map(({ file, path }, index) => ({
    path: encodeDataPath(path),
    partitionValues: partitions[index] ?? {},
    file,
  }));
}

/** Describes adopted data files as adds. */
export function addsOf(target: WriteTarget, adopted: readonly AdoptedFile[], clock: Clock): AddFile[] {
  const { schema, metadata } = target;
  const { partitionColumns, configuration } = metadata;
  const tags = { [FILE_SCHEMA_TAG]: fileSchemaDigest(schema, partitionColumns, configuration) };
  return adopted.map(({ path, partitionValues, file }) => ({
    path,
    partitionValues,
    size: file.sizeBytes,
    modificationTime: BigInt(clock.now()),
    dataChange: true,
    stats: statisticsJson(file, { schema, partitionColumns, configuration }),
    tags,
  }));
}

/**
 * A NOT NULL partition column holds no NULL, which is what an empty text becomes (PROTOCOL.md, "Partition
 * Value Serialization").
 *
 * @throws LakeError `invalid-input` naming the column.
 */
export function checkRequired(target: WriteTarget, adopted: readonly AdoptedFile[]): void {
  const mode = columnMappingMode(target.metadata.configuration);
  const broken = partitionFieldsOf(target).find(
    (field) =>
      !field.nullable &&
      adopted.some(({ partitionValues }) => partitionValues[physicalName(field, mode)] === null),
  );
  if (broken === undefined) return;
  throw new LakeError(
    "invalid-input",
    "not-null",
    `partition column "${broken.name}" is NOT NULL and the source holds an empty text in it`,
    { context: { column: broken.name }, hint: "Fill the column in the source. Nothing was committed." },
  );
}

/** Takes back what was written, adopted or not, for a commit that is given up for certain. */
export function removeFiles(
  { table }: Pick<WriteTarget, "table">,
  written: readonly WrittenFile[],
): Promise<void> {
  return discardFiles(
    table,
    written.map(({ localPath }) => localPath),
  );
}

/** Bytes. */
export function totalSize(files: readonly WrittenFile[]): bigint {
  return files.reduce((sum, file) => sum + file.sizeBytes, 0n);
}

export function totalRows(files: readonly WrittenFile[]): bigint {
  return files.reduce((sum, file) => sum + file.rowCount, 0n);
}
