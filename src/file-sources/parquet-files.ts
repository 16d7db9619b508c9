import { LakeError } from "../../core/index.js";
import { quoteString, type Session } from "../../engine/index.js";
import type { SourceColumn, SourceFile } from "../../formats/index.js";

/** Parquet files of one schema, which the engine reads as one relation. */
export interface ParquetGroup {
  readonly files: readonly SourceFile[];
  readonly columns: readonly SourceColumn[];
  /** What follows FROM; the columns are those of `r`. */
  readonly from: string;
  /** SQL over it of the column `_metadata`, where it was asked for. */
  readonly metadata: string;
  /** Of the files. */
  readonly bytes: number;
}

/** Of each row, in what a group is read from, the path of its file. */
const FILE_NAME = "gl_file_name";

/**
 * Parquet files in groups of the same schema, in the order of the first of each, after one look at all their footers.
 *
 * @throws LakeError of the engine for a file that cannot be read.
 */
export async function parquetGroups(
  session: Session,
  files: readonly SourceFile[],
  withMetadata: boolean,
  signal: AbortSignal | undefined,
): Promise<ParquetGroup[]> {
  const groups: ParquetGroup[] = [];
  for (const group of await filesOfOneSchema(session, files, signal)) {
    const reader = (options: string): string =>
      `read_parquet(${pathList(group)}, hive_partitioning = false${options})`;
    const described = await session.rows(`DESCRIBE FROM ${reader("")}`, { signal });
    const columns = described.map((column) => ({
      name: String(column["column_name"]),
      type: String(column["column_type"]),
    }));
    const bytes = group.reduce((sum, { size }) => sum + size, 0);
    const named = withMetadata ? `, filename = '${FILE_NAME}'` : "";
    groups.push({
      files: group,
      columns,
      from: `${reader(named)} AS r`,
      metadata: metadataSql(group),
      bytes,
    });
  }
  return groups;
}

async function filesOfOneSchema(
  session: Session,
  files: readonly SourceFile[],
  signal: AbortSignal | undefined,
): Promise<readonly (readonly SourceFile[])[]> {
  const rows = await session.rows(
    `SELECT file_name, md5(string_agg(concat_ws('|', name, "type", type_length, repetition_type, num_children,
       converted_type, scale, "precision", logical_type), chr(10) ORDER BY place)) AS shape
     FROM (SELECT *, row_number() OVER () AS place FROM parquet_schema(${pathList(files)})) GROUP BY file_name`,
    { signal },
  );
  const shapes = new Map(rows.map((row) => [String(row["file_name"]), String(row["shape"])]));
  const groups = new Map<string, SourceFile[]>();
  for (const file of files) {
    const shape = shapes.get(file.localPath);
    if (shape === undefined)
      throw new LakeError("internal", "parquet-shape", `no schema of ${file.localPath}`);
    const group = groups.get(shape);
    if (group === undefined) groups.set(shape, [file]);
    else group.push(file);
  }
  return [...groups.values()];
}

function metadataSql(files: readonly SourceFile[]): string {
  const isLocal = files.every(({ origin }) => origin === undefined);
  const known = files.map((file) => {
    const facts = `'size': ${file.size}::BIGINT, 'modified': make_timestamptz(${file.modificationTime * 1000})`;
    const path = isLocal ? "" : `'path': ${quoteString(metadataPath(file))}, `;
    return `${quoteString(file.localPath)}: {${path}${facts}}`;
  });
  const fact = (name: string): string =>
    `struct_extract(MAP {${known.join(", ")}}[r.${FILE_NAME}], '${name}')`;
  const path = isLocal ? `'file:' || r.${FILE_NAME}` : fact("path");
  return (
    `struct_pack(file_path := ${path}, file_name := regexp_extract(${path}, '[^/]*$'), ` +
    `file_size := ${fact("size")}, file_modification_time := ${fact("modified")})`
  );
}

/** What `_metadata.file_path` is of a file, as of a table's: an object goes by its own name. */
export function metadataPath({ origin, uri, localPath }: SourceFile): string {
  return origin === undefined ? `file:${localPath}` : uri;
}

/** The engine takes a bare path for a glob. */
function pathList(files: readonly SourceFile[]): string {
  const paths = files.map(({ localPath }) => quoteString(localPath.replace(/[*?[]/g, "[$&]")));
  return `[${paths.join(", ")}]`;
}
